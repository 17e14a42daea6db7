"""Tables from one database to another of any kind, and checksums that are the same in both."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connections, models, transaction

BATCH = 2_000
CHUNK = 5_000


def copied_models() -> list[type[models.Model]]:
    """Every table that holds something of worth; sessions do not."""
    found = apps.get_models(include_auto_created=True)
    kept = (each for each in found if each._meta.managed and not each._meta.proxy and each is not Session)
    return sorted(kept, key=lambda each: each._meta.db_table)


def checksums(alias: str) -> dict[str, dict[str, Any]]:
    """The number of rows and a digest of every value of every table, by the table's name."""
    return {model._meta.db_table: _checksum(alias, model) for model in copied_models()}


def _checksum(alias: str, model: type[models.Model]) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    names = [field.attname for field in model._meta.concrete_fields]
    for row in (
        model._default_manager.using(alias).order_by("pk").values_list(*names).iterator(chunk_size=CHUNK)
    ):
        digest.update(_line(row))
        count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _line(row: tuple[Any, ...]) -> bytes:
    text = json.dumps(row, default=_plain, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


def copy_tables(source: str, target: str) -> None:
    """Every row of every table, in the place of whatever the target's have; whole or not at all."""
    connection = connections[target]
    with transaction.atomic(using=target):
        with connection.cursor() as cursor:
            for model in copied_models():
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - our own tables
        for model in copied_models():
            _copy(model, source, target)
        resets = connection.ops.sequence_reset_sql(no_style(), copied_models())
        with connection.cursor() as cursor:
            for statement in resets:
                cursor.execute(statement)


def _copy(model: type[models.Model], source: str, target: str) -> None:
    connection = connections[target]
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608 - our own tables
    rows = (
        model._default_manager.using(source).order_by("pk").values_list(*(field.attname for field in fields))
    )
    iterator = rows.iterator(chunk_size=CHUNK)
    prepare = [field.get_db_prep_save for field in fields]
    with connection.cursor() as cursor:
        while batch := list(islice(iterator, BATCH)):
            ready = (
                tuple(
                    to_database(value, connection=connection)
                    for to_database, value in zip(prepare, row, strict=True)
                )
                for row in batch
            )
            cursor.executemany(sql, list(ready))


def clear_sessions(alias: str) -> None:
    """Takes open sessions and counted attempts out of a copy, also from its free pages."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for table in (Session._meta.db_table, "stageproof_cache"):
            if table in connection.introspection.table_names(cursor):
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
        cursor.execute("VACUUM")
