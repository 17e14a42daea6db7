"""Evidence: attach, verify, expire, revoke. Each is a new version; none is overwritten."""

from __future__ import annotations

import datetime as dt
import re

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import find_deal
from stageproof.actions.gate import definition_of
from stageproof.actions.history import succeed
from stageproof.actions.permission import demand, forbid, may_edit
from stageproof.actions.wrong import missing, not_ahead, one_of, text_problems, wrong
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Deal, EvidenceVersion, Organisation

WAIVER = "waiver"
SIDES = ("buyer", "seller")
VERIFIES = ("manager", "pipeline owner", "admin")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,59}")


def attach_evidence(
    actor: Actor,
    key: str,
    *,
    now: dt.datetime,
    kind: str,
    what: str,
    side: str = "buyer",
    given_by: str | None = None,
    given_at: dt.datetime | None = None,
    expires_on: dt.date | None = None,
    located_at: str | None = None,
    criterion: str | None = None,
) -> EvidenceVersion:
    """New evidence on a deal, unverified; what the buyer gave must name who gave it."""
    kind = "_".join(kind.casefold().split())
    given_at = given_at or now
    problems = [
        *_kind_problems(kind),
        *one_of("side", side, SIDES, "side"),
        *not_ahead("given_at", given_at, now),
        *text_problems(
            EvidenceVersion,
            {"what": what, "given_by": given_by, "located_at": located_at, "criterion": criterion},
        ),
    ]
    if not what.strip():
        problems.append(missing("what", "Evidence needs words.", "Say what the buyer said or did."))
    if side == "buyer" and not (given_by or "").strip():
        problems.append(missing("given_by", "It is not said who gave this.", "Name the person at the buyer."))
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = find_deal(actor, key, lock=True)
        _demand_edit(actor, deal)
        problems += _expiry_problems(expires_on, now) + _criterion_problems(deal, criterion, now)
        if problems:
            raise Refused(problems)
        version = EvidenceVersion(
            evidence=f"E{session.ledger.last_seq + 1}",
            deal=deal,
            criterion=criterion or None,
            kind=kind,
            what=what.strip(),
            given_by=(given_by or "").strip() or None,
            side=side,
            given_at=given_at,
            expires_on=expires_on,
            located_at=(located_at or "").strip() or None,
            valid_from=now,
        )
        session.add([version])
    return version


def verify_evidence(actor: Actor, evidence: str, *, now: dt.datetime) -> EvidenceVersion:
    """The evidence as checked by the actor, who must not be the one who recorded it."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = find_evidence(actor, evidence)
        demand(actor, VERIFIES, "verify evidence")
        _demand_edit(actor, current.deal)
        first = EvidenceVersion.objects.filter(evidence=evidence).order_by("seq").first()
        if current.kind == WAIVER:
            raise Refused([_a_waiver("verified", "It needs no check: it says who granted it.")])
        if first is not None and first.actor == actor.name:
            says = "Evidence is verified by someone other than the one who recorded it."
            remedy = "Ask another manager or the pipeline owner."
            raise Refused([Problem("verified_by_recorder", says, remedy, value=evidence)])
        if current.verified_by == actor.name:
            return current
        return succeed(session, current, at=now, verified_by=actor.name)


def expire_evidence(
    actor: Actor, evidence: str, *, expires_on: dt.date | None, now: dt.datetime
) -> EvidenceVersion:
    """The evidence with another last day; one that now counts for longer has to be verified again."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = find_evidence(actor, evidence)
        _demand_edit(actor, current.deal)
        longer = current.expires_on is not None and (expires_on is None or expires_on > current.expires_on)
        if current.kind == WAIVER and longer:
            raise Refused([_a_waiver("prolonged", "Grant it again, with its reason.")])
        if expires_on == current.expires_on:
            return current
        checked = None if longer else current.verified_by
        return succeed(session, current, at=now, expires_on=expires_on, verified_by=checked)


def revoke_evidence(actor: Actor, evidence: str, *, reason: str, now: dt.datetime) -> EvidenceVersion:
    """The evidence taken back, with the reason in its words; what it was stays in its earlier versions."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = find_evidence(actor, evidence)
        _demand_edit(actor, current.deal)
        what = f"{current.what}\nRevoked: {reason.strip()}"
        problems = text_problems(EvidenceVersion, {"what": what})
        if not reason.strip():
            says = "Taking evidence back needs a reason."
            problems.append(missing("reason", says, "Say why it no longer counts."))
        if problems:
            raise Refused(problems)
        return succeed(session, current, at=now, revoked=True, what=what)


def find_evidence(actor: Actor, evidence: str) -> EvidenceVersion:
    """The evidence in force, on a deal that the actor may see; NotFound otherwise."""
    current = (
        EvidenceVersion.objects.select_related("deal", "deal__owner")
        .filter(evidence=evidence, valid_to__isnull=True, revoked=False)
        .first()
    )
    if current is None:
        raise NotFound("evidence", evidence)
    try:
        find_deal(actor, current.deal.key)
    except NotFound:
        raise NotFound("evidence", evidence) from None
    return current


def _demand_edit(actor: Actor, deal: Deal) -> None:
    if not may_edit(actor, deal):
        raise forbid("change the evidence of this deal")


def _kind_problems(kind: str) -> list[Problem]:
    if kind == WAIVER:
        return [
            wrong("kind", kind, "A waiver is granted, not attached.", "Grant it, with reason and expiry.")
        ]
    if not _KIND.fullmatch(kind):
        says = f"'{kind[:60]}' cannot be a kind of evidence."
        return [wrong("kind", kind, says, "Use a short word such as pain, budget or close_date.")]
    return []


def _expiry_problems(expires_on: dt.date | None, now: dt.datetime) -> list[Problem]:
    if expires_on is None or expires_on >= day_at(now, Organisation.objects.get().zone):
        return []
    return [
        wrong("expires_on", expires_on, "This has expired already.", "Choose a day ahead, or leave it blank.")
    ]


def _criterion_problems(deal: Deal, criterion: str | None, now: dt.datetime) -> list[Problem]:
    if not criterion:
        return []
    definition = definition_of(deal, now)
    known = [] if definition is None else [each.id for _, each in definition.all_criteria]
    return one_of("criterion", criterion, known, "criterion")


def _a_waiver(what: str, remedy: str) -> Problem:
    return Problem("is_a_waiver", f"A waiver cannot be {what}.", remedy)
