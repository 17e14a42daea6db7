"""In year two the engine's own gate lets every move of the demo pass; in year one it would not have."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from stageproof.demo.book import Tables, demo_definition
from stageproof.demo.story import DEFAULT_SEED, ENTERING, GATE_FROM, LAST_WEEK, UNTIL, Moment
from stageproof.demo.world import simulated
from stageproof.engine.definition_check import check_definition
from stageproof.engine.frames import DAY, collect, day_number, instant_of
from stageproof.engine.qualification import QUALIFIED, criterion_states, qualified_deals
from stageproof.engine.stage_moves import Refusal, decide_stage_moves


def moves(company: Tables, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Moves forward, back and to won between open versions: deal, at, to."""
    stages = [stage.name for stage in company.definitions[0].stages]
    rows = company.deals.sort("deal", "valid_from").with_columns(
        stage_before=pl.col("stage").shift(1).over("deal"),
        status_before=pl.col("status").shift(1).over("deal"),
    )
    moved = (pl.col("stage") != pl.col("stage_before")) | (pl.col("status") == "won")
    within = pl.col("valid_from").is_between(day_number(first) * DAY, (day_number(last) + 1) * DAY)
    found = rows.filter(moved & within & (pl.col("status_before") == "open"))
    assert set(found["stage"]) <= set(stages)
    to = pl.when(pl.col("status") == "won").then(pl.lit("won")).otherwise("stage")
    return found.select("deal", "valid_from", to=to)


def refused(company: Tables, rows: pl.DataFrame) -> list[Refusal]:
    answers = []
    for deal, at, to in rows.iter_rows():
        pipeline = company.book().as_of(instant_of(at - 1))
        answers.append(decide_stage_moves(pipeline, {deal: to})[deal])
    return [answer for answer in answers if isinstance(answer, Refusal)]


def test_every_move_drawn_from_year_two_passes_the_gate(company: Tables) -> None:
    rows = moves(company, GATE_FROM, UNTIL)
    assert rows.height > 500
    won = rows.filter(pl.col("to") == "won").sample(10, seed=2)
    assert refused(company, pl.concat([rows.sample(30, seed=1), won])) == []


def test_most_moves_of_year_one_would_have_been_refused(company: Tables) -> None:
    rows = moves(company, dt.date(2024, 1, 1), LAST_WEEK.on).sample(30, seed=1)
    assert len(refused(company, rows)) > 20


def qualified_share(company: Tables, moment: Moment) -> float:
    pipeline = company.book().as_of(moment.on)
    rows = collect(qualified_deals(pipeline)).filter(
        pl.col("close_on").is_between(day_number(moment.starts_on), day_number(moment.ends_on))
    )
    return rows.filter(pl.col("qualification") == QUALIFIED)["amount"].sum() / rows["amount"].sum()


def test_a_fifth_of_the_pipeline_is_qualified_in_year_one_and_nearly_all_in_year_two(company: Tables) -> None:
    assert qualified_share(company, LAST_WEEK) < 0.25
    assert qualified_share(company, ENTERING) > 0.9


def test_the_definition_is_sound_and_owned_by_a_person_of_the_firm(company: Tables) -> None:
    (definition,) = company.definitions
    assert check_definition(definition) == []
    assert definition.owner in set(company.people["email"])
    assert [stage.name for stage in definition.stages][4] == "Negotiation"


@pytest.mark.parametrize("until", [dt.date(2024, 9, 20), dt.date(2025, 5, 16)])
def test_the_simulation_and_the_engine_agree_on_every_criterion_of_every_open_deal(
    company: Tables, until: dt.date
) -> None:
    world = simulated(DEFAULT_SEED, until, demo_definition())
    at = (day_number(until) + 1) * DAY - 1
    states = criterion_states(company.book().as_of(until))
    by_engine = {
        (deal, criterion): state
        for deal, criterion, state in states.select("deal", "criterion", "state").iter_rows()
    }
    checked = 0
    for life in world.lives:
        for _, criterion in life.definition.all_criteria:
            says = by_engine[life.deal["deal"], criterion.id]
            if says != "waived":
                assert (says == "met") == life.holds(criterion.proof, at), (life.deal["deal"], criterion.id)
                checked += 1
    assert checked > 500
