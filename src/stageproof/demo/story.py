"""The story: how people at Demo Company behave in which phase, and the six deals everybody remembers.

Coverage looked healthy until the quarter missed: 8.2M open against 2.5M one week before the end of Q3 2024,
closed at 1.9M. Monday's routine begins that October, the gate is enforced from 2025, and after three
quarters of it the firm enters Q3 2025 with 5.4M and closes at 2.6M.

How it was calibrated. None of these figures is written anywhere in the simulation. What is set is behaviour
(how many leads come, how readily they become deals, whether reps ask buyers for proof, how they date and
prune) and the price level of each year. Behaviour was chosen by hand until the average over seeds lay near
the story. Then seeds were tried for one in which coverage and outcome stand to each other as in the story,
and the price levels set so that its figures land within three percent. Another seed tells the same story
with other figures. The six remembered deals are given a buyer and a hopeful rep each (`REMEMBERED`); what
becomes of them follows from the same rules as for all others.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

DEFAULT_SEED = 660
BEGINS_ON = dt.date(2023, 7, 3)
"""The first day: half a year before the story, so that 2024 begins with a pipeline."""

UNTIL = dt.date(2025, 12, 31)
ROUTINE_FROM = dt.date(2024, 10, 7)
GATE_FROM = dt.date(2025, 1, 1)
TARGET = 250_000_000
"""The quarter's target in cents."""

PRICE_LEVEL = {2023: 0.94, 2024: 0.985, 2025: 1.105}

CLOSE_DATE = "close_date"
"""The kind of evidence by which a buyer confirms the close date."""


@dataclass(frozen=True)
class Moment:
    """An instant of the story with the quarter it looks at."""

    on: dt.date
    starts_on: dt.date
    ends_on: dt.date


LAST_WEEK = Moment(dt.date(2024, 9, 23), dt.date(2024, 7, 1), dt.date(2024, 9, 30))
"""Year one, a week before the quarter ends."""

ENTERING = Moment(dt.date(2025, 6, 30), dt.date(2025, 7, 1), dt.date(2025, 9, 30))
"""Year two, as the quarter is entered: the end of the day before it, after three quarters of routine."""

LAST_WEEK_AGAIN = Moment(dt.date(2025, 9, 22), dt.date(2025, 7, 1), dt.date(2025, 9, 30))
"""Year two, a week before the quarter ends."""


@dataclass(frozen=True)
class Habits:
    """How the firm behaves in a phase; shares and chances are from 0 to 1."""

    leads_a_day: float
    accepts: float
    """Share of worked leads that are made a deal."""
    buys: float
    """Share of deals whose buyer will buy."""
    talks: float
    """Daily chance that a rep gets in touch on a deal."""
    asks: float
    """Chance that a rep asks for a proof that is due."""
    optimism: float
    """Chance that a good conversation alone moves the deal to the next stage."""
    placeholders: float
    """Share of deals dated to the last day of a quarter rather than by the buyer's timeline."""
    inflation: float
    """What a new deal is hoped to be worth, times what it is worth."""
    owns_up: float
    """Daily chance of recording that a buyer said no, or has been silent for long."""
    plans: float
    """Chance of agreeing a dated next step when talking."""
    routine: bool
    gate: bool


HOPEFUL = Habits(
    leads_a_day=6.2, accepts=0.325, buys=0.19, talks=0.17, asks=0.30, optimism=0.30, placeholders=0.78,
    inflation=1.16, owns_up=0.10, plans=0.35, routine=False, gate=False,
)  # fmt: skip
LEARNING = Habits(
    leads_a_day=6.0, accepts=0.26, buys=0.32, talks=0.26, asks=0.80, optimism=0.04, placeholders=0.15,
    inflation=1.05, owns_up=0.45, plans=0.85, routine=True, gate=False,
)  # fmt: skip
DISCIPLINED = Habits(
    leads_a_day=6.0, accepts=0.262, buys=0.34, talks=0.30, asks=0.90, optimism=0.0, placeholders=0.0,
    inflation=1.0, owns_up=0.60, plans=0.95, routine=True, gate=True,
)  # fmt: skip


def habits_on(day: dt.date) -> Habits:
    """The habits of that day's phase."""
    if day >= GATE_FROM:
        return DISCIPLINED
    return LEARNING if day >= ROUTINE_FROM else HOPEFUL


@dataclass(frozen=True)
class Remembered:
    """A deal of the six: a hopeful rep, and a buyer who never confirmed a date.

    On `turns_on` the buyer postpones to `decides_on`, or falls silent, or signs.
    """

    owner: str
    offering: str
    price: int
    created_on: dt.date
    ending: Literal["slips", "goes dark", "signs"]
    turns_on: dt.date
    decides_on: dt.date | None = None


REMEMBERED = (
    Remembered("Daniel Abramov", "Managed Operations", 186_000, dt.date(2024, 4, 9), "slips",
               dt.date(2024, 9, 24), dt.date(2024, 11, 14)),
    Remembered("Leila Haddad", "Process Redesign", 124_500, dt.date(2024, 4, 25), "slips",
               dt.date(2024, 9, 25), dt.date(2024, 10, 29)),
    Remembered("Tomasz Zielinski", "Managed Operations", 158_000, dt.date(2024, 5, 14), "slips",
               dt.date(2024, 9, 25), dt.date(2024, 12, 12)),
    Remembered("Oliver Brandt", "Managed Operations", 171_500, dt.date(2024, 4, 17), "goes dark",
               dt.date(2024, 9, 17)),
    Remembered("Marisol Quintero", "Process Redesign", 97_000, dt.date(2024, 5, 22), "goes dark",
               dt.date(2024, 9, 20)),
    Remembered("Kenji Morimoto", "Process Redesign", 88_500, dt.date(2024, 5, 30), "signs",
               dt.date(2024, 9, 26), dt.date(2024, 9, 26)),
)  # fmt: skip


def quarter_end(day: dt.date) -> dt.date:
    """The last day of the day's quarter."""
    month = (day.month - 1) // 3 * 3 + 3
    following = dt.date(day.year + month // 12, month % 12 + 1, 1)
    return following - dt.timedelta(days=1)
