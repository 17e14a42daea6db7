"""The ideal customer on the page of a draft: typed, refused, kept, read back as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.definitions import draft_definition
from stageproof.engine.definition import read_definition
from stageproof.records.models import DefinitionVersion
from tests.web.conftest import Cast, Clock, text_of

TOML = '[pipeline]\nname = "New business"\nowner = "Olga Novak"\n[[stages]]\nname = "Prospecting"\n'


@pytest.fixture
def draft(cast: Cast, now: Clock) -> DefinitionVersion:
    return draft_definition(cast.olga, toml=TOML, now=now()).row


def fields(page: Any) -> dict[str, str]:
    """What a browser would send back of the draft's form."""
    body = page.content.decode()
    found = re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', body)
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_it_is_declared_in_the_form(at: Callable[[str], Client], draft: DefinitionVersion) -> None:
    client, place = at("olga"), f"/definition/drafts/{draft.pk}"
    typed = fields(client.get(place)) | {
        "ideal-industry": "Food, Logistics", "ideal-industry-points": "40", "ideal-size-least": "1,000",
        "ideal-size-points": "20", "ideal-fits-from": "50", "do": "save",
    }  # fmt: skip
    assert client.post(place, typed).status_code in (200, 302)
    draft.refresh_from_db()
    ideal = read_definition(draft.toml).ideal_customer
    assert ideal is not None
    assert [(each.trait, each.one_of, each.at_least, each.points) for each in ideal.traits] == [
        ("industry", ("Food", "Logistics"), None, 40), ("size", (), 1_000, 20),
    ]  # fmt: skip
    assert fields(client.get(place))["ideal-industry"] == "Food, Logistics"
    version = f"/definition?pipeline=New business&version={draft.version}"
    assert "The industry is Food or Logistics: 40 points." in text_of(client.get(version))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"ideal-industry": "Food", "ideal-industry-points": "many"}, "a whole number"),
        ({"ideal-size-points": "5"}, "A size is a range of people."),
        ({"ideal-country": "AT", "ideal-country-points": "5", "ideal-fits-from": "9"}, "No lead can fit"),
    ],
)
def test_what_cannot_be_is_said_and_not_kept(
    at: Callable[[str], Client], draft: DefinitionVersion, typed: dict[str, str], says: str
) -> None:
    client, place = at("olga"), f"/definition/drafts/{draft.pk}"
    answer = client.post(place, fields(client.get(place)) | typed | {"do": "save"})
    assert answer.status_code == 422
    assert says in text_of(answer)
    draft.refresh_from_db()
    assert draft.toml == TOML


def test_a_form_without_it_leaves_what_was_declared(
    at: Callable[[str], Client], draft: DefinitionVersion
) -> None:
    client, place = at("olga"), f"/definition/drafts/{draft.pk}"
    sent = fields(client.get(place)) | {"ideal-country": "AT", "ideal-country-points": "5", "do": "save"}
    client.post(place, sent)
    kept = {name: value for name, value in fields(client.get(place)).items() if not name.startswith("ideal")}
    client.post(place, kept | {"do": "save"})
    draft.refresh_from_db()
    assert read_definition(draft.toml).ideal_customer is not None
