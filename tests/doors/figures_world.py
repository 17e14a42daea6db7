"""A quarter in which everything happens that can part two ways of computing a figure.

Two currencies whose rate changes on 1 May, deals that are qualified, waived (until 10 May), neither, or without
an amount, won and lost before and after that day, pushed out, created in between; leads that became deals; targets
of all, of a team and of a person that are changed on 15 May; and on 10 May it is learned that a deal had been worth
more since March.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from stageproof.actions.actor import Actor
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.deals import create_deal
from stageproof.actions.definitions import draft_definition, publish_definition
from stageproof.actions.evidence import attach_evidence
from stageproof.actions.leads import create_lead, qualify_lead, touch_lead
from stageproof.actions.rates import set_rate
from stageproof.actions.targets import set_target
from stageproof.actions.waivers import grant_waiver
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock
from tests.actions.readings_world import Q2, set_deal

RULES = """
[pipeline]
name = "New business"
owner = "olga@northwind.example"
[[stages]]
name = "Discovery"
norm_days = 21
[[stages.exit]]
id = "pain"
says = "The buyer named a problem that we solve"
proof = { evidence = "pain", from = "buyer" }
[[stages]]
name = "Proposal"
norm_days = 21
[[stages.exit]]
id = "priced"
says = "The deal has an amount"
proof = { field = "amount", present = true }
[[stages]]
name = "Negotiation"
norm_days = 21
"""


@pytest.fixture
def quarter(cast: Cast, now: Clock) -> dict[str, Deal]:
    """The deals by name; the clock stands on 1 July."""
    made: dict[str, Deal] = {}

    def at(month: int, day: int, hour: int = 12) -> dt.datetime:
        return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)

    def deal(who: Actor, name: str, made_at: dt.datetime, facts: Mapping[str, Any], **later: Any) -> Deal:
        created = create_deal(who, now=made_at, facts={"name": name, "source": "Referral", **facts}).deal
        set_deal(created, made_at + dt.timedelta(hours=1), **later)
        made[name] = created
        return created

    drafted = draft_definition(cast.olga, toml=RULES, now=now()).row
    publish_definition(cast.olga, "New business", drafted.version, effective_from=now.at.date(), now=now())
    for day, rate in ((dt.date(2026, 1, 1), "0.9"), (dt.date(2026, 5, 1), "0.8")):
        set_rate(cast.fay, currency="USD", from_on=day, rate=rate, now=now())
    set_target(cast.fay, starts_on=Q2[0], ends_on=Q2[1], amount=6_000_000, now=now())

    of_east: dict[str, Any] = {"team": cast.east}
    of_ben: dict[str, Any] = {"owner": cast.ben.person}
    for who, amount in ((of_east, 3_000_000), (of_ben, 1_000_000)):
        set_target(cast.fay, starts_on=Q2[0], ends_on=Q2[1], amount=amount, now=now(), **who)

    june, dollars = dt.date(2026, 6, 30), {"currency": "USD"}
    deal(cast.ann, "Proven", at(3, 3), {"amount": 1_000_000, "close_on": june}, stage="Negotiation")
    # 1,234,565 at 0.9 is 1,111,108.5: half to even.
    deal(
        cast.ben,
        "Pushed",
        at(3, 4),
        {"amount": 1_234_565, "close_on": dt.date(2026, 5, 20), **dollars},
        stage="Proposal",
    )
    deal(cast.otto, "Waived", at(3, 5), {"amount": 700_000, "close_on": june}, stage="Proposal")
    deal(cast.ann, "Claimed", at(3, 6), {"amount": 333_333, "close_on": june, **dollars}, stage="Proposal")
    deal(cast.ann, "Late", at(3, 7), {"amount": 400_000, "close_on": june}, stage="Discovery")
    deal(cast.ben, "Unpriced", at(3, 8), {"close_on": june}, stage="Negotiation")
    deal(cast.otto, "Lost early", at(3, 9), {"amount": 600_000, "close_on": june}, stage="Proposal")
    deal(cast.ann, "Lost late", at(3, 10), {"amount": 100_005, "close_on": june, **dollars}, stage="Proposal")
    deal(
        cast.ben, "Won late", at(3, 11), {"amount": 500_005, "close_on": june, **dollars}, stage="Negotiation"
    )
    for name in ("Proven", "Pushed", "Unpriced"):
        attach_evidence(
            cast.olga, made[name].key, kind="pain", what="Said so", given_by="Cleo", now=at(3, 12)
        )
    lead = create_lead(
        cast.max, now=at(3, 14), facts={"name": "Lea", "account": "Lumen", "source": "Event"}
    ).lead
    touch_lead(cast.max, lead, source="Web", now=at(3, 16))
    qualify_lead(cast.max, lead, reason="Has a budget", now=at(3, 17))
    won = convert_lead(
        cast.ben, lead, facts={"name": "Won early", "amount": 2_000_000, "close_on": june}, now=at(3, 18)
    ).deal

    set_deal(won, at(4, 20), status="won", close_on=dt.date(2026, 4, 20))
    set_deal(made["Lost early"], at(4, 10), status="lost", close_on=dt.date(2026, 4, 10))
    deal(cast.otto, "New", at(4, 15), {"amount": 250_000, "close_on": june}, stage="Discovery")
    waiver: dict[str, Any] = {
        "criterion": "pain", "reason": "Known for years", "expires_on": dt.date(2026, 5, 10),
    }  # fmt: skip
    grant_waiver(cast.olga, made["Waived"].key, **waiver, now=at(4, 16))
    for name, day in (("Kim", 5), ("Lou", 25)):
        lead = create_lead(
            cast.max, now=at(4, day), facts={"name": name, "account": f"{name} Ltd", "source": "Web"}
        ).lead
    qualify_lead(cast.max, lead, reason="Has a need", now=at(5, 4))
    set_deal(made["Late"], at(3, 20), learned=at(5, 10), amount=450_000)
    set_deal(made["Pushed"], at(5, 12), close_on=dt.date(2026, 7, 10))
    for who, amount in (({}, 5_000_000), (of_east, 2_500_000), (of_ben, 1_200_000)):
        set_target(cast.fay, starts_on=Q2[0], ends_on=Q2[1], amount=amount, now=at(5, 15), **who)
    set_deal(made["Proven"], at(5, 18), amount=900_000)
    set_deal(made["Won late"], at(5, 25), status="won", close_on=dt.date(2026, 5, 25))
    set_deal(made["Lost late"], at(5, 30), status="lost", close_on=dt.date(2026, 5, 30))
    now.at = at(7, 1)
    return {**made, "Won early": won}
