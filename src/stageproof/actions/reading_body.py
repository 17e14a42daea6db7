"""The body of readings: the four of an instant and what ties them, in plain values, as pages, papers and freezes have it.

Money is in minor units, ratios are numbers, days and instants ISO 8601. Whatever shows a reading shows its body, so
that one that was frozen looks as it did.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import instant_of, readable
from stageproof.engine.period import Period, day_at
from stageproof.engine.readings import (
    READERS,
    Head,
    Reader,
    Reading,
    Statement,
    Where,
    read,
    reconciliation,
)

LISTED = ("closing_soon", "overdue")
"""The deals that the sales reading names, as these figures call them, the largest `MOST` of each."""
MOST = 15

Body = dict[str, Any]


def body_of(
    pipeline: Pipeline,
    *,
    period: Period,
    where: Where | None = None,
    pipelines: tuple[str, ...] | None = None,
    since: Pipeline | None = None,
) -> Body:
    """All four readings and the statement; the board's with what moved `since` an earlier instant."""
    statement = reconciliation(pipeline, period=period, where=where, pipelines=pipelines)
    readings: dict[Reader, Reading] = {**statement.readings}
    if since is not None:
        readings["board"] = read(
            pipeline, "board", period=period, where=where, pipelines=pipelines, since=since
        )
    plain = {reader: plain_reading(readings[reader]) for reader in READERS}
    for name in LISTED:
        plain["sales"]["tables"][name] = plain_table(readings["sales"].deals(name).head(MOST))
    return {
        "head": plain_head(statement.head, since),
        "readings": plain,
        "statement": plain_statement(statement),
    }


def plain_head(head: Head, since: Pipeline | None = None) -> Body:
    """The head that all four share."""
    return {
        "as_of": _instant(head.as_of),
        "on": day_at(instant_of(head.as_of), head.zone).isoformat(),
        "known_at": None if head.known_at is None else _instant(head.known_at),
        "since": None if since is None else _instant(since.at),
        "since_on": None if since is None else since.on.isoformat(),
        "zone": head.zone,
        "currency": head.currency,
        "definitions": [plain_definition(each) for each in head.definitions],
        "pipelines": list(head.pipelines),
        "period": {
            "name": head.period.name,
            "starts_on": head.period.starts_on.isoformat(),
            "ends_on": head.period.ends_on.isoformat(),
        },
        "where": {name: list(values) for name, values in head.where.items()},
    }


def plain_definition(each: Definition) -> Body:
    """Which rules: pipeline, version, since when, who answers for them."""
    return {
        "pipeline": each.pipeline,
        "version": each.version,
        "effective_from": None if each.effective_from is None else each.effective_from.isoformat(),
        "owner": each.owner,
    }


def plain_reading(reading: Reading) -> Body:
    """The figures by name and the tables by name."""
    return {
        "figures": {each.name: asdict(each) for each in reading.figures},
        "tables": {name: plain_table(table) for name, table in reading.tables.items()},
    }


def plain_statement(statement: Statement) -> Body:
    """Every line, every check, and whether they come out even."""
    return {
        "lines": [asdict(each) for each in statement.lines],
        "per_currency": plain_table(statement.per_currency),
        "checks": [{**asdict(each), "difference": each.difference} for each in statement.checks],
        "ties": statement.ties,
    }


def plain_table(table: pl.DataFrame) -> list[Body]:
    """A row each, with real days."""
    return [
        {name: _plain(value) for name, value in row.items()} for row in readable(table).iter_rows(named=True)
    ]


def written(body: Mapping[str, Any]) -> str:
    """The body as text that is the same whoever writes it."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of_body(text: str) -> str:
    """What tells this body from every other."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _instant(at: int) -> str:
    return instant_of(at).isoformat()
