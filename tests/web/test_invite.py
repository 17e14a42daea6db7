"""Inviting: by an admin, good once, and the key in no log."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable
from html import unescape

import pytest
from django.core import mail
from django.test import Client, override_settings

from stageproof.actions.import_directory import NOT_INVITED
from stageproof.records.models import Change, Invitation, Person
from tests.web.conftest import Cast, Clock, text_of

Browser = Callable[[str], Client]
TYPED = {"email": "Nora@northwind.example", "name": "Nora Nash", "role": "rep"}
PASSWORD = "heron-quartz-lantern-9"


def key_of(response: object) -> str:
    found = re.search(r'id="invitation-link">([^<]*)<', response.content.decode())  # type: ignore[attr-defined]
    assert found is not None
    address, _, key = unescape(found.group(1)).partition("#")
    assert address == "http://testserver/invitation"
    return key


def test_an_invited_person_chooses_a_password_and_is_in(cast: Cast, at: Browser) -> None:
    key = key_of(at("ada").post("/settings/people", {**TYPED, "team": cast.east.pk}))
    browser = Client()
    assert browser.get("/invitation").status_code == 200
    words = text_of(browser.post("/invitation", {"key": key}))
    assert "Ada Adler invites you, Nora Nash, as rep in East." in words
    response = browser.post("/invitation", {"key": key, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/")
    nora = Person.objects.get(email="nora@northwind.example")
    assert (nora.name, nora.role, nora.team) == ("Nora Nash", "rep", cast.east)
    assert browser.session["_auth_user_id"] == str(nora.pk)
    assert Client().post("/sign-in", {"login": nora.email, "password": PASSWORD}).status_code == 302


def test_an_invitation_is_good_once(cast: Cast, at: Browser) -> None:
    key = key_of(at("ada").post("/settings/people", TYPED))
    assert Client().post("/invitation", {"key": key, "password": PASSWORD}).status_code == 302
    again = Client().post("/invitation", {"key": key, "password": "another-long-password-1"})
    assert again.status_code == 404
    assert "no longer good" in text_of(again)
    assert Person.objects.get(email="nora@northwind.example").check_password(PASSWORD)


def test_an_invitation_ends_after_a_week(cast: Cast, at: Browser, now: Clock) -> None:
    key = key_of(at("ada").post("/settings/people", TYPED))
    now.at += dt.timedelta(days=7)
    assert Client().post("/invitation", {"key": key, "password": PASSWORD}).status_code == 404
    assert not Person.objects.filter(email="nora@northwind.example").exists()


def test_a_withdrawn_invitation_is_no_longer_good(cast: Cast, at: Browser) -> None:
    key = key_of(at("ada").post("/settings/people", TYPED))
    row = Invitation.objects.get()
    assert at("ada").post(f"/settings/invitations/{row.pk}/withdraw").status_code == 302
    assert Client().post("/invitation", {"key": key}).status_code == 404


def test_a_weak_password_is_refused_beside_its_field_and_the_invitation_stays(
    cast: Cast, at: Browser
) -> None:
    key = key_of(at("ada").post("/settings/people", TYPED))
    refused = Client().post("/invitation", {"key": key, "password": "Nora Nash"})
    assert refused.status_code == 422
    assert "too short" in text_of(refused)
    assert "too similar to the name" in text_of(refused)
    assert Client().post("/invitation", {"key": key, "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("name", ["ann", "mia", "olga", "max", "fay", "eve"])
def test_only_an_admin_invites(cast: Cast, at: Browser, name: str) -> None:
    assert at(name).get("/settings/people").status_code == 403
    assert at(name).post("/settings/people", TYPED).status_code == 403
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"email": "nora"}, "email", "This is not an e-mail address."),
        ({"email": "ann@northwind.example"}, "email", "This person is here already."),
        ({"name": "ann ARCHER"}, "name", "There is another ann ARCHER"),
        ({"name": ""}, "name", "An invitation needs a name."),
        ({"role": "god"}, "role", "There is no role &#x27;god&#x27;."),
        ({"team": "999"}, "team", "There is no such team."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    cast: Cast, at: Browser, typed: dict[str, str], field: str, says: str
) -> None:
    response = at("ada").post("/settings/people", {**TYPED, **typed})
    assert response.status_code == 422
    place = response.content.decode().split(f'name="{field}"', 1)[1].split("</label>", 1)[0]
    assert says in place
    assert not Invitation.objects.exists()


def test_whom_an_import_named_gets_the_deals(cast: Cast, at: Browser) -> None:
    named = Person.objects.create_user(f"nora@{NOT_INVITED}", name="Nora Nash", is_active=False)
    key = key_of(at("ada").post("/settings/people", TYPED))
    Client().post("/invitation", {"key": key, "password": PASSWORD})
    nora = Person.objects.get(email="nora@northwind.example")
    assert (nora.pk, nora.is_active) == (named.pk, True)


def test_the_key_is_kept_nowhere_and_logged_nowhere(
    cast: Cast, at: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        key = key_of(at("ada").post("/settings/people", TYPED))
        Client().get("/invitation")
        Client().post("/invitation", {"key": key, "password": "short"})
        Client().post("/invitation", {"key": key, "password": PASSWORD})
    assert len(key) == 43
    # SQL is logged only when a developer asks for it, and it is the database's own: it must not hold the key either.
    assert key not in caplog.text
    assert PASSWORD not in caplog.text
    row = Invitation.objects.get()
    assert key not in repr({name: getattr(row, name) for name in ("email", "name", "digest")})
    assert all(key not in repr(change.fields) + change.which for change in Change.objects.all())


@override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")
def test_an_invitation_is_mailed_where_mail_is_set_up(cast: Cast, at: Browser) -> None:
    key = key_of(at("ada").post("/settings/people", {**TYPED, "team": cast.east.pk}))
    (letter,) = mail.outbox
    assert letter.to == ["nora@northwind.example"]
    assert letter.subject == "Ada Adler invites you to Stageproof"
    assert f"http://testserver/invitation#{key}\n" in letter.body
    assert "to the sales pipeline of Northwind, in Stageproof, as rep in East." in letter.body
    assert f"until {Invitation.objects.get().expires_at:%a %-d %b %Y}:" in letter.body
    assert "You will sign in as nora@northwind.example." in letter.body


def test_a_name_cannot_write_headers_of_the_mail(cast: Cast, at: Browser) -> None:
    ada = cast.ada.person
    assert ada is not None
    ada.name = "Ada\nBcc: all@northwind.example"
    ada.save()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        response = at("ada").post("/settings/people", TYPED)
    assert response.status_code == 200
    assert [letter.subject for letter in mail.outbox] == [
        "Ada Bcc: all@northwind.example invites you to Stageproof"
    ]


def test_who_invited_whom_is_kept(cast: Cast, at: Browser) -> None:
    at("ada").post("/settings/people", TYPED)
    change = Change.objects.get()
    assert (change.actor, change.door, change.what, change.which) == (
        "ada@northwind.example", "page", "invitation", "nora@northwind.example",
    )  # fmt: skip
    assert change.fields == {"name": [None, "Nora Nash"], "role": [None, "rep"]}
