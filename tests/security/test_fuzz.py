"""Spoiled files and bodies at the API: no fault of ours, nothing by halves, within two seconds and 256 MB each.

The numbers are what fits into the suite; `make soak` sends 5,000 of each kind. A failure names its kind and number,
and STAGEPROOF_FUZZ_FIRST begins there.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from stageproof.actions.definitions import draft_definition
from stageproof.records.models import Contact, Deal, DefinitionVersion, Token
from tests.actions.database import database_hash
from tests.api.conftest import token_of
from tests.security.bodies import bodies
from tests.security.conftest import Cast, Clock, undone
from tests.security.mutate import KINDS, ROWS, json_body

SECONDS, MEGABYTES = 2.0, 256
FIRST = int(os.environ.get("STAGEPROOF_FUZZ_FIRST", "0"))


def count(usual: int) -> int:
    """How many are sent of a kind."""
    return int(os.environ.get("STAGEPROOF_FUZZ", usual))


@dataclass
class Cost:
    """What sending one took: time of the processors, so that a busy machine changes nothing, and memory at its peak."""

    slowest: float = 0
    largest: float = 0
    statuses: dict[int, int] = field(default_factory=dict)

    def of(self, send: Callable[[], Any], where: str) -> Any:
        before, begun = _forget_peak(), time.process_time()
        response = send()
        took, grown = time.process_time() - begun, _peak() - before
        assert response.status_code < 500, f"{where} gave {response.status_code}"
        assert took <= SECONDS, f"{where} took {took:.1f} s"
        assert grown <= MEGABYTES, f"{where} took {grown:.0f} MB"
        self.slowest, self.largest = max(self.slowest, took), max(self.largest, grown)
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        return response


def _forget_peak() -> float:
    """The memory that the process has, in MB; its peak is counted from here."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _read("VmRSS")


def _peak() -> float:
    return _read("VmHWM")


def _read(name: str) -> float:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


@pytest.fixture(autouse=True)
def _uploads_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    yield
    # What was refused leaves nobody's data behind.
    assert not list((tmp_path / "uploads").glob("import-*"))


@pytest.fixture
def olga(cast: Cast, deal: Deal) -> Client:
    client = Client(HTTP_AUTHORIZATION=f"Bearer {token_of(cast.olga)}")
    # What is loaded once for all is not what one file takes.
    with undone():
        file = SimpleUploadedFile("deals.csv", "\n".join(",".join(row) for row in ROWS).encode())
        run = client.post("/api/v1/imports", {"files": [file]}).json()["id"]
        assert client.post(f"/api/v1/imports/{run}/commit").status_code == 200
    # When a token was last used is the one thing that a refused request may change.
    Token.objects.update(used_at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
    return client


def problems_of(response: Any, where: str) -> None:
    told = response.json()["problems"]
    assert told, where
    assert all(each["code"] and each["says"] and each["remedy"] is not None for each in told), where


@pytest.mark.parametrize(("kind", "usual"), [("csv", 300), ("xlsx", 300), ("json", 300)])
def test_spoiled_files_are_taken_whole_or_not_at_all(olga: Client, kind: str, usual: int) -> None:
    before, cost, taken = database_hash(), Cost(), 0
    for number in range(FIRST, FIRST + count(usual)):
        where = f"{kind} {number}"
        chance = random.Random(where)
        file = SimpleUploadedFile(f"deals.{kind}", KINDS[kind](chance))
        said = {"currency": "EUR", "date_order": "dmy"} if chance.random() < 0.5 else {}
        with undone():
            looked = cost.of(partial(olga.post, "/api/v1/imports", {"files": [file], **said}), where)
            if looked.status_code != 201:
                problems_of(looked, where)
                assert database_hash() == before, f"{where} was refused and changed something"
                continue
            run, deals, stood = looked.json(), Deal.objects.count(), database_hash()
            commit = partial(olga.post, f"/api/v1/imports/{run['id']}/commit")
            done = cost.of(commit, f"commit of {where}")
            if done.status_code != 200:
                problems_of(done, where)
                assert database_hash() == stood, f"{where} was refused and changed something"
                continue
            taken += 1
            created = done.json()["summary"]["created"]
            assert created == run["summary"]["created"], where
            assert Deal.objects.count() == deals + created, where
    assert database_hash() == before
    # Mutations that never get past the first look would show nothing.
    assert taken >= count(usual) // 20, cost
    assert len(cost.statuses) >= 2, cost


def test_spoiled_bodies_break_nothing(
    olga: Client, cast: Cast, ready: Callable[[], Deal], now: Clock
) -> None:
    deal, person = ready(), cast.ann.person
    contact = Contact.objects.get(name="Cleo Clark")
    toml = DefinitionVersion.objects.exclude(toml="").first()
    assert toml is not None
    assert person is not None
    draft = draft_definition(cast.olga, toml=toml.toml, now=now()).row
    sent = bodies(deal, contact, person.pk, draft)
    before, cost = database_hash(), Cost()
    for number in range(FIRST, FIRST + count(5_000)):
        method, path, body = sent[number % len(sent)]
        where = f"body {number} to {path}"
        data = json_body(random.Random(f"body {number}"), body)
        with undone():
            send = partial(olga.generic, method, f"/api/v1{path}", data, content_type="application/json")
            response = cost.of(send, where)
            if response.status_code >= 400:
                problems_of(response, where)
                assert database_hash() == before, f"{where} was refused and changed something"
    assert database_hash() == before
    assert cost.statuses.get(200, 0) + cost.statuses.get(201, 0) > count(5_000) // 50, cost
    assert set(cost.statuses) >= {200, 201, 400, 422}, cost
