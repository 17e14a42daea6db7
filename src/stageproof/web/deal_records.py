"""What is recorded on a deal's page: notes, activities, evidence, the committee, and taking the deal out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from stageproof.actions.activities import add_note, log_activity
from stageproof.actions.committee import remove_from_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import delete_deal, find_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence, verify_evidence
from stageproof.web.answers import actor_of
from stageproof.web.deal import changed
from stageproof.web.fields import instant_on, read_facts
from stageproof.web.mending import add_or_engage, people_of
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.undo import offered, toast_undo, undo_url


@policy(*EVERYONE)
@require_POST
def deal_note(request: HttpRequest, key: str) -> HttpResponse:
    """Adds a note."""
    kept = add_note(actor_of(request), key, text=request.POST.get("text", ""), now=timezone.now())
    return changed(request, key, "The note is kept.", toast_undo(kept.seq))


@policy(*EVERYONE)
@require_POST
def deal_activity(request: HttpRequest, key: str) -> HttpResponse:
    """Logs something that happened."""
    now, given = timezone.now(), request.POST
    logged = log_activity(
        actor_of(request), key, kind=given.get("kind", ""), side=given.get("side", ""),
        subject=given.get("subject", ""), now=now,
        happened_at=instant_on(given.get("happened_on", ""), "happened_on", now),
        contact=int(given["contact"]) if given.get("contact", "").isdigit() else None,
    )  # fmt: skip
    return changed(request, key, "It is on the timeline.", toast_undo(logged.seq))


@policy(*EVERYONE)
@require_POST
def deal_evidence(request: HttpRequest, key: str) -> HttpResponse:
    """Attaches evidence."""
    now, given = timezone.now(), request.POST
    expires = read_facts({"expires_on": given.get("expires_on", "")}, ["expires_on"], "USD")
    attached = attach_evidence(
        actor_of(request), key, now=now, kind=given.get("kind", ""), what=given.get("what", ""),
        side=given.get("side", "buyer"), given_by=given.get("given_by"),
        given_at=instant_on(given.get("given_on", ""), "given_on", now), located_at=given.get("located_at"),
        expires_on=expires["expires_on"],
    )  # fmt: skip
    return changed(request, key, "The evidence is attached.", toast_undo(attached.seq))


@policy(*EVERYONE)
@require_POST
def evidence_verify(request: HttpRequest, key: str, evidence_id: str) -> HttpResponse:
    """Verifies a piece of evidence."""
    verified = verify_evidence(actor_of(request), evidence_id, now=timezone.now())
    return changed(request, key, "The evidence is verified.", toast_undo(verified.seq))


@policy(*EVERYONE)
@require_POST
def evidence_revoke(request: HttpRequest, key: str, evidence_id: str) -> HttpResponse:
    """Takes a piece of evidence back."""
    revoked = revoke_evidence(
        actor_of(request), evidence_id, reason=request.POST.get("reason", ""), now=timezone.now()
    )
    return changed(request, key, "The evidence no longer counts.", toast_undo(revoked.seq))


@policy(*EVERYONE)
@require_POST
def deal_role(request: HttpRequest, key: str) -> HttpResponse:
    """Puts someone into the buying committee."""
    actor = actor_of(request)
    noted = add_or_engage(
        actor, find_deal(actor, key), request.POST.get("role", ""), request.POST.dict(), timezone.now()
    )
    return changed(request, key, "The committee is up to date.", toast_undo(noted.seq))


@policy(*EVERYONE)
@require_POST
def deal_role_end(request: HttpRequest, key: str) -> HttpResponse:
    """Takes someone's role out of the buying committee."""
    actor, given = actor_of(request), request.POST
    row = find_deal(actor, key)
    contact = next((each.pk for each in people_of(row) if each.name == given.get("contact")), None)
    if contact is None:
        raise NotFound("contact", given.get("contact", ""))
    ended = remove_from_committee(actor, key, contact=contact, role=given.get("role", ""), now=timezone.now())
    return changed(request, key, "The committee is up to date.", toast_undo(ended.seq))


@policy(*EVERYONE)
@require_POST
def deal_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Takes the deal out of the pipeline; its history stays."""
    expected = request.POST.get("expected_version", "")
    done = delete_deal(
        actor_of(request), key, now=timezone.now(), reason=request.POST.get("reason", ""),
        expected_version=int(expected) if expected.isdigit() else None,
    )  # fmt: skip
    offered(request, f"{done.deal.name} is out of the pipeline; its history stays.", undo_url(done.seq))
    return redirect("board")
