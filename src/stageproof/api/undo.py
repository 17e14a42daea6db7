"""Undo: a merge, a change, or changes that were made together."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from stageproof.actions.permission import visible_deals
from stageproof.actions.undo_change import undo_changes
from stageproof.actions.undo_merge import undo_merge
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Given, Id, Limit, Page, answers
from stageproof.records.models import Deal, Merge
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Undo"])
Seq = Field(ge=0, le=2**63 - 1)


class MergeShown(BaseModel):
    """A merge: which became part of which. `undone_at` is null while it stands."""

    id: int
    what: Literal["deal", "account", "contact", "lead"]
    winner: str
    winner_name: str
    loser: str
    loser_name: str
    actor: str
    merged_at: dt.datetime
    undone_by: str
    undone_at: dt.datetime | None


class Changes(Given):
    """The numbers of changes that were made together; `last` left out means the one."""

    first: int = Seq
    last: int | None = Field(None, ge=0, le=2**63 - 1)


class Undone(BaseModel):
    """How many things are as they were before."""

    undone: int


@router.get("/merges", response=answers(Page[MergeShown]))
@policy(*EVERYONE)
def merges(
    request: HttpRequest, what: str = "", winner: str = "", cursor: str | None = None, limit: Limit = USUAL
) -> Any:
    """The merges, of deals those that the caller may see; of one kind, or into one."""
    rows = Merge.objects.all()
    caller = actor(request)
    if (seen := visible_deals(caller)) != Q():
        keys = Deal.objects.filter(seen).values("key")
        rows = rows.filter(~Q(word="deal") | Q(winner__in=keys, loser__in=keys))
    if what:
        rows = rows.filter(word=what[:8])
    if winner:
        rows = rows.filter(winner=winner[:120])
    return by_id(rows, cursor, limit, merge_shown)


@router.post("/merges/{merge}/undo", response=answers(MergeShown))
@policy(*EVERYONE)
def merge_undo(request: HttpRequest, merge: Id) -> Any:
    """Makes two of one again; 422 with every later change that stands in the way."""
    return merge_shown(undo_merge(actor(request), merge, now=timezone.now()))


@router.post("/changes/undo", response=answers(Undone))
@policy(*EVERYONE)
def changes_undo(request: HttpRequest, given: Changes) -> Any:
    """Undoes evidence, roles, activities, touches, targets, edits of facts, and the taking out of deals.

    A move goes back through the gate, an import and a merge by an undo of their own.
    """
    last = given.first if given.last is None else given.last
    return {"undone": undo_changes(actor(request), given.first, last, now=timezone.now())}


def merge_shown(row: Merge) -> dict[str, Any]:
    """A merge as a body has it."""
    names = ("winner", "winner_name", "loser", "loser_name", "actor", "merged_at", "undone_by", "undone_at")
    return {"id": row.pk, "what": row.word, **{name: getattr(row, name) for name in names}}
