"""Evidence: attach, verify, expire, revoke; and waivers of a criterion."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from stageproof.actions.deals import find_deal
from stageproof.actions.evidence import attach_evidence, expire_evidence, revoke_evidence, verify_evidence
from stageproof.actions.waivers import grant_waiver
from stageproof.api.auth import actor
from stageproof.api.deal_shapes import EvidenceShown
from stageproof.api.one_deal import evidence_shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Day, Given, Instant, Limit, Page, Text, answers
from stageproof.records.models import EvidenceVersion
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Evidence"])


class Evidence(Given):
    """What the buyer said or did, or what shows it."""

    kind: str = Field(max_length=100, examples=["pain"])
    what: str = Field(max_length=4_000)
    side: str = Field("buyer", max_length=20)
    given_by: str | None = Field(None, max_length=1_000)
    given_at: Instant | None = None
    expires_on: Day | None = None
    located_at: str | None = Field(None, max_length=2_000)
    criterion: str | None = Field(None, max_length=200)


class Expiry(Given):
    """The last day on which evidence counts; null where it counts for good."""

    expires_on: Day | None


class Reason(Given):
    """Why."""

    reason: Text


class Waiver(Given):
    """Permission to pass one criterion unmet, for a reason and until a day."""

    criterion: str = Field(max_length=200)
    reason: Text
    expires_on: Day | None = None


@router.get("/deals/{key}/evidence", response=answers(Page[EvidenceShown]))
@policy(*EVERYONE)
def evidence(request: HttpRequest, key: str, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The evidence and waivers of a deal that are in force, the latest first."""
    rows = EvidenceVersion.objects.filter(
        deal=find_deal(actor(request), key), valid_to__isnull=True, revoked=False
    ).select_related("deal")
    return by_id(rows, cursor, limit, evidence_shown, field="seq", newest_first=True)


@router.post("/deals/{key}/evidence", response=answers(EvidenceShown, 201))
@policy(*EVERYONE)
def evidence_attach(request: HttpRequest, key: str, given: Evidence) -> Any:
    """New evidence on a deal, not verified yet."""
    return Status(
        201, evidence_shown(attach_evidence(actor(request), key, now=timezone.now(), **given.facts()))
    )


@router.post("/deals/{key}/waivers", response=answers(EvidenceShown, 201))
@policy(*EVERYONE)
def waiver_grant(request: HttpRequest, key: str, given: Waiver) -> Any:
    """The waiver of a criterion, where the definition lets the caller's role grant one."""
    row = grant_waiver(
        actor(request), key, criterion=given.criterion, reason=given.reason, expires_on=given.expires_on,
        now=timezone.now(),
    )  # fmt: skip
    return Status(201, evidence_shown(row))


@router.post("/evidence/{evidence_id}/verify", response=answers(EvidenceShown))
@policy(*EVERYONE)
def evidence_verify(request: HttpRequest, evidence_id: str) -> Any:
    """The evidence as checked by the caller, who must not be the one who recorded it."""
    return evidence_shown(verify_evidence(actor(request), evidence_id, now=timezone.now()))


@router.post("/evidence/{evidence_id}/expire", response=answers(EvidenceShown))
@policy(*EVERYONE)
def evidence_expire(request: HttpRequest, evidence_id: str, given: Expiry) -> Any:
    """The evidence with another last day."""
    row = expire_evidence(actor(request), evidence_id, expires_on=given.expires_on, now=timezone.now())
    return evidence_shown(row)


@router.post("/evidence/{evidence_id}/revoke", response=answers(EvidenceShown))
@policy(*EVERYONE)
def evidence_revoke(request: HttpRequest, evidence_id: str, given: Reason) -> Any:
    """The evidence taken back; what it was stays in its earlier versions."""
    return evidence_shown(
        revoke_evidence(actor(request), evidence_id, reason=given.reason, now=timezone.now())
    )
