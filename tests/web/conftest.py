"""The cast at the pages: everyone signed in, on a clock that the test sets."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from stageproof.web import as_of, renewal
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready

__all__ = ["Cast", "Clock", "acme", "cast", "deal", "now", "ready"]

PART = {"HTTP_HX_REQUEST": "true"}
"""What a script sends along that asks for a part of a page."""


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read the test's clock, and keep nothing of another test."""
    monkeypatch.setattr(timezone, "now", lambda: now())
    as_of._present.clear()
    as_of._made_of.clear()
    as_of._past.clear()
    renewal._ready.clear()


@pytest.fixture
def at(cast: Cast) -> Callable[[str], Client]:
    """The browser of one of the cast, signed in."""

    def signed_in(name: str) -> Client:
        client = Client()
        person = cast[name].person
        assert person is not None
        client.force_login(person)
        return client

    return signed_in


def text_of(response: Any) -> str:
    """The words of a page without its tags, in one line."""
    body = response.content.decode()
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", body, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def problems_of(response: Any) -> list[tuple[str, str]]:
    """Each problem on a page: what it says, and its remedy without the full stop that pages add."""
    body = response.content.decode()
    found = re.findall(
        r'<(?:li|div) class="problem"[^>]*>.*?<p>(.*?)</p>(?:<p class="remedy">(.*?)</p>)?', body, flags=re.S
    )
    return [(unescape(says), unescape(remedy).rstrip(".")) for says, remedy in found]


def on(day: str) -> dt.date:
    return dt.date.fromisoformat(day)
