"""Real processes on a home of their own: a server to talk to and to kill, and a deployment to prepare."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STAGEPROOF = Path(sys.executable).with_name("stageproof")
DATABASE = "stageproof.sqlite3"


def environment(home: Path, database: str | None = None) -> dict[str, str]:
    """The environment of a deployment: its home, its database, and nothing of the test's own settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "STAGEPROOF_"))
    }
    kept.pop("DATABASE_URL", None)
    given = {
        "STAGEPROOF_HOME": str(home),
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        # Half of a start is compiling, where nothing may be kept of it.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    return {**kept, **given, **({"DATABASE_URL": database} if database else {})}


def ran(
    *arguments: str | Path, home: Path, database: str | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """One command of `stageproof` in a process of its own."""
    command = [str(STAGEPROOF), *map(str, arguments)]
    return subprocess.run(
        command,
        env=environment(home, database),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def driven(module: str, *arguments: str | int, home: Path, database: str | None = None) -> Any:
    """What a driver of the tests prints as JSON, run on a deployment in a process of its own."""
    if database is None and not (home / DATABASE).exists():
        shutil.copytree(_empty(), home, dirs_exist_ok=True)
    return json.loads(_module(module, arguments, environment(home, database)).splitlines()[-1])


@functools.cache
def _empty() -> Path:
    """A home with the tables and nothing in them, made once: that takes longer than most of what is tried on it."""
    home = Path(tempfile.mkdtemp(prefix="stageproof-empty-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    _module("tests.server.empty", (), environment(home))
    return home


def _module(module: str, arguments: Sequence[str | int], environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3_600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """`stageproof serve` in a process of its own, always at the same port."""

    home: Path
    database: str | None = None
    arguments: tuple[str, ...] = ()
    program: tuple[str, ...] = (str(STAGEPROOF),)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [*self.program, "serve", "--quiet", "--port", str(self.port), *self.arguments]
        log = (self.home / "server.log").open("ab")
        self.process = subprocess.Popen(
            command, env=environment(self.home, self.database), stdout=log, stderr=log
        )

    def wait(self, seconds: float = 120) -> None:
        """Returns once the server answers; fails with its log where it ends or stays silent."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                    return
            except OSError:
                time.sleep(0.03)
        self.kill()
        raise AssertionError((self.home / "server.log").read_text()[-3000:])

    def kill(self) -> None:
        """Ends the process at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """Asks the process to stop; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def asked(
    address: str,
    method: str,
    path: str,
    *,
    token: str = "",
    key: str | None = None,
    body: Mapping[str, Any] | None = None,
    timeout: float = 30,
) -> tuple[int, Any]:
    """Status and body of one request; OSError where no whole answer came."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key is not None:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}{path}", data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text[:1] in (b"{", b"[") else text.decode(errors="replace")
