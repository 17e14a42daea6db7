"""The tests of this folder have teeth: each way to write wrongly is switched on, and they see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.test_races import slips
from tests.server.running import driven

ROUNDS = 8


@pytest.mark.parametrize(
    ("mutant", "says"), [("no_transaction", "by half"), ("key_stored_late", "not done once")]
)
def test_a_kill_between_two_halves_is_seen(tmp_path: Path, mutant: str, says: str) -> None:
    said = driven("tests.crash.points", mutant, "create", home=tmp_path / "home")
    assert any(says in each for each in said["wrong"]), said


@pytest.mark.parametrize("mutant", ["no_transaction", "deferred"])
def test_two_at_once_without_a_lock_are_seen(tmp_path: Path, mutant: str) -> None:
    assert slips(driven("tests.crash.races", ROUNDS, mutant, home=tmp_path), ROUNDS)


def test_two_at_once_without_a_lock_are_seen_on_postgresql(tmp_path: Path, postgres_database: str) -> None:
    found = driven("tests.crash.races", ROUNDS, "no_lock", home=tmp_path, database=postgres_database)
    assert slips(found, ROUNDS)
