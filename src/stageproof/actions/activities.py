"""Activities and notes: what happened, who took part, and who says so."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.actor import Actor
from stageproof.actions.contacts import find_contact
from stageproof.actions.deals import find_deal, locked_deal
from stageproof.actions.evidence import SIDES
from stageproof.actions.permission import forbid
from stageproof.actions.wrong import missing, not_ahead, one_of, text_problems
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import ACTIVITIES
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Activity, Contact, Deal

KINDS = tuple(kind for kind in ACTIVITIES if kind != "any")
DIRECTIONS = ("inbound", "outbound")


def log_activity(
    actor: Actor,
    key: str,
    *,
    kind: str,
    side: str,
    subject: str,
    now: dt.datetime,
    happened_at: dt.datetime | None = None,
    contact: int | None = None,
    direction: str | None = None,
) -> Activity:
    """A thing that happened on a deal; `side` is the buyer's where the buyer acted or took part."""
    happened_at = happened_at or now
    problems = [
        *one_of("kind", kind, KINDS, "kind of activity"),
        *one_of("side", side, SIDES, "side"),
        *(one_of("direction", direction, DIRECTIONS, "direction") if direction else []),
        *not_ahead("happened_at", happened_at, now),
        *subject_problems(subject),
    ]
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = locked_deal(actor, key, None)
        if problems:
            raise Refused(problems)
        person = None if contact is None else find_contact(contact)
        return _add(session, actor, deal, person, kind, side, subject.strip(), happened_at, direction)


def add_note(actor: Actor, key: str, *, text: str, now: dt.datetime) -> Activity:
    """A note on a deal, from anyone who sees it and may write."""
    if not actor.may_write:
        raise forbid("add notes")
    problems = subject_problems(text)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = find_deal(actor, key, lock=True)
        if problems:
            raise Refused(problems)
        return _add(session, actor, deal, None, "note", "seller", text.strip(), now, None)


def _add(
    session: Writing,
    actor: Actor,
    deal: Deal,
    contact: Contact | None,
    kind: str,
    side: str,
    subject: str,
    happened_at: dt.datetime,
    direction: str | None,
) -> Activity:
    activity = Activity(
        key=f"A{session.ledger.last_seq + 1}",
        deal=deal,
        account=deal.account,
        contact=contact,
        owner=actor.person,
        kind=kind,
        side=side,
        direction=direction or None,
        happened_at=happened_at,
        subject=subject,
    )
    session.add([activity])
    return activity


def subject_problems(subject: str) -> list[Problem]:
    problems = text_problems(Activity, {"subject": subject})
    if not subject.strip():
        problems.append(missing("subject", "It is not said what about.", "Say it in a few words."))
    return problems
