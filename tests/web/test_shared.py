"""Shared readings: read only, without signing in, told to nobody, and the same nothing once they are over."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.test import Client
from pypdf import PdfReader

from stageproof.records.models import SharedLink
from stageproof.server.logging import configure, without_secrets
from tests.actions.readings_world import world
from tests.web.conftest import Cast, Clock, acme, at, cast, deal, now, ready, text_of

__all__ = ["acme", "at", "cast", "deal", "now", "ready", "world"]


@pytest.fixture
def link(at: Callable[[str], Client], world: Any) -> str:
    """The path of a link to the board's reading, as the CFO makes it."""
    fay = at("fay")
    address = fay.post("/readings/freeze?period=2026-Q2", {"name": "Board in April"}).headers["Location"]
    made = fay.post(address.replace("/board", "/share"), {"reader": "board", "days": "14"})
    found = re.search(r'id="share-link">http://testserver(/shared/[\w-]{43})<', made.content.decode())
    assert found
    assert "no-store" in made.headers["Cache-Control"]
    return found[1]


def test_a_link_shows_one_reading_and_nothing_else(link: str) -> None:
    stranger = Client()
    page = stranger.get(link)
    assert page.status_code == 200
    assert "61,111.10 EUR" in page.content.decode()
    assert "Board in April" in text_of(page)
    body = page.content.decode()
    # No way to anywhere else, no script, no form, nothing to sign in with.
    assert re.findall(r'href="(/(?!static/)[^"]*)"', body) == [f"{link}/pdf"]
    for absent in ("<script", "<form", "<nav", "csrf", "Olga", "Ann Archer"):
        assert absent not in body, absent
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "no-store" in page.headers["Cache-Control"]
    assert not page.cookies
    pdf = stranger.get(f"{link}/pdf")
    text = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(pdf.content)).pages)
    assert "61,111.10" in text
    assert "frozen as Board in April" in text
    assert stranger.post(link).status_code == 405


def test_what_is_over_never_was(at: Callable[[str], Client], link: str, now: Clock) -> None:
    stranger = Client()
    never = stranger.get("/shared/" + "x" * 43)
    row = SharedLink.objects.get()
    assert at("fay").post(f"/readings/links/{row.pk}/revoke").status_code == 302
    revoked = stranger.get(link)
    SharedLink.objects.update(revoked_at=None)
    assert stranger.get(link).status_code == 200
    now.days(15)
    expired = stranger.get(link)
    # The number of a request and its time tell nothing of the link.
    telling = ("X-Request-Id", "Expires", "Date")
    answers = {
        (each.content, str(sorted(pair for pair in each.headers.items() if pair[0] not in telling)))
        for each in (never, revoked, expired)
    }
    assert len(answers) == 1
    assert {each.status_code for each in (never, revoked, expired)} == {404}
    assert stranger.get(f"{link}/pdf").status_code == 404


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The log as a server writes it, whatever another test has made of it in this process."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    configure()
    yield capsys
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**config)


def test_the_key_is_kept_out_of_the_log(link: str, log: pytest.CaptureFixture[str]) -> None:
    key = link.removeprefix("/shared/")
    Client().get(link)
    Client().get(f"{link}/pdf")
    said = log.readouterr().err
    assert said.count("shared/<str:token>") == 2
    assert key not in said
    event = without_secrets(None, "error", {"event": f"Internal Server Error: {link}", "path": f"{link}/pdf"})
    assert key not in str(event)


def test_one_address_cannot_try_for_ever(db: None, cast: Cast) -> None:
    stranger = Client()
    answers = [stranger.get(f"/shared/{number:043}").status_code for number in range(61)]
    assert answers[:60] == [404] * 60
    assert answers[60] == 429


@pytest.mark.parametrize("who", ["ann", "mia", "max"])
def test_who_may_not_share_sees_no_way_to(at: Callable[[str], Client], link: str, who: str) -> None:
    row = SharedLink.objects.get()
    client = at(who)
    assert (
        client.post(f"/readings/frozen/{row.frozen_id}/share", {"reader": "board", "days": "7"}).status_code
        == 403
    )
    assert client.post(f"/readings/links/{row.pk}/revoke").status_code == 403
    page = client.get(f"/readings/frozen/{row.frozen_id}/board")
    assert page.status_code == (200 if who == "max" else 403)
    assert b"Make a link" not in page.content


def test_a_link_must_end(at: Callable[[str], Client], link: str) -> None:
    row = SharedLink.objects.get()
    answer = at("fay").post(f"/readings/frozen/{row.frozen_id}/share", {"reader": "board", "days": "1000"})
    assert answer.status_code == 422
    assert "A link must expire, within 90 days." in text_of(answer)
    assert SharedLink.objects.count() == 1
