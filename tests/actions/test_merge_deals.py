"""Merging two deals: what passes over, what stays, and what ends."""

from __future__ import annotations

import datetime as dt

import pytest

from stageproof.actions.committee import add_to_committee, remove_from_committee
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.deals import create_deal, find_deal
from stageproof.actions.merge_deals import merge_deals
from stageproof.actions.permission import Forbidden
from stageproof.engine.frames import collect
from stageproof.records.doctor import doctor
from stageproof.records.ledger import writing
from stageproof.records.models import (
    Activity,
    Deal,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
    RoleVersion,
    Touch,
)
from stageproof.records.tables import book, pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied
from tests.actions.twin_deal import make_twin


@pytest.fixture
def twin(cast: Cast, now: Clock) -> Deal:
    return make_twin(cast, now)


def test_what_passes_over(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    before, at = now.at, now()
    kept = merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=at, expected_version=1).deal
    assert (kept.amount, kept.product, kept.source, kept.custom, kept.stage, kept.version) == (
        5_000_000, "GTX", "Referral", {"Region": "North"}, "Prospecting", 2,
    )  # fmt: skip
    current = EvidenceVersion.objects.filter(valid_to__isnull=True).order_by("seq")
    assert sorted((each.kind, each.deal_id == deal.pk, each.revoked) for each in current) == [
        ("pain", True, False), ("waiver", False, True),
    ]  # fmt: skip
    roles = RoleVersion.objects.filter(valid_to__isnull=True, removed=False)
    assert [(each.deal_id, each.role) for each in roles] == [(deal.pk, "champion")]
    assert list(Activity.objects.order_by("seq").values_list("deal__key", "subject")) == [
        (twin.key, "First call"), (deal.key, "First call"),
    ]  # fmt: skip
    assert LeadVersion.objects.get(valid_to__isnull=True).deal == kept
    notes = DealVersion.objects.filter(change="merged").order_by("seq").values_list("note", flat=True)
    assert list(notes) == [f"became part of {deal.key}", f"took in {twin.key}"]
    denied(lambda: find_deal(cast.ann, twin.key), NotFound)
    assert collect(pipeline_now(now.at).deals)["deal"].to_list() == [deal.key]
    assert sorted(collect(book().as_of(before).deals)["deal"]) == sorted([deal.key, twin.key])
    assert doctor().problems == ()


def test_a_blank_is_filled_but_not_with_money_of_another_currency(cast: Cast, now: Clock) -> None:
    kept, gone = (
        create_deal(cast.ann, now=now(), facts={"name": "Roof", **facts}).deal.key
        for facts in ({"amount": None}, {"amount": 700, "currency": "USD", "close_on": dt.date(2026, 6, 1)})
    )
    merged = merge_deals(cast.ann, winner=kept, loser=gone, now=now()).deal
    assert (merged.amount, merged.currency, merged.close_on) == (None, "EUR", dt.date(2026, 6, 1))


def test_a_role_that_ended_on_the_winner_goes_on_where_it_was_held_on_the_loser(
    cast: Cast, now: Clock, deal: Deal, twin: Deal
) -> None:
    theirs = RoleVersion.objects.get(deal=twin, valid_to__isnull=True)
    who = {"contact": theirs.contact_id, "role": theirs.role}
    add_to_committee(cast.ann, deal.key, **who, now=now())
    remove_from_committee(cast.ann, deal.key, **who, now=now())
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    held = RoleVersion.objects.filter(valid_to__isnull=True, removed=False)
    assert [(each.deal_id, each.contact_id, each.role) for each in held] == [(deal.pk, *who.values())]


def test_what_is_refused(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    assert codes(lambda: merge_deals(cast.ann, winner=deal.key, loser=deal.key, now=now())) == ["wrong_loser"]
    theirs = create_deal(cast.otto, now=now(), facts={"name": "West"}).deal
    both = (deal.key, theirs.key)
    for winner, loser in (both, both[::-1]):
        denied(lambda w=winner, v=loser: merge_deals(cast.ann, winner=w, loser=v, now=now()), NotFound)  # type: ignore[misc]
    denied(lambda: merge_deals(cast.ben, winner=deal.key, loser=twin.key, now=now()), Forbidden)
    denied(
        lambda: merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now(), expected_version=9),
        Conflict,
    )


def test_what_touched_the_loser_counts_for_the_winner(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    with writing(recorded_at=now(), actor="system", door="import") as session:
        session.add([Touch(deal=twin, source="Fair", touched_at=now.at)])
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    assert list(Touch.objects.filter(deal=deal).values_list("source", flat=True)) == ["Fair"]
    assert doctor().problems == ()
