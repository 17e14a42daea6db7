"""Impact: what a definition would do to the live pipeline, before it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from stageproof.actions.actor import Actor
from stageproof.actions.definitions import definition_row, vanished_stages, with_aliases
from stageproof.actions.permission import DEFINES, demand
from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import collect
from stageproof.engine.problem import Problem
from stageproof.engine.qualification import QUALIFICATIONS, QUALIFIED, qualified_deals
from stageproof.records.tables import pipeline_now


@dataclass(frozen=True)
class Affected:
    """A deal whose qualification would change; `amount` in minor units of the reporting currency."""

    deal: str
    name: str | None
    stage: str | None
    owner: str | None
    amount: int | None
    before: str
    after: str


@dataclass(frozen=True)
class Impact:
    """Deals that lose, gain or otherwise change their qualification, and the open amount by qualification."""

    pipeline: str
    currency: str
    loses: tuple[Affected, ...]
    gains: tuple[Affected, ...]
    others: tuple[Affected, ...]
    before: dict[str, int]
    after: dict[str, int]
    vanished: tuple[Problem, ...]


def impact_of_draft(
    actor: Actor, pipeline: str, version: int, *, now: dt.datetime, stages: Mapping[str, str] | None = None
) -> Impact:
    """What the draft would do if it took effect now; `stages` says what becomes of those that vanish."""
    demand(actor, DEFINES, "see the effect of a definition")
    definition = read_definition(definition_row(pipeline, version).toml)
    known = {old: new for old, new in (stages or {}).items() if definition.position(new) is not None}
    return impact(pipeline_now(now), with_aliases(definition, known))


def impact(present: Pipeline, definition: Definition) -> Impact:
    """What the definition would do to the open deals of its pipeline."""
    others = [each for each in present.definitions if each.pipeline != definition.pipeline]
    before = _judged(present, definition.pipeline)
    after = _judged(present.under(definition, *others), definition.pipeline)
    both = before.join(after.select("deal", after="qualification"), on="deal").sort("deal")
    changed = [
        Affected(deal, name, stage, owner, value, was, becomes)
        for deal, name, stage, owner, value, was, becomes in both.filter(
            pl.col("qualification") != pl.col("after")
        )
        .select("deal", "name", "stage", "owner", "value", "qualification", "after")
        .iter_rows()
    ]
    return Impact(
        pipeline=definition.pipeline,
        currency=present.currency,
        loses=tuple(each for each in changed if each.before == QUALIFIED),
        gains=tuple(each for each in changed if each.after == QUALIFIED),
        others=tuple(each for each in changed if QUALIFIED not in (each.before, each.after)),
        before=_amounts(before),
        after=_amounts(after),
        vanished=tuple(vanished_stages(definition)),
    )


def _judged(pipeline: Pipeline, name: str) -> pl.DataFrame:
    deals = collect(
        qualified_deals(pipeline).select(
            "deal", "name", "stage", "owner", "pipeline", "value", "qualification"
        )
    )
    return deals if len(pipeline.definitions) == 1 else deals.filter(pl.col("pipeline") == name)


def _amounts(deals: pl.DataFrame) -> dict[str, int]:
    summed = dict(deals.group_by("qualification").agg(pl.col("value").sum()).iter_rows())
    return {name: summed.get(name, 0) for name in QUALIFICATIONS}
