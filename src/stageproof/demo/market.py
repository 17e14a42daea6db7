"""The market: companies that may buy, leads that come in, and the deals that some of them become."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from stageproof.demo import enquiry
from stageproof.demo.buyer import Account, drawn_buyer, drawn_committee, remembered_buyer
from stageproof.demo.chance import Chance
from stageproof.demo.company import (
    ACCOUNT_FIRST,
    ACCOUNT_LAST,
    CAMPAIGNS,
    CONTACT_FIRST,
    CONTACT_LAST,
    DEMAND_GENERATION,
    INDUSTRIES,
    OFFERINGS,
    SALES_DEVELOPMENT,
    SEGMENT_SIZE,
    SEGMENTS,
    SELLERS,
    SOURCES,
    Person,
    working_day,
)
from stageproof.demo.journal import Journal, Versioned, at_time, plus_days
from stageproof.demo.life import Life
from stageproof.demo.proving import asked_roles, know
from stageproof.demo.selling import category, estimated_close, rounded
from stageproof.demo.story import PRICE_LEVEL, REMEMBERED, Habits, Remembered
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, day_number

EMPLOYEES = {"Enterprise": (1_200, 6_000), "Mid-market": (120, 900), "Small business": (15, 90)}
COUNTRIES = (("US", "USD", 0.66), ("DE", "EUR", 0.2), ("GB", "GBP", 0.14))


@dataclass
class Lead:
    """A lead under way: what it does next, and when."""

    lead: Versioned
    account: Account
    chance: Chance
    more: Chance
    next_on: dt.date
    touches: int = 0
    fresh: bool = True


@dataclass
class Market:
    """Where accounts, leads and deals come from; every draw hangs on the seed and a running number."""

    seed: int
    definition: Definition
    journal: Journal
    currencies: bool = False
    accounts: dict[str, Account] = field(default_factory=dict)
    leads: list[Lead] = field(default_factory=list)
    ignored: list[Versioned] = field(default_factory=list)
    _contacts: int = 1

    def arrive(self, day: dt.date, habits: Habits) -> None:
        """The leads of a day."""
        chance = Chance(self.seed, 1, day_number(day))
        for _ in range(chance.arrivals(habits.leads_a_day)):
            number = self.journal.number("lead")
            own = Chance(self.seed, 2, number)
            source = own.weighted([(each.name, each.weight) for each in SOURCES])
            account = self.account(own)
            at = at_time(day, own.between(430, 1120))
            person = own.one_of(account.committee)
            more = Chance(self.seed, 7, number)
            lead = self.journal.lead(
                {
                    "lead": f"L-{number:05d}",
                    "name": person.name,
                    "account": account.name,
                    "source": source,
                    "campaign": running_campaign(own, source, day),
                    "owner": own.one_of(SALES_DEVELOPMENT),
                    "created_at": at,
                    **enquiry.facts(more, person, account),
                }
            )
            door = "page" if source in ("Outbound", "Referral") else "automation"
            lead.change(at, lead["owner"] if door == "page" else "web form", door, status="new")
            self._touch(lead, at)
            looked_at = working_day(plus_days(day, own.whole(0, 3)))
            answered = enquiry.answered_at(more, at, day, at_time(looked_at, 17 * 60))
            lead.change(answered, lead["owner"], "page", status="working", responded_at=answered)
            enquiry.answer(self.journal, lead, answered)
            self.leads.append(Lead(lead, account, own, more, looked_at))
        self._ignore(day)

    def _ignore(self, day: dt.date) -> None:
        """The leads of a day on which nobody ever works."""
        chance = Chance(self.seed, 8, day_number(day))
        for _ in range(enquiry.unworked(chance, day)):
            source = chance.weighted(
                [(each.name, each.weight) for each in SOURCES if each.name != "Outbound"]
            )
            name = f"{chance.one_of(CONTACT_FIRST)} {chance.one_of(CONTACT_LAST)}"
            at = at_time(day, chance.between(0, 1439))
            lead = self.journal.lead(
                {
                    "lead": f"L-9{self.journal.number('unworked lead'):04d}",
                    "name": name,
                    "source": source,
                    "campaign": running_campaign(chance, source, day),
                    "created_at": at,
                }
            )
            lead.change(at, "web form", "automation", status="new")
            self._touch(lead, at)
            self.ignored.append(lead)

    def sweep(self, day: dt.date) -> None:
        """Clears away the leads that nobody worked on for so long."""
        at = at_time(day, 17 * 60)
        gone = [each for each in self.ignored if enquiry.swept_at(each["created_at"]) <= at]
        for lead in gone:
            lead.change(
                at, SALES_DEVELOPMENT[0], "page", status="disqualified", disqualified_reason=enquiry.UNWORKED
            )
        self.ignored = [each for each in self.ignored if each not in gone]

    def work_leads(self, day: dt.date, habits: Habits) -> list[Life]:
        """Sales development takes each lead a step further; the deals that come of it."""
        made = []
        for lead in [each for each in self.leads if each.next_on <= day]:
            life = self._step(lead, day, habits)
            if life is not None:
                made.append(life)
        self.leads = [each for each in self.leads if each.next_on != dt.date.max]
        return made

    def _step(self, lead: Lead, day: dt.date, habits: Habits) -> Life | None:
        own, row = lead.chance, lead.lead
        at = at_time(day, own.between(500, 1000))
        more = lead.more
        if lead.fresh:
            lead.fresh = False
            lead.next_on = working_day(plus_days(day, own.whole(2, 9)))
            return None
        if lead.touches < 4 and own.happens(0.35):
            self._touch(row, at)
            lead.touches += 1
            lead.next_on = working_day(plus_days(day, own.whole(2, 8)))
            return None
        busy = lead.account.open_deals > 0
        lead.next_on = dt.date.max
        if busy or not own.happens(habits.accepts):
            if enquiry.marketing_insists(more, day):
                at = row.change(
                    at, DEMAND_GENERATION, "page", status="qualified",
                    qualification="Downloaded two guides and asked a question",
                )  # fmt: skip
                at = enquiry.at_work(at + enquiry.GIVEN_UP_DAYS * DAY, enquiry.ENDS - 60)
            reason = more.weighted(enquiry.DISQUALIFIED)
            row.change(at, row["owner"], "page", status="disqualified", disqualified_reason=reason)
            return None
        if not more.happens(0.04):
            at = row.change(
                at, row["owner"], "page", status="qualified", qualification=more.one_of(enquiry.QUALIFIED)
            )
        return self._convert(lead, day, habits)

    def _convert(self, lead: Lead, day: dt.date, habits: Habits) -> Life:
        own, row = lead.chance, lead.lead
        offering = own.weighted([(each, each.weight) for each in OFFERINGS])
        price = offering.price * SEGMENT_SIZE[lead.account.segment] * own.around(1.0, 0.38)
        seller = own.one_of(sellers_on(day))
        at = at_time(day, own.between(1001, 1060))
        life = self._deal(
            at, day, own, habits, account=lead.account, seller=seller, product=offering.name, price=price,
            source=row["source"], campaign=row["campaign"], actor=row["owner"],
        )  # fmt: skip
        row.change(at, row["owner"], "page", status="converted", deal=life.deal["deal"])
        enquiry.first_meeting(self.journal, lead.more, row, day)
        return life

    def remember(self, day: dt.date, habits: Habits) -> list[Life]:
        """The deals of the six that begin on this day."""
        return [
            self._remembered(number, deal, day, habits)
            for number, deal in enumerate(REMEMBERED)
            if deal.created_on == day
        ]

    def _remembered(self, number: int, deal: Remembered, day: dt.date, habits: Habits) -> Life:
        own = Chance(self.seed, 3, number)
        seller = next(person for person in SELLERS if person.name == deal.owner)
        life = self._deal(
            at_time(day, own.between(560, 1000)), day, own, habits, account=self.account(own, "Mid-market"),
            seller=seller, product=deal.offering, price=deal.price, source="Outbound",
            campaign=running_campaign(own, "Outbound", day), actor=seller.name, hopeful=True,
        )  # fmt: skip
        life.buyer = remembered_buyer(own, self.definition, deal)
        return life

    def _deal(
        self, at: int, day: dt.date, own: Chance, habits: Habits, *, account: Account, seller: Person,
        product: str, price: float, source: str, campaign: str | None, actor: str, hopeful: bool = False,
    ) -> Life:  # fmt: skip
        number = self.journal.number("deal")
        chance = Chance(self.seed, 4, int(own.share() * 2**53))
        worth = rounded(price * PRICE_LEVEL[day.year] * 100)
        row = self.journal.deal(
            {
                "deal": f"D-{number:04d}",
                "name": f"{account.name}: {product}",
                "account": account.name,
                "pipeline": self.definition.pipeline,
                "status": "open",
                "owner": seller.name,
                "team": seller.team,
                "currency": account.currency if self.currencies else "USD",
                "source": source,
                "campaign": campaign,
                "segment": account.segment,
                "product": product,
                "created_at": at,
                "created_on": day_number(day),
            }
        )
        buyer = drawn_buyer(
            chance, self.definition, created_on=day, segment=account.segment, source=source, buys=habits.buys
        )
        life = Life(row, account, buyer, chance, self.journal, self.definition, worth, hopeful, heard_on=day)
        hoped = max(1.0, chance.around(habits.inflation, 0.12)) if habits.inflation > 1 else 1.0
        row.change(
            at, actor, "page", stage=self.definition.stages[0].name, amount=rounded(worth * hoped),
            forecast_category=category(0, life.stages),
            close_on=day_number(estimated_close(life, day, habits)),
        )  # fmt: skip
        know(life, at, account.committee[0], account.committee[0].role)
        account.open_deals += 1
        return life

    def account(self, chance: Chance, segment: str = "") -> Account:
        """A company, new or met before, of the segment if one is given and with no deal under way."""
        while True:
            industry = chance.one_of(INDUSTRIES)
            name = f"{chance.one_of(ACCOUNT_FIRST)} {chance.one_of(ACCOUNT_LAST[industry])}"
            account = self.accounts.get(name) or self._founded(name, industry)
            if not segment or (account.segment == segment and not account.open_deals):
                return account

    def _founded(self, name: str, industry: str) -> Account:
        chance = Chance(self.seed, 5, *name.encode())
        segment = chance.weighted(SEGMENTS)
        country, currency = chance.weighted([((code, money), weight) for code, money, weight in COUNTRIES])
        domain = f"{name.lower().replace(' ', '-')}.example"
        committee = drawn_committee(chance, domain, asked_roles(self.definition), self._contacts)
        self._contacts += len(committee)
        employees = chance.whole(*EMPLOYEES[segment])
        account = Account(name, industry, segment, country, currency, employees, committee)
        self.accounts[name] = account
        return account

    def _touch(self, lead: Versioned, at: int) -> None:
        self.journal.touch(at, lead=lead["lead"], source=lead["source"], campaign=lead["campaign"])


def running_campaign(chance: Chance, source: str, day: dt.date) -> str | None:
    """A campaign of the source that runs on the day, for most leads."""
    running = [
        each.name for each in CAMPAIGNS if each.source == source and each.starts_on <= day <= each.ends_on
    ]
    return chance.one_of(running) if running and chance.happens(0.85) else None


def sellers_on(day: dt.date) -> list[Person]:
    """The sellers who still take on new deals that day."""
    return [person for person in SELLERS if person.works_on(day) and person.works_on(plus_days(day, 14))]
