"""Many rows at once: history and present rows past the ORM, numbered and chained like every other change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any

from django.db import connection, models

from stageproof.engine.frames import day_of, instant_number
from stageproof.records.ledger import Writing, chained_fields, digest_of_plain
from stageproof.records.models.fields import DayField

BATCH = 20_000

Row = tuple[Any, ...]


def add_rows(session: Writing, model: type[models.Model], names: Sequence[str], rows: Iterable[Row]) -> int:
    """Saves new versions or activities in order; how many.

    `names` are the columns of a row: all that the digest covers but `seq`, and `valid_to`. Where `recorded_at` or
    `door` is not among them, it is that of the session.
    Days and instants come as the engine's integers, JSON as dictionaries.
    """
    given = {name: place for place, name in enumerate(names)}
    session_values = {"recorded_at": instant_number(session.recorded_at), "door": session.door}
    session_values = {name: value for name, value in session_values.items() if name not in given}
    stored = [*names, "seq", *session_values, "digest"]
    return insert_rows(model, stored, _chained(session, model, given, session_values, rows))


def _chained(
    session: Writing,
    model: type[models.Model],
    given: dict[str, int],
    session_values: dict[str, Any],
    rows: Iterable[Row],
) -> Iterator[Row]:
    """The rows with their number and digest."""
    ledger = session.ledger
    covered = chained_fields(model)
    days = {field.attname for field in model._meta.concrete_fields if isinstance(field, DayField)}
    jsons = [given[f.attname] for f in model._meta.concrete_fields if isinstance(f, models.JSONField)]
    added = tuple(session_values.values())
    # Every covered value stands in the row, or after it: those of the session, and last the number.
    after = {name: len(given) + place for place, name in enumerate([*session_values, "seq"])}
    picked = itemgetter(*((given | after)[name] for name in covered))
    written_out = [place for place, name in enumerate(covered) if name in days]
    table = model._meta.db_table
    as_json = _JsonTexts(jsons)
    for row in rows:
        ledger.last_seq += 1
        values = [*picked((*row, *added, ledger.last_seq))]
        for place in written_out:
            values[place] = _iso(values[place])
        ledger.last_digest = digest_of_plain(ledger.last_digest, table, values)
        yield (*as_json(row), ledger.last_seq, *added, ledger.last_digest)


def insert_rows(model: type[models.Model], names: Sequence[str], rows: Iterable[Row]) -> int:
    """Saves rows of raw values; how many."""
    columns = {field.attname: str(field.column) for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(quote(columns[name]) for name in names)})"
    count = 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Rows may come from a query of their own, which has to be answered before the connection copies.
            for batch in _batches(rows):
                with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                    for row in batch:
                        copy.write_row(row)
                count += len(batch)
            return count
        marks = ", ".join(["%s"] * len(names))
        for batch in _batches(rows):
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", batch)  # noqa: S608 - names of our own columns
            count += len(batch)
    return count


def update_rows(model: type[models.Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Saves these columns of rows that are there already; a row ends with its id."""
    fields = [next(f for f in model._meta.concrete_fields if f.attname == name) for name in names]
    quote = connection.ops.quote_name
    pairs = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    as_json = _JsonTexts([place for place, field in enumerate(fields) if isinstance(field, models.JSONField)])
    sql = f"UPDATE {quote(model._meta.db_table)} SET {pairs} WHERE id = %s"  # noqa: S608 - names of our own columns
    execute_many(sql, (as_json(row) for row in rows))


def rows_of(sql: str, named: Sequence[int] | Sequence[str]) -> list[Row]:
    """The rows of a query that names some ids or keys in its braces, past the ORM: days and instants as integers."""
    with connection.cursor() as cursor:
        cursor.execute(sql.format(", ".join(["%s"] * len(named))), list(named))
        return list(cursor.fetchall())


def execute_many(sql: str, rows: Iterable[Row]) -> None:
    """Runs a statement once per row."""
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            cursor.executemany(sql, batch)


class _JsonTexts:
    """Puts JSON in its place as text; rows that follow each other often hold the very same dictionary."""

    def __init__(self, places: Sequence[int]) -> None:
        self.places = places
        self.last: Any = None
        self.text = "{}"

    def __call__(self, row: Row) -> Row:
        for place in self.places:
            row = (*row[:place], self._text(row[place]), *row[place + 1 :])
        return row

    def _text(self, value: Any) -> str:
        if value is not self.last:
            self.last, self.text = value, json.dumps(value) if value else "{}"
        return self.text


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


@lru_cache(maxsize=100_000)
def _iso(day: int | None) -> str | None:
    return None if day is None else day_of(day).isoformat()
