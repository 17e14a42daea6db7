"""Selling: what a rep does on a deal: talks, asks, moves it, dates it."""

from __future__ import annotations

import datetime as dt

from stageproof.demo.buyer import NORM_DAYS
from stageproof.demo.company import COMPETITORS, working_day
from stageproof.demo.journal import plus_days
from stageproof.demo.life import Life
from stageproof.demo.proving import (
    agree_next_step,
    asked_roles,
    confirm_close_date,
    hear,
    know,
    reach_out,
    show,
)
from stageproof.demo.story import CLOSE_DATE, Habits, quarter_end
from stageproof.engine.definition import Criterion
from stageproof.engine.frames import DAY, day_number, day_of

CONFIRMED_FOR = 30
"""Days after which a rep asks again whether the named date still stands."""


def talk(life: Life, day: dt.date, habits: Habits) -> None:
    """A conversation, if the buyer answers: proofs asked for, a next step, a move, a date."""
    reach_out(life, day)
    if not (life.buyer.speaks_on(day) and life.chance.happens(life.buyer.answers)):
        return
    at = hear(life, day)
    if (
        habits.routine
        and life.last_met is not None
        and life.last_met.role not in asked_roles(life.definition)
    ):
        know(life, at, life.last_met, life.last_met.role)
    seek_proofs(life, day, habits)
    if life.chance.happens(habits.plans):
        agree_next_step(life, day)
    advance(life, day, habits)
    if life.position >= life.stages - 2 and not life.hopeful and not _still_confirmed(life, day):
        confirm_close_date(life, day)


def _still_confirmed(life: Life, day: dt.date) -> bool:
    """Whether the buyer named a day not long ago, and it lies ahead."""
    said = life.shown.get(CLOSE_DATE, 0) // DAY
    return life.confirmed is not None and life.confirmed > day and day_number(day) - said < CONFIRMED_FOR


def seek_proofs(life: Life, day: dt.date, habits: Habits) -> None:
    """Ask for what is missing up to the present stage; those with a routine renew what is about to lapse."""
    ahead = 8 if habits.routine else 0
    answerable = min(life.position + 1, life.buyer.can_show(day))
    for criterion in life.waits_for(life.now(day), answerable, ahead=ahead):
        if _asks_about(life, criterion, habits) and life.chance.happens(life.buyer.answers):
            show(life, day, criterion.proof, criterion)


def _asks_about(life: Life, criterion: Criterion, habits: Habits) -> bool:
    """Without a gate a rep keeps to the questions they like, deal by deal."""
    if life.hopeful:
        return False
    if habits.gate:
        return life.chance.happens(habits.asks)
    return life.interest_in(criterion) < habits.asks


def advance(life: Life, day: dt.date, habits: Habits) -> None:
    """Move to the next stage: where the gate is enforced with proof, before that on a good feeling too."""
    following = life.position + 1
    if following >= life.stages:
        return
    at = life.now(day)
    if habits.gate:
        if life.buyer.reached(day) >= following and life.passes(at, following):
            move(life, at, following)
        return
    furthest = life.stages - 2 if life.hopeful else life.stages - 3
    feels_right = following <= furthest and life.chance.happens(
        habits.optimism * (2.5 if life.hopeful else 1)
    )
    if feels_right or (life.buyer.reached(day) >= following and not life.hopeful):
        move(life, at, following)
        if following == life.stages - 3:
            _quote(life, day, habits)


def _quote(life: Life, day: dt.date, habits: Habits) -> None:
    """The proposal names a price nearer to what the deal is worth."""
    asked = life.chance.between(0.98, 1 + (habits.inflation - 1) * 1.5)
    life.deal.change(life.now(day), life.owner, "page", amount=rounded(life.worth * asked))


def move(life: Life, at: int, position: int, *, actor: str = "") -> None:
    """The deal stands at another stage, and its forecast category follows."""
    life.position = position
    life.deal.change(
        at,
        actor or life.owner,
        "page",
        learned_after=life.late(),
        stage=life.definition.stages[position].name,
        forecast_category=category(position, life.stages),
        competitor=life.deal["competitor"] or _rival(life, position),
    )


def _rival(life: Life, position: int) -> str | None:
    """Who else is asked for a proposal, where the buyer says so."""
    asked = position == life.stages - 3 and life.chance.happens(0.35)
    return life.chance.one_of(COMPETITORS) if asked else None


def category(position: int, stages: int) -> str:
    """The forecast category by stage: the last two commit, the two before best case."""
    if position >= stages - 2:
        return "commit"
    return "best case" if position >= stages - 4 else "pipeline"


def estimated_close(life: Life, day: dt.date, habits: Habits) -> dt.date:
    """When the rep says it will close: as the buyer said, at the quarter's end, or by the stages to come."""
    if life.confirmed is not None and life.confirmed > day:
        return life.confirmed
    if life.hopeful or life.chance.happens(habits.placeholders):
        return quarter_end(plus_days(day, 38))
    to_come = sum(stage.norm_days or NORM_DAYS for stage in life.definition.stages[life.position :])
    return working_day(plus_days(day, max(7, to_come * 0.8 * life.chance.between(0.8, 1.3))))


def redate(life: Life, day: dt.date, habits: Habits, *, actor: str = "") -> None:
    """The close date is what is believed now."""
    believed = day_number(estimated_close(life, day, habits))
    if day_of(life.deal["close_on"]) <= day or abs(believed - life.deal["close_on"]) > 10:
        life.deal.change(life.now(day), actor or life.owner, "page", close_on=believed)


def rounded(cents: float) -> int:
    """An amount as people quote it: to the nearest 100."""
    return round(cents / 10_000) * 10_000
