"""Imports over the API: looked at, committed, undone; nothing by halves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from stageproof.api import uploads
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock
from tests.actions.database import nothing_changes
from tests.api.conftest import Answer, Caller

Api = Callable[..., Caller]
CSV = "Deal ID,Deal Name,Amount,Stage,Close Date,Owner\nX1,First,1000,Prospecting,2026-06-01,Ann Archer\n"


@pytest.fixture(autouse=True)
def _uploads_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    yield
    # What was committed or refused leaves no one's data behind.
    assert not list((tmp_path / "uploads").glob("import-*"))


def upload(caller: Caller, name: str = "deals.csv", content: str | bytes = CSV, **more: str) -> Answer:
    data = content.encode() if isinstance(content, str) else content
    raw = caller.client.post(
        "/api/v1/imports", {"files": [SimpleUploadedFile(name, data)], **more}, headers=caller.headers()
    )
    return Answer(raw.status_code, raw.json(), raw)


def test_files_are_looked_at_committed_and_undone(api: Api, cast: Cast, now: Clock, tmp_path: Path) -> None:
    olga = api("olga")
    looked = upload(olga)
    assert (looked.status, looked.body["status"], looked.body["summary"]["created"]) == (201, "preview", 1)
    assert Deal.objects.count() == 0
    run = looked.body["id"]
    assert [path.name for path in (tmp_path / "uploads" / str(run)).glob("*.csv")] == ["deals.csv"]
    done = olga.post(f"/imports/{run}/commit")
    assert (done.status, done.body["status"], done.body["summary"]["created"]) == (200, "committed", 1)
    assert olga.get("/deals/X1").body["amount"] == {"amount": "1000.00", "currency": "EUR"}
    assert [row["id"] for row in olga.get("/imports").body["items"]] == [run]
    now()
    assert olga.post(f"/imports/{run}/undo").body["status"] == "undone"
    assert olga.get("/deals/X1").status == 404
    assert olga.post(f"/imports/{run}/undo").codes == ["nothing_to_undo"]


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("", {}),
        (b"\x00\x01\x02\xff" * 500, {}),
        ("Colour,Taste\nred,sweet\n", {}),
        (CSV, {"zone": "Nowhere/Land"}),
        (CSV, {"currency": "XXQ"}),
        (CSV, {"pipeline": "Other"}),
        (CSV, {"date_order": "sideways"}),
        (CSV, {"encoding": "klingon"}),
        (CSV, {"mapping": "not = [toml"}),
    ],
)
def test_what_cannot_be_read_is_refused_whole(api: Api, content: str | bytes, more: dict[str, str]) -> None:
    olga = api("olga")
    with nothing_changes():
        answer = upload(olga, content=content, **more)
    assert (answer.status, bool(answer.codes)) == (422, True)


@pytest.mark.parametrize(
    "name", ["../../etc/deals.csv", "..\\deals.csv", "/deals.csv", "deals\r\n.csv", "said.json", "..."]
)
def test_a_name_leads_nowhere(name: str) -> None:
    plain = uploads._name(name)
    assert plain == Path(plain).name
    assert plain not in ("", ".", "..", "said.json")
    assert "\n" not in plain


def test_only_who_imports_may(api: Api) -> None:
    ann = api("ann")
    with nothing_changes():
        assert upload(ann).status == 403
    assert ann.get("/imports").status == 403
    olga = api("olga")
    assert olga.post("/imports", {}).status == 415
    assert olga.post("/imports/77/commit").status == 404


def test_a_commit_with_a_key_is_done_once(
    api: Api, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    olga = api("olga")
    run = upload(olga).body["id"]
    with django_capture_on_commit_callbacks(execute=True):
        first = olga.post(f"/imports/{run}/commit", None, **{"Idempotency-Key": "c1"})
    with nothing_changes():
        again = olga.post(f"/imports/{run}/commit", None, **{"Idempotency-Key": "c1"})
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert olga.post(f"/imports/{run}/commit").codes == ["files_gone"]
