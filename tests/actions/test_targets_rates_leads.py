"""Targets, rates and leads."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.deals import create_deal
from stageproof.actions.leads import create_lead, set_lead_status
from stageproof.actions.permission import Forbidden
from stageproof.actions.rates import remove_rate, set_rate
from stageproof.actions.targets import set_target
from stageproof.actions.undo_change import undo_changes
from stageproof.engine.frames import collect, instant_number
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.records.doctor import doctor
from stageproof.records.models import Change, LeadVersion, Person, RateVersion, TargetVersion
from stageproof.records.tables import book, pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied, nothing_changes

Q2: dict[str, Any] = {"starts_on": dt.date(2026, 4, 1), "ends_on": dt.date(2026, 6, 30)}


def test_a_target_keeps_its_history(cast: Cast, now: Clock) -> None:
    set_target(cast.fay, **Q2, amount=250_000_000, now=now())
    before, at = now.at, now()
    set_target(cast.olga, **Q2, amount=260_000_000, now=at)
    assert list(TargetVersion.objects.order_by("seq").values_list("amount", "valid_to", "actor")) == [
        (250_000_000, at, "fay@northwind.example"), (260_000_000, None, "olga@northwind.example"),
    ]  # fmt: skip
    with nothing_changes():
        set_target(cast.olga, **Q2, amount=260_000_000, now=now())
    assert book().as_of(before).targets["amount"].to_list() == [250_000_000]
    assert pipeline_now(now.at).targets["amount"].to_list() == [260_000_000]
    set_target(cast.fay, **Q2, amount=None, now=now())
    assert pipeline_now(now.at).targets.height == 0
    assert codes(lambda: set_target(cast.fay, **Q2, amount=None, now=now())) == ["wrong_amount"]
    set_target(cast.fay, **Q2, amount=1, now=now())
    assert pipeline_now(now.at).targets["amount"].to_list() == [1]
    assert doctor().problems == ()


def test_a_manager_sets_those_below(cast: Cast, now: Clock) -> None:
    set_target(cast.mia, **Q2, amount=1, owner=cast.ann.person, now=now())
    set_target(cast.mia, **Q2, amount=1, team=cast.east, now=now())
    # A manager of nobody has a target as well.
    nora = Person.objects.create_user("nora@northwind.example", name="Nora", role="manager")
    assert set_target(Actor(nora, "page"), **Q2, amount=1, owner=nora, now=now()).owner == nora
    denied(lambda: set_target(cast.mia, **Q2, amount=1, owner=cast.otto.person, now=now()), Forbidden)
    denied(lambda: set_target(cast.mia, **Q2, amount=1, team=cast.west, now=now()), Forbidden)
    denied(lambda: set_target(cast.mia, **Q2, amount=1, now=now()), Forbidden)


@pytest.mark.parametrize("who", ["ann", "max", "eve", "otto"])
def test_who_may_not(cast: Cast, now: Clock, who: str) -> None:
    denied(lambda: set_target(cast[who], **Q2, amount=1, owner=cast[who].person, now=now()), Forbidden)
    denied(
        lambda: set_rate(cast[who], currency="USD", from_on=dt.date(2026, 1, 1), rate="0.9", now=now()),
        Forbidden,
    )


def test_every_reason_at_once(cast: Cast, now: Clock) -> None:
    turned = {"starts_on": Q2["ends_on"], "ends_on": Q2["starts_on"]}
    assert codes(
        lambda: set_target(
            cast.fay, **turned, amount=-1, currency="XXQ", owner=cast.ann.person, team=cast.east, now=now()
        )
    ) == ["wrong_amount", "wrong_currency", "wrong_ends_on", "two_targets"]


def test_rates(cast: Cast, now: Clock) -> None:
    day = dt.date(2026, 1, 1)
    set_rate(cast.fay, currency="usd", from_on=day, rate="0.920", now=now())
    assert list(RateVersion.objects.values_list("currency", "from_on", "rate")) == [("USD", day, "0.92")]
    assert codes(lambda: set_rate(cast.fay, currency="USD", from_on=day, rate="0.93", now=now())) == [
        "rate_already_set"
    ]
    told = now()
    set_rate(cast.fay, currency="USD", from_on=day, rate="0.93", correct=True, now=told)
    set_rate(cast.fay, currency="USD", from_on=day, rate="0.930", now=now())
    kept = list(
        RateVersion.objects.order_by("seq").values_list("rate", "valid_to", "recorded_at", "actor", "door")
    )
    assert [row[0] for row in kept] == ["0.92", "0.93"]
    assert kept[0][1] == kept[1][2] == told
    assert kept[1][1:] == (None, told, "fay@northwind.example", "page")
    assert book().rates().select("nano").collect("polars").to_native()["nano"].to_list() == [930_000_000]
    then = book().rates(instant_number(told) - 1).select("nano").collect("polars").to_native()
    assert then["nano"].to_list() == [920_000_000]
    assert doctor().problems == ()
    for rate in ("0", "-1", "x", "NaN", "1e99", "Infinity"):
        assert codes(lambda rate=rate: set_rate(cast.fay, currency="EUR", from_on=day, rate=rate, now=now())) == [  # type: ignore[misc]
            "wrong_rate", "wrong_currency",
        ]  # fmt: skip


def test_a_rate_for_a_wrong_day_is_taken_out_and_known_to_have_been_there(cast: Cast, now: Clock) -> None:
    """A deal of 1,000.00 USD is worth 900.00 at January's rate, and 500.00 at that wrongly given from February on."""
    create_deal(cast.ann, now=now(), facts={"name": "Abroad", "amount": 100_000, "currency": "USD"})
    january, february = dt.date(2026, 1, 1), dt.date(2026, 2, 1)
    set_rate(cast.fay, currency="USD", from_on=january, rate="0.9", now=now())
    wrong = set_rate(cast.fay, currency="USD", from_on=february, rate="0.5", now=now())

    def worth(at: dt.datetime, known_at: dt.datetime | None = None) -> int:
        amount = open_pipeline(book().as_of(at, known_at)).row(0, named=True)["open_amount"]
        return int(amount)

    before = now()
    assert worth(before) == 50_000
    denied(lambda: remove_rate(cast.ann, wrong.pk, now=now()), Forbidden)
    out = remove_rate(cast.fay, wrong.pk, now=now())
    assert worth(now.at) == worth(before) == 90_000
    assert worth(now.at, before) == 50_000
    denied(lambda: remove_rate(cast.fay, out.pk, now=now()), NotFound)
    undo_changes(cast.fay, out.seq, out.seq, now=now())
    assert worth(now.at) == 50_000
    again = RateVersion.objects.get(from_on=february, valid_to=None)
    remove_rate(cast.fay, again.pk, now=now())
    # Given anew it is no correction: there was none any more.
    set_rate(cast.fay, currency="USD", from_on=february, rate="0.8", now=now())
    assert worth(now.at) == 80_000
    assert [change.fields["rate"] for change in Change.objects.order_by("id")] == [
        [None, "0.9"], [None, "0.5"], ["0.5", None], [None, "0.5"], ["0.5", None], [None, "0.8"],
    ]  # fmt: skip
    assert doctor().problems == ()


def test_a_lead_becomes_a_deal(cast: Cast, now: Clock) -> None:
    facts = {"name": "Dan Dorn", "account": "Delta", "source": "Web", "campaign": "Spring"}
    lead = create_lead(cast.max, now=now(), facts=facts).lead
    set_lead_status(cast.max, lead, status="qualified", reason="Asked for an offer", now=now())
    deal = convert_lead(cast.ann, lead, facts={"amount": 900}, now=now()).deal
    assert (deal.name, deal.source, deal.campaign, deal.amount, deal.stage, deal.owner) == (
        "Delta", "Web", "Spring", 900, "Prospecting", cast.ann.person,
    )  # fmt: skip
    assert list(LeadVersion.objects.order_by("seq").values_list("status", flat=True)) == [
        "new", "qualified", "converted",
    ]  # fmt: skip
    assert collect(pipeline_now(now.at).leads)["deal"].to_list() == [deal.key]  # type: ignore[arg-type]
    assert codes(lambda: convert_lead(cast.ann, lead, facts={}, now=now())) == ["lead_converted"]
    assert codes(lambda: set_lead_status(cast.ann, lead, status="converted", now=now())) == [
        "wrong_status", "lead_converted",
    ]  # fmt: skip
    assert codes(lambda: create_lead(cast.max, now=now(), facts={"name": " ", "x": 1})) == [
        "not_editable", "missing_name",
    ]  # fmt: skip
    denied(lambda: create_lead(cast.fay, now=now(), facts=facts), Forbidden)
    denied(lambda: set_lead_status(cast.eve, lead, status="new", now=now()), Forbidden)
    denied(lambda: convert_lead(cast.fay, lead, facts={}, now=now()), Forbidden)
    denied(lambda: convert_lead(cast.ann, "L99", facts={}, now=now()), NotFound)
    assert doctor().problems == ()
