"""A disk that fails under eight writers: what cannot be written is answered 503, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.crash.writers import WRITERS, Crowd, broken, writing
from tests.server.running import DATABASE, STAGEPROOF, Server, driven

SECONDS = float(os.environ.get("STAGEPROOF_DISK_SECONDS", "20"))
EIO, ENOSPC = 5, 28


@pytest.mark.skipif(sys.platform != "linux", reason="limits the files of another process, as Linux can")
def test_nothing_acknowledged_is_lost_where_files_cannot_grow(tmp_path: Path) -> None:
    tokens = driven("tests.crash.prepared", WRITERS, home=tmp_path)
    server, dice = Server(tmp_path), random.Random(4)
    server.start()
    server.wait()
    assert server.process is not None
    process, most = server.process.pid, resource.RLIM_INFINITY
    log = tmp_path / f"{DATABASE}-wal"
    try:
        with writing(server.address, tokens) as crowd:
            began = time.monotonic()
            while _goes_on(began, crowd):
                time.sleep(dice.uniform(0.1, 0.8))
                # Somewhere in the files that are being written, and so in the middle of a transaction.
                least = dice.randrange(4_096, log.stat().st_size + 50_000)
                resource.prlimit(process, resource.RLIMIT_FSIZE, (least, most))
                time.sleep(dice.uniform(0.1, 0.5))
                resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
        assert server.stop() == 0
    finally:
        server.kill()
    print(f"{crowd.put_off} put off, {crowd.acknowledged} acknowledged")
    assert broken(crowd, tmp_path) == []


@pytest.mark.skipif(shutil.which("fiu-run") is None, reason="no fiu-run: install libfiu's fiu-utils")
def test_nothing_acknowledged_is_lost_where_one_write_in_a_hundred_fails(tmp_path: Path) -> None:
    tokens = driven("tests.crash.prepared", WRITERS, home=tmp_path)
    pipe = str(tmp_path / "fiu")
    server = Server(tmp_path, program=("fiu-run", "-x", "-f", pipe, str(STAGEPROOF)))
    server.start()
    server.wait()
    assert server.process is not None
    faults = [
        part
        for call, error in (("rw/pwrite", ENOSPC), ("sync/fsync", EIO), ("sync/fdatasync", EIO))
        for part in ("-c", f"enable_random name=posix/io/{call},probability=0.01,failinfo={error}")
    ]
    subprocess.run(["fiu-ctrl", "-f", pipe, *faults, str(server.process.pid)], check=True, timeout=60)
    try:
        with writing(server.address, tokens) as crowd:
            began = time.monotonic()
            while _goes_on(began, crowd):
                time.sleep(0.2)
    finally:
        server.kill()
    print(f"{crowd.put_off} put off, {crowd.acknowledged} acknowledged")
    assert broken(crowd, tmp_path) == []


def _goes_on(began: float, crowd: Crowd) -> bool:
    """For the time that was asked for, and until both came about."""
    assert time.monotonic() < began + SECONDS + 240, (
        f"{crowd.put_off} put off, {crowd.acknowledged} acknowledged"
    )
    if crowd.odd:
        return False
    return time.monotonic() < began + SECONDS or min(crowd.put_off, crowd.acknowledged) < WRITERS
