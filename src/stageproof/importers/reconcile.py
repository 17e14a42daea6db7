"""The end of a history and the present state of a deal, brought together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

_CLOSED = ("won", "lost")


@dataclass(frozen=True)
class Disagreement:
    """How many deals end otherwise in their history than they are; `undated`: since when is not known."""

    deals: int = 0
    undated: int = 0


def reconcile(
    timeline: pl.DataFrame, present: pl.DataFrame, fields: Sequence[str], *, followed: Collection[str]
) -> tuple[pl.DataFrame, Disagreement]:
    """The timeline with its end as the present state.

    A deal that was changed after its history ends gets a version from that change on; where the instant of the last
    change is not later, or not known, the history's last row takes the present values.
    """
    there = set(timeline.columns) & set(present.columns)
    held = [name for name in fields if name in there]
    if timeline.is_empty() or not held or "from_history" in present.columns:
        return timeline, Disagreement()
    is_last = (timeline["ix"] != timeline["ix"].shift(-1)).fill_null(True)
    ends = timeline.filter(is_last)
    now = present.select(pl.all().gather(ends["ix"]))
    differs = pl.Series([False]).new_from_index(0, ends.height)
    for name in held:
        # Only what a history tells can disagree with the present; the rest is taken from it.
        sure = name in followed or name == "status"
        told = pl.Series([True]) if sure else ends["real"]
        differs = differs | (_differs(ends, now, name) & told)
    if not differs.any():
        return timeline, Disagreement()
    later = differs & (now["modified_at"] > ends["at"]).fill_null(False)
    patched = _patched(ends.with_columns(_position=pl.arg_where(is_last, eager=True)), now, held, differs)
    added = patched.filter(later).with_columns(at=now["modified_at"].filter(later)).drop("_position")
    added = added.with_columns(
        pl.lit(None, added[name].dtype).alias(name) for name in ("actor", "door") if name in added.columns
    )
    replaced = patched.filter(differs & ~later)
    timeline = _replaced(timeline, replaced, held)
    if added.height:
        timeline = pl.concat([timeline, added.select(timeline.columns)]).sort("ix", "at", maintain_order=True)
    return timeline, Disagreement(int(differs.sum()), int((differs & ~later).sum()))


def _differs(ends: pl.DataFrame, now: pl.DataFrame, name: str) -> pl.Series:
    """Where a field ends otherwise than it is; on closed deals only what their close leaves as it was."""
    there, here = ends[name], now[name]
    unequal = there.ne_missing(here)
    both_closed = now["status"].is_in(_CLOSED) & ends["status"].is_in(_CLOSED)
    if name == "stage":
        # The stage of a closed deal is a name for won or lost, and its status says that.
        return unequal & here.is_not_null() & ~both_closed & (now["status"] == "open")
    if name == "close_on":
        return unequal & here.is_not_null() & ~(both_closed & now["closes_apart"])
    return unequal & here.is_not_null()


def _patched(ends: pl.DataFrame, now: pl.DataFrame, held: list[str], differs: pl.Series) -> pl.DataFrame:
    columns = []
    for name in held:
        keep = ~differs | now[name].is_null()
        if name == "stage":
            keep = keep | (now["status"] != "open")
        columns.append(ends[name].zip_with(keep, now[name]).alias(name))
    return ends.with_columns(columns)


def _replaced(timeline: pl.DataFrame, rows: pl.DataFrame, held: list[str]) -> pl.DataFrame:
    if rows.is_empty():
        return timeline
    positions = rows["_position"]
    return timeline.with_columns(
        timeline[name].clone().scatter(positions, rows[name]).alias(name) for name in held
    )
