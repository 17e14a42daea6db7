"""Reading the pipeline: one reader's reading, or the statement that ties all four."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from stageproof.engine.book import Pipeline
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings.board import board
from stageproof.engine.readings.finance import finance
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.marketing import marketing
from stageproof.engine.readings.reading import Reader, Reading, Statement, Where
from stageproof.engine.readings.reconciliation import statement
from stageproof.engine.readings.sales import sales

READERS: tuple[Reader, ...] = get_args(Reader)


def read(
    pipeline: Pipeline,
    reader: Reader,
    *,
    period: Period,
    where: Where | None = None,
    pipelines: Sequence[str] | None = None,
    since: Pipeline | None = None,
) -> Reading:
    """The reading of the pipeline at its instant, for a reader; the board's tells what moved `since` an earlier one.

    All of new business unless `pipelines` names others; `where` narrows it to an owner, a team, a source. Refused
    where there is no such reader, pipeline or column.
    """
    looked = Looked(pipeline, period, where or {}, pipelines)
    if reader == "board":
        return board(looked, since)
    of = {"sales": sales, "marketing": marketing, "finance": finance}.get(reader)
    if of is None:
        says = f"There is no reading for '{str(reader)[:40]}'."
        raise Refused(
            [Problem("unknown_reader", says, f"Use one of: {', '.join(READERS)}.", value=str(reader)[:40])]
        )
    return of(looked)


def reconciliation(
    pipeline: Pipeline,
    *,
    period: Period,
    where: Where | None = None,
    pipelines: Sequence[str] | None = None,
) -> Statement:
    """The statement that ties the four readings of the pipeline at its instant, line by line."""
    return statement(Looked(pipeline, period, where or {}, pipelines))
