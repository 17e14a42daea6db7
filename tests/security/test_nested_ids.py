"""Whole and valid requests from those who may not make them: a door that opens first and asks afterwards shows here.

The matrix of routes sends nothing in its bodies. Here they are what the right person would send, and what is named
inside them belongs to others.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import typer
from django.test import Client
from typer.main import get_command

from stageproof.actions.deals import create_deal
from stageproof.actions.definitions import draft_definition
from stageproof.cli.commands import COMMANDS
from stageproof.records.models import Contact, Deal, DefinitionVersion, EvidenceVersion, Token
from tests.actions.database import database_hash
from tests.api.conftest import token_of
from tests.security.bodies import bodies
from tests.security.conftest import Cast, Clock, undone

NEVER = {"max": "marketing", "fay": "finance", "eve": "executive", "otto": "rep of another team"}
OWN = {"/accounts", "/contacts", "/leads", "/deals", "/rates", "/targets"}
"""What makes something new, and is some of these people's to make; who may is tested with each."""


def program(cast: Cast, name: str, scope: str) -> Client:
    client = Client(HTTP_AUTHORIZATION=f"Bearer {token_of(cast[name], scope)}")
    Token.objects.update(used_at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
    return client


def send(client: Client, method: str, path: str, body: Any) -> Any:
    return client.generic(method, f"/api/v1{path}", json.dumps(body), content_type="application/json")


@pytest.fixture
def valid(cast: Cast, ready: Callable[[], Deal], now: Clock) -> list[tuple[str, str, Any]]:
    deal, person = ready(), cast.ann.person
    toml = DefinitionVersion.objects.exclude(toml="").first()
    assert person is not None
    assert toml is not None
    draft = draft_definition(cast.olga, toml=toml.toml, now=now()).row
    sent = bodies(deal, Contact.objects.get(name="Cleo Clark"), person.pk, draft)
    found = EvidenceVersion.objects.first()
    assert found is not None
    return [
        *sent,
        ("POST", f"/evidence/{found.evidence}/verify", {}),
        ("POST", f"/evidence/{found.evidence}/expire", {"expires_on": "2026-01-01"}),
        ("POST", f"/evidence/{found.evidence}/revoke", {"reason": "Gone"}),
        ("DELETE", f"/deals/{deal.key}/roles/{Contact.objects.get().pk}/champion", None),
    ]


def test_the_bodies_are_such_as_the_right_person_sends(cast: Cast, valid: list[tuple[str, str, Any]]) -> None:
    client = program(cast, "olga", "write")
    statuses = []
    for method, path, body in valid:
        with undone():
            statuses.append(send(client, method, path, body).status_code)
    assert len([status for status in statuses if status in (200, 201)]) >= len(valid) * 2 // 3, statuses


@pytest.mark.parametrize("name", NEVER)
def test_nobody_changes_what_is_not_theirs_with_a_valid_body(
    cast: Cast, valid: list[tuple[str, str, Any]], name: str
) -> None:
    client = program(cast, name, "write")
    before = database_hash()
    for method, path, body in valid:
        # Whoever sees a deal may put a note on it.
        if (
            path in OWN
            or path.startswith("/definitions/check")
            or (path.endswith("/notes") and name != "otto")
        ):
            continue
        with undone():
            response = send(client, method, path, body)
            after = database_hash()
        where = f"{name}: {method} {path} gave {response.status_code}"
        if path.startswith("/bulk/"):
            assert {each["status"] for each in response.json()["outcomes"]} <= {"forbidden", "not_found"}, (
                where
            )
        elif not path.startswith("/contacts/"):
            assert response.status_code in (403, 404, 422), where
        assert after == before or path.startswith("/contacts/"), f"{where} and changed something"


@pytest.mark.parametrize(("name", "scope"), [("olga", "read"), ("ann", "read"), ("ada", "read")])
def test_a_token_for_reading_changes_nothing_with_a_valid_body(
    cast: Cast, valid: list[tuple[str, str, Any]], name: str, scope: str
) -> None:
    client = program(cast, name, scope)
    before = database_hash()
    for method, path, body in valid:
        assert send(client, method, path, body).status_code == 403, f"{method} {path}"
    assert database_hash() == before


def test_a_token_for_writing_administers_nothing(cast: Cast) -> None:
    person, team = cast.ann.person, cast.east
    assert person is not None
    client = program(cast, "ada", "write")
    before = database_hash()
    for method, path, body in (
        ("PATCH", f"/people/{person.pk}", {"role": "admin"}),
        ("PATCH", f"/people/{person.pk}", {"is_active": False}),
        ("POST", "/teams", {"name": "Mine"}),
        ("PATCH", f"/teams/{team.pk}", {"name": "Mine"}),
    ):
        response = send(client, method, path, body)
        assert (response.status_code, response.json()["problems"][0]["code"]) == (403, "token_scope"), path
    assert database_hash() == before


def test_what_is_named_inside_a_body_must_be_in_sight(cast: Cast, deal: Deal, now: Clock) -> None:
    """Otto sells in West; Acme's deal is East's. Named in bodies of his own, it is as if it were not."""
    own = create_deal(cast.otto, now=now(), facts={"name": "Otto's own"}).deal
    client = program(cast, "otto", "write")
    before = database_hash()
    for path, body in (
        (f"/deals/{own.key}/merge", {"loser": "{}"}),
        ("/bulk/edit", {"deals": ["{}"], "changes": {"next_step": "Mine"}}),
        ("/bulk/move", {"deals": ["{}"], "to": "lost", "lost_reason": "Mine"}),
    ):
        answers = []
        for key in (deal.key, "D999"):
            with undone():
                response = send(client, "POST", path, _with(body, key))
                assert database_hash() == before, path
            answers.append((response.status_code, response.content.decode().replace(key, "D")))
        assert answers[0] == answers[1], path
        assert "Acme" not in answers[0][1]


def _with(body: Any, key: str) -> Any:
    if isinstance(body, dict):
        return {name: _with(value, key) for name, value in body.items()}
    return [_with(each, key) for each in body] if isinstance(body, list) else key if body == "{}" else body


def test_another_ones_token_is_as_if_it_were_not(cast: Cast) -> None:
    token_of(cast.ann)
    theirs = Token.objects.get(person=cast.ann.person)
    for name in ("ben", "olga", "mia"):
        client = program(cast, name, "admin" if name == "ada" else "write")
        before = database_hash()
        assert send(client, "POST", f"/me/tokens/{theirs.pk}/revoke", {}).status_code == 404
        assert database_hash() == before


def test_no_command_takes_anybodys_identity() -> None:
    """At the command line acts who owns the machine, and nobody can be named to act instead."""
    for command in COMMANDS:
        # The demo company's people are nobody's.
        if command.name == "demo":
            continue
        program_ = typer.Typer()
        program_.command()(importlib.import_module(command.module).command)
        options = {option for each in get_command(program_).params for option in each.opts}
        assert not options & {"--as", "--user", "--person", "--token", "--role-of", "--password"}, (
            command.name
        )
