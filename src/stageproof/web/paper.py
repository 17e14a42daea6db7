"""A paper: a reading as people see it, the same on a page, on a shared page and in a PDF, made from its body alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from stageproof.charts.wording import (
    UNKNOWN,
    day_text,
    days_text,
    digits_text,
    exact_text,
    listed,
    percent_text,
    period_text,
    short_text,
)
from stageproof.engine.counted import count_text

Kind = Literal["text", "count", "money", "cents", "ratio", "times", "days", "day", "period", "number"]
Row = Mapping[str, Any]

CHOOSES = ("stage", "owner", "team", "source", "campaign", "currency", "pipeline", "month")
"""The columns of a table by which the deals behind one of its rows are chosen."""


COUNTED = {"cost": "cost"}
"""What a figure counts where it is not deals."""


@dataclass(frozen=True)
class Cell:
    """One value: as it is shown, every digit of it, and the address of its deals."""

    text: str
    exact: str = ""
    numeric: bool = False
    deals: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a table; a strong one is a sum or an end."""

    cells: Sequence[Cell]
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under labels; `labels` are pairs of a label and whether numbers stand below it."""

    name: str
    title: str
    labels: Sequence[tuple[str, bool]]
    lines: Sequence[Line]
    note: str = ""


@dataclass(frozen=True)
class Shown:
    """A figure as it is shown, with what explains it."""

    name: str
    title: str
    text: str
    exact: str
    note: str
    says: str
    formula: str
    measure: str
    deals: str
    spoken: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a paper: its title, a sentence, a drawing (or the name under which it can be asked for), tables."""

    name: str
    title: str
    text: str = ""
    drawing: Any = None
    tables: Sequence[Table] = ()
    key: Sequence[str] = ()


@dataclass(frozen=True)
class Paper:
    """A reading: whose, the sentence that answers, the large figures, the smaller ones, and the parts below."""

    reader: str
    title: str
    asks: str
    answer: str
    head: Sequence[tuple[str, str]]
    large: Sequence[Shown]
    small: Sequence[Shown]
    sections: Sequence[Section] = ()
    currency: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Column:
    """A column of a table: where its value is, its label, what it is; a seldom one is left out where all is nought."""

    name: str
    label: str
    kind: Kind = "text"
    seldom: bool = False


def table_of(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    currency: str,
    *,
    behind: str = "",
    total: bool = False,
    note: str = "",
    strong: Sequence[str] = (),
) -> Table:
    """The table of these columns; `behind` names the deals that a row's are chosen from, `strong` its strong rows."""
    shown = [each for each in columns if _is_shown(each, rows)] if rows else list(columns)
    lines = [
        Line(_cells(shown, row, currency, behind), strong=row.get(shown[0].name) in strong) for row in rows
    ]
    if total and len(rows) > 1:
        lines.append(Line(_total(shown, rows, currency, behind), strong=True))
    return Table(
        name, title, [(each.label, each.kind not in ("text", "day", "period")) for each in shown], lines, note
    )


def _is_shown(column: Column, rows: Sequence[Row]) -> bool:
    values = [row[column.name] for row in rows if column.name in row]
    return any(values) if column.seldom else bool(values)


def _cells(columns: Sequence[Column], row: Row, currency: str, behind: str) -> list[Cell]:
    cells = [cell(row.get(each.name), each.kind, row.get("currency") or currency) for each in columns]
    keys = {name: row[name] for name in CHOOSES if name in row}
    if behind and keys:
        cells[0] = Cell(cells[0].text or "(blank)", cells[0].exact, cells[0].numeric, deals_of(behind, keys))
    return cells


def deals_of(behind: str, chosen: Row | None = None) -> str:
    """The address of the deals behind a figure, those of one row where it is told; blank where it has none."""
    pairs = [(f"of.{name}", "" if value is None else str(value)) for name, value in (chosen or {}).items()]
    return f"?{urlencode([('behind', behind), *pairs])}" if behind else ""


def _total(columns: Sequence[Column], rows: Sequence[Row], currency: str, behind: str) -> list[Cell]:
    cells = [Cell("Total", deals=deals_of(behind))]
    for each in columns[1:]:
        values = [row.get(each.name) for row in rows]
        adds = each.kind in ("count", "money")
        whole = sum(value for value in values if value is not None) if adds else None
        cells.append(cell(whole, each.kind, currency) if adds else Cell("", numeric=True))
    return cells


def cell(value: Any, kind: Kind, currency: str) -> Cell:
    """A value as a cell shows it, with every digit beside it where it is shortened."""
    if kind == "text":
        return Cell("(blank)" if value is None else str(value).replace("_", " "))
    if kind == "period":
        return Cell("(blank)" if value is None else period_text(value))
    if kind == "day":
        return Cell(UNKNOWN if value is None else day_text(dt.date.fromisoformat(str(value))))
    if value is None:
        return Cell(UNKNOWN, "unknown", numeric=True)
    if kind == "money":
        return Cell(short_text(value, currency), exact_text(value, currency), numeric=True)
    if kind == "cents":
        return Cell(digits_text(value, currency), exact_text(value, currency), numeric=True)
    if kind == "ratio":
        return Cell(percent_text(value), f"{value:.6f}", numeric=True)
    if kind == "times":
        return Cell(f"{value:.2f} ×", f"{value:.6f}", numeric=True)
    if kind == "days":
        return Cell(days_text(value), f"{value:,.2f} days", numeric=True)
    if kind == "number":
        return Cell(f"{value:,.2f}".replace("-", "−"), numeric=True)
    return Cell(f"{value:,}".replace("-", "−"), numeric=True)


def shown(figure: Row, currency: str, *, note: str = "") -> Shown:
    """A figure of a body, ready to show."""
    text, exact = _value(figure, currency)
    told = [note] if note else []
    if figure["low"] is not None and figure["high"] is not None:
        low, high = (_value({**figure, "value": figure[end]}, currency)[0] for end in ("low", "high"))
        told.insert(0, f"80% between {low} and {high}")
    if figure["count"] is not None and figure["unit"] != "count":
        told.append(count_text(figure["count"], COUNTED.get(figure["name"], "deal")))
    behind = figure["behind"]
    return Shown(
        figure["name"], figure["title"], text, exact, "; ".join(told), figure["says"], figure["formula"],
        figure["measure"], deals_of(behind),
    )  # fmt: skip


def _value(figure: Row, currency: str) -> tuple[str, str]:
    value, unit = figure["value"], figure["unit"]
    if value is None:
        return UNKNOWN, "unknown"
    if unit in ("money", "per_day"):
        amount = round(value)
        ending = " a day" if unit == "per_day" else ""
        return f"{short_text(amount, currency)}{ending}", f"{exact_text(amount, currency)}{ending}"
    if unit == "days":
        return days_text(value), f"{value:,.2f} days"
    if unit == "ratio":
        # A ratio of coverage is a multiple, all others are shares.
        if figure["name"].startswith("coverage"):
            return f"{value:.2f} ×", f"{value:.6f}"
        return percent_text(value), f"{value:.6f}"
    return f"{value:,}", f"{value:,}"


def head_of(head: Row, *, scope: str = "") -> list[tuple[str, str]]:
    """The head that all readings share, line by line: when, in which rules, what of the pipeline."""
    lines = [("As of", _instant(head["as_of"], head["zone"]))]
    if head["known_at"]:
        lines.append(("As known at", _instant(head["known_at"], head["zone"])))
    period = head["period"]
    begins, ends = (dt.date.fromisoformat(period[end]) for end in ("starts_on", "ends_on"))
    lines.append(("Period", f"{period_text(period['name'])}: {day_text(begins)} to {day_text(ends)}"))
    lines.append(
        ("Definition", listed([_definition(each) for each in head["definitions"]]) or "none in force")
    )
    lines.append(("Deals", _deals(head, scope)))
    lines.append(("Currency", f"{head['currency']}, at the rates of the day"))
    return lines


def _instant(text: str, zone: str) -> str:
    local = dt.datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return f"{day_text(local.date())}, {local:%H:%M:%S %Z}"


def on_text(day: str) -> str:
    """A day of a body as people say it."""
    return day_text(dt.date.fromisoformat(day))


def _definition(each: Row) -> str:
    since = each["effective_from"]
    begun = since is not None and int(since[:4]) >= 1971
    return f"{each['pipeline']} version {each['version']}" + (
        f" since {day_text(dt.date.fromisoformat(since))}" if begun else ""
    )


def _deals(head: Row, scope: str) -> str:
    where = [
        f"{name} {listed(['(none)' if value is None else str(value) for value in values], 'or')}"
        for name, values in head["where"].items()
    ]
    told = [scope or "all deals", *where]
    if head["pipelines"]:
        told.append(f"of {listed(head['pipelines'])}")
    return ", ".join(told)
