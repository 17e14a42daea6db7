"""Renewal: the lists of now from those of a moment ago, when only a few deals have changed in between.

What depends on a deal alone is worked out anew for the deals that changed; what the others show is as of the list
that they were taken from, at most `LASTING` ago, and on the same day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.records.tables import deals_touched
from stageproof.web.as_of import LASTING, numbers_of
from stageproof.web.one_deal import book_of

FEW = 200
"""Up to how many changed deals are worked out on their own; beyond, all are."""


@dataclass(frozen=True)
class Ready:
    """A table that is ready: what it was made of, up to which change, and when it was last made in full."""

    table: pl.DataFrame
    seq: int
    directory: int
    day: int
    full_at: int


_ready: dict[str, Ready] = {}


def renewed(
    pipeline: Pipeline,
    name: str,
    whole: Callable[[Pipeline], pl.DataFrame],
    spliced: Callable[[pl.DataFrame, Pipeline, Sequence[str]], pl.DataFrame],
) -> pl.DataFrame:
    """The table of a pipeline: in full, or the one before with the rows of the deals that have changed.

    `spliced` is given the table before, the pipeline of the changed deals alone, and their keys.
    """
    numbers = numbers_of(pipeline)
    if numbers is None:
        return whole(pipeline)
    seq, directory = numbers
    before = _ready.get(name)
    touched = _touched(before, pipeline, seq, directory)
    if before is None or touched is None:
        table, full_at = whole(pipeline), pipeline.at
    else:
        table, full_at = before.table, before.full_at
        if touched:
            table = spliced(table, _alone(pipeline, touched), touched)
    # Someone who was quicker may have left the list of a later change.
    if before is None or before.seq <= seq or before.directory != directory:
        _ready[name] = Ready(table, seq, directory, pipeline.day, full_at)
    return table


def _alone(pipeline: Pipeline, keys: Sequence[str]) -> Pipeline:
    """The pipeline of some deals alone, shared by the tables that are renewed for them."""
    return pipeline.remember(
        f"alone {sorted(keys)}", lambda: Pipeline(book_of(pipeline.book, keys), pipeline.at, keeps=True)
    )


def _touched(before: Ready | None, pipeline: Pipeline, seq: int, directory: int) -> list[str] | None:
    """The deals that changed between the two, whichever is the later; None where all are to be worked out anew."""
    if before is None or before.directory != directory or before.day != pipeline.day:
        return None
    if not 0 <= pipeline.at - before.full_at <= LASTING:
        return None
    touched = deals_touched(min(before.seq, seq))
    return touched if len(touched) <= FEW else None
