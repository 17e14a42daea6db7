"""Waivers: permission to pass one criterion unmet, for a reason and for a while."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.actor import Actor
from stageproof.actions.deals import find_deal
from stageproof.actions.evidence import WAIVER
from stageproof.actions.gate import definition_of
from stageproof.actions.history import succeed
from stageproof.actions.permission import forbid, may_edit
from stageproof.actions.wrong import text_problems
from stageproof.engine.frames import day_number
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.stage_moves import Refusal, decide_waiver
from stageproof.records.ledger import writing
from stageproof.records.models import EvidenceVersion, Organisation


def grant_waiver(
    actor: Actor, key: str, *, criterion: str, reason: str, expires_on: dt.date | None, now: dt.datetime
) -> EvidenceVersion:
    """The waiver of one criterion on a deal; one that is in force already is renewed."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = find_deal(actor, key, lock=True)
        if not may_edit(actor, deal):
            raise forbid("waive a criterion of this deal")
        definition = definition_of(deal, now)
        if definition is None:
            says = "No definition is in force for this deal's pipeline."
            raise Refused(
                [Problem("no_definition", says, "Publish one with a date on or before today.", value=key)]
            )
        organisation = Organisation.objects.get()
        answer = decide_waiver(
            definition,
            deal=key,
            criterion=criterion,
            reason=reason,
            granted_by=actor.name,
            roles=_roles(actor, organisation),
            day=day_number(day_at(now, organisation.zone)),
            expires_on=None if expires_on is None else day_number(expires_on),
        )
        problems = text_problems(EvidenceVersion, {"what": reason})
        if isinstance(answer, Refusal):
            problems = [*answer.problems, *problems]
        if problems or isinstance(answer, Refusal):
            raise Refused(problems)
        facts = {
            "what": answer.reason,
            "given_by": answer.granted_by,
            "verified_by": answer.granted_by,
            "given_at": now,
            "expires_on": expires_on,
        }
        waivers = EvidenceVersion.objects.filter(deal=deal, kind=WAIVER, criterion=criterion)
        current = waivers.filter(valid_to__isnull=True, revoked=False).first()
        if current is not None:
            return succeed(session, current, at=now, **facts)
        waiver = EvidenceVersion(
            evidence=f"E{session.ledger.last_seq + 1}",
            deal=deal,
            criterion=criterion,
            kind=WAIVER,
            side="seller",
            valid_from=now,
            **facts,
        )
        session.add([waiver])
    return waiver


def _roles(actor: Actor, organisation: Organisation) -> list[str]:
    """The actor's roles: who owns the pipeline by name owns it in whatever other role."""
    named = actor.person is not None and organisation.pipeline_owner_id == actor.person.pk
    return [actor.role, "pipeline owner"] if named else [actor.role]
