"""Targets of a person, a team or the whole."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import visible_teams
from stageproof.actions.targets import set_target
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Day, Given, Id, Limit, Money, Page, Ref, answers, as_money, ref
from stageproof.records.models import Person, TargetVersion, Team
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Targets"])


class Target(Given):
    """A target of a person, of a team, or with neither of the whole; without an amount it is taken away."""

    starts_on: Day
    ends_on: Day
    amount: Money | None
    owner: Id | None = None
    team: Id | None = None


class TargetShown(BaseModel):
    """A target that is in force."""

    id: int
    owner: Ref | None
    team: Ref | None
    starts_on: dt.date
    ends_on: dt.date
    amount: Money
    removed: bool
    actor: str
    recorded_at: dt.datetime


@router.get("/targets", response=answers(Page[TargetShown]))
@policy(*EVERYONE)
def targets(
    request: HttpRequest, from_on: Day | None = None, to_on: Day | None = None, cursor: str | None = None,
    limit: Limit = USUAL,
) -> Any:  # fmt: skip
    """The targets in force, those that begin and end within two days where they are given."""
    rows = TargetVersion.objects.filter(_seen(actor(request)), valid_to__isnull=True, removed=False)
    if from_on is not None:
        rows = rows.filter(starts_on__gte=from_on)
    if to_on is not None:
        rows = rows.filter(ends_on__lte=to_on)
    return by_id(rows.select_related("owner", "team"), cursor, limit, target_shown)


@router.post("/targets", response=answers(TargetShown))
@policy(*EVERYONE)
def target_set(request: HttpRequest, given: Target) -> Any:
    """The target of a period as it now is."""
    row = set_target(
        actor(request),
        starts_on=given.starts_on,
        ends_on=given.ends_on,
        amount=None if given.amount is None else given.amount.minor(),
        currency=None if given.amount is None else given.amount.currency,
        owner=None if given.owner is None else _one(Person, given.owner, "person"),
        team=None if given.team is None else _one(Team, given.team, "team"),
        now=timezone.now(),
    )
    return target_shown(row)


def target_shown(row: TargetVersion) -> dict[str, Any]:
    """A target as a body has it."""
    return {
        "id": row.pk, "owner": ref(row.owner), "team": ref(row.team), "starts_on": row.starts_on,
        "ends_on": row.ends_on, "amount": as_money(row.amount, row.currency), "removed": row.removed,
        "actor": row.actor, "recorded_at": row.recorded_at,
    }  # fmt: skip


def _one(model: Any, pk: int, what: str) -> Any:
    found = model.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(what, str(pk))
    return found


def _seen(actor: Actor) -> Q:
    """The whole's, and those of the teams and people whose deals the actor sees."""
    teams = visible_teams(actor)
    if teams is None:
        return Q()
    of_all = Q(owner__isnull=True, team__isnull=True)
    return of_all | Q(owner=actor.person) | Q(team__in=teams) | Q(owner__team__in=teams)
