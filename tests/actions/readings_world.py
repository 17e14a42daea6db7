"""A small company's pipeline with everything that can change a reading: deals of two teams, a win, a target, a rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from stageproof.actions.deals import create_deal, move_deal
from stageproof.actions.history import succeed
from stageproof.actions.rates import set_rate
from stageproof.actions.targets import set_target
from stageproof.records.ledger import writing
from stageproof.records.models import Deal, DealVersion
from tests.actions.conftest import Cast, Clock

Q2 = (dt.date(2026, 4, 1), dt.date(2026, 6, 30))


@pytest.fixture
def world(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> Deal:
    """Ann's Acme (50,000 EUR, qualified, due in June), Ben's Beta (12,345.67 USD at 0.9), Otto's Gamma without an
    amount, and Delta (20,000 EUR), which Ben won in May's place: in March. The second quarter's target is 60,000."""
    set_rate(cast.fay, currency="USD", from_on=dt.date(2026, 1, 1), rate="0.9", now=now())
    set_target(cast.fay, starts_on=Q2[0], ends_on=Q2[1], amount=6_000_000, now=now())
    acme = move_deal(cast.ann, ready().key, to="Discovery", now=now()).deal
    beta = {
        "name": "Beta",
        "amount": 1_234_567,
        "currency": "USD",
        "close_on": dt.date(2026, 5, 20),
        "source": "Web",
    }
    create_deal(cast.ben, now=now(), facts=beta)
    create_deal(cast.otto, now=now(), facts={"name": "Gamma", "source": "Web"})
    delta = create_deal(
        cast.ben, now=now(), facts={"name": "Delta", "amount": 2_000_000, "source": "Web"}
    ).deal
    set_deal(delta, now(), status="won", close_on=now.at.date())
    return acme


def set_deal(deal: Deal, at: dt.datetime, learned: dt.datetime | None = None, **facts: Any) -> None:
    """Makes the deal so from an instant on, as if the gate had let it; `learned` is when that was entered."""
    with writing(recorded_at=learned or at, actor="olga@northwind.example", door="import") as session:
        before = DealVersion.objects.filter(deal=deal, valid_from__lt=at).order_by("valid_from").last()
        assert before is not None
        after = DealVersion.objects.filter(deal=deal, valid_from__gt=at).order_by("valid_from").first()
        version = succeed(session, before, at=at, **facts)
        if after is not None:
            DealVersion.objects.filter(pk=version.pk).update(valid_to=after.valid_from)
        present = facts if after is None else {}
        count = DealVersion.objects.filter(deal=deal).count()
        Deal.objects.filter(pk=deal.pk).update(**present, version=count)
