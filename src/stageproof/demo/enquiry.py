"""Enquiries: what a lead says of itself, how soon it is answered, why it is qualified or not, and who meets it.

All of it is drawn apart from what decides on deals, so that the story of the pipeline stays as it was calibrated.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from stageproof.demo.buyer import Account, Contact
from stageproof.demo.chance import Chance
from stageproof.demo.company import is_working_day, working_day
from stageproof.demo.journal import MINUTE, Journal, Versioned, at_time, plus_days
from stageproof.demo.story import GATE_FROM, ROUTINE_FROM
from stageproof.engine.frames import DAY, day_of

TECHNOLOGIES = ("SAP", "Dynamics", "NetSuite", "Sage", "Excel", "an own system")
TRIGGERS = (
    ("New chief operating officer", 0.16), ("New site", 0.12), ("Missed deliveries", 0.14), ("Audit finding", 0.08),
    ("", 0.5),
)  # fmt: skip
QUALIFIED = (
    "Named the bottleneck and what it costs a month",
    "Asked for an offer before the budget round",
    "Has a project with an owner and a date",
    "Compares providers and wants a proposal",
)
DISQUALIFIED = (
    ("No budget this year", 0.24), ("Not the right person, and nobody else named", 0.2),
    ("No answer after four tries", 0.3), ("Too small", 0.14), ("Looking for a job", 0.12),
)  # fmt: skip
BEGINS, ENDS = 7 * 60 + 30, 19 * 60
"""The working day in minutes after midnight."""

UNWORKED = "Never worked"
UNWORKED_DAYS = 60
GIVEN_UP_DAYS = 12
"""After how many days sales gives up a lead that marketing qualified and nobody met."""


def facts(chance: Chance, person: Contact, account: Account) -> dict[str, Any]:
    """What a lead says of itself; some of it is not known of everyone."""
    known = chance.share()
    trigger = chance.weighted(TRIGGERS) or None
    technology = Chance(11, *account.name.encode()).one_of(TECHNOLOGIES)
    return {
        "email": person.email,
        "title": person.title,
        "phone": f"555 01{chance.whole(10, 99)}" if chance.happens(0.6) else None,
        "industry": account.industry,
        "country": account.country,
        "employees": account.employees if known < 0.85 else None,
        "technology": technology if known < 0.7 else None,
        "trigger": trigger,
    }


def answered_at(chance: Chance, came_at: int, day: dt.date, latest: int) -> int:
    """When somebody at work answers: within days at first, within hours since there is a routine."""
    hours = 30.0 if day < ROUTINE_FROM else 9.0 if day < GATE_FROM else 2.5
    meant = max(min(came_at + int(chance.around(hours * 60, 0.9)) * MINUTE, latest), came_at + 4 * MINUTE)
    return at_work(meant, chance.between(BEGINS, BEGINS + 90))


def at_work(at: int, minutes: float) -> int:
    """The instant, or so many minutes into the next working day where nobody is at work then."""
    on, minute = day_of(at // DAY), at % DAY // MINUTE
    if is_working_day(on) and BEGINS <= minute < ENDS:
        return at
    following = on if minute < BEGINS else plus_days(on, 1)
    return at_time(working_day(following), minutes)


def answer(journal: Journal, lead: Versioned, at: int) -> None:
    """The first response, as it is logged."""
    journal.lead_activity(
        at, lead["lead"], 1, kind="email", side="seller", direction="outbound",
        subject="Thanked for the interest and offered a call", owner=lead["owner"],
    )  # fmt: skip


def first_meeting(journal: Journal, chance: Chance, lead: Versioned, day: dt.date) -> None:
    """The first meeting after a hand-over, which comes late or not at all where nobody looks after it."""
    kept, days = (0.72, 9) if day < ROUTINE_FROM else (0.9, 6) if day < GATE_FROM else (0.97, 4)
    if not chance.happens(kept):
        return
    on = working_day(plus_days(day, chance.whole(1, days)))
    journal.lead_activity(
        at_time(on, chance.between(540, 990)), lead["lead"], 2, kind="meeting", side="buyer",
        subject="First meeting", owner=lead["owner"],
    )  # fmt: skip


def marketing_insists(chance: Chance, day: dt.date) -> bool:
    """Whether marketing had qualified a lead that sales then gives up."""
    return chance.happens(0.3 if day < ROUTINE_FROM else 0.12)


def unworked(chance: Chance, day: dt.date) -> int:
    """How many leads of a day nobody will ever work on."""
    return chance.arrivals(0.22 if day < ROUTINE_FROM else 0.05)


def swept_at(came_at: int) -> int:
    """When a lead that nobody worked on is cleared away."""
    return came_at + UNWORKED_DAYS * DAY
