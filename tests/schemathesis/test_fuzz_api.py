"""Schemathesis at a live server: 50 requests per operation, alone and one after the other, with and without a token."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
EXAMPLES = os.environ.get("STAGEPROOF_FUZZ_EXAMPLES", "50")
SECONDS = os.environ.get("STAGEPROOF_FUZZ_SECONDS", "900")


@pytest.fixture(scope="module")
def environment() -> Path:
    """The fuzzer's own environment, made where it is missing."""
    folder = Path(os.environ.get("STAGEPROOF_FUZZER", ROOT / ".venv" / "fuzz"))
    if (folder / "bin" / "schemathesis").exists():
        return folder
    install = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r"]
    for command in ([sys.executable, "-m", "venv", folder], [*install, HERE / "requirements.txt"]):
        if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode:
            pytest.skip("schemathesis is not there and cannot be installed; `make fuzz` says why")
    return folder


def test_nothing_that_the_description_allows_breaks_the_server(environment: Path) -> None:
    # The same requests each time: what a run finds is found again by the next.
    command = [sys.executable, HERE / "run.py", environment, EXAMPLES, SECONDS, "17"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
    assert "Stopped after" not in done.stdout
