"""The database is opened so that nothing acknowledged is lost when the power goes."""

from __future__ import annotations

from pathlib import Path

from stageproof.server.sqlite import FIXED_IN
from tests.server.running import driven


def test_sqlite_is_sound_and_writes_through(tmp_path: Path) -> None:
    found = driven("tests.server.pragmas", home=tmp_path)
    assert tuple(found.pop("version")) >= FIXED_IN
    # synchronous 2 is FULL: a commit is on the disk before it is answered.
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "begins": "BEGIN IMMEDIATE"}
