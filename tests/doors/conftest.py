"""The doors through which a stage move can be asked for; a new one is a function more in DOORS."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from stageproof.actions.bulk import bulk_move
from stageproof.actions.import_deals import commit_import
from stageproof.cli.run import run
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.api.conftest import Caller, _clock, _full_buckets, token_of
from tests.web.conftest import problems_of

__all__ = ["_clock", "_full_buckets", "acme", "cast", "deal", "now", "ready"]

Said = list[tuple[str, str]]


@dataclass(frozen=True)
class Room:
    """What a door needs: the cast, the clock, a folder for files, and patches that end with the test."""

    cast: Cast
    now: Clock
    folder: Path
    patch: pytest.MonkeyPatch
    output: Any


@pytest.fixture
def room(
    cast: Cast,
    now: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Room:
    from django.conf import settings

    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    return Room(cast, now, tmp_path, monkeypatch, capsys)


def _browser(room: Room) -> Client:
    client = Client()
    assert room.cast.olga.person is not None
    client.force_login(room.cast.olga.person)
    return client


def page(room: Room, deal: Deal, to: str) -> Said:
    return problems_of(_browser(room).post(f"/deals/{deal.key}/move", {"to": to}))


def page_part(room: Room, deal: Deal, to: str) -> Said:
    answer = _browser(room).post(f"/deals/{deal.key}/move", {"to": to}, headers={"HX-Request": "true"})
    return problems_of(answer)


def pages_bulk(room: Room, deal: Deal, to: str) -> Said:
    chosen = {"deal": [deal.key], "what": "move", "move": to}
    return problems_of(_browser(room).post("/pipeline/bulk", chosen))


def api(room: Room, deal: Deal, to: str) -> Said:
    answer = Caller(token_of(room.cast.olga)).post(f"/deals/{deal.key}/move", {"to": to})
    return _said(answer.body["problems"])


def api_bulk(room: Room, deal: Deal, to: str) -> Said:
    answer = Caller(token_of(room.cast.olga)).post("/bulk/move", {"deals": [deal.key], "to": to})
    return _said(answer.body["outcomes"][0]["problems"])


def api_import(room: Room, deal: Deal, to: str) -> Said:
    caller = Caller(token_of(room.cast.olga))
    upload = {"files": [SimpleUploadedFile("deals.csv", _rows(deal, to).encode())]}
    looked = caller.client.post("/api/v1/imports", upload, headers=caller.headers()).json()
    done = caller.post(f"/imports/{looked['id']}/commit").body["summary"]
    assert done["refused"] == looked["summary"]["refused"]
    return _said(done["refused"][0]["problems"])


def bulk(room: Room, deal: Deal, to: str) -> Said:
    (outcome,) = bulk_move(room.cast.olga, [deal.key], to=to, now=room.now())
    return [(each.says, each.remedy) for each in outcome.problems]


def imported(room: Room, deal: Deal, to: str) -> Said:
    (each,) = commit_import(room.cast.olga, [_file(room, deal, to)], now=room.now()).refused
    return [(problem.says, problem.remedy) for problem in each.problems]


def command_line(room: Room, deal: Deal, to: str) -> Said:
    # The data folder is the test's own, and its database open already.
    room.patch.setattr("stageproof.cli.import_.deployment", lambda home: contextlib.nullcontext(room.folder))
    assert run(["import", str(_file(room, deal, to)), "--commit", "--json"]) == 0
    (each,) = json.loads(room.output.readouterr().out)["refused"]
    return _said(each["problems"])


DOORS: dict[str, Callable[[Room, Deal, str], Said]] = {
    each.__name__: each
    for each in (page, page_part, pages_bulk, api, api_bulk, api_import, bulk, imported, command_line)
}


def _file(room: Room, deal: Deal, to: str) -> Path:
    path = room.folder / "deals.csv"
    path.write_text(_rows(deal, to))
    return path


def _rows(deal: Deal, to: str) -> str:
    """An export in which the deal stands somewhere else."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Deal ID", "Deal Name", "Stage"])
    writer.writerow([deal.key, deal.name, {"won": "Closed Won", "lost": "Closed Lost"}.get(to, to)])
    return out.getvalue()


def _said(problems: Sequence[dict[str, Any]]) -> Said:
    return [(problem["says"], problem.get("remedy", "")) for problem in problems]
