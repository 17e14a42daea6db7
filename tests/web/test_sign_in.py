"""Signing in: password, second factor, recovery codes, a forgotten password, confirming before a change."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client, override_settings

from stageproof.records.models import Person
from tests.web.conftest import Cast, text_of

PASSWORD = "heron-quartz-lantern-9"
OTHER = "walnut-orbit-pelican-4"
LOCAL_MAIL = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def ann(cast: Cast) -> Person:
    person = cast.ann.person
    assert person is not None
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def ada(cast: Cast) -> Person:
    person = cast.ada.person
    assert person is not None
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in", {"login": email, "password": password, **more})


def code_of(secret: str, at: float | None = None) -> str:
    """The code that an authenticator app shows, as RFC 6238 works it out."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = struct.pack(">Q", int((time.time() if at is None else at) // 30))
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_code_is_that_of_the_standard() -> None:
    """RFC 6238, appendix B: SHA-1 at 59 seconds, the last six digits."""
    assert code_of(base64.b32encode(b"12345678901234567890").decode(), at=59) == "287082"


def turn_on(client: Client) -> str:
    page = client.get("/account/second-factor/app")
    if page.status_code == 302:
        client.post("/sign-in/again", {"password": PASSWORD})
        page = client.get("/account/second-factor/app")
    secret = re.search(r'id="authenticator_secret">(\w+)<', page.content.decode())
    assert secret is not None
    assert client.post("/account/second-factor/app", {"code": code_of(secret[1])}).status_code == 302
    return secret[1]


def test_a_password_signs_in_and_leads_back_to_where_one_was(ann: Person) -> None:
    client = Client()
    asked = client.get("/pipeline?sort=amount&owner=Ann")
    assert asked["Location"] == "/sign-in?next=%2Fpipeline%3Fsort%3Damount%26owner%3DAnn"
    response = sign_in(client, "ann@northwind.example", next="/pipeline?sort=amount&owner=Ann")
    assert response["Location"] == "/pipeline?sort=amount&owner=Ann"
    assert client.session["_auth_user_id"] == str(ann.pk)


def test_the_address_is_read_without_regard_to_case(ann: Person) -> None:
    assert sign_in(Client(), " ANN@Northwind.EXAMPLE ").status_code == 302


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(cast: Cast) -> None:
    response = Client().get(
        "/board/column", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/board?team=East"
    )
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in?next=%2Fboard%3Fteam%3DEast"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@northwind.example", OTHER),
        ("nobody@northwind.example", PASSWORD),
        ("ben@northwind.example", "!"),
    ],
)
def test_a_wrong_address_and_a_wrong_password_read_alike(ann: Person, email: str, password: str) -> None:
    client = Client()
    words = text_of(sign_in(client, email, password))
    assert "The email address and/or password you specified are not correct." in words
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up(cast: Cast) -> None:
    client = Client()
    for path in ("/signup/", "/sign-up", "/accounts/signup/", "/account/email/"):
        assert client.get(path).status_code == 404


def test_signing_out_ends_the_session(ann: Person) -> None:
    client = Client()
    sign_in(client, ann.email)
    key = client.session.session_key
    assert client.get("/sign-out").status_code == 200
    assert client.session["_auth_user_id"] == str(ann.pk)
    assert client.post("/sign-out").status_code == 302
    client.cookies["sessionid"] = key or ""
    assert client.get("/account").status_code == 302


def test_a_second_factor_is_asked_for_once_it_is_on(ann: Person) -> None:
    first = Client()
    sign_in(first, ann.email)
    secret = turn_on(first)
    second = Client()
    response = sign_in(second, ann.email, next="/board")
    assert response["Location"].startswith("/sign-in/code")
    assert "_auth_user_id" not in second.session
    assert second.get("/board").status_code == 302
    Authenticator.objects.get(type="totp")
    # The code that turned it on is used up; half a minute later the next one is good.
    later = code_of(secret, at=time.time() + 30)
    assert (
        second.post("/sign-in/code", {"code": "000000" if later != "000000" else "111111"}).status_code == 200
    )
    response = second.post("/sign-in/code", {"code": later})
    assert response.status_code == 302
    assert second.session["_auth_user_id"] == str(ann.pk)


def test_a_code_is_good_once(ann: Person) -> None:
    first = Client()
    sign_in(first, ann.email)
    secret = turn_on(first)
    later = code_of(secret, at=time.time() + 30)
    for expected in (302, 200):
        client = Client()
        sign_in(client, ann.email)
        assert client.post("/sign-in/code", {"code": later}).status_code == expected


def test_recovery_codes_are_shown_once_and_each_signs_in_once(ann: Person) -> None:
    first = Client()
    sign_in(first, ann.email)
    turn_on(first)
    shown = re.findall(r"<li><code>(\w+)</code>", first.get("/account/second-factor/codes").content.decode())
    assert len(shown) == len(set(shown)) == 10
    assert shown[0] not in first.get("/account/second-factor/codes").content.decode()
    for expected in (302, 200):
        client = Client()
        sign_in(client, ann.email)
        assert client.post("/sign-in/code", {"code": shown[0]}).status_code == expected


def test_a_forgotten_password_is_set_anew_by_a_link_that_is_good_once(ann: Person) -> None:
    elsewhere = Client()
    sign_in(elsewhere, ann.email)
    client = Client()
    with override_settings(EMAIL_BACKEND=LOCAL_MAIL):
        assert client.post("/sign-in/forgotten", {"email": "ANN@northwind.example"}).status_code == 302
        assert client.post("/sign-in/forgotten", {"email": "nobody@northwind.example"}).status_code == 302
    (letter,) = mail.outbox
    assert letter.to == [ann.email]
    assert "the sales pipeline of Northwind" in letter.body
    link = re.search(r"http://testserver(/sign-in/forgotten/\S+)", letter.body)
    assert link is not None
    page = client.get(link[1], follow=True)
    address = page.redirect_chain[-1][0]
    assert link[1].rsplit("-", 1)[1] not in address
    assert client.post(address, {"password1": OTHER, "password2": OTHER}).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(OTHER)
    assert elsewhere.get("/account").status_code == 302
    again = Client().get(link[1], follow=True)
    assert "no longer good" in text_of(again)
    assert Client().post(link[1], {"password1": PASSWORD, "password2": PASSWORD}).status_code == 200
    ann.refresh_from_db()
    assert ann.check_password(OTHER)


def test_without_mail_the_page_says_what_to_do_instead(cast: Cast) -> None:
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        words = text_of(Client().get("/sign-in/forgotten"))
    assert "This deployment sends no mail." in words
    assert "stageproof user password" in words


def test_a_changed_password_ends_the_other_sessions(ann: Person) -> None:
    here, there = Client(), Client()
    sign_in(here, ann.email)
    sign_in(there, ann.email)
    typed = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert here.post("/account/password", typed).status_code == 302
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


@pytest.mark.parametrize("weak", ["short", "password1234", "annarcher123", "123456789012"])
def test_a_weak_password_is_refused(ann: Person, weak: str) -> None:
    client = Client()
    sign_in(client, ann.email)
    typed = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    assert client.post("/account/password", typed).status_code == 200
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)


def test_a_change_of_people_asks_again_and_then_does_what_was_asked(ada: Person, cast: Cast) -> None:
    client = Client()
    client.force_login(ada)
    typed = {"email": "nora@northwind.example", "name": "Nora Nash", "role": "rep"}
    asked = client.post("/settings/people", typed)
    assert asked["Location"].startswith("/sign-in/again?next=")
    assert client.get("/settings/people").status_code == 200
    wrong = client.post(asked["Location"], {"password": OTHER, "next": "/settings/people"})
    assert "incorrect" in text_of(wrong).lower()
    done = client.post(asked["Location"], {"password": PASSWORD, "next": "/settings/people"})
    assert "The invitation is ready" in text_of(done)
    assert "Nora Nash" in text_of(client.get("/settings/people"))


def test_who_has_just_signed_in_is_not_asked_again(ada: Person) -> None:
    client = Client()
    sign_in(client, ada.email)
    typed = {"email": "nora@northwind.example", "name": "Nora Nash", "role": "rep"}
    assert "The invitation is ready" in text_of(client.post("/settings/people", typed))
