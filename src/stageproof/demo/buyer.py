"""The buyer, whom no seller sees into: how far they have come, whether they buy, when they fall silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stageproof.demo.chance import Chance
from stageproof.demo.company import (
    CONTACT_FIRST,
    CONTACT_LAST,
    PROMISE,
    TITLES,
    working_day,
)
from stageproof.demo.journal import plus_days
from stageproof.demo.story import Remembered, quarter_end
from stageproof.engine.definition import Definition

Fate = Literal["buys", "declines", "drifts"]

PACE = {"Enterprise": 1.3, "Mid-market": 1.0, "Small business": 0.75}
NORM_DAYS = 14
"""How long a stage takes where its definition does not say."""


@dataclass(frozen=True)
class Contact:
    """A person at the buyer, and the part they play."""

    contact: str
    name: str
    role: str
    title: str
    email: str


@dataclass
class Account:
    """A company that may buy."""

    name: str
    industry: str
    segment: str
    country: str
    currency: str
    employees: int
    committee: tuple[Contact, ...]
    open_deals: int = 0

    @property
    def domain(self) -> str:
        return f"{self.name.lower().replace(' ', '-')}.example"


@dataclass
class Buyer:
    """One buyer's course: `ready_on` per stage is when its questions are answered on the buyer's side."""

    fate: Fate
    ready_on: list[dt.date]
    decides_on: dt.date | None
    silent_from: dt.date | None
    answers: float
    postpones_on: dt.date | None = None
    postponed_to: dt.date | None = None

    def speaks_on(self, day: dt.date) -> bool:
        """Whether the buyer answers at all on that day."""
        return self.silent_from is None or day < self.silent_from

    def reached(self, day: dt.date) -> int:
        """The position of the stage whose questions the buyer is dealing with."""
        return sum(1 for ready in self.ready_on if ready <= day)

    def can_show(self, day: dt.date) -> int:
        """How many stages' questions the buyer can answer yet; the last one's only on signing."""
        decided = self.fate == "buys" and self.decides_on is not None and self.decides_on <= day
        stages = len(self.ready_on)
        return stages if decided else min(self.reached(day) + 1, stages - 1)

    def postpone(self) -> None:
        """The buyer signs later than they said."""
        self.decides_on = self.postponed_to
        self.postpones_on = None


def drawn_committee(chance: Chance, domain: str, needed: Sequence[str], first: int) -> tuple[Contact, ...]:
    """Three to eight people with a role each; the roles that the definition asks about are among them."""
    roles = list(dict.fromkeys(["champion", *needed]))
    roles += [role for role in TITLES if role not in roles and chance.happens(0.35)]
    people: dict[str, Contact] = {}
    for role in [*roles, "coach", "technical_evaluator"][: max(3, min(8, len(roles)))]:
        name = f"{chance.one_of(CONTACT_FIRST)} {chance.one_of(CONTACT_LAST)}"
        while name in people:
            name = f"{chance.one_of(CONTACT_FIRST)} {chance.one_of(CONTACT_LAST)}"
        email = f"{name.lower().replace(' ', '.')}@{domain}"
        title = chance.one_of(TITLES.get(role, ("Manager",)))
        people[name] = Contact(f"C-{first + len(people):05d}", name, role, title, email)
    return tuple(people.values())


def drawn_buyer(
    chance: Chance, definition: Definition, *, created_on: dt.date, segment: str, source: str, buys: float
) -> Buyer:
    """A buyer's course from the day the deal is made."""
    pace = PACE[segment] * chance.around(0.85, 0.3)
    ready_on, day = [], created_on
    for stage in definition.stages:
        day = plus_days(day, max(2, (stage.norm_days or NORM_DAYS) * pace * chance.around(0.9, 0.35)))
        ready_on.append(working_day(day))
    answers = chance.between(0.82, 0.98)
    if chance.happens(buys * PROMISE[source]):
        return _buying(chance, ready_on, answers)
    # Most that end do so early; one in five holds out until there is a contract to sign.
    reaches = chance.weighted(((0, 0.24), (1, 0.30), (2, 0.22), (3, 0.16), (4, 0.08)))
    reaches = min(reaches, len(ready_on) - 1)
    begun = ready_on[reaches - 1] if reaches else created_on
    ends_on = working_day(
        plus_days(begun, max(3, (ready_on[reaches] - begun).days * chance.between(0.4, 1.3)))
    )
    kept = [*ready_on[:reaches], *([dt.date.max] * (len(ready_on) - reaches))]
    if chance.happens(0.45):
        return Buyer("declines", kept, ends_on, None, answers)
    return Buyer("drifts", kept, None, ends_on, answers)


def _buying(chance: Chance, ready_on: list[dt.date], answers: float) -> Buyer:
    decides_on = ready_on[-1]
    end = quarter_end(plus_days(decides_on, -16))
    if 0 < (decides_on - end).days <= 16 and chance.happens(0.5):
        decides_on = working_day(plus_days(end, -chance.whole(0, 9)), back=True)
    buyer = Buyer("buys", [min(ready, decides_on) for ready in ready_on], decides_on, None, answers)
    if chance.happens(0.16):
        buyer.postpones_on = working_day(plus_days(decides_on, -chance.whole(1, 12)))
        buyer.postponed_to = working_day(plus_days(decides_on, chance.around(24, 0.5)))
    return buyer


def remembered_buyer(chance: Chance, definition: Definition, deal: Remembered) -> Buyer:
    """The buyer of one of the six: interested for months, and then what `ending` says."""
    stages = len(definition.stages)
    days = (deal.turns_on - deal.created_on).days
    ready_on = [
        working_day(plus_days(deal.created_on, days * (at + 1) / stages * 0.9)) for at in range(stages - 1)
    ]
    answers = chance.between(0.86, 0.96)
    if deal.ending == "goes dark":
        return Buyer("drifts", [*ready_on[:-1], dt.date.max, dt.date.max], None, deal.turns_on, answers)
    buyer = Buyer("buys", [*ready_on, deal.turns_on], deal.decides_on, None, answers)
    if deal.ending == "slips":
        buyer.ready_on[-2:] = [deal.decides_on or deal.turns_on] * 2
        buyer.decides_on = quarter_end(deal.turns_on)
        buyer.postpones_on, buyer.postponed_to = deal.turns_on, deal.decides_on
    return buyer
