"""Permission: who sees and who edits which deals."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from stageproof.actions.actor import Actor
from stageproof.engine.problem import Problem
from stageproof.records.models import Deal, Person, Team

SEES_ALL = ("pipeline owner", "marketing", "finance", "executive", "admin")
EDITS_ALL = ("pipeline owner", "admin")
DEFINES = ("pipeline owner", "admin")
ADMINISTERS = ("admin",)
SETS_TARGETS = ("manager", "finance", "pipeline owner", "admin")
IMPORTS = ("pipeline owner", "admin")


class Forbidden(Exception):
    """The actor may not do this; nothing was changed."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def forbid(what: str) -> Forbidden:
    """A refusal for want of permission, in words."""
    return Forbidden(Problem("not_allowed", f"You may not {what}.", "Ask the pipeline owner or an admin."))


def teams_below(person: Person) -> set[int]:
    """The teams that a manager manages, with every team below them."""
    children: dict[int | None, list[int]] = {}
    managed: list[int] = []
    for team, parent, manager in Team.objects.values_list("id", "parent_id", "manager_id"):
        children.setdefault(parent, []).append(team)
        if manager == person.pk:
            managed.append(team)
    found: set[int] = set()
    while managed:
        team = managed.pop()
        if team not in found:
            found.add(team)
            managed += children.get(team, [])
    return found


def visible_deals(actor: Actor) -> Q:
    """Which deals the actor sees: a rep the team's and the own, a manager those of the teams below, the rest all."""
    person, teams = actor.person, visible_teams(actor)
    if person is None or teams is None:
        return Q()
    return Q(owner=person) | Q(team__in=teams)


def visible_teams(actor: Actor) -> set[int] | None:
    """The teams whose deals the actor sees beside the own; None for whom sees all."""
    person = actor.person
    if person is None or actor.role in SEES_ALL:
        return None
    if actor.role == "manager":
        return teams_below(person)
    return {person.team_id} if person.team_id else set()


def may_edit_any(actor: Actor) -> bool:
    """Whether there may be deals that the actor may change."""
    return actor.may_write and actor.role in ("rep", "manager", *EDITS_ALL)


def may_edit(actor: Actor, deal: Deal) -> bool:
    """Whether the actor may change the deal."""
    person = actor.person
    if not actor.may_write:
        return False
    if person is None or actor.role in EDITS_ALL:
        return True
    if deal.owner_id == person.pk:
        return actor.role in ("rep", "manager")
    return actor.role == "manager" and deal.team_id in teams_below(person)


def demand(actor: Actor, roles: Collection[str], what: str) -> None:
    """Raises Forbidden unless the actor has one of the roles and a writing scope."""
    if not actor.may_write or (actor.person is not None and actor.role not in roles):
        raise forbid(what)
