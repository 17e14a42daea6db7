"""Versions of deals: from their history where a file has it, else from what created and closed dates can tell.

Works on three tables keyed by a deal's number `ix`: the present state of every deal, rows of state at an instant, and
changes of single fields. The timeline has one row per deal and instant at which anything changed; each field is then
carried forward. What no file says is null, never today's value in place of yesterday's, with one exception: a field
whose changes nobody recorded keeps its present value, for deals still open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from stageproof.engine.frames import DAY
from stageproof.engine.tables import FOREVER
from stageproof.importers.carry import at_index, first_of_deal, last_index
from stageproof.importers.days import days_of, starts_of_days
from stageproof.importers.history import Histories
from stageproof.importers.outcome import Stages
from stageproof.importers.reconcile import Disagreement, reconcile

VOLATILE = ("amount", "close_on", "forecast_category", "next_step", "next_step_on")
"""Fields that change while a deal is open, and often at its close: of closed deals only the end is known."""
_TRACKED = ("stage", "status", "amount", "close_on", "owner")
"""Fields whose end in a history is held against the present state."""
_HELD = ("deal", "ix", "stage", "status", "ended", "closing_at", "modified_at", "row", "file", "closes_apart")


@dataclass
class Versions:
    """The `deals` table of a book, and what of it could not be known."""

    frame: pl.DataFrame
    gaps: list[str] = field(default_factory=list)
    disagreement: Disagreement = field(default_factory=Disagreement)


def build_versions(
    present: pl.DataFrame,
    histories: Histories,
    entries: pl.DataFrame,
    stages: Stages,
    zone: str,
    *,
    undated_from: int = 0,
) -> Versions:
    """Every version of every deal.

    `present`: one row per deal, `ix` 0, 1, 2 ... in order. `entries`: ix, at, stage from columns of stage dates.
    `undated_from` is the instant from which deals are there in a book in which nothing is dated.
    """
    found = Versions(pl.DataFrame())
    states = _states(histories)
    states = _decided(_with_ends(states), stages)
    changes = _changes(histories, states)
    timeline = _timeline(present, states, changes, entries, stages, zone, found, undated_from)
    timeline = _carried(timeline, states.columns, changes, present)
    del states, changes
    timeline = _decided(timeline, stages)
    timeline, found.disagreement = reconcile(timeline, present, _TRACKED)
    found.frame = _finished(timeline, present, stages, zone)
    return found


# -- rows of state -----------------------------------------------------------------------------------------------------


def _states(histories: Histories) -> pl.DataFrame:
    """Rows of state in order, one per deal and instant: of several the one that its deal goes on from."""
    if not histories.states:
        return pl.DataFrame(schema={"ix": pl.UInt32, "at": pl.Int64, "stage": pl.String})
    rows = pl.concat([frame.drop("row", strict=False) for frame in histories.states], how="diagonal")
    histories.states.clear()
    rows = rows.sort("ix", "at")
    tied = (pl.col("ix") == pl.col("ix").shift(-1)) & (pl.col("at") == pl.col("at").shift(-1))
    if rows.select(tied.any()).item():
        order = [name for name in ("change", *rows.columns) if name in rows.columns]
        rows = rows.sort(["ix", "at", *dict.fromkeys(name for name in order if name not in ("ix", "at"))])
        rows = rows.filter(~tied.fill_null(False))
    return rows.drop("change", strict=False)


def _with_ends(states: pl.DataFrame) -> pl.DataFrame:
    """With a deletion where a row ceases to hold and no other follows."""
    if "ends_at" not in states.columns:
        return states
    following = pl.when(pl.col("ix") == pl.col("ix").shift(-1)).then(pl.col("at").shift(-1))
    ended = states.filter(
        pl.col("ends_at") > pl.col("at"),
        following.is_null() | (following > pl.col("ends_at") + 2_000_000),
    )
    gone = ended.with_columns(at=pl.col("ends_at"), status=pl.lit("deleted"))
    return pl.concat([states, gone], how="diagonal").drop("ends_at").sort("ix", "at")


def _changes(histories: Histories, states: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Changes by field in order, without those that rows of state tell already."""
    told = states.select("ix").unique()
    found = {}
    for name in sorted(histories.changes):
        rows = pl.concat(histories.changes[name]).sort("ix", "at", "change", "value", nulls_last=True)
        if name in states.columns:
            rows = rows.join(told, on="ix", how="anti", maintain_order="left")
        if rows.height:
            found[name] = rows
    if "is_deleted" in found:
        gone = found.pop("is_deleted").filter(pl.col("value") == "deleted")
        found["status"] = pl.concat([found["status"], gone]).sort("ix", "at") if "status" in found else gone
    return found


# -- the timeline ------------------------------------------------------------------------------------------------------


def _timeline(
    present: pl.DataFrame,
    states: pl.DataFrame,
    changes: dict[str, pl.DataFrame],
    entries: pl.DataFrame,
    stages: Stages,
    zone: str,
    found: Versions,
    undated_from: int,
) -> pl.DataFrame:
    """All rows of state, derived ones too, and a blank row wherever only a field changed; in order."""
    derived = _derived(present, states, changes, entries, stages, zone, found, undated_from)
    rows = states.with_columns(kind=pl.lit(2, pl.Int8))
    parts = [rows, derived.with_columns(kind=pl.lit(1, pl.Int8))]
    if changes:
        keys = pl.concat([frame.select("ix", "at") for frame in changes.values()]).unique()
        keys = keys.join(rows.select("ix", "at"), on=["ix", "at"], how="anti")
        keys = keys.join(derived.select("ix", "at"), on=["ix", "at"], how="anti")
        parts.append(keys.with_columns(kind=pl.lit(0, pl.Int8)))
    if len(parts) == 2 and derived.is_empty():
        return rows
    return pl.concat(parts, how="diagonal").sort("ix", "at")


def _first_known(states: pl.DataFrame, changes: dict[str, pl.DataFrame], deals: int) -> pl.DataFrame:
    """Per deal: `state_at`, its first row of state; `change_at`, the first change of stage or status."""
    begun = states.filter((pl.col("ix") != pl.col("ix").shift(1)).fill_null(True))
    firsts = begun.select("ix", state_at="at", state_closed=pl.col("status") != "open")
    told = [
        changes[name].select("ix", "at", "old", "knows_old")
        for name in ("stage", "status")
        if name in changes
    ]
    frame = pl.DataFrame({"ix": pl.int_range(deals, dtype=pl.UInt32, eager=True)})
    frame = frame.join(firsts, on="ix", how="left", maintain_order="left")
    if told:
        by_deal = (
            pl.concat(told)
            .group_by("ix")
            .agg(change_at=pl.col("at").min(), knows_old=pl.col("knows_old").any())
        )
        return frame.join(by_deal, on="ix", how="left", maintain_order="left")
    return frame.with_columns(change_at=pl.lit(None, pl.Int64), knows_old=pl.lit(None, pl.Boolean))


def _derived(
    present: pl.DataFrame,
    states: pl.DataFrame,
    changes: dict[str, pl.DataFrame],
    entries: pl.DataFrame,
    stages: Stages,
    zone: str,
    found: Versions,
    undated_from: int,
) -> pl.DataFrame:
    """Rows of state that created and closed dates tell, where no history does."""
    needed = ("ix", "status", "ended", "stage", "created_at", "modified_at", "closing_at")
    deals = present.select(needed).hstack(_first_known(states, changes, present.height).drop("ix"))
    first_at = pl.min_horizontal("state_at", "change_at")
    opens = pl.coalesce("created_at", pl.lit(None, pl.Int64))
    closes = pl.max_horizontal(pl.min_horizontal("closing_at", "modified_at"), "created_at")
    deals = deals.with_columns(first_at=first_at, opens_at=opens).with_columns(
        # A close without a date, and a deletion without an instant, are as old as the deal.
        closes_at=pl.when(pl.col("ended") != "open").then(pl.coalesce(closes, "created_at")),
        gone_at=pl.when(pl.col("status") == "deleted").then(pl.coalesce("modified_at", "created_at")),
    )
    begins = _begin_of_book(deals, states, changes, entries, zone, undated_from)
    plain = pl.col("first_at").is_null()
    before = stages.mapping.before_close
    opening = deals.filter(
        pl.col("opens_at").is_not_null(),
        plain | _creation_apart(),
        (pl.col("ended") == "open")
        | (pl.col("opens_at") < pl.col("closes_at"))
        | ~(plain | pl.col("state_closed").fill_null(False)),
        pl.col("gone_at").is_null() | (pl.col("opens_at") < pl.col("gone_at")) | ~plain,
    ).select(
        "ix",
        at="opens_at",
        stage=pl.when(plain & (pl.col("status") == "open")).then("stage").otherwise(pl.lit(before)),
        status=pl.lit("open"),
    )
    entered = _entered(entries, deals)
    # A column of stage dates says when the stage began; before that only the deal's existence is known.
    known = entered.select("ix").unique().with_columns(_entered=True)
    opening = (
        opening.join(known, on="ix", how="left")
        .with_columns(stage=pl.when(pl.col("_entered").is_null()).then("stage"))
        .drop("_entered")
        .join(entered.select("ix", "at"), on=["ix", "at"], how="anti")
    )
    undated = deals.filter(pl.col("opens_at").is_null(), plain, pl.col("status") == "open").join(
        known, on="ix", how="anti"
    )
    undated_rows = undated.select("ix", at=pl.lit(begins, pl.Int64), stage="stage", status=pl.lit("open"))
    begun = pl.lit(begins, pl.Int64)
    closing = deals.filter(
        pl.col("ended") != "open",
        plain | (pl.col("state_closed") & (pl.col("closes_at") + DAY <= pl.col("state_at"))),
        pl.col("gone_at").is_null() | (pl.col("closes_at") < pl.col("gone_at")) | ~plain,
    ).select("ix", at=pl.coalesce("closes_at", begun), stage="stage", status="ended")
    gone = deals.filter(pl.col("status") == "deleted", plain).select(
        "ix", at=pl.coalesce("gone_at", begun), stage="stage", status="status"
    )
    _name_gaps(found, deals, opening, undated, closing, entered, valued="amount" in present.columns)
    parts = [
        part.cast({"stage": pl.String, "status": pl.String})
        for part in (opening, entered, undated_rows, closing, gone)
    ]
    rows = pl.concat([part.select("ix", "at", "stage", "status") for part in parts])
    return _assumed(rows, present)


def _creation_apart() -> pl.Expr:
    """Whether creation is an instant of its own, apart from the first row of history.

    Creation dates without a time are up to a day earlier than the history's first row. Where changes name the old
    value, the state between creation and the first change is known, so creation is always a row.
    """
    with_old = pl.col("knows_old").fill_null(False) & (pl.col("created_at") < pl.col("first_at"))
    return with_old | (pl.col("created_at") + DAY <= pl.col("first_at"))


def _entered(entries: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Entries of stages of deals without history, before they closed."""
    known = deals.select("ix", "first_at", "closes_at", "status")
    rows = entries.join(known, on="ix", how="inner").filter(
        pl.col("first_at").is_null(), pl.col("closes_at").is_null() | (pl.col("at") < pl.col("closes_at"))
    )
    return (
        rows.sort("ix", "at", "stage")
        .unique(["ix", "at"], keep="last", maintain_order=True)
        .select("ix", "at", "stage", status=pl.lit("open"))
    )


def _assumed(rows: pl.DataFrame, present: pl.DataFrame) -> pl.DataFrame:
    """Derived rows with the volatile fields: the present ones of open deals, and of closed ones at their close."""
    held = [name for name in VOLATILE if name in present.columns]
    joined = rows.join(
        present.select("ix", *held, _status="status"), on="ix", how="left", maintain_order="left"
    )
    known = (pl.col("_status") == "open") | (pl.col("status") != "open")
    return joined.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in held).drop("_status")


def _begin_of_book(
    deals: pl.DataFrame,
    states: pl.DataFrame,
    changes: dict[str, pl.DataFrame],
    entries: pl.DataFrame,
    zone: str,
    undated_from: int,
) -> int:
    """The start of the earliest day on which anything is known to have happened."""
    firsts = [
        deals["created_at"].min(),
        deals["closes_at"].min(),
        states["at"].min(),
        entries["at"].min(),
        *(frame["at"].min() for frame in changes.values()),
    ]
    known = [int(first) for first in firsts if isinstance(first, int)]
    day = days_of(pl.Series([min(known, default=undated_from)], dtype=pl.Int64), zone)
    return int(starts_of_days(day, zone)[0])


def _name_gaps(
    found: Versions,
    deals: pl.DataFrame,
    opening: pl.DataFrame,
    undated: pl.DataFrame,
    closing: pl.DataFrame,
    entered: pl.DataFrame,
    *,
    valued: bool,
) -> None:
    """States in sentences what the files could not tell."""
    plain = deals.filter(pl.col("first_at").is_null())
    closed = plain.filter(pl.col("status") != "open").height
    if plain.height:
        of = f"{plain.height:,} of {deals.height:,} deals have"
        found.gaps.append(
            f"{of} no history of changes: they are taken as open from the day they were created to the day they"
            " closed, and open ones as always in their present stage, with their present amount, close date and owner."
        )
    if closed and valued:
        found.gaps.append(
            f"What {closed:,} closed deals were worth, and when they were expected to close, is not known for the time"
            " before they closed: as of an earlier day they count as open deals without an amount."
        )
    staged = opening.join(entered.select("ix").unique(), on="ix", how="anti")
    staged = staged.join(
        deals.filter(pl.col("status") == "open", pl.col("first_at").is_null()), on="ix", how="anti"
    )
    unknown = staged.filter(pl.col("stage").is_null()).height
    if unknown:
        found.gaps.append(
            f"The stage of {unknown:,} deals before their history begins, or before they closed, is not known."
        )
    if undated.height:
        found.gaps.append(
            f"{undated.height:,} open deals have no date of creation: they are taken as open from the first day of"
            " the book."
        )
    without = closing.join(deals.filter(pl.col("created_at").is_not_null()), on="ix", how="anti").height
    if without:
        found.gaps.append(
            f"{without:,} closed deals have no date of creation: they are not counted as open before they closed."
        )


# -- fields carried along ----------------------------------------------------------------------------------------------


def _carried(
    timeline: pl.DataFrame, stated: list[str], changes: dict[str, pl.DataFrame], present: pl.DataFrame
) -> pl.DataFrame:
    """The timeline with every field that has a history of its own, carried forward from row to row."""
    if not changes:
        return timeline.with_columns(real=pl.col("kind") == 2) if "kind" in timeline.columns else timeline
    first = first_of_deal(timeline["ix"])
    known = last_index(timeline["kind"] > 0, first)
    columns = [
        timeline["ix"],
        timeline["at"],
        (at_index(timeline["kind"], known) == 2).fill_null(False).alias("real"),
    ]
    for name in timeline.columns:
        if name in ("ix", "at", "kind"):
            continue
        own = timeline[name]
        columns.append(own if name in ("actor", "door") else at_index(own, known))
    frame = pl.DataFrame(columns)
    for name, rows in changes.items():
        frame = frame.with_columns(_followed(frame, first, name, rows, stated, present))
    return _with_actors(frame, changes)


def _followed(
    frame: pl.DataFrame,
    first: pl.Series,
    name: str,
    rows: pl.DataFrame,
    stated: list[str],
    present: pl.DataFrame,
) -> list[pl.Series]:
    """One field by its changes, where its deal has any; as it is elsewhere."""
    last = rows.unique(["ix", "at"], keep="last", maintain_order=True).with_columns(hit=True)
    joined = frame.select("ix", "at").join(
        last.select("ix", "at", "value", "hit"), on=["ix", "at"], how="left", maintain_order="left"
    )
    index = last_index(joined["hit"].fill_null(False), first)
    begins = rows.unique("ix", keep="first", maintain_order=True).select("ix", "old", has=True)
    own = frame.select("ix").join(begins, on="ix", how="left", maintain_order="left")
    followed = pl.DataFrame(
        [
            at_index(joined["value"], index).alias("value"),
            index.is_not_null().alias("begun"),
            own["old"],
            own["has"].fill_null(False),
            frame["real"] if name in stated else pl.Series("real", [False]).new_from_index(0, frame.height),
            _otherwise(frame, name, present).alias("otherwise"),
        ]
    )
    value = (
        pl.when(pl.col("real"))
        .then("otherwise")
        .when(pl.col("has") & pl.col("begun"))
        .then("value")
        .when("has")
        .then("old")
        .otherwise("otherwise")
    )
    return [followed.select(value).to_series().alias(name)]


def _otherwise(frame: pl.DataFrame, name: str, present: pl.DataFrame) -> pl.Series:
    """The field of deals without changes of it: as rows of state have it, else as it is at present."""
    if name in frame.columns:
        return frame[name]
    if name not in present.columns:
        return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    return present[name].gather(frame["ix"])


def _with_actors(frame: pl.DataFrame, changes: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Who made each change and through which door, where the rows of state don't say."""
    said = pl.concat([rows.select("ix", "at", "actor", "door") for rows in changes.values()])
    if not said["actor"].count() and not said["door"].count():
        return frame
    by_key = said.sort("ix", "at", "actor", "door", nulls_last=True).unique(
        ["ix", "at"], keep="first", maintain_order=True
    )
    joined = frame.select("ix", "at").join(by_key, on=["ix", "at"], how="left", maintain_order="left")
    columns = []
    for name in ("actor", "door"):
        own = frame[name] if name in frame.columns else None
        columns.append(
            (joined[name] if own is None else own.zip_with(own.is_not_null(), joined[name])).alias(name)
        )
    return frame.with_columns(columns)


def _decided(timeline: pl.DataFrame, stages: Stages) -> pl.DataFrame:
    """With the status of every row: stated, else told by its stage, else open."""
    names = timeline["stage"].drop_nulls().unique()
    outcomes = [stages.outcome(name) for name in names]
    known = [outcome if outcome in ("won", "lost", "deleted") else "open" for outcome in outcomes]
    told = (
        timeline["stage"].replace_strict(
            names, pl.Series(known, dtype=pl.String), default="open", return_dtype=pl.String
        )
        if len(names)
        else pl.Series(["open"]).new_from_index(0, timeline.height)
    )
    if "status" not in timeline.columns:
        return timeline.with_columns(told.alias("status"))
    return timeline.with_columns(pl.coalesce("status", told.alias("_told")).alias("status"))


def _finished(timeline: pl.DataFrame, present: pl.DataFrame, stages: Stages, zone: str) -> pl.DataFrame:
    """The versions with all fields: the last open stage on closed ones, and what never changes from the present."""
    ix = timeline["ix"]
    first = first_of_deal(ix)
    is_open = timeline["status"] == "open"
    # A stage that means won or lost is no stage of the pipeline; the deal keeps the last open one.
    last_open = last_index(is_open & timeline["stage"].is_not_null(), first)
    stage = timeline["stage"].zip_with(is_open, at_index(timeline["stage"], last_open))
    columns = [present["deal"].gather(ix), stage.alias("stage"), timeline["status"]]
    carried = {"ix", "at", "stage", "status", "kind", "real"}
    columns += _carried_columns(timeline, present, carried)
    have = {column.name for column in columns}
    status = timeline["status"]
    now_open = (present["status"] == "open").gather(ix)
    for name in present.columns:
        if name in have or name in _HELD or name == "created_at":
            continue
        value = present[name].gather(ix)
        if name in VOLATILE:
            value = pl.select(pl.when(now_open | ~is_open).then(value)).to_series()
        elif name == "lost_reason":
            value = pl.select(pl.when(status == "lost").then(value)).to_series()
        columns.append(value.alias(name))
    frame = pl.DataFrame(columns).with_columns(_close_days(timeline, present, columns, zone))
    begins = timeline["at"].gather(first)
    created = present["created_at"].gather(ix)
    last = ix.shift(-1) != ix
    ends = timeline["at"].shift(-1).zip_with(~last.fill_null(True), pl.Series([FOREVER]))
    return frame.with_columns(
        created.zip_with(created.is_not_null() | ~_dated_by_history(present, ix), begins).alias("created_at"),
        timeline["at"].alias("valid_from"),
        ends.alias("valid_to"),
    )


def _carried_columns(timeline: pl.DataFrame, present: pl.DataFrame, done: set[str]) -> list[pl.Series]:
    """The carried fields; of deals without rows of state, fields that are not volatile as they are at present."""
    ix = timeline["ix"]
    columns = []
    stated = (
        pl.Series([False])
        .new_from_index(0, present.height)
        .scatter(ix.filter(timeline["real"]).unique(), True)
    )
    has_states = stated.gather(ix)
    for name in timeline.columns:
        if name in done or name == "lost_reason":
            continue
        own = timeline[name]
        if name in present.columns and name not in VOLATILE:
            own = own.zip_with(has_states | own.is_not_null(), present[name].gather(ix))
        columns.append(own.alias(name))
    return columns


def _dated_by_history(present: pl.DataFrame, ix: pl.Series) -> pl.Series:
    """Whether a deal's first row of history is the nearest thing to a date of creation."""
    if "from_history" not in present.columns:
        return pl.Series([False]).new_from_index(0, len(ix))
    return present["from_history"].gather(ix)


def _close_days(
    timeline: pl.DataFrame, present: pl.DataFrame, columns: list[pl.Series], zone: str
) -> list[pl.Series]:
    """`close_on` of closed versions where the system keeps the day of closing apart from the expected one."""
    if not present["closes_apart"].any() or "close_on" not in {column.name for column in columns}:
        return []
    ix, status = timeline["ix"], timeline["status"]
    apart = present["closes_apart"].gather(ix) & status.is_in(["won", "lost"])
    same = present["status"].gather(ix) == status
    day = days_of(timeline["at"], zone)
    stated = present["close_on"].gather(ix)
    actual = stated.zip_with(same & stated.is_not_null(), day)
    own = next(column for column in columns if column.name == "close_on")
    return [own.zip_with(~apart, actual).alias("close_on")]
