"""A figure: what a column of a measure says, its unit, and its formula with the numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from stageproof.engine.money import Money

Unit = Literal["money", "per_day", "count", "ratio", "share", "days", "minutes"]
Row: TypeAlias = Mapping[str, Any]
Formula: TypeAlias = Callable[[Row, str], str]
"""The formula of a row with its numbers in it, in words of a currency."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Figure:
    """One figure of a measure: its column, title, unit, definition in words, and formula."""

    column: str
    title: str
    unit: Unit
    says: str
    formula: Formula

    def shown(self, row: Row, currency: str) -> str:
        """The formula with the row's numbers and its result."""
        return f"{self.formula(row, currency)} = {exact(row[self.column], self.unit, currency)}"


def exact(value: float | None, unit: Unit, currency: str) -> str:
    """Every digit that matters, with the unit."""
    if value is None:
        return UNKNOWN
    if unit in ("money", "per_day"):
        return Money(int(value), currency).exact() + (" per day" if unit == "per_day" else "")
    if unit == "share":
        return f"{value * 100:.2f}%"
    if unit == "ratio":
        return f"{value:,.4f}".rstrip("0").rstrip(".") + "x"
    if unit == "days":
        return f"{value:,.2f} days" if isinstance(value, float) else f"{value:,} days"
    if unit == "minutes":
        return f"{value:,.1f} minutes"
    return f"{value:,.9g}" if isinstance(value, float) else f"{value:,}"


# The words of formulas


def amount(name: str, label: str = "") -> Formula:
    """The money in a column."""

    def words(row: Row, currency: str) -> str:
        return f"{exact(row[name], 'money', currency)}{' ' + label if label else ''}"

    return words


def number(name: str, label: str) -> Formula:
    """The count in a column, whole or of parts of deals."""
    return lambda row, _: f"{exact(row[name] or 0, 'count', '')} {label}"


def sum_of(count: str | None, what: str) -> Formula:
    """What is added up: the deals counted in a column beside it."""
    return lambda row, _: (
        f"the amounts of {row[count] or 0:,} {what}" if count and count in row else f"the amounts of {what}"
    )


def joined(pattern: str, **parts: Formula) -> Formula:
    """The parts in the places of a pattern."""
    return lambda row, currency: pattern.format(**{name: part(row, currency) for name, part in parts.items()})


def said(text: str) -> Formula:
    """A formula that needs no numbers of the row."""
    return lambda _row, _currency: text


def share(name: str, label: str) -> Formula:
    """The ratio in a column as percent."""
    return lambda row, currency: f"{exact(row[name], 'share', currency)} {label}"


def in_days(name: str, label: str) -> Formula:
    """The days in a column."""
    return lambda row, currency: f"{exact(row[name], 'days', currency)} {label}"


def per_day(name: str) -> Formula:
    """The money per day in a column."""
    return lambda row, currency: exact(row[name], "per_day", currency)
