"""Versions of deals: from their history where a file has it, else from what created and closed dates can tell.

Works on three tables keyed by a deal's number `ix`: the present state of every deal, rows of state at an instant, and
changes of single fields. The timeline has one row per deal and instant at which anything changed; each field is then
carried forward. What no file says is null, never today's value in place of yesterday's, with one exception: a field
whose changes nobody recorded keeps its present value, for deals still open.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from stageproof.engine.tables import FOREVER
from stageproof.importers.carried import carried
from stageproof.importers.carry import at_index, first_of_deal, last_index
from stageproof.importers.closing import Closings, closed_as_stated
from stageproof.importers.days import days_of
from stageproof.importers.derived import VOLATILE, derived_rows
from stageproof.importers.history import Histories
from stageproof.importers.outcome import Stages
from stageproof.importers.reconcile import Disagreement, reconcile
from stageproof.importers.recorded import decided, recorded_changes, recorded_states, with_ends

_TRACKED = ("stage", "status", "amount", "close_on", "owner")
"""Fields whose end in a history is held against the present state."""
_HELD = (
    "deal",
    "ix",
    "stage",
    "status",
    "ended",
    "closing_at",
    "modified_at",
    "row",
    "file",
    "closes_apart",
    "expected_on",
    "from_history",
)


_DONE = ("ix", "at", "kind", "real", "stage", "status", "actor", "door", "created_at")


@dataclass
class Versions:
    """The `deals` table of a book, and what of it could not be known."""

    frame: pl.DataFrame
    gaps: list[str] = field(default_factory=list)
    disagreement: Disagreement = field(default_factory=Disagreement)
    closings: Closings = field(default_factory=Closings)


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
    states = decided(with_ends(recorded_states(histories)), stages)
    changes = recorded_changes(histories, states)
    derived, gaps = derived_rows(
        present,
        states,
        changes,
        entries,
        before_close=stages.mapping.before_close,
        zone=zone,
        undated_from=undated_from,
    )
    told = states.columns
    timeline = _timeline(states, derived, changes)
    del states, derived
    timeline = decided(carried(timeline, told, changes, present), stages)
    timeline, closings = closed_as_stated(timeline, present, stages, zone)
    timeline, disagreement = reconcile(timeline, present, _TRACKED, followed=changes)
    frame = _finished(timeline, present, zone, told, changes)
    return Versions(frame, [*gaps, *closings.gaps()], disagreement, closings)


def _timeline(states: pl.DataFrame, derived: pl.DataFrame, changes: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """All rows of state, derived ones too, and a blank row wherever only a field changed; in order.

    `kind` tells them apart: 2 from a history, 1 derived, 0 blank.
    """
    rows = states.with_columns(kind=pl.lit(2, pl.Int8))
    if derived.is_empty() and not changes:
        return rows
    parts = [rows, derived.with_columns(kind=pl.lit(1, pl.Int8))]
    if changes:
        keys = pl.concat([frame.select("ix", "at") for frame in changes.values()]).unique()
        for known in (rows, derived):
            keys = keys.join(known.select("ix", "at"), on=["ix", "at"], how="anti")
        parts.append(keys.with_columns(kind=pl.lit(0, pl.Int8)))
    return pl.concat(parts, how="diagonal").sort("ix", "at")


def _finished(
    timeline: pl.DataFrame, present: pl.DataFrame, zone: str, told: Collection[str], followed: Collection[str]
) -> pl.DataFrame:
    """The versions with all fields: the last open stage on closed ones, and what never changes from the present."""
    ix = timeline["ix"]
    first = first_of_deal(ix)
    is_open = timeline["status"] == "open"
    last_open = last_index(timeline["stage"].is_not_null(), first)
    stage = timeline["stage"].zip_with(is_open, at_index(timeline["stage"], last_open))
    columns = [present["deal"].gather(ix), stage.alias("stage"), timeline["status"]]
    columns += [timeline[name] for name in ("actor", "door") if name in timeline.columns]
    columns += _fields(timeline, present, told, followed)
    frame = pl.DataFrame(columns).with_columns(_close_days(timeline, present, columns, zone))
    created = present["created_at"].gather(ix)
    stated = created.is_not_null() | ~_dated_by_history(present, ix)
    last = (ix.shift(-1) != ix).fill_null(True)
    return frame.with_columns(
        created.zip_with(stated, timeline["at"].gather(first)).alias("created_at"),
        timeline["at"].alias("valid_from"),
        timeline["at"].shift(-1).zip_with(~last, pl.Series([FOREVER])).alias("valid_to"),
    )


def _fields(
    timeline: pl.DataFrame, present: pl.DataFrame, told: Collection[str], followed: Collection[str]
) -> list[pl.Series]:
    """All other fields: by their changes, by rows of state of deals that have some, else by the present."""
    ix, status = timeline["ix"], timeline["status"]
    has_states = _any_real(timeline, present.height).gather(ix)
    now_open = (present["status"] == "open").gather(ix)
    columns = []
    names = [*timeline.columns, *(name for name in present.columns if name not in timeline.columns)]
    for name in names:
        if name in _HELD or name in _DONE:
            continue
        value = timeline[name] if name in timeline.columns else None
        if name in present.columns and name not in followed:
            now = present[name].gather(ix)
            if name in VOLATILE:
                now = _where(now_open | (status != "open"), now)
            if value is None or name not in told:
                value = now
            else:
                value = value.zip_with(timeline["real"], _where(~has_states | (status != "open"), now))
        if value is None:
            continue
        columns.append((_where(status == "lost", value) if name == "lost_reason" else value).alias(name))
    return columns


def _any_real(timeline: pl.DataFrame, deals: int) -> pl.Series:
    """For each deal, whether it has rows of state from a history."""
    nothing = pl.Series([False]).new_from_index(0, deals)
    return nothing.scatter(timeline["ix"].filter(timeline["real"]).unique(), True)


def _where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """The values where the mask holds, null elsewhere."""
    return pl.select(pl.when(mask).then(values)).to_series()


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
