"""Waivers: who may grant them, and that they open the gate without counting as met."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import move_deal
from stageproof.actions.evidence import expire_evidence, revoke_evidence, verify_evidence
from stageproof.actions.permission import Forbidden
from stageproof.actions.waivers import grant_waiver
from stageproof.engine.frames import collect
from stageproof.engine.qualification import qualified_deals
from stageproof.records.doctor import doctor
from stageproof.records.models import Deal, EvidenceVersion, Organisation
from stageproof.records.tables import pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied

WHY: dict[str, Any] = {"reason": "The board decides next week", "expires_on": dt.date(2026, 3, 20)}


def waive_all(cast: Cast, now: Clock, deal: Deal) -> None:
    for criterion in ("buyer_replied", "next_step"):
        grant_waiver(cast.mia, deal.key, criterion=criterion, **WHY, now=now())


def test_a_waived_deal_moves_and_is_counted_apart(cast: Cast, now: Clock, deal: Deal) -> None:
    assert codes(lambda: move_deal(cast.ann, deal.key, to="Discovery", now=now())) == ["criterion_unmet"] * 2
    waive_all(cast, now, deal)
    done = move_deal(cast.ann, deal.key, to="Discovery", now=now())
    assert done.move is not None
    assert done.move.waived == ("buyer_replied", "next_step")
    judged = collect(qualified_deals(pipeline_now(now.at)))
    assert judged.select("deal", "qualification", "criteria_waived", "criteria_met").rows() == [
        (deal.key, "waived", 2, 1)
    ]
    assert doctor().problems == ()


def test_it_says_who_why_and_until_when(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    grant_waiver(cast.mia, deal.key, criterion="next_step", **WHY, now=at)
    waiver = EvidenceVersion.objects.get()
    assert (waiver.kind, waiver.criterion, waiver.what, waiver.verified_by) == (
        "waiver",
        "next_step",
        "The board decides next week",
        "mia@northwind.example",
    )
    assert (waiver.given_at, waiver.expires_on, waiver.actor) == (
        at,
        dt.date(2026, 3, 20),
        "mia@northwind.example",
    )


def test_it_ends_on_its_day(cast: Cast, now: Clock, deal: Deal) -> None:
    waive_all(cast, now, deal)
    now.days(19)
    assert codes(lambda: move_deal(cast.ann, deal.key, to="Discovery", now=now())) == ["criterion_unmet"] * 2


def test_one_in_force_is_renewed(cast: Cast, now: Clock, deal: Deal) -> None:
    first = grant_waiver(cast.mia, deal.key, criterion="next_step", **WHY, now=now())
    again = grant_waiver(
        cast.olga, deal.key, criterion="next_step", reason="Still", expires_on=dt.date(2026, 3, 25), now=now()
    )
    assert again.evidence == first.evidence
    assert EvidenceVersion.objects.filter(valid_to__isnull=True).get().what == "Still"


@pytest.mark.parametrize("who", ["ann", "ada", "system"])
def test_roles_that_the_definition_does_not_name(cast: Cast, now: Clock, deal: Deal, who: str) -> None:
    assert codes(lambda: grant_waiver(cast[who], deal.key, criterion="next_step", **WHY, now=now())) == [
        "waiver_not_allowed"
    ]


def test_the_named_pipeline_owner_may_whatever_the_role(cast: Cast, now: Clock, deal: Deal) -> None:
    Organisation.objects.update(pipeline_owner=cast.ada.person)
    waiver = grant_waiver(cast.ada, deal.key, criterion="next_step", **WHY, now=now())
    assert waiver.verified_by == "ada@northwind.example"


@pytest.mark.parametrize(("who", "error"), [("ben", Forbidden), ("eve", Forbidden), ("otto", NotFound)])
def test_who_may_not_touch_the_deal(
    cast: Cast, now: Clock, deal: Deal, who: str, error: type[Exception]
) -> None:
    denied(lambda: grant_waiver(cast[who], deal.key, criterion="next_step", **WHY, now=now()), error)


def test_every_reason_at_once(cast: Cast, now: Clock, deal: Deal) -> None:
    far = dt.date(2026, 6, 1)
    assert codes(
        lambda: grant_waiver(cast.ann, deal.key, criterion="none", reason=" ", expires_on=far, now=now())
    ) == ["waiver_not_allowed", "unknown_criterion", "reason_missing", "waiver_expiry"]


def test_it_is_neither_verified_nor_prolonged(cast: Cast, now: Clock, deal: Deal) -> None:
    mine = grant_waiver(cast.mia, deal.key, criterion="next_step", **WHY, now=now())
    later = dt.date(2026, 3, 21)
    assert codes(lambda: verify_evidence(cast.olga, mine.evidence, now=now())) == ["is_a_waiver"]
    assert codes(lambda: expire_evidence(cast.mia, mine.evidence, expires_on=later, now=now())) == [
        "is_a_waiver"
    ]
    assert codes(lambda: expire_evidence(cast.mia, mine.evidence, expires_on=None, now=now())) == [
        "is_a_waiver"
    ]


def test_a_revoked_one_opens_nothing(cast: Cast, now: Clock, deal: Deal) -> None:
    waive_all(cast, now, deal)
    for waiver in EvidenceVersion.objects.filter(kind="waiver"):
        revoke_evidence(cast.ann, waiver.evidence, reason="Not needed", now=now())
    assert codes(lambda: move_deal(cast.ann, deal.key, to="Discovery", now=now())) == ["criterion_unmet"] * 2
