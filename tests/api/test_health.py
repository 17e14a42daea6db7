"""Health: alive, ready, and counted; told to whom it concerns."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from stageproof.engine.period import day_at
from stageproof.records.models import Deal
from stageproof.records.tables import forget, loaded_until
from stageproof.server import health, warming
from stageproof.web.as_of import present
from tests.actions.conftest import Cast
from tests.api.conftest import Caller


def test_alive_and_ready(cast: Cast) -> None:
    assert Client().get("/healthz").json() == {"alive": True}
    ready = Client().get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": []})


def test_ready_before_there_is_an_organisation(db: None) -> None:
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/readyz").status_code == 200


def test_not_ready_without_a_database_and_without_a_word_why(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise DatabaseError("password authentication failed for secret-user")

    monkeypatch.setattr(health, "MigrationExecutor", gone)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert [each["code"] for each in answer.json()["problems"]] == ["no_database"]
    assert b"secret" not in answer.content


def test_requests_are_counted_by_route(cast: Cast) -> None:
    Caller("").get("/deals/secret-key")
    text = Client().get("/metrics").content.decode()
    counted = 'stageproof_requests_total{method="GET",route="api/v1/deals/<key>",status="401"}'
    assert counted in text
    assert "secret-key" not in text


def test_metrics_are_for_this_machine_or_for_the_token(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 404
    assert Client(headers={"X-Forwarded-For": "127.0.0.1"}).get("/metrics").status_code == 404
    monkeypatch.setenv("STAGEPROOF_METRICS_TOKEN", "m3trics")
    assert Client().get("/metrics").status_code == 404
    far = Client(REMOTE_ADDR="203.0.113.9")
    assert far.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert far.get("/metrics", headers={"Authorization": "Bearer m3trics"}).status_code == 200


def test_alive_where_no_database_answers() -> None:
    # Without its fixture, a test that asks a database fails.
    assert Client().get("/healthz").status_code == 200


def test_not_ready_while_the_deals_are_loaded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    loading, loaded = threading.Event(), threading.Event()

    def load() -> None:
        loading.set()
        assert loaded.wait(20)

    monkeypatch.setattr(warming, "_load", load)
    thread = warming.begin()
    assert loading.wait(20)
    answer = Client().get("/readyz")
    assert (answer.status_code, [each["code"] for each in answer.json()["problems"]]) == (503, ["starting"])
    assert Client().get("/healthz").status_code == 200
    loaded.set()
    thread.join(20)
    assert Client().get("/readyz").status_code == 200


def test_a_load_that_fails_is_left_to_whoever_asks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr(warming, "_load", load)
    warming.begin().join(20)
    assert Client().get("/readyz").status_code == 200


def test_what_pages_begin_from_is_there_before_they_are_asked_for(cast: Cast, deal: Deal) -> None:
    forget()
    warming._load()
    now = timezone.now()
    pipeline = present(now, day_at(now, "Europe/Vienna"))
    assert pipeline.remembers("deal list")
    assert loaded_until(pipeline.book) is not None
