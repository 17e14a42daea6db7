"""Sessions: a new key at each step in, none that outlives its person, and no form without its token."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.sessions.models import Session
from django.test import Client

from stageproof.actions.people import change_person
from stageproof.actions.tokens import create_token
from stageproof.records.models import Person, Token
from stageproof.records.sealed_sessions import kept_as
from stageproof.web.policy import PUBLIC
from tests.security.conftest import UNSAFE, Cast, Clock, Route, ask, fingerprint, undone
from tests.web.test_sign_in import ann, code_of, sign_in, turn_on

__all__ = ["ann"]


def with_key(key: str) -> Client:
    client = Client()
    client.cookies["sessionid"] = key
    return client


def test_signing_in_gives_a_new_key_and_the_old_one_is_dead(ann: Person) -> None:
    client = Client()
    client.get("/board")
    session = client.session
    session["planted"] = "by someone else"
    session.save()
    planted = session.session_key
    assert planted
    client.cookies["sessionid"] = planted
    sign_in(client, ann.email)
    assert client.session.session_key != planted
    assert not Session.objects.filter(pk=kept_as(planted)).exists()
    assert with_key(planted).get("/account").status_code == 302


def test_the_second_factor_gives_a_new_key_too(ann: Person) -> None:
    first = Client()
    sign_in(first, ann.email)
    secret = turn_on(first)
    client = Client()
    sign_in(client, ann.email)
    half_way = client.session.session_key
    assert half_way
    assert with_key(half_way).get("/account").status_code == 302
    assert client.post("/sign-in/code", {"code": code_of(secret, at=time.time() + 30)}).status_code == 302
    assert client.session.session_key != half_way
    assert client.get("/account").status_code == 200
    assert with_key(half_way).get("/account").status_code == 302


def test_shutting_someone_out_ends_every_session_and_token_at_once(
    ann: Person, cast: Cast, now: Clock
) -> None:
    clients = [Client(), Client()]
    for client in clients:
        sign_in(client, ann.email)
    _, text = create_token(cast.ann, name="Sheet", scope="write", now=now())
    program = Client(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert program.get("/api/v1/deals").status_code == 200
    other = Client()
    other.force_login(cast.ben.person)  # type: ignore[arg-type]
    change_person(cast.ada, ann.pk, changes={"is_active": False}, now=now())
    assert [client.get("/account").status_code for client in clients] == [302, 302]
    assert program.get("/api/v1/deals").status_code == 401
    assert Token.objects.get().revoked_at is not None
    assert other.get("/account").status_code == 200
    assert sign_in(Client(), ann.email)["Location"] == "/sign-in/inactive"
    change_person(cast.ada, ann.pk, changes={"is_active": True}, now=now())
    assert [client.get("/account").status_code for client in clients] == [302, 302]
    assert program.get("/api/v1/deals").status_code == 401


def test_another_role_holds_from_the_next_request(at: Any, cast: Cast, now: Clock) -> None:
    client = at("olga")
    assert client.get("/settings/organisation").status_code == 200
    assert cast.olga.person is not None
    from stageproof.records.models import Organisation

    Organisation.objects.update(pipeline_owner=cast.ada.person)
    change_person(cast.ada, cast.olga.person.pk, changes={"role": "rep"}, now=now())
    assert client.get("/settings/organisation").status_code == 403


def test_the_last_admin_stays(at: Any, cast: Cast) -> None:
    assert cast.ada.person is not None
    for typed in ({"is_active": "no"}, {"role": "rep"}):
        response = at("ada").post(f"/settings/people/{cast.ada.person.pk}", typed)
        assert response.status_code == 422
        assert "last admin" in response.content.decode()
    cast.ada.person.refresh_from_db()
    assert (cast.ada.person.role, cast.ada.person.is_active) == ("admin", True)


def test_the_cookie_is_kept_from_script_and_from_other_sites(ann: Person) -> None:
    client = Client()
    sign_in(client, ann.email)
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_no_form_works_without_its_token(cast: Cast, routes: list[Route]) -> None:
    client = Client(enforce_csrf_checks=True)
    assert cast.ada.person is not None
    client.force_login(cast.ada.person)
    before = fingerprint()
    for route in routes:
        for method in UNSAFE:
            if route.is_api and route.by_method.get(method, PUBLIC) == PUBLIC:
                continue
            with undone():
                response = ask(client, method, route.path)
                assert fingerprint() == before, f"{method} {route.path}"
            expected = 401 if route.is_api else 403
            assert response.status_code == expected, f"{method} {route.path} gave {response.status_code}"


def test_a_token_of_the_api_is_kept_nowhere(cast: Cast, at: Any) -> None:
    import re

    body = (
        at("ann").post("/settings/tokens", {"name": "Sheet", "scope": "read", "days": "30"}).content.decode()
    )
    found = re.search(r'id="token-text">(stp_[\w-]{43})<', body)
    assert found is not None
    text = found[1]
    assert Client(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/v1/deals").status_code == 200
    assert text not in at("ann").get("/settings/tokens").content.decode()
    assert text not in everything()


def everything() -> str:
    """Every row of every table as text."""
    from django.apps import apps

    return repr([list(model._default_manager.values_list()) for model in apps.get_models()])
