"""Merge of deals: one of two goes on, with the evidence, committee and activities of both."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.actor import Actor
from stageproof.actions.deals import Done, locked_deal, save_version
from stageproof.actions.history import succeed
from stageproof.actions.merges import note_merge
from stageproof.actions.roles import end_role
from stageproof.actions.wrong import wrong
from stageproof.engine.problem import Refused
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Activity, Deal, EvidenceVersion, LeadVersion, RoleVersion, Touch
from stageproof.records.models.deals import FACTS

FILLED = tuple(
    name
    for name in FACTS
    if name not in ("name", "pipeline", "stage", "status", "currency", "created_at", "custom")
)
"""Facts that the winner takes over where it has none; money only in its own currency."""


def merge_deals(
    actor: Actor,
    *,
    winner: str,
    loser: str,
    now: dt.datetime,
    expected_version: int | None = None,
) -> Done:
    """The winner with what the loser had besides; the loser is taken out, its history stays.

    The stage is the winner's: a merge moves no deal. `expected_version` is the winner's.
    """
    if winner == loser:
        raise Refused([wrong("loser", loser, "A deal cannot be merged with itself.", "Choose another.")])
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        kept = locked_deal(actor, winner, expected_version)
        gone = locked_deal(actor, loser, None)
        names, after = (kept.name, gone.name), session.ledger.last_seq
        _pass_evidence(session, gone, kept, now)
        _pass_roles(session, gone, kept, now)
        _pass_activities(session, gone, kept, actor)
        for lead in LeadVersion.objects.filter(deal=gone, valid_to__isnull=True, removed=False).order_by(
            "seq"
        ):
            note = f"{gone.name} became part of {kept.name}"[:500]
            succeed(session, lead, at=now, deal=kept, change="deal merged", note=note)
        _pass_touches(session, gone, kept)
        for name in FILLED:
            if name == "amount" and gone.currency != kept.currency:
                continue
            if getattr(kept, name) is None:
                setattr(kept, name, getattr(gone, name))
        kept.custom = {**gone.custom, **kept.custom}
        gone.status = "deleted"
        save_version(session, gone, change="merged", at=now, note=f"became part of {kept.key}")
        seq = save_version(session, kept, change="merged", at=now, note=f"took in {gone.key}")
        note_merge(session, "deal", winner=kept.key, loser=gone.key, names=names, after=after, now=now)
    return Done(kept, seq)


def _pass_evidence(session: Writing, gone: Deal, kept: Deal, now: dt.datetime) -> None:
    """Evidence counts for the winner from now on; a waiver was granted to the one deal and ends with it."""
    rows = EvidenceVersion.objects.filter(deal=gone, valid_to__isnull=True, revoked=False).order_by("seq")
    for row in rows:
        if row.kind == "waiver":
            succeed(session, row, at=now, revoked=True)
        else:
            succeed(session, row, at=now, deal=kept)


def _pass_roles(session: Writing, gone: Deal, kept: Deal, now: dt.datetime) -> None:
    present = RoleVersion.objects.filter(valid_to__isnull=True)
    held = {(each.contact_id, each.role): each for each in present.filter(deal=kept)}
    for row in present.filter(deal=gone, removed=False).order_by("seq"):
        end_role(session, row, at=now)
        mine = held.get((row.contact_id, row.role))
        if mine is None:
            given = {
                "deal": kept,
                "contact_id": row.contact_id,
                "role": row.role,
                "engaged_at": row.engaged_at,
            }
            session.add([RoleVersion(**given, valid_from=now)])
        elif mine.removed:
            succeed(session, mine, at=now, removed=False, engaged_at=row.engaged_at)


def _pass_touches(session: Writing, gone: Deal, kept: Deal) -> None:
    """What touched the loser counts for the winner, too, so that its revenue is attributed to all of it."""
    rows = Touch.objects.filter(deal=gone, withdrawn_at__isnull=True).order_by("seq")
    names = ("lead", "source", "campaign", "touched_at")
    session.add([Touch(deal=kept, **{name: getattr(row, name) for name in names}) for row in rows])


def _pass_activities(session: Writing, gone: Deal, kept: Deal, actor: Actor) -> None:
    """What happened stays with the loser as its history, and is recorded with the winner, too."""
    rows = Activity.objects.filter(deal=gone, withdrawn_at__isnull=True).order_by("seq")
    first = session.ledger.last_seq + 1
    session.add(
        [
            Activity(
                key=f"A{first + number}",
                deal=kept,
                account_id=row.account_id,
                contact_id=row.contact_id,
                owner_id=row.owner_id,
                kind=row.kind,
                side=row.side,
                direction=row.direction,
                happened_at=row.happened_at,
                subject=row.subject,
            )
            for number, row in enumerate(rows)
        ]
    )
