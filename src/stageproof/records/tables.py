"""The stored rows as the engine's tables, kept warm: only what changed since is read again."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from django.db import connection

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import instant_number
from stageproof.engine.period import Calendar
from stageproof.engine.tables import FOREVER, NUMBER
from stageproof.records.deal_rows import OF_A_DEAL, DealRows
from stageproof.records.models import DefinitionVersion, Organisation
from stageproof.records.warm_table import WarmTable

TEXT, WHOLE = pl.String, pl.Int64
VERSION: dict[str, Any] = {
    "valid_from": WHOLE, "valid_to": WHOLE, "recorded_at": WHOLE, "actor": TEXT, "door": TEXT, "seq": WHOLE,
}  # fmt: skip


GONE = ("revoked", "removed")
"""The columns that say of a version that what it is of is no more."""


@dataclass(frozen=True)
class Source:
    """Where an engine table comes from: its query, what it yields, and what tells one thing from another."""

    name: str
    columns: dict[str, Any]
    sql: str
    key: tuple[str, ...] = ()


LEAD_TEXTS = (
    "lead", "name", "account", "email", "title", "phone", "industry", "country", "technology", "trigger", "source",
    "campaign", "status", "qualification", "disqualified_reason", "owner", "deal",
)  # fmt: skip
_LEAD_SOURCES = {"owner": "p.name", "deal": "d.key", "trigger": 'v."trigger"'}
_V = "v.valid_from, v.valid_to, v.recorded_at, v.actor, v.door, v.seq"
SOURCES = (
    Source(
        "deals",
        {
            **dict.fromkeys(
                ("deal", "name", "account", "pipeline", "stage", "status", "owner", "team"), TEXT
            ),
            NUMBER: WHOLE,
            "amount": WHOLE,
            "currency": TEXT,
            "close_on": WHOLE,
            **dict.fromkeys(
                ("forecast_category", "source", "campaign", "segment", "product", "next_step"), TEXT
            ),
            "next_step_on": WHOLE,
            "lost_reason": TEXT,
            "competitor": TEXT,
            "deal_type": TEXT,
            "renews_on": WHOLE,
            "follows": TEXT,
            "created_at": WHOLE,
            "custom": TEXT,
            **VERSION,
        },
        "SELECT d.key, v.name, a.name, v.pipeline, v.stage, v.status, p.name, t.name, d.id, v.amount, v.currency,"
        " v.close_on, v.forecast_category, v.source, v.campaign, v.segment, v.product, v.next_step, v.next_step_on,"
        " v.lost_reason, v.competitor, v.deal_type, v.renews_on, v.follows, v.created_at,"
        f" CAST(v.custom AS text), {_V} FROM records_dealversion v"
        " JOIN records_deal d ON d.id = v.deal_id LEFT JOIN records_account a ON a.id = v.account_id"
        " LEFT JOIN records_person p ON p.id = v.owner_id LEFT JOIN records_team t ON t.id = v.team_id",
        ("deal",),
    ),
    Source(
        "evidence",
        {
            **dict.fromkeys(("evidence", "deal", "criterion", "kind", "what", "given_by", "side"), TEXT),
            NUMBER: WHOLE,
            "given_at": WHOLE,
            "expires_on": WHOLE,
            "located_at": TEXT,
            "verified_by": TEXT,
            "revoked": pl.Boolean,
            **VERSION,
        },
        "SELECT v.evidence, d.key, v.criterion, v.kind, v.what, v.given_by, v.side, d.id, v.given_at, v.expires_on,"
        f" v.located_at, v.verified_by, v.revoked, {_V} FROM records_evidenceversion v"
        " JOIN records_deal d ON d.id = v.deal_id",
        ("evidence",),
    ),
    Source(
        "roles",
        {
            **dict.fromkeys(("deal", "contact", "role", "title"), TEXT),
            NUMBER: WHOLE,
            "engaged_at": WHOLE,
            "removed": pl.Boolean,
            **VERSION,
        },
        f"SELECT d.key, c.name, v.role, c.title, d.id, v.engaged_at, v.removed, {_V} FROM records_roleversion v"
        " JOIN records_deal d ON d.id = v.deal_id JOIN records_contact c ON c.id = v.contact_id",
        ("deal", "contact", "role"),
    ),
    Source(
        "activities",
        {
            **dict.fromkeys(
                (
                    "activity",
                    "deal",
                    "lead",
                    "account",
                    "contact",
                    "kind",
                    "side",
                    "direction",
                    "subject",
                    "owner",
                ),
                TEXT,
            ),
            NUMBER: WHOLE,
            "happened_at": WHOLE,
            "recorded_at": WHOLE,
            "withdrawn_at": WHOLE,
            "seq": WHOLE,
        },
        "SELECT v.key, d.key, v.lead, a.name, c.name, v.kind, v.side, v.direction, v.subject, p.name, d.id,"
        " v.happened_at, v.recorded_at, v.withdrawn_at, v.seq FROM records_activity v"
        " LEFT JOIN records_deal d ON d.id = v.deal_id LEFT JOIN records_account a ON a.id = v.account_id"
        " LEFT JOIN records_contact c ON c.id = v.contact_id LEFT JOIN records_person p ON p.id = v.owner_id",
    ),
    Source(
        "leads",
        {
            **dict.fromkeys(LEAD_TEXTS, TEXT),
            "employees": WHOLE,
            "responded_at": WHOLE,
            "created_at": WHOLE,
            "removed": pl.Boolean,
            **VERSION,
        },
        f"SELECT {', '.join(_LEAD_SOURCES.get(name, f'v.{name}') for name in LEAD_TEXTS)}, v.employees,"
        f" v.responded_at, v.created_at, v.removed, {_V} FROM records_leadversion v"
        " LEFT JOIN records_person p ON p.id = v.owner_id"
        " LEFT JOIN records_deal d ON d.id = v.deal_id",
        ("lead",),
    ),
    Source(
        "touches",
        {
            **dict.fromkeys(("lead", "deal", "source", "campaign"), TEXT),
            **dict.fromkeys(("touched_at", "recorded_at", "withdrawn_at", "seq"), WHOLE),
        },
        "SELECT v.lead, d.key, v.source, v.campaign, v.touched_at, v.recorded_at, v.withdrawn_at, v.seq"
        " FROM records_touch v LEFT JOIN records_deal d ON d.id = v.deal_id",
    ),
    Source(
        "campaigns",
        {
            **dict.fromkeys(("campaign", "source"), TEXT),
            **dict.fromkeys(("starts_on", "ends_on", "cost"), WHOLE),
            "currency": TEXT,
            "removed": pl.Boolean,
            **VERSION,
        },
        "SELECT v.name, v.source, v.starts_on, v.ends_on, v.cost, v.currency, v.removed,"
        f" {_V} FROM records_campaignversion v",
        ("campaign",),
    ),
    Source(
        "targets",
        {
            **dict.fromkeys(("owner", "team"), TEXT),
            **dict.fromkeys(("starts_on", "ends_on", "amount"), WHOLE),
            "currency": TEXT,
            "removed": pl.Boolean,
            **VERSION,
        },
        "SELECT p.name, t.name, v.starts_on, v.ends_on, v.amount, v.currency, v.removed,"
        f" {_V} FROM records_targetversion v"
        " LEFT JOIN records_person p ON p.id = v.owner_id LEFT JOIN records_team t ON t.id = v.team_id",
        ("owner", "team", "starts_on", "ends_on"),
    ),
)


@dataclass(frozen=True)
class Came:
    """Changes that were read together: those after a number up to another, and the first instant that they are of."""

    after: int
    until: int
    first: int


@dataclass(frozen=True)
class Held:
    """Up to which change a book was read, and from which load from the beginning."""

    origin: object
    seq: int


@dataclass
class _Warm:
    """What this process has loaded, and up to which change."""

    seq: int = 0
    directory: int = -1
    tables: dict[str, WarmTable] = field(default_factory=dict)
    shown: dict[str, pl.DataFrame] = field(default_factory=dict)
    book: Book | None = None
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    rows: dict[str, DealRows] = field(default_factory=dict)
    came: tuple[Came, ...] = ()
    origin: object = field(default_factory=object)
    """What all that was brought up from one load from the beginning has in common."""


CAME = 64
"""Of how many times that changes were read it is known which instants they were of."""

_BEGINS = ("valid_from", "happened_at", "touched_at")

_lock = threading.Lock()
# A published version never changes, and publishing one is a change to the directory, as is one to the organisation.
_definitions: dict[str, Any] = {}
_organisation: dict[str, tuple[Any, Organisation]] = {}
_warm = _Warm()


def book() -> Book:
    """The whole book as of the last committed change."""
    return _current().book  # type: ignore[return-value]


def book_until() -> tuple[Book, tuple[int, int]]:
    """The whole book, and the numbers of the last change and of the directory that it holds."""
    warm = _current()
    return warm.book, (warm.seq, warm.directory)  # type: ignore[return-value]


def learned_since(until: tuple[int, int], known_at: dt.datetime) -> bool:
    """Whether changes after these numbers are of what was known by this instant; whoever holds the ledger may ask."""
    seq, directory = until
    if last_numbers()[1] != directory:
        return True
    with connection.cursor() as cursor:
        for source in SOURCES:
            asked = f"{source.sql} WHERE v.seq > %s AND v.recorded_at <= %s LIMIT 1"
            cursor.execute(asked, [seq, instant_number(known_at)])
            if cursor.fetchone() is not None:
                return True
    return False


def pipeline_now(now: dt.datetime) -> Pipeline:
    """The pipeline of the present minute, shared by all requests until the next change."""
    warm = _current()
    at = instant_number(now.replace(second=0, microsecond=0)) + 60_000_000 - 1
    found = warm.pipelines.get(at)
    if found is None:
        found = Pipeline(warm.book, at, keeps=True)  # type: ignore[arg-type]
        warm.pipelines = {at: found}
    return found


def loaded_until(whole: Book) -> tuple[int, int] | None:
    """The numbers of the last change and of the directory that a book holds; None where it is no longer the present."""
    warm = _warm
    return (warm.seq, warm.directory) if warm.book is whole else None


def deals_touched(after: int) -> list[str]:
    """The deals that changes after this number are about, among those loaded."""
    names = ("deals", "evidence", "roles", "activities")
    found = [table.deals_after(after) for name in names if (table := _warm.tables.get(name)) is not None]
    return pl.concat(found).drop_nulls().unique().to_list() if found else []


def book_held() -> tuple[Book, Held]:
    """The whole book, and what tells later whether it still holds."""
    warm = _current()
    return warm.book, Held(warm.origin, warm.seq)  # type: ignore[return-value]


def holds_still(held: Held, at: int) -> bool:
    """Whether all that came since is of later than the instant, so that a book held before tells it as it is."""
    warm = _warm
    if warm.origin is not held.origin:
        return False
    if warm.seq == held.seq:
        return True
    since = next((place for place, each in enumerate(warm.came) if each.after == held.seq), None)
    return since is not None and all(each.first > at for each in warm.came[since:])


def rows_of_deals(whole: Book, keys: Sequence[str]) -> dict[str, pl.DataFrame] | None:
    """What the book of the present holds of some deals, per table; None of any other book."""
    warm = _warm
    if warm.book is not whole:
        return None
    found = {}
    for name in OF_A_DEAL:
        table, rows = warm.tables[name], warm.rows.get(name)
        if rows is None or not rows.still_of(table):
            rows = warm.rows[name] = DealRows.of(table)
        found[name] = warm.shown[name][rows.found(table, keys)]
    return found


def forget() -> None:
    """Drops what is loaded, for a database that was replaced."""
    global _warm
    with _lock:
        _warm = _Warm()
        _definitions.clear()
        _organisation.clear()


def _current() -> _Warm:
    """What is loaded, brought up to the last committed change. Changes commit in the order of their numbers."""
    global _warm
    seq, directory = last_numbers()
    warm = _warm
    if warm.book is not None and warm.seq == seq and warm.directory == directory:
        return warm
    with _lock:
        warm = _warm
        if warm.book is None or warm.seq != seq or warm.directory != directory:
            # A renamed account stands in old versions too: then everything is read again.
            base = warm if warm.directory == directory and warm.seq <= seq else _Warm()
            first: list[int] = []
            loaded = {
                source.name: _brought_up(source, base.tables.get(source.name), base.seq, seq, first)
                for source in SOURCES
            }
            came = (*base.came, Came(base.seq, seq, min(first, default=FOREVER)))[-CAME:]
            shown = {name: _shown(name, table, base) for name, table in loaded.items()}
            _warm = _Warm(
                seq,
                directory,
                loaded,
                shown,
                _book(shown, base, loaded),
                rows=dict(base.rows),
                came=came,
                origin=base.origin,
            )
        return _warm


def last_numbers() -> tuple[int, int]:
    """The numbers of the last change and of the directory, nothing where there is no ledger yet."""
    # Every request asks more than once, and most of what the ORM does for it is to write the query.
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_seq, directory FROM records_ledger WHERE id = 1")
        found: tuple[int, int] | None = cursor.fetchone()
    return found or (0, 0)


def _brought_up(
    source: Source, loaded: WarmTable | None, after: int, until: int, first: list[int]
) -> WarmTable:
    """The table up to a change; to `first` goes the earliest instant that what is new is of."""
    if loaded is None:
        after = 0
    with connection.cursor() as cursor:
        cursor.execute(f"{source.sql} WHERE v.seq > %s AND v.seq <= %s ORDER BY v.seq", [after, until])
        rows = cursor.fetchall()
    if not rows and loaded is not None:
        return loaded
    fresh = pl.DataFrame(_booleans(source, rows), schema=source.columns, orient="row")
    if source.name == "deals":
        fresh = _with_days(with_custom_fields(fresh, published_definitions()))
    if loaded is None:
        first.append(0)
        return WarmTable.loaded(fresh, source.key)
    found = loaded.with_changes(fresh)
    # Where all was sorted anew, whoever kept the rows as they lay would keep a second copy of them.
    moved = found.base.height != loaded.base.height
    begins = next(name for name in _BEGINS if name in fresh.columns)
    first.append(0 if moved else fresh[begins].min())  # type: ignore[arg-type]
    return found


def _booleans(source: Source, rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """SQLite gives 0 and 1."""
    places = [index for index, kind in enumerate(source.columns.values()) if kind == pl.Boolean]
    if not places or (rows and isinstance(rows[0][places[0]], bool)):
        return rows
    return [tuple(bool(v) if i in places else v for i, v in enumerate(row)) for row in rows]


def _with_days(deals: pl.DataFrame) -> pl.DataFrame:
    """The deals with the day of their creation, which no question need then work out again."""
    zone = here.zone if (here := organisation_if_any()) else "UTC"
    local = pl.from_epoch("created_at", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return deals.with_columns(created_on=local.dt.date().cast(pl.Int32).cast(pl.Int64))


def _shown(name: str, table: WarmTable, before: _Warm) -> pl.DataFrame:
    """The table as the engine has it, where a version says of itself that it ends what was there."""
    if before.tables.get(name) is table:
        return before.shown[name]
    frame = table.frame
    gone = next((column for column in GONE if column in frame.columns), None)
    if gone is not None:
        frame = frame.rename({gone: "removed"}) if frame[gone].any() else frame.drop(gone)
    # Where nothing was taken back, nobody need look whether it was.
    if "withdrawn_at" in frame.columns and frame["withdrawn_at"].null_count() == frame.height:
        frame = frame.drop("withdrawn_at")
    return frame.drop("seq")


def _book(shown: Mapping[str, pl.DataFrame], before: _Warm, loaded: Mapping[str, WarmTable]) -> Book:
    if (book := before.book) is not None:
        for name, frame in shown.items():
            if before.shown[name] is not frame:
                changed = loaded[name].deals_after(before.seq, NUMBER) if name in OF_A_DEAL else None
                book = book.with_rows(name, frame, None if changed is None else changed.drop_nulls().unique())
        return book
    here = organisation()
    return Book.build(
        **shown,
        rates=_rates(),
        definitions=published_definitions(),
        currency=here.currency,
        zone=here.zone,
        calendar=calendar_of(here),
    )


def with_custom_fields(deals: pl.DataFrame, definitions: Sequence[Definition]) -> pl.DataFrame:
    """The deals with a text column for each custom field that a deal has or a criterion asks for."""
    texts = deals["custom"].unique().drop_nulls().to_list()
    told = {text: json.loads(text) for text in texts if text != "{}"}
    asked = {name for each in definitions for name in each.fields}
    names = sorted({name for custom in told.values() for name in custom} | asked)
    names = [name for name in names if name not in deals.columns]
    if not names:
        return deals.drop("custom")
    rows = [(text, *(_text(custom.get(name)) for name in names)) for text, custom in told.items()]
    schema = {"custom": TEXT, **dict.fromkeys(names, TEXT)}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return deals.join(table, on="custom", how="left", maintain_order="left").drop("custom")


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def organisation() -> Organisation:
    """The organisation as it is now, to be read; whoever changes it locks the row."""
    found = organisation_if_any()
    if found is None:
        raise Organisation.DoesNotExist
    return found


def organisation_if_any() -> Organisation | None:
    """The same; None before the first run."""
    key = (connection.settings_dict["NAME"], last_numbers()[1])
    of, kept = _organisation.get("here", (None, None))
    if of == key:
        return kept
    found = Organisation.objects.first()
    if found is not None:
        _organisation["here"] = (key, found)
    return found


def calendar_of(organisation: Organisation) -> Calendar:
    """The organisation's fiscal calendar."""
    return Calendar(
        kind=organisation.calendar_kind,  # type: ignore[arg-type]
        year_starts=organisation.year_starts,
        week_starts=organisation.week_starts,
    )


def definitions_in_force(on: dt.date) -> list[Definition]:
    """The definition that rules on the day, one per pipeline."""
    found: dict[str, Definition] = {}
    for each in published_definitions():
        if each.effective_from is None or each.effective_from <= on:
            found[each.pipeline] = each
    return list(found.values())


def published_definitions() -> list[Definition]:
    """Every published version of every pipeline's definition, by the day it takes effect."""
    key = (connection.settings_dict["NAME"], last_numbers()[1])
    if _definitions.get("key") != key:
        _definitions.update(key=key, found=_read_definitions())
    return list(_definitions["found"])


def _read_definitions() -> list[Definition]:
    rows = DefinitionVersion.objects.filter(published_at__isnull=False).order_by("effective_from", "version")
    return [
        replace(
            read_definition(row.toml),
            pipeline=row.pipeline,
            version=row.version,
            effective_from=row.effective_from,
        )
        for row in rows
    ]


def _rates() -> pl.DataFrame | None:
    rates = _whole(
        "SELECT currency, from_on, rate, recorded_at, removed FROM records_rateversion ORDER BY seq",
        {"currency": TEXT, "from_on": WHOLE, "rate": TEXT, "recorded_at": WHOLE, "removed": pl.Boolean},
    )
    return None if rates.is_empty() else rates if rates["removed"].any() else rates.drop("removed")


def _whole(sql: str, schema: dict[str, Any]) -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")


Loader = Callable[[], Book]
