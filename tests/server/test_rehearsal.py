"""The demo's link signs in once; another server has no such page."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import clear_url_caches

from stageproof.actions.organisation import set_up
from stageproof.records.models import Person
from stageproof.server import rehearsal, urls
from tests.cli.test_deployment_commands import NOW


@pytest.fixture
def olga(db: None) -> Person:
    return set_up(
        name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@northwind.example",
        now=NOW,
    ).owner  # fmt: skip


@pytest.fixture
def link(olga: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The link of a server that the demo started."""
    monkeypatch.setenv(rehearsal.VARIABLE, "")
    path = rehearsal.new_link(olga)
    importlib.reload(urls)
    clear_url_caches()
    yield f"/{path}"
    monkeypatch.undo()
    importlib.reload(urls)
    clear_url_caches()


def test_the_link_is_good_once(link: str, olga: Person) -> None:
    first, second = Client(), Client()
    answer = first.get(link)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert first.session["_auth_user_id"] == str(olga.pk)
    assert second.get(link).status_code == 404
    assert "_auth_user_id" not in second.session


def test_another_key_opens_nothing(link: str) -> None:
    client = Client()
    assert client.get(link[:-1] + ("a" if link[-1] != "a" else "b")).status_code == 404
    assert "_auth_user_id" not in client.session
    assert client.get(link).status_code == 302


def test_a_server_that_is_no_demo_has_no_such_page(olga: Person) -> None:
    assert not rehearsal.is_on({})
    client = Client()
    assert client.get("/rehearsal/enter/anything").status_code == 404
    assert not [each for each in urls.urlpatterns if getattr(each, "name", None) == "rehearsal_enter"]
