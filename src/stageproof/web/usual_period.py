"""The period of a page that looks back where none is asked for: the last one in which a deal was won."""

from __future__ import annotations

from typing import NamedTuple

import narwhals as nw

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, day_of
from stageproof.engine.period import Grain, Period


class Usual(NamedTuple):
    """A period, and the present one where it stands in for that."""

    period: Period
    instead_of: Period | None = None


def usual_period(pipeline: Pipeline, grain: Grain) -> Usual:
    """The period around the moment; while no deal has been won in it, the last one in which any was."""
    calendar = pipeline.book.calendar
    present = calendar.containing(pipeline.on, grain)
    last = pipeline.remember("last won", lambda: _last_won(pipeline))
    if last is None or day_of(last) >= present.starts_on:
        return Usual(present)
    return Usual(calendar.containing(day_of(last), grain), present)


def _last_won(pipeline: Pipeline) -> int | None:
    """The day number on which a deal was won last; null where none was."""
    won = pipeline.deals.filter(nw.col("status") == "won")
    found: int | None = collect(won.select(last=nw.col("close_on").max()))["last"].item()
    return found
