"""One deal: a book of it alone, so that any question about it is answered at once, now or in the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from stageproof.actions.gate import definition_for
from stageproof.engine.book import Book, Pipeline, in_memory
from stageproof.engine.criteria import MET, WAIVED, assess_one
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import Lazy, collect, readable
from stageproof.engine.one_deal import in_hand
from stageproof.engine.proof import remedy, sentence
from stageproof.records.deal_rows import OF_A_DEAL
from stageproof.records.tables import rows_of_deals


@dataclass(frozen=True)
class CriterionState:
    """An exit criterion of a deal: its state, what it asks for and how to meet it."""

    criterion: Criterion
    state: str

    @property
    def passed(self) -> bool:
        return self.state in (MET, WAIVED)

    @property
    def sentence(self) -> str:
        return sentence(self.criterion.proof)

    @property
    def remedy(self) -> str:
        return remedy(self.criterion.proof)


@dataclass(frozen=True)
class StageStep:
    """A stage on the path of a deal: done, here or ahead, with its exit criteria."""

    stage: Stage
    position: int
    place: str
    criteria: list[CriterionState]

    @property
    def met(self) -> int:
        return sum(each.passed for each in self.criteria)

    @property
    def missing(self) -> list[CriterionState]:
        return [each for each in self.criteria if not each.passed]


def book_of(book: Book, keys: Sequence[str]) -> Book:
    """The book with the rows of some deals alone."""
    few, rows = book, rows_of_deals(book, keys)
    if rows is None:
        theirs = nw.col("deal").is_in(list(keys))
        tables = {name: frame.filter(theirs) for name, frame in book.tables.items() if name in OF_A_DEAL}
    else:
        for name, frame in rows.items():
            few = few.with_rows(name, frame)
        tables = {name: few.tables[name] for name in rows}
    if "rates" in book.tables:
        tables["rates"] = book.tables["rates"]
    return replace(few, tables={name: in_memory(frame) for name, frame in tables.items()})


def known_by(book: Book, at: int, known_at: int) -> Book:
    """The book without what was learned later; a version that was not ended yet goes on."""
    then = Pipeline(book, at, known_at)
    tables = {name: then._known(name) for name in ("deals", "evidence", "roles") if book.holds(name)}
    if then.activities is not None:
        # What was taken back later still stood then.
        tables["activities"] = then.activities.with_columns(withdrawn_at=nw.lit(None).cast(nw.Int64))
    return replace(book, tables={**book.tables, **tables})


@dataclass(frozen=True)
class DealAt:
    """A deal at an instant: its facts, its evidence, its committee, and the path it is on."""

    pipeline: Pipeline
    row: dict[str, Any]
    definition: Definition | None
    steps: Sequence[StageStep]

    @property
    def here(self) -> StageStep | None:
        return next((each for each in self.steps if each.place == "here"), None)

    @property
    def missing(self) -> list[CriterionState]:
        """What stands between the deal and the next stage: unmet up to and with its present one."""
        return [each for step in self.steps if step.place != "ahead" for each in step.missing]

    @property
    def next_stage(self) -> str | None:
        """The stage after the present one; `won` after the last."""
        if self.here is None or self.definition is None:
            return None
        following = self.here.position + 1
        stages = self.definition.stages
        return stages[following].name if following < len(stages) else "won"

    def table(self, name: str) -> list[dict[str, Any]]:
        """What belongs to the deal at the instant, with real dates."""
        return self.pipeline.remember(f"rows of {name}", lambda: _rows(getattr(self.pipeline, name)))


def deal_at(book: Book, key: str, at: int, known_at: int | None = None) -> DealAt | None:
    """The deal at an instant, as it is known now or was known at `known_at`; None where it did not exist then."""
    mine = book_of(book, [key])
    pipeline = Pipeline(mine if known_at is None else known_by(mine, at, known_at), at)
    rows = collect(pipeline.deals).to_dicts()
    if not rows:
        return None
    row = rows[0]
    definition = definition_for(pipeline.definitions, row["pipeline"])
    return DealAt(pipeline, row, definition, [] if definition is None else _steps(pipeline, row, definition))


def _rows(frame: Lazy | None) -> list[dict[str, Any]]:
    return [] if frame is None else readable(collect(frame)).to_dicts()


def _steps(pipeline: Pipeline, row: dict[str, Any], definition: Definition) -> list[StageStep]:
    one = in_hand(pipeline, [row])[0]
    position = definition.position(row["stage"])
    here = -1 if position is None else position
    states = assess_one(one.moment, definition, one.deal, one.in_force)
    return [
        StageStep(
            stage,
            place,
            "done" if place < here or row["status"] == "won" else "here" if place == here else "ahead",
            [CriterionState(criterion, state) for of, criterion, state in states if of.name == stage.name],
        )
        for place, stage in enumerate(definition.stages)
    ]


def day_in(text: str) -> dt.date | None:
    """The day that a text names; None where it names none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
