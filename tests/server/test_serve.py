"""The server as a process: where it listens, what it refuses, and that it ends when told."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from stageproof.engine.problem import Refused
from stageproof.server import serve
from tests.server.running import STAGEPROOF, Server, asked, driven, environment, ran


def test_two_workers_answer_log_no_secrets_and_end_together(tmp_path: Path) -> None:
    (token,) = driven("tests.crash.prepared", 1, home=tmp_path)
    server = Server(tmp_path, arguments=("--workers", "2"))
    server.start()
    try:
        server.wait()
        status, made = asked(
            server.address, "POST", "/api/v1/deals", token=token, key="k-1", body={"name": "Alder"}
        )
        assert (status, made["name"]) == (201, "Alder")
        again = asked(server.address, "POST", "/api/v1/deals", token=token, key="k-1", body={"name": "Alder"})
        assert again == (201, made)
        assert asked(server.address, "GET", "/api/v1/deals", token="stp_nothing-of-the-kind")[0] == 401
        with urllib.request.urlopen(f"{server.address}/static/stageproof/frame.css") as answer:
            assert answer.status == 200
        assert server.process is not None
        workers = _children(server.process.pid)
        assert len(workers) == 2
        assert server.stop() == 0
        assert not any(_runs(worker) for worker in workers)
    finally:
        server.kill()
    with closing(sqlite3.connect(tmp_path / "stageproof.sqlite3")) as database:
        assert database.execute("SELECT COUNT(*) FROM records_deal").fetchone() == (1,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    log = (tmp_path / "server.log").read_text()
    assert token not in log
    assert (tmp_path / "secret-key").read_text() not in log
    assert oct((tmp_path / "secret-key").stat().st_mode & 0o777) == "0o600"


def test_workers_end_where_the_server_was_killed(tmp_path: Path) -> None:
    driven("tests.crash.prepared", 1, home=tmp_path)
    server = Server(tmp_path, arguments=("--workers", "2"))
    server.start()
    server.wait()
    assert server.process is not None
    workers = _children(server.process.pid)
    server.kill()
    until = time.monotonic() + 20
    while any(_runs(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.2)
    assert not any(_runs(worker) for worker in workers)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    driven("tests.crash.prepared", 1, home=tmp_path)
    with closing(sqlite3.connect(tmp_path / "stageproof.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9999_later', '2030-01-01')"
        )
    for command in (("serve", "--port", "0"), ("doctor",), ("backup", str(tmp_path / "b"))):
        outcome = ran(*command, home=tmp_path)
        assert (outcome.returncode, outcome.stdout) == (1, "")
        assert "of a newer version: it has records.9999_later" in outcome.stderr


def test_an_upgrade_that_was_killed_goes_on_where_it_is_run_again(tmp_path: Path) -> None:
    told = driven("tests.server.kill_in_migration", 1, 2, home=tmp_path)
    later = ["records.0002_later"]
    assert told == {"ends": [-signal.SIGKILL, -signal.SIGKILL, 0], "missing": [later, later, []]}
    with closing(sqlite3.connect(tmp_path / "stageproof.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        # Once, though it was begun three times.
        assert database.execute("SELECT COUNT(*) FROM records_later").fetchone() == (1,)
        assert database.execute("SELECT motto FROM records_organisation").fetchall() == []
    # And this version, which is the older one now, leaves it alone.
    refused = ran("doctor", home=tmp_path)
    assert (refused.returncode, "records.0002_later" in refused.stderr) == (1, True)


def test_a_taken_port_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused) as caught:
            serve.bind("127.0.0.1", port)
    assert [problem.code for problem in caught.value.problems] == ["cannot_listen"]
    assert str(port) in str(caught.value.problems[0])
    (tmp_path / "file").write_text("")
    outcome = subprocess.run(
        [STAGEPROOF, "serve", "--port", "0"],
        env=environment(tmp_path / "file"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("Refused: ")
    assert "The data folder cannot be used" in outcome.stderr


def test_the_address_is_one_that_a_browser_opens() -> None:
    with closing(serve.bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert serve.address(listener, "127.0.0.1") == f"http://127.0.0.1:{port}/"
        assert serve.address(listener, "0.0.0.0") == f"http://localhost:{port}/"
        assert serve.address(listener, "::1") == f"http://[::1]:{port}/"


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc to see the workers")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
