"""Redirects: to pages of ours only, whatever `next` says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from stageproof.records.models import Person
from tests.security.conftest import Cast
from tests.web.test_sign_in import PASSWORD, ada

__all__ = ["ada"]

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\x00//evil.example/",
    " //evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "https:\\\\evil.example",
]


def is_ours(address: str) -> bool:
    """Whether a browser that follows the address stays here; browsers drop tabs and line breaks, and turn slashes."""
    plain = re.sub(r"[\t\r\n]", "", address).strip("\x00 ").replace("\\", "/")
    return plain.startswith("/") and not plain.startswith("//")


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_signing_in_leads_nowhere_else(ada: Person, next_page: str) -> None:
    client = Client()
    response = client.post("/sign-in", {"login": ada.email, "password": PASSWORD, "next": next_page})
    assert response.status_code == 302
    assert is_ours(response["Location"]), response["Location"]
    assert is_ours(Client().get("/sign-in", {"next": next_page}).wsgi_request.path)


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_signing_out_and_confirming_lead_nowhere_else(ada: Person, next_page: str) -> None:
    client = Client()
    client.force_login(ada)
    confirmed = client.post("/sign-in/again", {"password": PASSWORD, "next": next_page})
    assert confirmed.status_code == 302
    assert is_ours(confirmed["Location"])
    left = client.post("/sign-out", {"next": next_page})
    assert left.status_code == 302
    assert is_ours(left["Location"])


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_what_is_wrong_leads_back_to_a_page_of_ours(at: Any, next_page: str) -> None:
    body = at("ann").get("/deals/nothing", {"next": next_page}).content.decode()
    backs = re.findall(r'class="wrong-page">.*?<a class="button primary" href="([^"]*)"', body, re.S)
    assert backs == ["/"]


@pytest.mark.parametrize("here", ["/board", "/pipeline?sort=amount", "/settings/people"])
def test_pages_of_ours_are_led_to(ada: Person, here: str) -> None:
    client = Client()
    response = client.post("/sign-in", {"login": ada.email, "password": PASSWORD, "next": here})
    assert response["Location"] == here


def test_a_host_that_is_not_ours_is_refused(cast: Cast) -> None:
    assert Client().get("/sign-in", HTTP_HOST="evil.example").status_code == 400
