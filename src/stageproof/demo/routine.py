"""Monday's routine: the four checks on every open deal, and what becomes of what they find."""

from __future__ import annotations

import datetime as dt

from stageproof.demo.buyer import NORM_DAYS
from stageproof.demo.closing import lose, waive
from stageproof.demo.company import PIPELINE_OWNER
from stageproof.demo.journal import plus_days
from stageproof.demo.life import Life
from stageproof.demo.proving import agree_next_step, hear, reach_out, show
from stageproof.demo.selling import move, redate
from stageproof.demo.story import Habits
from stageproof.engine.frames import day_of


def monday(life: Life, day: dt.date, habits: Habits) -> None:
    """The four checks, in the order that saves work: a dead deal needs no date."""
    _is_it_alive(life, day)
    if life.is_open:
        _is_the_stage_earned(life, day, habits)
        _is_the_date_real(life, day, habits)
        _are_the_facts_right(life, day, habits)


def _is_it_alive(life: Life, day: dt.date) -> None:
    """Silence past what the stage allows: chase, and close what stays silent."""
    quiet_days = life.definition.stages[life.position].quiet_days or NORM_DAYS
    silent_days = (day - life.heard_on).days
    if silent_days <= quiet_days:
        return
    reach_out(life, day)
    if life.buyer.speaks_on(day):
        hear(life, day)
    elif life.chance.happens(0.25 if silent_days < 2 * quiet_days else 0.6):
        lose(life, day, reason="No decision", actor=PIPELINE_OWNER)


def _is_the_stage_earned(life: Life, day: dt.date, habits: Habits) -> None:
    """What no longer holds behind the stage is asked for again; failing that the deal goes back."""
    if life.buyer.speaks_on(day):
        for criterion in life.waits_for(life.now(day), life.position, ahead=4):
            if life.chance.happens(habits.asks * life.buyer.answers):
                show(life, day, criterion.proof, criterion)
    at = life.now(day)
    missing = life.waits_for(at, life.position)
    if not missing or life.passes(at, life.position):
        return
    if len(missing) == 1 and life.chance.happens(0.15):
        waive(life, day, missing[0])
    elif life.chance.happens(0.7):
        earned = min(
            position
            for position, stage in enumerate(life.definition.stages)
            if any(criterion in stage.exit for criterion in missing)
        )
        move(life, at, earned, actor=PIPELINE_OWNER)


def _is_the_date_real(life: Life, day: dt.date, habits: Habits) -> None:
    """Past, or sooner than the stages still to come allow without the buyer having said so."""
    due = day_of(life.deal["close_on"])
    if life.confirmed is not None and life.confirmed <= day:
        life.confirmed = None
    to_come = sum(stage.norm_days or NORM_DAYS for stage in life.definition.stages[life.position :])
    too_soon = life.confirmed is None and due < plus_days(day, to_come * 0.4)
    if (due <= day or too_soon) and life.chance.happens(0.75):
        redate(life, day, habits, actor=PIPELINE_OWNER if life.chance.happens(0.4) else "")


def _are_the_facts_right(life: Life, day: dt.date, habits: Habits) -> None:
    """A next step that is missing or past is agreed anew, where anybody answers."""
    due = life.deal["next_step_on"]
    if (
        (due is None or day_of(due) <= day)
        and life.buyer.speaks_on(day)
        and life.chance.happens(habits.plans)
    ):
        agree_next_step(life, day)
