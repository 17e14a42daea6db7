"""Signing in with an identity provider: whom it vouches for and who is here gets in, and nobody else by any trick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers import registry
from django.test import Client, override_settings

from stageproof.actions.sign_ins import UNKNOWN
from stageproof.records.models import Change, Person
from stageproof.web.issuer import Company
from stageproof.web.policy import PUBLIC, policy_of
from stageproof.web.sign_in_urls import elsewhere_urlpatterns
from tests.security.conftest import Cast
from tests.security.identity import KEY, OTHER_KEY, SECRET, Identity, identity, signed
from tests.web.test_sign_in import code_of

ANN = {"sub": "u-17", "email": "Ann@Northwind.example", "email_verified": True, "name": "Ann Archer"}


@pytest.fixture
def issuer() -> Iterator[Identity]:
    with identity() as found:
        found.person = dict(ANN)
        registry.load()
        usual = registry.get_class(Company.id)
        registry.register(Company)
        with override_settings(
            SOCIALACCOUNT_PROVIDERS=found.provider(), PRIVATE_HOSTS=frozenset({"localhost"}),
            ROOT_URLCONF="tests.security.urls_with_issuer",
        ):  # fmt: skip
            yield found
        registry.register(usual)


def test_every_route_of_it_says_who_may_call_it() -> None:
    routes = [(route.name, policy_of(route.callback, route.name)) for route in elsewhere_urlpatterns]
    assert len(routes) == 5
    assert {declared for _, declared in routes} == {PUBLIC}


def led_away(client: Client, **more: str) -> str:
    response = client.post("/sign-in/with/company", more)
    assert response.status_code == 302
    return str(response["Location"])


def signed_in(client: Client, issuer: Identity) -> Any:
    return client.get(issuer.authorised(led_away(client)))


def nobody(client: Client, response: Any) -> None:
    """Fails where anybody was signed in, or anything but the refusal was kept."""
    assert "_auth_user_id" not in client.session
    assert client.get("/account").status_code == 302
    assert SocialAccount.objects.count() == 0
    assert response.status_code in (302, 401)
    assert list(Change.objects.filter(what="sign-in").values_list("which", "fields")) == [
        (UNKNOWN, {"refused": [None, "elsewhere"]})
    ]


def test_an_invited_person_is_let_in(cast: Cast, issuer: Identity) -> None:
    client = Client()
    people = Person.objects.count()
    away = led_away(client, next="/board?team=East")
    response = client.get(issuer.authorised(away))
    assert (response.status_code, response["Location"]) == (302, "/board?team=East")
    assert cast.ann.person is not None
    assert client.session["_auth_user_id"] == str(cast.ann.person.pk)
    assert client.get("/account").status_code == 200
    assert (Person.objects.count(), SocialToken.objects.count()) == (people, 0)
    # From now on it is the same account that counts, whatever address it has.
    issuer.person["email"] = "ann.archer@elsewhere.example"
    again = Client()
    assert signed_in(again, issuer).status_code == 302
    assert again.session["_auth_user_id"] == str(cast.ann.person.pk)


def test_the_page_offers_it_and_asks_before_it_leads_away(cast: Cast, issuer: Identity) -> None:
    page = Client().get("/sign-in").content.decode()
    assert 'action="/sign-in/with/company' in page
    assert "Sign in with localhost" in page
    assert Client().get("/sign-in/with/company").status_code == 200
    assert issuer.running.asked == []
    assert Client().post("/sign-in/with/nobody").status_code == 404


def test_a_second_factor_is_asked_for_all_the_same(cast: Cast, issuer: Identity) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.ann.person, secret)
    client = Client()
    assert signed_in(client, issuer)["Location"].startswith("/sign-in/code")
    assert "_auth_user_id" not in client.session
    assert client.post("/sign-in/code", {"code": code_of(secret)}).status_code == 302
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody@northwind.example"}, {"email": ""}, {"email": None}, {"email_verified": False},
        {"email_verified": "true"}, {"email_verified": 1}, {"email_verified": None},
        {"email": "ánn@northwind.example"}, {"email": "otto@northwind.example@evil.example"},
    ],
)  # fmt: skip
def test_who_is_not_here_is_told_so(cast: Cast, issuer: Identity, change: dict[str, Any]) -> None:
    issuer.person |= change
    client = Client()
    response = signed_in(client, issuer)
    nobody(client, response)
    assert response["Location"] == "/sign-in"
    assert "Ask an admin for an invitation" in client.get("/sign-in").content.decode()


def test_who_is_shut_out_stays_out(cast: Cast, issuer: Identity) -> None:
    assert cast.ann.person is not None
    assert signed_in(Client(), issuer).status_code == 302
    Person.objects.filter(pk=cast.ann.person.pk).update(is_active=False)
    client = Client()
    assert signed_in(client, issuer)["Location"] == "/sign-in/inactive"
    assert "_auth_user_id" not in client.session


def without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def put(**more: Any) -> Any:
    return lambda claims: {**claims, **more}


SPOILED = {
    "another nonce": put(nonce="0" * 64),
    "no nonce": without("nonce"),
    "nonce of another kind": put(nonce=["x"]),
    "another issuer": put(iss="https://evil.example"),
    "no issuer": without("iss"),
    "another program": put(aud="another"),
    "several programs, made for another": lambda claims: {**claims, "aud": [claims["aud"], "b"], "azp": "b"},
    "no program": without("aud"),
    "expired": put(exp=int(time.time()) - 3600),
    "no end": without("exp"),
    "not yet": put(nbf=int(time.time()) + 3600),
    "made in the future": put(iat=int(time.time()) + 3600),
    "no person": without("sub"),
    "another person": put(sub="u-99"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_token_that_is_not_good_lets_nobody_in(cast: Cast, issuer: Identity, how: str) -> None:
    issuer.spoil_claims = SPOILED[how]
    client = Client()
    response = signed_in(client, issuer)
    nobody(client, response)
    assert "You are not signed in" in response.content.decode()


FORGED = {
    "another key": lambda claims: signed(claims, OTHER_KEY),
    "a key of no name": lambda claims: signed(claims, OTHER_KEY, kid="two"),
    "the right key by another name": lambda claims: signed(claims, KEY, kid="two"),
    "no signature": lambda claims: signed(claims, None, algorithm="none"),
    "a shared secret": lambda claims: signed(claims, SECRET * 2, algorithm="HS256"),
    "the right key in another way": lambda claims: signed(claims, KEY, algorithm="RS512"),
    "cut off": lambda claims: signed(claims).rpartition(".")[0] + ".",
    "altered": lambda claims: signed(claims)[:-6] + "AAAAAA",
    "no token": lambda claims: "",
    "something else": lambda claims: "a.b.c",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_lets_nobody_in(cast: Cast, issuer: Identity, how: str) -> None:
    issuer.make_token = FORGED[how]
    client = Client()
    nobody(client, signed_in(client, issuer))


@pytest.mark.parametrize(
    "spoil",
    [put(issuer="https://evil.example"), without("issuer"), without("token_endpoint"), without("jwks_uri"),
     put(jwks_uri=7), lambda _: [], lambda _: "hello", put(jwks_uri="http://10.0.0.1/keys"),
     put(token_endpoint="http://169.254.169.254/latest"), put(userinfo_endpoint="https://127.0.0.1/")],
)  # fmt: skip
def test_an_issuer_that_is_not_itself_lets_nobody_in(cast: Cast, issuer: Identity, spoil: Any) -> None:
    away = led_away(Client())
    issuer.spoil_discovery = spoil
    client = Client()
    response = client.post("/sign-in/with/company")
    if response.status_code == 302:
        response = client.get(issuer.authorised(response["Location"]))
    nobody(client, response)
    assert away.startswith(issuer.address)


@pytest.mark.parametrize(
    "spoil", [put(sub="u-99", email="ada@northwind.example"), without("sub"), lambda _: [], lambda _: None]
)
def test_what_is_told_of_another_person_is_not_believed(cast: Cast, issuer: Identity, spoil: Any) -> None:
    issuer.spoil_person = spoil
    client = Client()
    nobody(client, signed_in(client, issuer))


def test_a_state_is_good_once_and_in_one_browser(cast: Cast, issuer: Identity) -> None:
    client, other = Client(), Client()
    back = issuer.authorised(led_away(client))
    assert other.get(back).status_code == 401
    assert "_auth_user_id" not in other.session
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert client.get(back.replace(state, "x" * len(state))).status_code == 401
    assert client.get("/sign-in/with/company/done?code=x").status_code == 401
    assert client.get(back).status_code == 302
    assert "_auth_user_id" in client.session
    late = Client()
    assert late.get(back).status_code == 401


def test_a_state_is_good_for_ten_minutes(
    cast: Cast, issuer: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    back = issuer.authorised(led_away(client))
    begun = time.time()
    monkeypatch.setattr(time, "time", lambda: begun + 601)
    assert client.get(back).status_code == 401
    assert "_auth_user_id" not in client.session


def test_a_code_of_another_attempt_is_of_no_use(cast: Cast, issuer: Identity) -> None:
    """A code that somebody else obtained, slipped into one's own attempt: the proof key does not fit."""
    stolen = parse_qs(urlsplit(issuer.authorised(led_away(Client()))).query)["code"][0]
    client = Client()
    back = issuer.authorised(led_away(client))
    own = parse_qs(urlsplit(back).query)["code"][0]
    nobody(client, client.get(back.replace(own, stolen)))


def test_whoever_turns_back_is_told_that_nothing_happened(cast: Cast, issuer: Identity) -> None:
    client = Client()
    state = parse_qs(urlsplit(led_away(client)).query)["state"][0]
    response = client.get(f"/sign-in/with/company/done?error=access_denied&state={state}")
    assert response["Location"] == "/sign-in/elsewhere/cancelled"
    assert "You are not signed in" in client.get(response["Location"]).content.decode()


def test_an_address_changes_nothing_of_what_is_asked(cast: Cast, issuer: Identity) -> None:
    client = Client()
    more = "scope=admin&auth_params=redirect_uri%3Dhttps%3A%2F%2Fevil.example&process=connect&action=reauthenticate"
    away = client.post(f"/sign-in/with/company?{more}")["Location"]
    asked = parse_qs(urlsplit(away).query)
    assert asked["redirect_uri"] == ["http://testserver/sign-in/with/company/done"]
    assert client.get(issuer.authorised(away)).status_code == 302
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize("hosts", [frozenset(), frozenset({"127.0.0.1", "idp.lan"})])
def test_an_issuer_inside_must_be_named(cast: Cast, issuer: Identity, hosts: frozenset[str]) -> None:
    client = Client()
    with override_settings(PRIVATE_HOSTS=hosts):
        nobody(client, client.post("/sign-in/with/company"))
    assert issuer.running.asked == []


def test_an_issuer_that_is_down_is_no_fault_of_ours(cast: Cast, issuer: Identity) -> None:
    issuer.running.port, port = 1, issuer.running.port
    with override_settings(SOCIALACCOUNT_PROVIDERS=issuer.provider()):
        client = Client()
        nobody(client, client.post("/sign-in/with/company"))
    issuer.running.port = port
