"""Targets for the whole, each team and each seller, and the weekly calls of sellers and managers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from stageproof.demo.company import MANAGERS, SELLERS, TEAMS, VICE_PRESIDENT
from stageproof.demo.journal import Journal, Versioned, at_time
from stageproof.demo.story import TARGET, quarter_end
from stageproof.engine.frames import day_number
from stageproof.engine.money import allocate

CATEGORIES = ("commit", "best case", "pipeline")


def set_targets(journal: Journal, year: int) -> None:
    """The year's quarterly targets, set in the December before; sellers' shares add up to their team's."""
    at = at_time(dt.date(year - 1, 12, 14), 16 * 60)
    for month in (1, 4, 7, 10):
        starts_on = dt.date(year, month, 1)
        sellers = [person for person in SELLERS if person.works_on(starts_on)]
        shares = allocate(TARGET, [1] * len(sellers))
        _target(journal, at, starts_on, None, None, TARGET)
        for team in TEAMS:
            amount = sum(share for person, share in zip(sellers, shares, strict=True) if person.team == team)
            _target(journal, at, starts_on, None, team, amount)
        for person, share in zip(sellers, shares, strict=True):
            _target(journal, at, starts_on, person.name, None, share)


def _target(
    journal: Journal, at: int, starts_on: dt.date, owner: str | None, team: str | None, amount: int
) -> None:
    journal.target(
        at, actor=VICE_PRESIDENT, owner=owner, team=team, starts_on=day_number(starts_on),
        ends_on=day_number(quarter_end(starts_on)), amount=amount, currency="USD",
    )  # fmt: skip


def call(journal: Journal, day: dt.date, deals: Sequence[Versioned]) -> None:
    """Every seller's and manager's call for the quarter under way: what is won, and what they count on."""
    ends_on = quarter_end(day)
    starts_on = dt.date(ends_on.year, ends_on.month - 2, 1)
    inside = [deal for deal in deals if day_number(starts_on) <= deal["close_on"] <= day_number(ends_on)]
    for order, person in enumerate(SELLERS):
        if person.works_on(day):
            mine = [deal for deal in inside if deal["owner"] == person.name]
            _submit(journal, at_time(day, 870 + 3 * order), person.name, starts_on, ends_on, mine)
    for order, team in enumerate(TEAMS):
        theirs = [deal for deal in inside if deal["team"] == team]
        _submit(journal, at_time(day, 960 + 9 * order), MANAGERS[team], starts_on, ends_on, theirs)


def _submit(
    journal: Journal, at: int, person: str, starts_on: dt.date, ends_on: dt.date, deals: Iterable[Versioned]
) -> None:
    totals = dict.fromkeys(CATEGORIES, 0)
    for deal in deals:
        if deal["status"] == "won":
            totals["commit"] += deal["amount"]
        elif deal["status"] == "open" and deal["forecast_category"] in totals:
            totals[deal["forecast_category"]] += deal["amount"]
    for category, amount in totals.items():
        journal.call(
            at, person=person, starts_on=day_number(starts_on), ends_on=day_number(ends_on),
            category=category, amount=amount, currency="USD",
        )  # fmt: skip
