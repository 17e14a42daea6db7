"""Callers: the cast of the actions' tests, each with tokens."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from stageproof.actions.actor import Actor
from stageproof.actions.organisation import set_up
from stageproof.actions.tokens import create_token
from stageproof.api import limits
from tests.actions.conftest import START, Cast, Clock, acme, cast, deal, now, ready

__all__ = ["acme", "cast", "deal", "now", "ready"]


@dataclass
class Caller:
    """Someone at the API, with a token of a scope."""

    token: str
    client: Client = field(default_factory=Client)

    def get(self, path: str, **query: Any) -> Answer:
        return self._answer(self.client.get(f"/api/v1{path}", query, headers=self.headers()))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        more = {"content_type": "application/json"} if body is not None else {}
        raw = self.client.generic(
            method, f"/api/v1{path}", data, headers={**self.headers(), **headers}, **more
        )
        return self._answer(raw)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        return self.send("PATCH", path, body, **headers)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _answer(self, raw: HttpResponse) -> Answer:
        return Answer(raw.status_code, json.loads(raw.content) if raw.content else None, raw)


@dataclass
class Answer:
    """What the API answered."""

    status: int
    body: Any
    raw: HttpResponse

    @property
    def codes(self) -> list[str]:
        return [problem["code"] for problem in self.body["problems"]]


def token_of(actor: Actor, scope: str = "write", at: dt.datetime | None = None) -> str:
    """The text of a new token."""
    made_at = at or timezone.now()
    _, text = create_token(actor, name=f"{scope} token", scope=scope, now=made_at)
    return text


@pytest.fixture
def api(cast: Cast) -> Callable[..., Caller]:
    """Whoever of the cast is named, at the API."""

    def caller(name: str, scope: str = "write") -> Caller:
        found = Caller(token_of(cast[name], scope))
        # So that the token is noted as used before a test looks at what changes.
        assert found.get("/me").status == 200
        return found

    return caller


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The front door reads the clock of the test, a second later, which its requests do not move."""
    monkeypatch.setattr(timezone, "now", lambda: now.at + dt.timedelta(seconds=1))


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    limits.requests.left.clear()


@pytest.fixture
def real_database(tmp_path: Path, django_db_blocker: Any) -> Iterator[Actor]:
    """A database that several threads may write to at once, with an admin: SQLite in memory is not one."""
    if connection.vendor != "sqlite":
        yield _admin()
        return
    before, settings = connections["default"], connections.settings["default"]
    name = settings["NAME"]
    with django_db_blocker.unblock():
        settings["NAME"] = str(tmp_path / "races.sqlite3")
        connections["default"] = connections.create_connection("default")
        try:
            call_command("migrate", verbosity=0)
            yield _admin()
        finally:
            connections["default"].close()
            settings["NAME"] = name
            connections["default"] = before


def _admin() -> Actor:
    founded = set_up(name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak",
                     owner_email="olga@northwind.example", now=START)  # fmt: skip
    return Actor(founded.owner, "api")
