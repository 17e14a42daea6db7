"""People: the first run, invitations, tokens, teams."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.actor import system
from stageproof.actions.conflict import NotFound
from stageproof.actions.import_directory import NOT_INVITED
from stageproof.actions.invitations import accept_invitation, invite, open_invitation, withdraw_invitation
from stageproof.actions.organisation import set_up
from stageproof.actions.people import change_person, save_team
from stageproof.actions.permission import Forbidden
from stageproof.actions.tokens import actor_of, create_token, revoke_token
from stageproof.engine.definition import read_definition
from stageproof.records.models import DefinitionVersion, Invitation, Organisation, Person, Team, Token
from tests.actions.conftest import START, Cast, Clock
from tests.actions.database import codes, denied

FIRST: dict[str, Any] = {
    "name": "Northwind", "zone": "Europe/Vienna", "currency": "eur", "owner_name": "Olga Novak",
    "owner_email": "Olga@Northwind.example", "now": START, "password": "a long enough one",
}  # fmt: skip
STRONG = "correct horse battery"


@pytest.mark.django_db
def test_the_first_run() -> None:
    made = set_up(**FIRST, template="smb", year_starts=4, week_starts=6)
    assert (made.owner.role, made.owner.email, made.owner.check_password("a long enough one")) == (
        "admin", "olga@northwind.example", True,
    )  # fmt: skip
    kept = Organisation.objects.get()
    assert (kept.currency, kept.zone, kept.year_starts, kept.week_starts, kept.pipeline_owner) == (
        "EUR", "Europe/Vienna", 4, 6, made.owner,
    )  # fmt: skip
    row = DefinitionVersion.objects.get()
    assert (row.version, row.effective_from, read_definition(row.toml).owner) == (
        1, dt.date(1970, 1, 1), "olga@northwind.example",
    )  # fmt: skip
    assert codes(lambda: set_up(**FIRST)) == ["set_up_already"]


@pytest.mark.django_db
def test_the_first_run_refuses_with_every_reason() -> None:
    wrong: dict[str, Any] = {
        "name": " ", "zone": "Vienna", "currency": "XXQ", "owner_name": "everyone", "owner_email": "team",
        "now": START, "password": "short", "template": "none", "year_starts": 13, "week_starts": 9,
    }  # fmt: skip
    found = codes(lambda: set_up(**wrong))
    assert found[:1] == ["missing_name"]
    assert {"wrong_currency", "calendar_wrong", "wrong_owner_name", "wrong_owner_email", "weak_password",
            "template_unknown"} <= set(found)  # fmt: skip
    assert len(found) >= 8


def test_an_invitation_is_good_once(cast: Cast, now: Clock) -> None:
    row, key = invite(
        cast.ada, email="Nora@Northwind.example", name="Nora Nash", role="rep", team=cast.east, now=now()
    )
    assert key not in repr(Invitation.objects.values_list())
    assert open_invitation(key, now=now()).pk == row.pk
    assert codes(lambda: accept_invitation(key, password="short", now=now())) == ["weak_password"]
    nora = accept_invitation(key, password=STRONG, now=now())
    assert (nora.email, nora.role, nora.team, nora.is_active, nora.check_password(STRONG)) == (
        "nora@northwind.example", "rep", cast.east, True, True,
    )  # fmt: skip
    denied(lambda: accept_invitation(key, password=STRONG, now=now()), NotFound)


def test_invitations_end(cast: Cast, now: Clock) -> None:
    facts: dict[str, Any] = {"email": "nora@northwind.example", "name": "Nora Nash", "role": "rep"}
    _, first = invite(cast.ada, **facts, now=now())
    row, second = invite(cast.ada, **facts, now=now())
    denied(lambda: open_invitation(first, now=now()), NotFound)
    now.days(7)
    denied(lambda: accept_invitation(second, password=STRONG, now=now()), NotFound)
    row, third = invite(cast.ada, **facts, now=now())
    withdraw_invitation(cast.ada, row.pk, now=now())
    denied(lambda: open_invitation(third, now=now()), NotFound)
    denied(lambda: withdraw_invitation(cast.ada, row.pk, now=now()), NotFound)


def test_someone_whom_an_import_named_is_that_person(cast: Cast, now: Clock) -> None:
    named = Person.objects.create(email=f"zoe-1@{NOT_INVITED}", name="Zoe Zimmer", is_active=False)
    _, key = invite(cast.ada, email="zoe@northwind.example", name="Zoe Zimmer", role="rep", now=now())
    assert accept_invitation(key, password=STRONG, now=now()).pk == named.pk


def test_what_an_invitation_refuses(cast: Cast, now: Clock) -> None:
    assert codes(lambda: invite(cast.ada, email="x", name="", role="boss", now=now())) == [
        "wrong_role", "wrong_email", "missing_name",
    ]  # fmt: skip
    assert codes(
        lambda: invite(cast.ada, email="ann@northwind.example", name="Ann", role="rep", now=now())
    ) == ["wrong_email"]
    assert codes(
        lambda: invite(cast.ada, email="a@northwind.example", name="ann archer", role="rep", now=now())
    ) == ["wrong_name"]
    for who in ("ann", "mia", "olga", "max", "fay", "eve", "otto"):
        denied(
            lambda who=who: invite(cast[who], email="x@y.example", name="x", role="admin", now=now()),
            Forbidden,  # type: ignore[misc]
        )
        denied(lambda who=who: withdraw_invitation(cast[who], 1, now=now()), Forbidden)  # type: ignore[misc]


def test_a_token_is_shown_once_and_kept_as_a_hash(cast: Cast, now: Clock) -> None:
    token, text = create_token(cast.ann, name="Laptop", scope="read", now=now())
    assert text.startswith(token.prefix)
    assert text not in repr(Token.objects.values())
    caller = actor_of(text, now=now())
    assert caller is not None
    assert (caller.person, caller.door, caller.scope, caller.may_write) == (
        cast.ann.person,
        "api",
        "read",
        False,
    )
    assert Token.objects.get().used_at == now.at
    assert actor_of(text + "x", now=now()) is None
    denied(lambda: revoke_token(cast.ben, token.pk, now=now()), NotFound)
    revoke_token(cast.ann, token.pk, now=now())
    assert actor_of(text, now=now()) is None


def test_a_token_ends_with_its_day_or_its_person(cast: Cast, now: Clock) -> None:
    token, text = create_token(
        cast.ann, name="x", scope="write", expires_at=START + dt.timedelta(days=2), now=now()
    )
    assert actor_of(text, now=token.expires_at - dt.timedelta(seconds=1)) is not None
    assert actor_of(text, now=token.expires_at) is None
    at = now()
    year = at + dt.timedelta(days=365)
    assert create_token(cast.ann, name="x", scope="read", expires_at=year, now=at)[0].expires_at == year
    token, text = create_token(cast.ann, name="x", scope="write", now=now())
    change_person(cast.ada, token.person_id, changes={"is_active": False}, now=now())
    assert actor_of(text, now=now()) is None
    assert Token.objects.filter(person=cast.ann.person, revoked_at__isnull=True).count() == 0


def test_what_a_token_refuses(cast: Cast, now: Clock) -> None:
    far = START + dt.timedelta(days=800)
    assert codes(lambda: create_token(cast.ann, name=" ", scope="all", expires_at=far, now=now())) == [
        "wrong_scope", "missing_name", "wrong_expires_at",
    ]  # fmt: skip
    assert codes(lambda: create_token(cast.olga, name="x", scope="admin", now=now())) == ["wrong_scope"]
    denied(lambda: create_token(system("cli"), name="x", scope="read", now=now()), Forbidden)


def test_people_and_teams(cast: Cast, now: Clock) -> None:
    south = save_team(cast.ada, None, facts={"name": "South", "parent": cast.east}, now=now())
    change_person(cast.ada, cast.otto.person.pk, changes={"team": south, "role": "manager"}, now=now())  # type: ignore[union-attr]
    assert Person.objects.get(name="Otto Olsen").team == south
    # A name is what it is without the space around it; with it, another could have the same.
    renamed = change_person(cast.ada, cast.otto.person.pk, changes={"name": " Otto Olsen-Ott "}, now=now())  # type: ignore[union-attr]
    assert renamed.name == "Otto Olsen-Ott"
    twin = {"name": "  otto olsen-ott"}
    assert codes(
        lambda: change_person(cast.ada, cast.ann.person.pk, changes=twin, now=now())  # type: ignore[union-attr]
    ) == ["wrong_name"]
    assert codes(lambda: save_team(cast.ada, cast.east.pk, facts={"parent": south}, now=now())) == [
        "wrong_parent"
    ]
    assert codes(lambda: save_team(cast.ada, None, facts={"name": "south"}, now=now())) == ["wrong_name"]
    assert codes(
        lambda: change_person(cast.ada, cast.ada.person.pk, changes={"role": "rep"}, now=now())  # type: ignore[union-attr]
    ) == ["last_admin"]
    # An admin who cannot sign in lets nobody in either.
    Person.objects.create_user("old@northwind.example", name="Old", role="admin", is_active=False)
    assert codes(
        lambda: change_person(cast.ada, cast.ada.person.pk, changes={"is_active": False}, now=now())  # type: ignore[union-attr]
    ) == ["last_admin"]
    assert codes(
        lambda: change_person(cast.ada, cast.olga.person.pk, changes={"is_active": False}, now=now())  # type: ignore[union-attr]
    ) == ["owns_the_pipeline"]
    for who in ("ann", "mia", "olga", "eve"):
        denied(
            lambda who=who: change_person(
                cast[who], cast[who].person.pk, changes={"role": "admin"}, now=now()
            ),  # type: ignore[misc]
            Forbidden,
        )
        denied(lambda who=who: save_team(cast[who], None, facts={"name": "x"}, now=now()), Forbidden)  # type: ignore[misc]
    assert Team.objects.count() == 3
