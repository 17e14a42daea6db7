"""The doctor: whether the stored history is whole, in order, unaltered, and says what the present rows say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any

import polars as pl
from django.db import connection, models, transaction
from django.db.models import Count, Sum

from stageproof.engine.counted import count_text
from stageproof.engine.frames import collect, instant_of
from stageproof.engine.problem import Problem
from stageproof.engine.qualification import QUALIFICATIONS, qualified_deals
from stageproof.engine.readings import reconciliation
from stageproof.records import tables
from stageproof.records.ledger import chained_fields, digest_of
from stageproof.records.models import (
    Account,
    AccountVersion,
    Activity,
    CampaignVersion,
    Contact,
    ContactVersion,
    Deal,
    DealVersion,
    EvidenceVersion,
    FrozenReading,
    IdempotencyKey,
    LeadVersion,
    Ledger,
    Organisation,
    RateVersion,
    RoleVersion,
    TargetVersion,
    Touch,
)
from stageproof.records.models.accounts import ACCOUNT_FACTS, CONTACT_FACTS
from stageproof.records.models.deals import FACTS
from stageproof.records.models.history import Version

CHAINED: tuple[type[models.Model], ...] = (
    DealVersion,
    EvidenceVersion,
    RoleVersion,
    Activity,
    TargetVersion,
    RateVersion,
    LeadVersion,
    Touch,
    CampaignVersion,
    AccountVersion,
    ContactVersion,
    FrozenReading,
)
GRAINS: dict[type[Version], tuple[str, ...]] = {
    DealVersion: ("deal_id",),
    EvidenceVersion: ("evidence",),
    RoleVersion: ("deal_id", "contact_id", "role"),
    TargetVersion: ("owner_id", "team_id", "starts_on", "ends_on"),
    RateVersion: ("currency", "from_on"),
    LeadVersion: ("lead",),
    CampaignVersion: ("name",),
    AccountVersion: ("account_id",),
    ContactVersion: ("contact_id",),
}
MOST_SHOWN = 20
_REMEDY = "Restore the last backup that the doctor finds sound, and look who wrote to the database directly."


@dataclass(frozen=True)
class Examined:
    """What was looked at, and what is wrong; `problems` is empty where all is sound."""

    changes: int
    deals: int
    problems: tuple[Problem, ...]


def doctor(*, readings: bool = False) -> Examined:
    """Every invariant of the stored records, each with what breaks it.

    With `readings` the four of them are read and tied too, which takes as long as opening their page.
    """
    checks: Sequence[Callable[[], Iterator[Problem]]] = (
        database_is_sound,
        chain_holds,
        versions_follow_each_other,
        present_is_the_last_version,
        figures_reconcile,
        acknowledged_is_kept,
        *((readings_tie,) if readings else ()),
    )
    # Whoever writes holds the ledger: holding it too, the doctor sees no half of a change.
    with transaction.atomic():
        ledger = Ledger.objects.select_for_update().filter(id=1).first() or Ledger()
        problems = [problem for check in checks for problem in _first(check())]
        return Examined(ledger.last_seq, Deal.objects.count(), tuple(problems))


def database_is_sound() -> Iterator[Problem]:
    """What the database itself finds wrong with its pages and references."""
    if connection.vendor != "sqlite":
        # PostgreSQL enforces references as they are written; its pages are checked by pg_amcheck.
        return
    with connection.cursor() as cursor:
        for (says,) in cursor.execute("PRAGMA integrity_check").fetchall():
            if says != "ok":
                yield Problem("database_corrupt", f"The database is damaged: {says}.", _REMEDY)
        for table, row, parent, _ in cursor.execute("PRAGMA foreign_key_check").fetchall():
            says = f"Row {row} of {table} refers to a row of {parent} that is not there."
            yield Problem("reference_broken", says, _REMEDY, source=table, value=str(row))


def chain_holds() -> Iterator[Problem]:
    """Gaps in the numbers of changes, and changes whose digest is not that of what is stored."""
    ledger = Ledger.objects.filter(id=1).first() or Ledger()
    expected, digest = 0, "0" * 64
    for seq, model, stored, values in merge(*map(_changes, CHAINED), key=lambda change: change[0]):
        expected += 1
        if seq != expected:
            says = f"Change {expected} is missing; the next is {seq}."
            yield Problem("change_missing", says, _REMEDY, source=model._meta.db_table, value=str(expected))
            expected = seq
        elif digest_of(digest, model, values) != stored:
            says = f"Change {seq} is not what was written, or what came before it is not."
            yield Problem("change_altered", says, _REMEDY, source=model._meta.db_table, value=str(seq))
        digest = stored
    if (expected, digest) != (ledger.last_seq, ledger.last_digest):
        says = f"The last change is {expected}, and the ledger says {ledger.last_seq}."
        if expected == ledger.last_seq:
            says = "The last change is not the one that the ledger knows."
        yield Problem("ledger_differs", says, _REMEDY, value=str(ledger.last_seq))


def versions_follow_each_other() -> Iterator[Problem]:
    """Versions that do not end where the next one of the same thing begins."""
    for model, grain in GRAINS.items():
        fields = (*grain, "valid_from", "valid_to", "seq", "recorded_at")
        found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
        for row in model._default_manager.values_list(*fields).iterator(chunk_size=10_000):
            found[row[: len(grain)]].append(row[len(grain) :])
        for thing, versions in found.items():
            versions.sort(key=lambda version: (version[0], version[3], version[2]))
            ends = [version[1] for version in versions]
            begins = [version[0] for version in versions[1:]]
            if ends != [*begins, None]:
                says = f"The versions of {' / '.join(map(str, thing))} leave a gap or overlap."
                source = model._meta.db_table
                yield Problem("versions_apart", says, _REMEDY, source=source, value=str(thing[0]))


PRESENT: tuple[tuple[type[models.Model], type[Version], str, tuple[str, ...], str], ...] = (
    (Deal, DealVersion, "deal", FACTS, "key"),
    (Account, AccountVersion, "account", ACCOUNT_FACTS, "name"),
    (Contact, ContactVersion, "contact", CONTACT_FACTS, "name"),
)
"""What has a present row beside its versions: both tables, its word, its facts, and what it is called by."""


def present_is_the_last_version() -> Iterator[Problem]:
    """Present rows that are not what their last version says, or that count their versions wrongly."""
    for present, versions, word, facts, called in PRESENT:
        names = [field.attname for field in versions._meta.concrete_fields if field.name in facts]
        kept_rows = versions._default_manager.filter(valid_to__isnull=True).values_list(f"{word}_id", *names)
        last = {row[0]: row[1:] for row in kept_rows.iterator(chunk_size=10_000)}
        counted = dict(versions._default_manager.values_list(f"{word}_id").annotate(Count("id")))
        rows = present._default_manager.values_list("id", called, "version", *names)
        for pk, name, version, *values in rows.iterator(chunk_size=10_000):
            kept, source = last.get(pk), present._meta.db_table
            if kept is None or tuple(values) != tuple(kept):
                differing = [n for n, a, b in zip(names, values, kept or (), strict=False) if a != b]
                told = ", ".join(differing) or "it has none"
                says = f"{word.capitalize()} {name} is not what its history says: {told}."
                yield Problem("present_differs", says, _REMEDY, source=source, value=name)
            elif counted.get(pk) != version:
                has = count_text(counted.get(pk, 0), "version")
                says = f"{word.capitalize()} {name} is at version {version} and has {has}."
                yield Problem("version_miscounted", says, _REMEDY, source=source, value=name)


def figures_reconcile() -> Iterator[Problem]:
    """Where the engine's tables, qualifications and the database's own sums disagree."""
    if not Organisation.objects.exists():
        return
    at = Ledger.objects.values_list("last_seq", flat=True).filter(id=1).first()
    latest = DealVersion.objects.order_by("-valid_from").values_list("valid_from", flat=True).first()
    if not at or latest is None:
        return
    pipeline = tables.book().as_of(max(latest, instant_of(0)))
    deals = collect(pipeline.deals.select("status", "currency", "amount", "deal"))
    engine = {
        (status, currency): (amount, count)
        for status, currency, amount, count in deals.group_by("status", "currency")
        .agg(pl.col("amount").sum(), pl.len())
        .iter_rows()
    }
    sums = Deal.objects.exclude(status="deleted").values_list("status", "currency")
    stored = {
        (status, currency): (amount or 0, count)
        for status, currency, amount, count in sums.annotate(Sum("amount"), Count("id"))
    }
    for place in sorted(engine.keys() | stored.keys()):
        if engine.get(place) != stored.get(place):
            ours, theirs = engine.get(place), stored.get(place)
            says = f"{place[0]} deals in {place[1]}: the engine has {ours}, the database {theirs}."
            yield Problem(
                "figures_differ", says, "Restart the server; if it stays, report it.", value=place[1]
            )
    judged = collect(qualified_deals(pipeline).select("qualification", "value"))
    whole = int(collect(pipeline.open.select("value"))["value"].sum() or 0)
    parts = sum(int(judged.filter(qualification=name)["value"].sum() or 0) for name in QUALIFICATIONS)
    if parts != whole:
        says = f"Qualified, waived, unverifiable and unqualified sum to {parts}, and the whole is {whole}."
        yield Problem("readings_differ", says, "Report it with the definition in force.", value=str(parts))


def acknowledged_is_kept() -> Iterator[Problem]:
    """Keys that were answered without the answer, or whose answer names a change that is not there."""
    last = Ledger.objects.filter(id=1).values_list("last_seq", flat=True).first() or 0
    rows = IdempotencyKey.objects.order_by("pk").values_list("key", "status", "body")
    for key, status, body in rows.iterator(chunk_size=10_000):
        if status == 0:
            says = f"The key {key} was taken, and what it was answered is not here."
            yield Problem("answer_missing", says, _REMEDY, source="records_idempotencykey", value=key)
            continue
        told = json.loads(body) if status < 300 and body else None
        seq = told.get("seq") if isinstance(told, dict) else None
        if isinstance(seq, int) and seq > last:
            says = f"The key {key} was answered with change {seq}, and the last one is {last}."
            yield Problem("acknowledged_lost", says, _REMEDY, source="records_idempotencykey", value=key)


def readings_tie() -> Iterator[Problem]:
    """Where the four readings of the present do not tie, as a whole and per currency, to the minor unit."""
    if not Organisation.objects.exists() or not DealVersion.objects.exists():
        return
    latest = DealVersion.objects.order_by("-valid_from").values_list("valid_from", flat=True).first()
    pipeline = tables.book().as_of(max(latest or instant_of(0), instant_of(0)))
    quarter = pipeline.book.calendar.containing(pipeline.on, "quarter")
    for check in reconciliation(pipeline, period=quarter).checks:
        if check.difference:
            says = f"{check.says} It does not: {check.left} is not {check.right}."
            remedy = "Report it with the definition in force."
            yield Problem("readings_apart", says, remedy, value=check.name)


def _changes(model: type[models.Model]) -> Iterator[tuple[int, type[models.Model], str, list[Any]]]:
    """The changes of one table in order: number, table, digest, and every value that the digest covers."""
    names = chained_fields(model)
    at = names.index("seq")
    rows = model._default_manager.order_by("seq").values_list("digest", *names)
    for digest, *values in rows.iterator(chunk_size=10_000):
        yield values[at], model, digest, values


def _first(problems: Iterator[Problem]) -> Iterator[Problem]:
    """The first problems of a kind, and how many more there are: one cause may show in every row after it."""
    more = 0
    for number, problem in enumerate(problems):
        if number < MOST_SHOWN:
            yield problem
        else:
            more += 1
    if more:
        yield Problem("and_more", f"There are {more} more of these.", count=more)
