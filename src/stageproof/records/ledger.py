"""The ledger: one transaction at a time numbers its changes and chains their digests."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection, models, transaction

from stageproof.engine.frames import instant_number
from stageproof.records.models import Ledger

BATCH = 2_000
FOR_UPDATE = " FOR UPDATE"
_LEDGER = "SELECT last_seq, last_digest, directory FROM records_ledger WHERE id = 1"
_ADVANCED = "UPDATE records_ledger SET last_seq = %s, last_digest = %s WHERE id = 1"
# What the chain does not cover: a version's end is set when the next begins, and follows from it.
_UNCHAINED = ("id", "digest", "valid_to", "withdrawn_at")

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, sort_keys=True).encode

M = TypeVar("M", bound=models.Model)


@dataclass
class Writing:
    """An open transaction that holds the ledger's lock; every row added gets its number and digest."""

    ledger: Ledger
    recorded_at: dt.datetime
    actor: str
    door: str

    def add(self, rows: Iterable[M]) -> list[M]:
        """Saves new versions or activities in order, numbered and chained."""
        numbered = list(rows)
        if not numbered:
            return numbered
        names = chained_fields(type(numbered[0]))
        for row in numbered:
            row.recorded_at = row.recorded_at or self.recorded_at  # type: ignore[attr-defined]
            row.actor = row.actor or self.actor  # type: ignore[attr-defined]
            row.door = row.door or self.door  # type: ignore[attr-defined]
            self.ledger.last_seq += 1
            row.seq = self.ledger.last_seq  # type: ignore[attr-defined]
            row.digest = digest_of(self.ledger.last_digest, type(row), [getattr(row, n) for n in names])  # type: ignore[attr-defined]
            self.ledger.last_digest = row.digest  # type: ignore[attr-defined]
        return type(numbered[0])._default_manager.bulk_create(numbered, batch_size=BATCH)


@contextmanager
def writing(*, recorded_at: dt.datetime, actor: str, door: str) -> Iterator[Writing]:
    """A transaction that writes history: whole or not at all, one at a time."""
    with transaction.atomic():
        ledger = _locked()
        session = Writing(ledger, recorded_at, actor, door)
        before = ledger.last_seq
        yield session
        if ledger.last_seq != before:
            with connection.cursor() as cursor:
                cursor.execute(_ADVANCED, [ledger.last_seq, ledger.last_digest])


def _locked() -> Ledger:
    # Everyone who writes waits for whoever does: what the ORM adds to these two statements is waited for, too.
    lock = FOR_UPDATE if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"{_LEDGER}{lock}")
        found = cursor.fetchone()
    if found is None:
        return Ledger.objects.select_for_update().get_or_create(id=1)[0]
    last_seq, last_digest, directory = found
    return Ledger(id=1, last_seq=last_seq, last_digest=last_digest, directory=directory)


def chained_fields(model: type[models.Model]) -> list[str]:
    """The columns that a version's digest covers, by name."""
    return [field.attname for field in model._meta.concrete_fields if field.attname not in _UNCHAINED]


def digest_of(previous: str, model: type[models.Model], values: Sequence[Any]) -> str:
    """The digest of a change: of the one before, the table, and every value."""
    return digest_of_plain(previous, model._meta.db_table, [_plain(value) for value in values])


def digest_of_plain(previous: str, table: str, plain: Sequence[Any]) -> str:
    """The same of values as JSON has them: instants as numbers, days as texts."""
    text = _encode([table, plain])
    return hashlib.sha256(previous.encode() + text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return instant_number(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
