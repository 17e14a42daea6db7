"""Readings in plain values: money as text with its currency, days and instants in ISO 8601, unknown as null."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from stageproof.engine.frames import instant_of, readable
from stageproof.engine.measures.asking import kind_of
from stageproof.engine.money import Money
from stageproof.engine.readings.reading import Check, Figure, Head, Line, Reading, Statement

MONEY = ("cost", "expected")
"""Columns of money beside those that every measure has."""


def reading_document(reading: Reading) -> dict[str, Any]:
    """A reading: reader, head, figures in order, tables by name."""
    currency = reading.head.currency
    return {
        "reader": reading.reader,
        "head": head_document(reading.head),
        "figures": [_figure(each, currency) for each in reading.figures],
        "tables": {name: rows(table, currency) for name, table in reading.tables.items()},
    }


def statement_document(statement: Statement) -> dict[str, Any]:
    """The statement: head, lines in order, the same per currency, every check, and whether all come out even."""
    currency = statement.head.currency
    return {
        "head": head_document(statement.head),
        "lines": [_line(each, currency) for each in statement.lines],
        "per_currency": rows(statement.per_currency, currency),
        "checks": [_check(each, currency) for each in statement.checks],
        "ties": statement.ties,
    }


def head_document(head: Head) -> dict[str, Any]:
    """The head that all readings of a moment share."""
    return {
        "as_of": instant_of(head.as_of).isoformat(),
        "known_at": None if head.known_at is None else instant_of(head.known_at).isoformat(),
        "zone": head.zone,
        "currency": head.currency,
        "definitions": [
            {
                "pipeline": each.pipeline,
                "version": each.version,
                "effective_from": _plain(each.effective_from),
            }
            for each in head.definitions
        ],
        "pipelines": list(head.pipelines),
        "period": {
            "name": head.period.name,
            "starts_on": head.period.starts_on.isoformat(),
            "ends_on": head.period.ends_on.isoformat(),
        },
        "where": {name: list(values) for name, values in head.where.items()},
    }


def rows(table: pl.DataFrame, currency: str) -> list[dict[str, Any]]:
    """A row each; an `amount` beside a `currency` is in that one, all other money in the reporting currency."""
    money = [
        name
        for name, dtype in table.schema.items()
        if (name in MONEY and dtype.is_integer()) or kind_of(name, dtype) == "money"
    ]
    own = "currency" in table.columns

    def plain(row: Mapping[str, Any], name: str) -> Any:
        value = row[name]
        if name not in money:
            return _plain(value)
        return _money(value, (row["currency"] or currency) if own and name == "amount" else currency)

    return [{name: plain(row, name) for name in row} for row in readable(table).iter_rows(named=True)]


def _figure(figure: Figure, currency: str) -> dict[str, Any]:
    plain = asdict(figure)
    if figure.unit in ("money", "per_day"):
        plain |= {name: _money(plain[name], currency) for name in ("value", "low", "high")}
    return plain


def _line(line: Line, currency: str) -> dict[str, Any]:
    return {**asdict(line), "amount": _money(line.amount, currency)}


def _check(check: Check, currency: str) -> dict[str, Any]:
    sides = {name: _money(getattr(check, name), currency) for name in ("left", "right", "difference")}
    return {"name": check.name, "says": check.says, **sides}


def _money(amount: int | float | None, currency: str) -> dict[str, str] | None:
    return None if amount is None else Money(round(amount), currency).as_dict()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
