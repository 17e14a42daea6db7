"""People and teams: who there is, and for admins, who may do what."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.people import change_person, save_team
from stageproof.actions.permission import ADMINISTERS
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Given, Id, Limit, Page, Ref, answers, ref
from stageproof.records.models import Person, Team
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["People"])


class PersonShown(BaseModel):
    """Someone of the organisation."""

    id: int
    name: str
    email: str
    role: str
    team: Ref | None
    is_active: bool


class PersonEdit(Given):
    """Another name, role or team; `is_active` false shuts the person out, with all tokens."""

    name: str | None = Field(None, max_length=1_000)
    role: str | None = Field(None, max_length=100)
    team: Id | None = None
    is_active: bool | None = None


class TeamShown(BaseModel):
    """A team; its manager sees and edits what it and the teams below it own."""

    id: int
    name: str
    parent: Ref | None
    manager: Ref | None


class TeamFacts(Given):
    """What is known of a team."""

    name: str | None = Field(None, max_length=1_000)
    parent: Id | None = None
    manager: Id | None = None


@router.get("/people", response=answers(Page[PersonShown]))
@policy(*EVERYONE)
def people(request: HttpRequest, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """Everyone of the organisation."""
    return by_id(Person.objects.select_related("team"), cursor, limit, person_shown)


@router.patch("/people/{person_id}", response=answers(PersonShown))
@policy(*ADMINISTERS)
def person_edit(request: HttpRequest, person_id: Id, given: PersonEdit) -> Any:
    """The person with another name, role or team, or shut out."""
    changes = _with(given.facts(), team=Team)
    if changes.get("is_active", True) is None:
        del changes["is_active"]
    return person_shown(change_person(actor(request), person_id, changes=changes, now=timezone.now()))


@router.get("/teams", response=answers(Page[TeamShown]))
@policy(*EVERYONE)
def teams(request: HttpRequest, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """Every team."""
    return by_id(Team.objects.select_related("parent", "manager"), cursor, limit, team_shown)


@router.post("/teams", response=answers(TeamShown, 201))
@policy(*ADMINISTERS)
def team_create(request: HttpRequest, given: TeamFacts) -> Any:
    """A new team."""
    facts = _with(given.facts(), parent=Team, manager=Person)
    return Status(201, team_shown(save_team(actor(request), None, facts=facts, now=timezone.now())))


@router.patch("/teams/{team_id}", response=answers(TeamShown))
@policy(*ADMINISTERS)
def team_edit(request: HttpRequest, team_id: Id, given: TeamFacts) -> Any:
    """The team with another name, place or manager."""
    facts = _with(given.facts(), parent=Team, manager=Person)
    return team_shown(save_team(actor(request), team_id, facts=facts, now=timezone.now()))


def person_shown(row: Person) -> dict[str, Any]:
    """A person as a body has one."""
    names = ("name", "email", "role", "is_active")
    return {"id": row.pk, "team": ref(row.team), **{name: getattr(row, name) for name in names}}


def team_shown(row: Team) -> dict[str, Any]:
    """A team as a body has it."""
    return {"id": row.pk, "name": row.name, "parent": ref(row.parent), "manager": ref(row.manager)}


def _with(facts: dict[str, Any], **models: Any) -> dict[str, Any]:
    """The facts with things themselves in the place of their ids; NotFound where there is none."""
    from stageproof.actions.conflict import NotFound

    for name, model in models.items():
        if facts.get(name) is not None:
            found = model.objects.filter(pk=facts[name]).first()
            if found is None:
                raise NotFound(name, str(facts[name]))
            facts[name] = found
    return facts
