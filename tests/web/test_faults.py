"""What a person sees where the server fails, or cannot take what was sent: a page of ours with the next step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.test import Client

from stageproof.records.models import Deal
from tests.web.conftest import Cast, text_of

At = Callable[[str], Client]


def test_a_fault_is_said_in_a_page_of_ours(at: At, deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("stageproof.web.deal.timeline", fail)
    client = at("ann")
    client.raise_request_exception = False
    answer = client.get(f"/deals/{deal.key}")
    assert answer.status_code == 500
    assert "Something failed here" in text_of(answer)
    assert "To the start page" in text_of(answer)
    assert "a bug" not in answer.content.decode()


def test_a_database_that_is_locked_is_said_and_may_be_tried_again(
    at: At, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("stageproof.web.moves.move_deal", locked)
    client = at("ann")
    page = client.post(f"/deals/{deal.key}/move", {"to": "lost", "lost_reason": "Price"})
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "The database does not answer just now" in text_of(page)
    assert "Look whether your change came through" in text_of(page)
    part = client.post(f"/deals/{deal.key}/move", {"to": "lost"}, headers={"hx-request": "true"})
    assert (part.status_code, part["HX-Retarget"]) == (503, "#dialog")
    assert Deal.objects.get().status == "open"
    monkeypatch.setattr("stageproof.web.coverage.history", locked)
    read = client.get("/coverage?by=owner")
    assert (read.status_code, "Try again in a moment" in text_of(read)) == (503, True)
    assert 'href="/coverage?by=owner">Try again' in read.content.decode()


def test_offline_pages_hold_nothing_of_anybody_and_are_open(at: At, cast: Cast) -> None:
    page = Client().get("/offline")
    assert (page.status_code, "The server cannot be reached" in text_of(page)) == (200, True)
    worker = Client().get("/offline-worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert '"/offline"' in worker.content.decode()
    assert "Ann Archer" not in at("ann").get("/offline").content.decode()


def test_what_only_a_button_sends_to_is_no_blank_page(at: At, deal: Deal) -> None:
    path = f"/deals/{deal.key}/mend"
    answer = at("ann").get(path, headers={"accept": "text/html"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Nothing can be opened at this address" in text_of(answer)
    # A program is told so without a page.
    assert at("ann").get(path).content == b""
