"""Evidence: attach, verify, expire, revoke."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.conflict import NotFound
from stageproof.actions.evidence import (
    attach_evidence,
    expire_evidence,
    revoke_evidence,
    verify_evidence,
)
from stageproof.actions.permission import Forbidden
from stageproof.records.doctor import doctor
from stageproof.records.models import Deal, EvidenceVersion
from stageproof.records.tables import pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied, forbidden, refused

PAIN: dict[str, Any] = {"kind": "pain", "what": "Quotes take nine days", "given_by": "Cleo Clark"}


def counting(now: Clock) -> int:
    """How many pieces of evidence the engine counts at the clock's instant."""
    return len(pipeline_now(now.at + dt.timedelta(minutes=1)).evidence.collect())  # type: ignore[union-attr]


def test_attached_evidence_is_a_first_version(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    given = at - dt.timedelta(days=2)
    found = attach_evidence(
        cast.ann,
        deal.key,
        **PAIN,
        given_at=given,
        expires_on=dt.date(2026, 5, 1),
        located_at="mail 17",
        now=at,
    )
    found.refresh_from_db()
    assert (found.evidence, found.kind, found.what, found.given_by) == (
        f"E{found.seq}",
        "pain",
        "Quotes take nine days",
        "Cleo Clark",
    )
    assert (found.given_at, found.expires_on, found.located_at) == (given, dt.date(2026, 5, 1), "mail 17")
    assert (found.valid_from, found.valid_to, found.recorded_at) == (at, None, at)
    assert (found.actor, found.door, found.verified_by) == ("ann@northwind.example", "page", None)
    assert doctor().problems == ()


@pytest.mark.parametrize("who", ["ann", "mia", "olga", "ada", "system"])
def test_who_may_attach(cast: Cast, now: Clock, deal: Deal, who: str) -> None:
    attach_evidence(cast[who], deal.key, **PAIN, now=now())
    assert EvidenceVersion.objects.get().actor == cast[who].name


@pytest.mark.parametrize(
    ("who", "error"),
    [("ben", Forbidden), ("max", Forbidden), ("fay", Forbidden), ("eve", Forbidden), ("otto", NotFound)],
)
def test_who_may_not(cast: Cast, now: Clock, deal: Deal, who: str, error: type[Exception]) -> None:
    mine = attach_evidence(cast.ann, deal.key, **PAIN, now=now())
    denied(lambda: attach_evidence(cast[who], deal.key, **PAIN, now=now()), error)
    denied(lambda: verify_evidence(cast[who], mine.evidence, now=now()), error)
    denied(lambda: expire_evidence(cast[who], mine.evidence, expires_on=None, now=now()), error)
    denied(lambda: revoke_evidence(cast[who], mine.evidence, reason="no", now=now()), error)


def test_every_reason_at_once(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    problems = refused(
        lambda: attach_evidence(
            cast.ann,
            deal.key,
            kind="Pain!",
            what=" ",
            side="buyer",
            given_by="",
            given_at=at + dt.timedelta(seconds=1),
            expires_on=dt.date(2026, 3, 1),
            criterion="no_such",
            now=at,
        )
    )
    assert [(problem.code, problem.column) for problem in problems] == [
        ("wrong_kind", "kind"),
        ("wrong_given_at", "given_at"),
        ("missing_what", "what"),
        ("missing_given_by", "given_by"),
        ("wrong_expires_on", "expires_on"),
        ("wrong_criterion", "criterion"),
    ]


def test_a_waiver_is_not_attached(cast: Cast, now: Clock, deal: Deal) -> None:
    assert codes(
        lambda: attach_evidence(cast.mia, deal.key, kind="Waiver", what="x", side="seller", now=now())
    ) == ["wrong_kind"]


def test_verified_by_someone_else_only(cast: Cast, now: Clock, deal: Deal) -> None:
    mine = attach_evidence(cast.mia, deal.key, **PAIN, now=now())
    assert codes(lambda: verify_evidence(cast.mia, mine.evidence, now=now())) == ["verified_by_recorder"]
    at = now()
    checked = verify_evidence(cast.olga, mine.evidence, now=at)
    first, second = EvidenceVersion.objects.order_by("seq")
    assert (first.verified_by, first.valid_to) == (None, at)
    assert (second.pk, second.verified_by, second.valid_from, second.valid_to) == (
        checked.pk,
        "olga@northwind.example",
        at,
        None,
    )
    assert second.what == first.what
    assert doctor().problems == ()


def test_a_rep_does_not_verify(cast: Cast, now: Clock, deal: Deal) -> None:
    theirs = attach_evidence(cast.mia, deal.key, **PAIN, now=now())
    assert (
        forbidden(lambda: verify_evidence(cast.ann, theirs.evidence, now=now())).says
        == "You may not verify evidence."
    )


def test_what_counts_for_longer_is_verified_again(cast: Cast, now: Clock, deal: Deal) -> None:
    day = dt.date(2026, 4, 1)
    mine = attach_evidence(cast.ann, deal.key, **PAIN, expires_on=day, now=now())
    verify_evidence(cast.mia, mine.evidence, now=now())
    sooner = expire_evidence(cast.ann, mine.evidence, expires_on=dt.date(2026, 3, 20), now=now())
    assert sooner.verified_by == "mia@northwind.example"
    later = expire_evidence(cast.ann, mine.evidence, expires_on=dt.date(2026, 5, 1), now=now())
    assert later.verified_by is None
    verify_evidence(cast.mia, mine.evidence, now=now())
    assert expire_evidence(cast.ann, mine.evidence, expires_on=None, now=now()).verified_by is None
    assert EvidenceVersion.objects.filter(evidence=mine.evidence).count() == 6


def test_expired_evidence_stops_counting_that_day(cast: Cast, now: Clock, deal: Deal) -> None:
    mine = attach_evidence(cast.ann, deal.key, **PAIN, now=now())
    expire_evidence(cast.ann, mine.evidence, expires_on=now.at.date(), now=now())
    assert counting(now) == 1
    now.days(1)
    assert counting(now) == 0


def test_revoked_evidence_counts_no_more_and_stays(cast: Cast, now: Clock, deal: Deal) -> None:
    mine = attach_evidence(cast.ann, deal.key, **PAIN, now=now())
    assert counting(now) == 1
    between = now()
    assert codes(lambda: revoke_evidence(cast.ann, mine.evidence, reason=" ", now=now())) == [
        "missing_reason"
    ]
    revoke_evidence(cast.ann, mine.evidence, reason="Another Cleo", now=now())
    assert counting(now) == 0
    assert len(pipeline_now(between).evidence.collect()) == 1  # type: ignore[union-attr]
    first, last = EvidenceVersion.objects.order_by("seq")
    assert (first.revoked, last.revoked, last.what) == (
        False,
        True,
        "Quotes take nine days\nRevoked: Another Cleo",
    )
    denied(lambda: verify_evidence(cast.mia, mine.evidence, now=now()), NotFound)
    assert doctor().problems == ()


def test_two_changes_on_one_instant_follow_each_other(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    mine = attach_evidence(cast.ann, deal.key, **PAIN, now=at)
    second = verify_evidence(cast.mia, mine.evidence, now=at)
    assert second.valid_from - at == dt.timedelta(microseconds=1)
    assert doctor().problems == ()
