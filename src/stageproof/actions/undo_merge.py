"""Undo of a merge: the two are two again, each with what was its own; what was done since stays with the one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.directory import MERGES
from stageproof.actions.history import names_changed
from stageproof.actions.leads import MERGES_LEADS
from stageproof.actions.permission import demand, forbid, may_edit, visible_deals
from stageproof.actions.take_back import (
    Span,
    Touched,
    conflicts,
    identifiers_taken,
    restore_rows,
    row_of,
    take_back,
    touched,
)
from stageproof.actions.take_out import refuse_homeless
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import (
    Account,
    AccountVersion,
    Activity,
    Contact,
    ContactVersion,
    Deal,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
    Merge,
    RoleVersion,
    Touch,
)
from stageproof.records.models.accounts import HERE

UNDONE = "merge undone"
_PRESENT: tuple[type[Any], ...] = (DealVersion, AccountVersion, ContactVersion)
_TOUCHES: tuple[type[Any], ...] = (*_PRESENT, EvidenceVersion, RoleVersion, LeadVersion)


def undo_merge(actor: Actor, merge: int, *, now: dt.datetime) -> Merge:
    """The merge, undone by new changes; refused whole, with every reason, where later changes stand in the way.

    What was added to the one since (evidence, roles, activities, deals) stays with it.
    """
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        row = Merge.objects.select_for_update().filter(pk=merge).first()
        if row is None:
            raise NotFound("merge", str(merge))
        _demand(actor, row)
        span = (row.first_seq, row.last_seq)
        things = {model: touched(model, span) for model in _TOUCHES}
        problems = [*_undone_already(row), *_winner_gone(row)]
        problems = problems or [
            *(each for model in _TOUCHES for each in conflicts(things[model], "the two became one")),
            *(
                each
                for model in (AccountVersion, ContactVersion)
                for each in identifiers_taken(things[model])
            ),
        ]
        if problems:
            raise Refused(problems)
        note = f"{row.loser_name} and {row.winner_name} are two again"[:500]
        for model in _PRESENT:
            # The winner first: it gives back an identifier of which there is one only.
            in_order = sorted(things[model], key=lambda each: _named(each) != row.winner)
            restore_rows(session, in_order, at=now, change=UNDONE, note=note)
        for model in (EvidenceVersion, RoleVersion):
            take_back(session, things[model], at=now)
        take_back(session, things[LeadVersion], at=now, change=UNDONE, note=note)
        _withdraw_copies(span, now)
        refuse_homeless()
        row.undone_at, row.undone_by = now, actor.name
        row.save()
        names_changed()
    return row


def _demand(actor: Actor, row: Merge) -> None:
    """Whoever may merge the two may part them; a deal that the actor does not see was never merged."""
    if row.word == "lead":
        return demand(actor, MERGES_LEADS, "part leads")
    if row.word != "deal":
        return demand(actor, MERGES, f"part {row.word}s")
    both = Deal.objects.select_for_update(of=("self",)).filter(
        visible_deals(actor), key__in=(row.winner, row.loser)
    )
    if len(both) != 2:
        raise NotFound("merge", str(row.pk))
    if not all(may_edit(actor, each) for each in both):
        raise forbid("change these deals")
    return None


def _undone_already(row: Merge) -> list[Problem]:
    if row.undone_at is None:
        return []
    says = f"{row.loser_name} and {row.winner_name} are two already: {row.undone_by} undid this merge."
    return [Problem("merge_undone", says, "Merge them again if they are the same.", value=str(row.pk))]


def _winner_gone(row: Merge) -> list[Problem]:
    """A problem where the one of both is itself no more."""
    match row.word:
        case "deal":
            gone = Deal.objects.filter(key=row.winner, status="deleted").exists()
        case "lead":
            gone = LeadVersion.objects.filter(lead=row.winner, valid_to__isnull=True, removed=True).exists()
        case _:
            model = Account if row.word == "account" else Contact
            gone = model._default_manager.filter(pk=int(row.winner)).exclude(HERE).exists()
    if not gone:
        return []
    says = f"{row.winner_name} has become part of another itself, or was taken out."
    return [Problem("winner_gone", says, "Undo that first.", value=row.winner)]


def _named(each: Touched[Any]) -> str:
    row = row_of(each)
    return row.key if isinstance(row, Deal) else str(row.pk)


def _withdraw_copies(span: Span, now: dt.datetime) -> None:
    """What happened to the one that went, and was recorded with the other as well, is its own again."""
    for happened in (Activity, Touch):
        copied = happened._default_manager.filter(seq__range=span, withdrawn_at__isnull=True)
        copied.update(withdrawn_at=now)
