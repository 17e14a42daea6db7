"""The book: every table of a pipeline with its history, and the pipeline as of any instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import narwhals as nw
import polars as pl

from stageproof.engine.definition import Definition
from stageproof.engine.frames import (
    DAY,
    Lazy,
    collect,
    day_number,
    day_of,
    from_rows,
    instant_number,
    instant_of,
    readable,
    to_days,
    to_instants,
)
from stageproof.engine.money import minor_rate
from stageproof.engine.period import Calendar, day_at, end_of_day
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.tables import FOREVER, NUMBER, TABLES, Table
from stageproof.engine.whole_history import WholeHistory, Worked

T = TypeVar("T")
Frame: TypeAlias = Any
"""Anything Narwhals reads: a Polars, PySpark or Ibis table, a DuckDB relation, an Arrow table."""

Instant: TypeAlias = "dt.date | dt.datetime | str"

KEYS = {
    "deals": ("deal",),
    "evidence": ("evidence",),
    "roles": ("deal", "contact", "role"),
    "leads": ("lead",),
    "campaigns": ("campaign",),
    "targets": ("owner", "team", "starts_on", "ends_on"),
}
"""What tells one thing from another in a table whose versions end where the next begins."""

_DTYPES: dict[str, Any] = {
    "text": nw.String,
    "whole": nw.Int64,
    "money": nw.Int64,
    "day": nw.Int64,
    "instant": nw.Int64,
    "yes_no": nw.Boolean,
}


@dataclass(frozen=True)
class Book:
    """The tables of a pipeline; a table that is absent is data that the book does not hold.

    Build one with `Book.build`, ask it for the pipeline at an instant with `as_of`.
    """

    tables: Mapping[str, Lazy]
    fields: frozenset[str]
    definitions: tuple[Definition, ...]
    currency: str
    zone: str
    calendar: Calendar = field(default_factory=Calendar)
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The columns that each table was given with; the others are blank for want of data."""

    @classmethod
    def build(
        cls,
        *,
        deals: Frame,
        evidence: Frame | None = None,
        roles: Frame | None = None,
        activities: Frame | None = None,
        leads: Frame | None = None,
        touches: Frame | None = None,
        campaigns: Frame | None = None,
        targets: Frame | None = None,
        calls: Frame | None = None,
        rates: Frame | None = None,
        definitions: Iterable[Definition] = (),
        currency: str | None = None,
        zone: str = "UTC",
        calendar: Calendar | None = None,
    ) -> Book:
        """A book from frames of one engine.

        Frames have the columns of `engine.tables`, as real dates and timestamps or as the engine's integers. A
        deals column that is missing is a field the book does not hold; `None` for a table likewise. Only these
        make a criterion unverifiable: an empty table says "nothing was recorded", which leaves it unmet. A version
        that is `removed` ends what was there and does not itself hold; what has a `withdrawn_at` counts only as known
        before it.
        """
        given = {
            "deals": deals,
            "evidence": evidence,
            "roles": roles,
            "activities": activities,
            "leads": leads,
            "touches": touches,
            "campaigns": campaigns,
            "targets": targets,
            "calls": calls,
            "rates": rates,
        }
        present = {name: frame for name, frame in given.items() if frame is not None}
        held = {name: _names(frame) for name, frame in present.items()}
        frames = {name: _normal(TABLES[name], frame, zone) for name, frame in present.items()}
        reporting = currency or _only_currency(frames["deals"]) or "USD"
        frames["deals"] = _in_a_currency(frames["deals"], deals, reporting)
        if "rates" in frames:
            frames["rates"] = _minor_rates(
                frames["rates"], reporting, recorded="recorded_at" in held["rates"]
            )
        whole = calendar or Calendar()
        return cls(frames, held["deals"], tuple(definitions), reporting, zone, whole, held)

    def with_rows(self, table: str, frame: Frame, changed: pl.Series | None = None) -> Book:
        """The same book with other rows in one of its tables, rates apart.

        `changed` are the numbers of all deals whose rows differ, where that is known: what was worked out of the others
        is then kept.
        """
        normal, names = _normal(TABLES[table], frame, self.zone), _names(frame)
        if table == "deals":
            normal = _in_a_currency(normal, frame, self.currency)
        other = replace(
            self,
            tables={**self.tables, table: normal},
            columns={**self.columns, table: names},
            fields=names if table == "deals" else self.fields,
        )
        other._worked_out.update(self._worked_out.after(table, changed))
        return other

    def remember(
        self, name: str, compute: Callable[[Book], pl.DataFrame], of: tuple[str, ...] = ("deals",)
    ) -> pl.DataFrame:
        """A table with rows of each deal, worked out of its whole history in the tables `of`.

        Past days share it, and books with other rows of a few deals work out no more than these anew.
        """
        key = (name, of)
        worked = self._worked_out.get(key)
        if worked is None:
            worked = Worked(compute(self))
        elif worked.behind is not None:
            worked = worked.with_changed(compute(self._of_deals(worked.behind, of)))
        self._worked_out[key] = worked
        return worked.table

    def _of_deals(self, numbers: pl.Series, tables: tuple[str, ...]) -> Book:
        theirs = pl.col(NUMBER).is_in(numbers.implode())
        few = {
            name: nw.from_native(self.tables[name].to_native().filter(theirs).collect().lazy())
            for name in tables
        }
        return replace(self, tables={**self.tables, **few})

    @property
    def remembers_days(self) -> bool:
        """Whether what is computed of all days at once serves for each: in this process, where nothing was taken back."""
        return isinstance(self.tables["deals"].to_native(), pl.LazyFrame) and not self.holds(
            "deals", "removed"
        )

    @cached_property
    def _worked_out(self) -> WholeHistory:
        # Not a field: a book with other tables begins with nothing.
        return WholeHistory()

    def with_definitions(self, definitions: Iterable[Definition]) -> Book:
        """The same tables under other rules."""
        return replace(self, definitions=tuple(definitions))

    def holds(self, table: str, column: str | None = None) -> bool:
        """Whether the book has data of this kind at all, or of this column of it."""
        return table in self.tables and (column is None or column in self.columns.get(table, ()))

    def table(self, name: str) -> pl.DataFrame:
        """A whole table with its history, with real dates, as a Polars frame."""
        return readable(collect(self.tables[name]))

    def instant(self, at: Instant) -> int:
        """The instant in microseconds: a date is the last microsecond of that day in the book's zone."""
        if isinstance(at, str):
            at = _parse_instant(at)
        if isinstance(at, dt.datetime):
            return instant_number(at)
        return instant_number(end_of_day(at, self.zone)) - 1

    def as_of(self, at: Instant, known_at: Instant | None = None) -> Pipeline:
        """The pipeline at an instant, as it is known now or as it was known at `known_at`."""
        return Pipeline(self, self.instant(at), None if known_at is None else self.instant(known_at))

    def rates(self, known_at: int | None = None) -> Lazy:
        """The rates as they are known, or were at an instant: currency, from_on, until_on, nano.

        `nano` is minor units per minor unit times 10^9. A day's rate that was recorded again replaces the one before.
        """
        rates = self.tables["rates"]
        if "until_on" in rates.collect_schema().names():
            return rates
        if known_at is None:
            return self._present_rates
        return _ranged(_latest(rates.filter(nw.col("recorded_at") <= known_at)))

    @cached_property
    def _present_rates(self) -> Lazy:
        return in_memory(_ranged(_latest(self.tables["rates"])))

    def ends_apart(self, name: str) -> Lazy | None:
        """The versions of a table that ended without another one beginning, with when; None where there are none."""
        if not self.holds(name, "valid_to"):
            return None
        if not isinstance(self.tables[name].to_native(), pl.LazyFrame):
            return _ends_apart(self.tables[name], KEYS[name])
        found = self.remember(
            "ends apart", lambda of: collect(_ends_apart(of.tables[name], KEYS[name])), (name,)
        )
        return None if found.is_empty() else nw.from_native(found.lazy())

    @cached_property
    def currencies(self) -> frozenset[str]:
        """The currencies that deals, campaigns and targets are in, where they say one."""
        priced = [self.tables[name] for name in ("deals", "campaigns", "targets") if name in self.tables]
        named = [collect(table.select("currency").unique())["currency"].drop_nulls() for table in priced]
        return frozenset(currency for found in named for currency in found.to_list())

    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last day on which something changed."""
        ends = collect(
            self.tables["deals"].select(first=nw.col("valid_from").min(), last=nw.col("valid_from").max())
        )
        first, last = ends.row(0)
        if first is None:
            raise Refused(
                [Problem("empty_book", "There is no deal in this book.", "Give it at least one deal.")]
            )
        return day_at(instant_of(first), self.zone), day_at(instant_of(last), self.zone)


@dataclass(frozen=True)
class Pipeline:
    """The pipeline as of an instant: what measures, readings and checks are computed from."""

    book: Book
    at: int
    known_at: int | None = None
    keeps: bool = False
    rates_on: int | None = None
    """The day at whose rates open deals are valued, where that is not the day of the instant."""
    _remembered: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def remember(self, name: str, compute: Callable[[], T]) -> T:
        """What was computed under this name before, so that figures of one instant share their work."""
        if name not in self._remembered:
            self._remembered[name] = compute()
        found: T = self._remembered[name]
        return found

    def remembers(self, name: str) -> bool:
        """Whether something was computed under this name already."""
        return name in self._remembered

    def kept(self) -> Pipeline:
        """The same pipeline with its deals held in memory: quicker from the second figure on, where there is room."""
        return Pipeline(self.book, self.at, self.known_at, keeps=True, rates_on=self.rates_on)

    @cached_property
    def on(self) -> dt.date:
        """The day of the instant in the organisation's zone."""
        return day_at(instant_of(self.at), self.book.zone)

    @property
    def day(self) -> int:
        """The day of the instant, in days since 1970."""
        return day_number(self.on)

    @property
    def currency(self) -> str:
        return self.book.currency

    @cached_property
    def rates(self) -> Lazy | None:
        """The rates as known: currency, from_on, until_on, nano."""
        return self.book.rates(self.known_at) if self.book.holds("rates") else None

    @cached_property
    def versions(self) -> Lazy:
        """Every deal version that began by the instant: one row per deal and version."""
        return self._known("deals").filter(nw.col("valid_from") <= self.at)

    @cached_property
    def deals(self) -> Lazy:
        """One row per deal that exists at the instant, with `value`: its amount in the reporting currency.

        `value` is in minor units; null where the amount is blank or no rate is known for its currency.
        """
        deals = self._valued(self.in_force("deals").filter(nw.col("status") != "deleted"))
        return in_memory(deals) if self.keeps else deals

    @cached_property
    def open(self) -> Lazy:
        """The open deals, one row each."""
        if not self.keeps or "deals" in self.__dict__:
            return self.deals.filter(nw.col("status") == "open")
        # Few of the deals that ever were are open: whoever asks for these alone need not hold the others.
        return in_one_piece(self._valued(self._open_versions()))

    def _open_versions(self) -> Lazy:
        found = self._known("deals")
        native, opened = found.to_native(), holds_at(self.at) & (nw.col("status") == "open")
        if self.known_at is not None or not self.book.remembers_days or NUMBER not in native.collect_schema():
            return found.filter(opened)
        # They are told by three columns and fetched by their places: the others are not run through.
        told = found.select("valid_from", "valid_to", "status").select(opened=opened).to_native()
        places = told.select(pl.col("opened").arg_true()).collect().to_series().rechunk()
        opened_ones: Lazy = nw.from_native(native.collect()[places].lazy())
        return opened_ones

    @cached_property
    def closed(self) -> Lazy:
        """The won and lost deals, one row each."""
        return self.deals.filter(nw.col("status").is_in(["won", "lost"]))

    @cached_property
    def evidence(self) -> Lazy | None:
        """Evidence in force, not expired, given by the instant."""
        given = self.evidence_given
        if given is None:
            return None
        return given.filter(nw.col("expires_on").is_null() | (nw.col("expires_on") >= self.day))

    @cached_property
    def evidence_given(self) -> Lazy | None:
        """Evidence in force and given by the instant, expired or not."""
        if not self.book.holds("evidence"):
            return None
        return self.in_force("evidence").filter(nw.col("given_at") <= self.at)

    @cached_property
    def roles(self) -> Lazy | None:
        """The buying committees; `engaged_at` is the last engagement by the instant, from activities too."""
        return self.roles_engaged_after(None)

    def roles_engaged_after(self, instant: int | None) -> Lazy | None:
        """The same, where what was before the instant (microseconds) may be left out: criteria ask for recent weeks."""
        if not self.book.holds("roles"):
            return None
        stated = nw.when(nw.col("engaged_at") <= self.at).then(nw.col("engaged_at"))
        roles = self.in_force("roles").with_columns(engaged_at=stated.otherwise(nw.lit(None)))
        if self.activities is None:
            return roles
        activities = self.activities
        if instant is not None:
            activities = activities.filter(nw.col("happened_at") > instant)
        seen = (
            activities.filter(nw.col("side") == "buyer", ~nw.col("contact").is_null())
            .group_by("deal", "contact")
            .agg(seen_at=nw.col("happened_at").max())
        )
        latest = (
            nw.when(nw.col("engaged_at").is_null() | (nw.col("seen_at") > nw.col("engaged_at")))
            .then(nw.col("seen_at"))
            .otherwise(nw.col("engaged_at"))
        )
        return roles.join(seen, on=["deal", "contact"], how="left").with_columns(
            engaged_at=nw.when(nw.col("seen_at").is_null()).then(nw.col("engaged_at")).otherwise(latest)
        )

    @cached_property
    def role_versions(self) -> Lazy | None:
        """Every version of the buying committees that began by the instant."""
        if not self.book.holds("roles"):
            return None
        return self._known("roles").filter(nw.col("valid_from") <= self.at)

    @cached_property
    def lead_versions(self) -> Lazy | None:
        """Every version of the leads that began by the instant."""
        if not self.book.holds("leads"):
            return None
        return self._known("leads").filter(nw.col("valid_from") <= self.at)

    @cached_property
    def activities(self) -> Lazy | None:
        """What happened by the instant."""
        return self._happened("activities", "happened_at")

    @cached_property
    def touches(self) -> Lazy | None:
        """The touches by the instant."""
        return self._happened("touches", "touched_at")

    @cached_property
    def leads(self) -> Lazy | None:
        """The leads at the instant, one row each."""
        return self.in_force("leads") if self.book.holds("leads") else None

    @cached_property
    def campaigns(self) -> Lazy | None:
        """The campaigns at the instant, one row each, with `value`: the cost at the rate of their first day."""
        from stageproof.engine.exchange import valued

        if not self.book.holds("campaigns"):
            return None
        campaigns = self.in_force("campaigns").with_columns(
            currency=nw.coalesce(nw.col("currency"), nw.lit(self.currency))
        )
        return valued(
            campaigns,
            self.book,
            nw.coalesce(nw.col("starts_on"), nw.lit(self.day)),
            amount="cost",
            rates=self.rates,
        )

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The targets in force: owner, team, starts_on, ends_on, amount in the reporting currency."""
        if not self.book.holds("targets"):
            return from_rows(TABLES["targets"], []).collect()
        frame = self.in_force("targets").with_columns(
            currency=nw.coalesce(nw.col("currency"), nw.lit(self.currency)), status=nw.lit("open")
        )
        dated = frame.with_columns(close_on=nw.lit(None).cast(nw.Int64))
        return collect(self._valued(dated).with_columns(amount=nw.col("value")))

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """The definition in force, one per pipeline name."""
        newest: dict[str, Definition] = {}
        for definition in sorted(self.book.definitions, key=_effective):
            if _effective(definition)[0] <= self.on:
                newest[definition.pipeline] = definition
        return tuple(newest.values())

    def definition_of(self, pipeline: str | None) -> Definition | None:
        """The definition in force for a pipeline; the only one there is serves every pipeline."""
        if len(self.definitions) == 1:
            return self.definitions[0]
        return next((each for each in self.definitions if each.pipeline == pipeline), None)

    def under(self, *definitions: Definition) -> Pipeline:
        """The same pipeline under other rules, in force from always."""
        always = tuple(replace(each, effective_from=None) for each in definitions)
        return Pipeline(self.book.with_definitions(always), self.at, self.known_at, self.keeps, self.rates_on)

    def _known(self, name: str) -> Lazy:
        """All versions known, their `valid_to` recomputed where later knowledge is left out."""
        frame = self.book.tables[name]
        if self.known_at is not None:
            known = _with_valid_to(frame.filter(nw.col("recorded_at") <= self.known_at), KEYS[name])
            frame = _ended(known, self.book.ends_apart(name), KEYS[name], self.known_at)
        if not self.book.holds(name, "removed"):
            return frame
        # What says that something is gone ends it, and does not itself hold.
        return frame.filter(~nw.coalesce(nw.col("removed"), nw.lit(False)))

    def in_force(self, name: str) -> Lazy:
        """The rows of a versioned table that hold at the instant."""
        return self._known(name).filter(holds_at(self.at))

    def _happened(self, name: str, at: str) -> Lazy | None:
        if not self.book.holds(name):
            return None
        frame = self.book.tables[name].filter(nw.col(at) <= self.at)
        known = self.known_at
        if self.book.holds(name, "withdrawn_at"):
            stands = nw.col("withdrawn_at").is_null()
            frame = frame.filter(stands if known is None else stands | (nw.col("withdrawn_at") > known))
        return frame if known is None else frame.filter(nw.col("recorded_at") <= known)

    def _valued(self, frame: Lazy) -> Lazy:
        """With `value`: open deals at the rate of the instant's day, closed ones at that of the day they closed."""
        from stageproof.engine.exchange import valued

        rate_on = (
            nw.when((nw.col("status") == "open") | nw.col("close_on").is_null())
            .then(nw.lit(self.day if self.rates_on is None else self.rates_on))
            .otherwise(nw.col("close_on"))
        )
        return valued(frame, self.book, rate_on, rates=self.rates)


def holds_at(at: int) -> nw.Expr:
    """Whether a version holds at the instant."""
    return (nw.col("valid_from") <= at) & (nw.col("valid_to") > at)


def in_memory(frame: Lazy) -> Lazy:
    """The frame computed once where the engine is this process; elsewhere as it is."""
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        held: Lazy = nw.from_native(native.collect().lazy())
        return held
    return frame


def in_one_piece(frame: Lazy) -> Lazy:
    """The same for what adds little to rows that are in memory: whoever then asks for some rows gets them quickly.

    The engine for large tables leaves a result in the many pieces that it worked on.
    """
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        held: Lazy = nw.from_native(native.collect(engine="in-memory").lazy())
        return held
    return frame


def _effective(definition: Definition) -> tuple[dt.date, int]:
    return definition.effective_from or dt.date.min, definition.version


def _parse_instant(text: str) -> dt.date | dt.datetime:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    except ValueError:
        problem = Problem(
            "unreadable_date",
            f"'{text}' is not a date.",
            "Write 2025-09-30 for the end of that day, or 2025-09-30T12:00:00+00:00 for an instant.",
            value=text,
        )
        raise Refused([problem]) from None


def _names(frame: Frame) -> frozenset[str]:
    return frozenset(nw.from_native(frame).lazy().collect_schema().names())


def _filled(frame: Frame, column: str) -> bool:
    """Whether a frame that is in memory has a value in every row of the column."""
    return isinstance(frame, pl.DataFrame) and column in frame.columns and not frame[column].null_count()


def _in_a_currency(deals: Lazy, given: Frame, reporting: str) -> Lazy:
    if _filled(given, "currency"):
        return deals
    return deals.with_columns(currency=nw.coalesce(nw.col("currency"), nw.lit(reporting)))


def _normal(table: Table, frame: Frame, zone: str) -> Lazy:
    """The frame with every column of the table, in the engine's integers, and its own further columns.

    What is so already is left alone: every further expression is worked out again by each question.
    """
    lazy: Lazy = nw.from_native(frame).lazy()
    schema = lazy.collect_schema()
    missing = [column.name for column in table.columns if column.required and column.name not in schema]
    if missing:
        raise Refused(
            Problem(
                "missing_column",
                f"The {table.name} table has no column '{name}'.",
                f"It holds {table.column(name).says}.",  # type: ignore[union-attr]
                column=name,
            )
            for name in missing
        )
    columns: dict[str, nw.Expr] = {}
    for column in table.columns:
        if column.name not in schema:
            columns[column.name] = nw.lit(None).cast(_DTYPES[column.kind])
        elif schema[column.name] == _DTYPES[column.kind]:
            continue
        elif column.kind == "day":
            columns[column.name] = to_days(column.name, schema[column.name])
        elif column.kind == "instant":
            columns[column.name] = to_instants(column.name, schema[column.name])
        else:
            columns[column.name] = nw.col(column.name).cast(_DTYPES[column.kind])
    lazy = lazy.with_columns(**columns) if columns else lazy
    if table.versioned:
        if not _filled(frame, "recorded_at"):
            lazy = lazy.with_columns(recorded_at=nw.coalesce(nw.col("recorded_at"), nw.col("valid_from")))
        if "valid_to" not in schema:
            lazy = _with_valid_to(lazy, KEYS[table.name])
        elif not _filled(frame, "valid_to"):
            lazy = lazy.with_columns(valid_to=nw.coalesce(nw.col("valid_to"), nw.lit(FOREVER)))
    if table.name == "deals" and "created_on" not in schema:
        lazy = lazy.with_columns(created_on=_day_in_zone(lazy, "created_at", zone))
    return lazy


def _with_valid_to(frame: Lazy, key: tuple[str, ...]) -> Lazy:
    """Each version until the next of the same thing; of two that begin together the later recorded holds."""
    following = nw.col("valid_from").shift(-1).over(*key, order_by=["valid_from", "recorded_at"])
    return frame.with_columns(valid_to=nw.coalesce(following, nw.lit(FOREVER)))


def _ends_apart(frame: Lazy, key: tuple[str, ...]) -> Lazy:
    begins = frame.select(*key, begins="valid_from").unique()
    ended = frame.filter(nw.col("valid_to") < FOREVER).select(
        *key, "valid_from", "recorded_at", ended="valid_to"
    )
    return ended.join(begins, left_on=[*key, "ended"], right_on=[*key, "begins"], how="anti")


def _ended(known: Lazy, ends: Lazy | None, key: tuple[str, ...], known_at: int) -> Lazy:
    """The versions known with the ends that no other version makes, which nobody can know before they come."""
    if ends is None:
        return known
    ends = ends.filter(nw.col("ended") <= known_at)
    both = known.join(ends, on=[*key, "valid_from", "recorded_at"], how="left")
    earlier = nw.when(nw.col("ended") < nw.col("valid_to")).then(nw.col("ended"))
    return both.with_columns(valid_to=nw.coalesce(earlier.otherwise(nw.lit(None)), nw.col("valid_to"))).drop(
        "ended"
    )


def _day_in_zone(frame: Lazy, instant: str, zone: str) -> nw.Expr:
    if zone == "UTC":
        return nw.col(instant) // DAY
    if not isinstance(frame.to_native(), pl.LazyFrame):
        raise Refused(
            [
                Problem(
                    "missing_column",
                    f"The deals table has no column 'created_on', and the zone is {zone}.",
                    "Give it the day of created_at in that zone.",
                    column="created_on",
                )
            ]
        )
    local = nw.col(instant).cast(nw.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.date()
    return local.cast(nw.Int32).cast(nw.Int64)


def _only_currency(deals: Lazy) -> str | None:
    """The most frequent currency of the deals."""
    counted = collect(
        deals.filter(~nw.col("currency").is_null()).group_by("currency").agg(deals=nw.len())
    ).sort(["deals", "currency"], descending=[True, False])
    return None if counted.is_empty() else str(counted["currency"][0])


def _minor_rates(rates: Lazy, currency: str, *, recorded: bool) -> Lazy:
    """Rates with `nano`: minor units per minor unit times 10^9; as ranges of days where none was ever corrected."""
    if "nano" not in rates.collect_schema().names():
        native = rates.to_native()
        if not isinstance(native, pl.LazyFrame):
            raise Refused(
                [
                    Problem(
                        "missing_column",
                        "The rates table has no column 'nano'.",
                        "Outside Polars it must hold minor units per minor unit times 1,000,000,000.",
                        column="nano",
                    )
                ]
            )
        table = native.collect()
        nano = [
            minor_rate(str(rate), source=str(source), target=currency)
            for source, rate in table.select("currency", "rate").iter_rows()
        ]
        rates = nw.from_native(table.with_columns(nano=pl.Series(nano, dtype=pl.Int64)).lazy())
    if not recorded:
        return _ranged(rates)
    # A rate of which nobody knows when it was learned has always been known.
    return rates.with_columns(recorded_at=nw.coalesce(nw.col("recorded_at"), nw.lit(0)))


def _latest(rates: Lazy) -> Lazy:
    """Of the rates of one currency and day the one recorded last; none where that says `removed`."""
    newer = nw.col("nano").shift(-1).over("currency", "from_on", order_by=["recorded_at", "nano"])
    last = rates.with_columns(newer=newer).filter(nw.col("newer").is_null()).drop("newer")
    if "removed" not in last.collect_schema().names():
        return last
    return last.filter(~nw.coalesce(nw.col("removed"), nw.lit(False))).drop("removed")


def _ranged(rates: Lazy) -> Lazy:
    """Each rate until the next of its currency."""
    following = nw.col("from_on").shift(-1).over("currency", order_by="from_on")
    return rates.with_columns(until_on=nw.coalesce(following, nw.lit(FOREVER)))


__all__ = ["Book", "Frame", "Instant", "Pipeline", "day_of", "in_memory"]
