"""The world: Demo Company day by day, each working day written to the journal as it passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from stageproof.demo.calls import call, set_targets
from stageproof.demo.chance import Chance
from stageproof.demo.closing import news, own_up, put_off, reopen
from stageproof.demo.company import (
    LEAVES_ON,
    SELLERS,
    SOURCES,
    VICE_PRESIDENT,
    is_working_day,
    working_day,
)
from stageproof.demo.journal import Journal, at_time
from stageproof.demo.life import Life
from stageproof.demo.market import Market, running_campaign
from stageproof.demo.routine import monday
from stageproof.demo.selling import talk
from stageproof.demo.story import BEGINS_ON, Habits, habits_on
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_number

LEAVE = 0.1
"""Chance that a seller is away in a week."""

NUDGES = 0.02
"""Daily chance that marketing touches an open deal."""


@dataclass
class World:
    """What there is at a moment: the journal so far, the market, and the deals under way."""

    journal: Journal
    market: Market
    lives: list[Life] = field(default_factory=list)
    closed: list[Life] = field(default_factory=list)


def simulated(seed: int, until: dt.date, definition: Definition, *, currencies: bool = False) -> World:
    """The world after the end of the day `until`."""
    journal = Journal()
    world = World(journal, Market(seed, definition, journal, currencies))
    for day in _days(BEGINS_ON, until):
        if day.month == 12 and day.day == 14:
            set_targets(journal, day.year + 1)
        if is_working_day(day):
            _pass_day(world, day, habits_on(day))
    return world


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=count) for count in range((last - first).days + 1))


def _pass_day(world: World, day: dt.date, habits: Habits) -> None:
    market = world.market
    if day == working_day(LEAVES_ON + dt.timedelta(days=1)):
        _hand_over(world, day)
    _take_back(world, day, habits)
    market.arrive(day, habits)
    market.sweep(day)
    away = _away(market.seed, day)
    for life in world.lives:
        _live(life, day, habits, away=life.owner in away)
    world.lives += market.work_leads(day, habits) + market.remember(day, habits)
    _retire(world)
    if day.weekday() == 4:
        call(world.journal, day, [life.deal for life in (*world.closed, *world.lives)])


def _away(seed: int, day: dt.date) -> set[str]:
    """Sellers on leave that week: their deals miss Monday's routine and all but the buyer's news."""
    week = day_number(day) // 7
    return {
        person.name for number, person in enumerate(SELLERS) if Chance(seed, 6, week, number).happens(LEAVE)
    }


def _live(life: Life, day: dt.date, habits: Habits, *, away: bool) -> None:
    news(life, day, habits)
    if life.is_open and habits.routine and day.weekday() == 0 and not away:
        monday(life, day, habits)
    if life.is_open and not away and life.chance.happens(habits.talks):
        talk(life, day, habits)
    if life.is_open and life.chance.happens(NUDGES):
        _nudge(life, day)
    if life.is_open:
        own_up(life, day, habits)
    if life.is_open and not habits.routine:
        put_off(life, day, habits)


def _nudge(life: Life, day: dt.date) -> None:
    source = life.chance.weighted([(each.name, each.weight) for each in SOURCES if each.name != "Outbound"])
    campaign = running_campaign(life.chance, source, day)
    life.journal.touch(life.now(day), deal=life.deal["deal"], source=source, campaign=campaign)


def _hand_over(world: World, day: dt.date) -> None:
    """A seller has left: whoever follows takes over the open deals."""
    leaver = next(person for person in SELLERS if person.until_on == LEAVES_ON)
    heir = next(person for person in SELLERS if person.from_on == day)
    for life in world.lives:
        if life.owner == leaver.name:
            life.deal.change(at_time(day, 7 * 60 + 30), VICE_PRESIDENT, "admin", owner=heir.name)


def _take_back(world: World, day: dt.date, habits: Habits) -> None:
    """Lost deals whose buyer returns today, unless that account buys something else already."""
    back = [life for life in world.closed if life.returns_on == day and not life.account.open_deals]
    for life in back:
        reopen(life, day, habits)
        life.account.open_deals += 1
        world.closed.remove(life)
        world.lives.append(life)


def _retire(world: World) -> None:
    for life in world.lives:
        if not life.is_open:
            life.account.open_deals -= 1
            world.closed.append(life)
    world.lives = [life for life in world.lives if life.is_open]
