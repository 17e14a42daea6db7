"""People and teams: who is in which team, in which role, and whether they may sign in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change, values_of
from stageproof.actions.conflict import NotFound
from stageproof.actions.facts import unknown_facts
from stageproof.actions.history import names_changed
from stageproof.actions.permission import ADMINISTERS, demand
from stageproof.actions.sessions import end_sessions
from stageproof.actions.wrong import missing, one_of, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Organisation, Person, Team, Token
from stageproof.records.models.organisation import ROLES

PERSON = ("name", "role", "team", "is_active")
TEAM = ("name", "parent", "manager")


def change_person(actor: Actor, person_id: int, *, changes: Mapping[str, Any], now: dt.datetime) -> Person:
    """The person with another name, role or team, or shut out; who is shut out loses all tokens and sessions."""
    demand(actor, ADMINISTERS, "change people")
    problems = unknown_facts(changes, PERSON) + text_problems(Person, _texts(changes, PERSON))
    if "role" in changes:
        problems += one_of("role", changes["role"], ROLES, "role")
    if "name" in changes:
        changes = {**changes, "name": str(changes["name"] or "").strip()}
        if not changes["name"]:
            problems.append(missing("name", "A person needs a name.", "Give one."))
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        person = Person.objects.filter(pk=person_id).first()
        if person is None:
            raise NotFound("person", str(person_id))
        others = Person.objects.exclude(pk=person.pk)
        if "name" in changes and others.filter(name__iexact=changes["name"]).exists():
            says = "Someone else has this name; figures by owner need different ones."
            problems.append(wrong("name", changes["name"], says, "Add a middle name or an initial."))
        problems += _if_last_admin(person, changes)
        if changes.get("is_active") is False and Organisation.objects.filter(pipeline_owner=person).exists():
            says = f"{person.name} owns the pipeline."
            problems.append(Problem("owns_the_pipeline", says, "Name another pipeline owner first."))
        if problems:
            raise Refused(problems)
        before = values_of(person, tuple(changes))
        for name, value in changes.items():
            setattr(person, name, value)
        person.save()
        if not person.is_active:
            Token.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=now)
            end_sessions(person)
        fields = {name: (before[name], value) for name, value in changes.items()}
        note_change(actor, what="person", which=person.email, fields=fields, now=now)
        names_changed()
    return person


def save_team(actor: Actor, team_id: int | None, *, facts: Mapping[str, Any], now: dt.datetime) -> Team:
    """The team, new where it has no id; a team is below at most one other, never below itself."""
    demand(actor, ADMINISTERS, "change teams")
    problems = unknown_facts(facts, TEAM) + text_problems(Team, _texts(facts, TEAM))
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        team = Team() if team_id is None else Team.objects.filter(pk=team_id).first()
        if team is None:
            raise NotFound("team", str(team_id))
        name = str(facts.get("name", team.name) or "").strip()
        if not name:
            problems.append(missing("name", "A team needs a name.", "Give it one."))
        elif Team.objects.exclude(pk=team_id or 0).filter(name__iexact=name).exists():
            problems.append(wrong("name", name, "There is such a team already.", "Choose another name."))
        parent = facts.get("parent")
        if isinstance(parent, Team) and team_id is not None and _is_below(parent, team_id):
            problems.append(wrong("parent", parent, "A team cannot be below itself.", "Choose another."))
        if problems:
            raise Refused(problems)
        before = values_of(team, TEAM) if team_id is not None else dict.fromkeys(TEAM)
        for field, value in facts.items():
            setattr(team, field, name if field == "name" else value)
        team.save()
        fields = {field: (before[field], getattr(team, field)) for field in TEAM}
        note_change(actor, what="team", which=team.name, fields=fields, now=now)
        names_changed()
    return team


def _texts(facts: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name in known and isinstance(value, str)}


def _if_last_admin(person: Person, changes: Mapping[str, Any]) -> list[Problem]:
    stays = changes.get("role", person.role) == "admin" and changes.get("is_active", person.is_active)
    others = Person.objects.exclude(pk=person.pk).filter(role="admin", is_active=True)
    if person.role != "admin" or stays or others.exists():
        return []
    says = "This is the last admin: nobody could let anyone in."
    return [Problem("last_admin", says, "Make someone else an admin first.")]


def _is_below(team: Team | None, above: int) -> bool:
    seen = set()
    while team is not None and team.pk not in seen:
        if team.pk == above:
            return True
        seen.add(team.pk)
        team = team.parent
    return False
