"""Every route times everyone: who is not let in gets no further, and nothing is changed on the way."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.deals import create_deal
from stageproof.actions.people import change_person
from stageproof.actions.tokens import create_token, revoke_token
from stageproof.records.models import Token
from stageproof.web.policy import PUBLIC
from tests.security.conftest import UNSAFE, Cast, Clock, Route, Things, ask, fingerprint, undone

ROLES = {
    "ann": "rep", "mia": "manager", "olga": "pipeline owner", "max": "marketing", "fay": "finance", "eve": "executive",
    "ada": "admin",
}  # fmt: skip
OPEN = {
    "offline", "offline_worker",
    "healthz", "readyz", "metrics", "first_run", "invitation", "account_login", "account_logout", "sign_out",
    "account_inactive", "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "mfa_authenticate", "mfa_login_webauthn", "shared", "shared_pdf",
}  # fmt: skip
"""The pages that anyone may call; a page is not opened to the world without being written down here."""
CLOSED = {
    "organisation": {"pipeline owner", "admin"},
    "people": {"admin"},
    "person": {"admin"},
    "invitation_withdraw": {"admin"},
    "teams": {"admin"},
    "team": {"admin"},
    "targets": {"manager", "finance", "pipeline owner", "admin"},
    "rates": {"finance", "pipeline owner", "admin"},
    "rate_remove": {"finance", "pipeline owner", "admin"},
    "changes": {"admin"},
    "reading_freeze": {"pipeline owner", "marketing", "finance", "executive", "admin"},
    "frozen_reading": {"pipeline owner", "marketing", "finance", "executive", "admin"},
    "frozen_compare": {"pipeline owner", "marketing", "finance", "executive", "admin"},
    "frozen_share": {"pipeline owner", "finance", "executive", "admin"},
    "share_revoke": {"pipeline owner", "finance", "executive", "admin"},
}
"""The pages of some roles only, as the issue has them; what a view declares must be the same."""


def test_every_route_says_who_may_call_it(routes: list[Route]) -> None:
    assert len(routes) > 60
    assert [route.name for route in routes if route.policy is None] == []
    assert [route.name for route in routes if route.is_api and not hasattr(route.view, "policies")] == []


def test_what_is_open_to_the_world_is_known(routes: list[Route]) -> None:
    assert {route.name for route in routes if route.policy == PUBLIC and not route.is_api} == OPEN
    opened = [route.path for route in routes if route.is_api and PUBLIC in route.by_method.values()]
    assert opened == ["/api/v1/openapi.json"]


def test_what_is_open_to_some_is_open_to_them(routes: list[Route]) -> None:
    declared = {route.name: set(route.policy or ()) for route in routes}
    assert {name: declared[name] for name in CLOSED} == CLOSED


def matrix(client: Client, routes: list[Route], role: str | None) -> list[str]:
    """What went wrong: a door that should be shut, a fault, or a refusal that changed something."""
    before, wrong = fingerprint(), []
    signed_in = deepcopy(client.cookies)
    for route in routes:
        for method, roles in route.by_method.items():
            client.cookies = deepcopy(signed_in)
            refused = roles != PUBLIC and role not in (roles or ())
            with undone():
                response = ask(client, method, route.path)
                # What was let in may change what it likes; a digest of everything takes as long as many a page.
                looked_at = refused or response.status_code >= 400
                after = fingerprint() if looked_at else before
            where = f"{role}: {method} {route.path} gave {response.status_code}"
            if refused and not shut(route, response, role):
                wrong.append(f"{where} though it is not for them")
            if after != before:
                wrong.append(f"{where} and changed something")
            if response.status_code >= 500:
                wrong.append(where)
    return wrong


def shut(route: Route, response: Any, role: str | None) -> bool:
    """Whether the answer is that of a shut door."""
    if role is not None:
        return bool(response.status_code == 403)
    if route.is_api:
        return bool(response.status_code == 401)
    return bool(response.status_code == 302 and response["Location"].startswith("/sign-in"))


@pytest.mark.parametrize("name", ROLES)
def test_nobody_gets_past_a_door_that_is_not_theirs(
    at: Any, cast: Cast, routes: list[Route], name: str
) -> None:
    assert matrix(at(name), routes, cast[name].role) == []


def test_the_anonymous_get_past_no_door(routes: list[Route]) -> None:
    assert matrix(Client(), routes, None) == []


def test_the_disabled_get_past_no_door(at: Any, cast: Cast, routes: list[Route], now: Clock) -> None:
    client = at("otto")
    assert client.get("/account").status_code == 200
    person = cast.otto.person
    assert person is not None
    change_person(cast.ada, person.pk, changes={"is_active": False}, now=now())
    assert matrix(client, routes, None) == []


def test_another_teams_deal_is_as_if_it_were_not(at: Any, things: Things, routes: list[Route]) -> None:
    """Otto sells in West, the deal is East's; an address with it answers as one with a deal that never was."""
    client, before = at("otto"), fingerprint()
    tried = [route for route in routes if "key" in route.places or "deal" in route.places]
    assert len(tried) > 20
    for route in tried:
        for method in route.by_method:
            with undone():
                there = ask(client, method, route.path)
                after = fingerprint()
            with undone():
                absent = ask(client, method, route.path.replace(things.deal.key, "D-999999"))
            where = f"{method} {route.path}"
            assert there.status_code == absent.status_code, where
            assert after == before, where
            assert there.status_code in (404, 405, 422), where
            assert "Acme rollout" not in there.content.decode(), where
            mine = there.content.decode().replace(things.deal.key, "D-999999")
            assert words(mine) == words(absent.content.decode()), where


def words(body: str) -> list[str]:
    """A body without what is new on every answer."""
    return [word for word in body.split() if "csrf" not in word.casefold() and len(word) < 60]


def test_a_list_shows_nothing_of_another_team(at: Any, cast: Cast, things: Things, now: Clock) -> None:
    secret = create_deal(
        cast.ann, now=now(), facts={"name": "Canary Kestrel", "close_on": dt.date(2026, 6, 1)}
    )
    client = at("otto")
    for path in (
        "/board", "/pipeline", "/pipeline/export", "/pipeline/export?format=xlsx", "/search?q=kestrel",
        "/palette?q=kestrel", "/api/v1/deals", "/accounts",
    ):  # fmt: skip
        response = client.get(path)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        if zipfile.is_zipfile(io.BytesIO(body)):
            book = zipfile.ZipFile(io.BytesIO(body))
            body = b"".join(book.read(name) for name in book.namelist() if "sharedStrings" in name)
        assert b"Kestrel" not in body, path
        assert secret.deal.key.encode() not in body, path
    assert b"Kestrel" in at("ann").get("/api/v1/deals").content


@pytest.mark.parametrize("state", ["expired", "revoked", "disabled", "unknown", "basic"])
def test_a_token_that_is_no_longer_good_opens_nothing(
    cast: Cast, routes: list[Route], now: Clock, state: str
) -> None:
    _, text = create_token(cast.olga, name="Sheet", scope="write", now=now())
    header = f"Bearer {text}"
    row = Token.objects.get(name="Sheet", person=cast.olga.person)
    if state == "expired":
        now.at += dt.timedelta(days=91)
    if state == "revoked":
        revoke_token(cast.olga, row.pk, now=now())
    if state == "disabled":
        row.person.is_active = False
        row.person.save()
    if state == "unknown":
        header += "x"
    if state == "basic":
        header = f"Basic {text}"
    before, client = fingerprint(), Client(HTTP_AUTHORIZATION=header)
    for route in routes:
        if route.is_api:
            for method, roles in route.by_method.items():
                if roles != PUBLIC:
                    assert ask(client, method, route.path).status_code == 401, f"{method} {route.path}"
    assert fingerprint() == before


def test_a_reading_token_changes_nothing(cast: Cast, routes: list[Route], now: Clock) -> None:
    row, text = create_token(cast.olga, name="Reader", scope="read", now=now())
    client = Client(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.get("/api/v1/deals").status_code == 200
    # When a token was last used is the one thing that using it changes.
    Token.objects.filter(pk=row.pk).update(used_at=None)
    before = fingerprint()
    for route in routes:
        if route.is_api:
            for method, roles in route.by_method.items():
                if method in UNSAFE and roles != PUBLIC:
                    assert ask(client, method, route.path).status_code == 403, f"{method} {route.path}"
    Token.objects.filter(pk=row.pk).update(used_at=None)
    assert fingerprint() == before
