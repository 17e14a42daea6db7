"""The server killed again and again under eight writers: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.server.running import Server, asked, driven, ran

SECONDS = float(os.environ.get("STAGEPROOF_CRASH_SECONDS", "20"))
KILLS = 3
"""At least so many, on however slow a machine."""
WRITERS = 8


@dataclass
class Writer:
    """Creates deals and changes what they are worth; repeats each request under its key until it is answered."""

    number: int
    token: str
    address: str
    stop: threading.Event
    created: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, list[int]] = field(default_factory=dict)
    attempts: int = 0
    odd: list[tuple[int, object]] = field(default_factory=list)

    def run(self) -> None:
        count = 0
        while not self.stop.is_set():
            count += 1
            name = f"w{self.number}-{count}"
            made = self._until_answered("POST", "/api/v1/deals", {"name": name, "amount": _euros(count)})
            key = made["key"]
            self.created[name], self.amounts[key] = key, [count * 100]
            for step in (1, 2):
                if self.stop.is_set():
                    return
                worth = count * 1_000 + step
                self._until_answered("PATCH", f"/api/v1/deals/{key}", {"amount": _euros(worth)})
                self.amounts[key].append(worth * 100)

    def _until_answered(self, method: str, path: str, body: dict[str, object]) -> dict[str, str]:
        key = str(uuid.uuid4())
        while True:
            self.attempts += 1
            with contextlib.suppress(OSError, ValueError):
                status, answer = asked(
                    self.address, method, path, token=self.token, key=key, body=body, timeout=15
                )
                if status in (200, 201):
                    found: dict[str, str] = answer
                    return found
                if status not in (429, 502, 503):
                    self.odd.append((status, answer))
                    raise AssertionError((status, answer))
            time.sleep(0.05)


def _euros(whole: int) -> dict[str, str]:
    return {"amount": f"{whole}.00", "currency": "EUR"}


def test_what_was_acknowledged_is_there_once_however_often_the_server_is_killed(tmp_path: Path) -> None:
    tokens = driven("tests.crash.prepared", WRITERS, home=tmp_path)
    server = Server(tmp_path)
    server.start()
    server.wait()
    began, stop = time.monotonic(), threading.Event()
    writers = [Writer(number, token, server.address, stop) for number, token in enumerate(tokens)]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    dice, kills = random.Random(1), 0
    try:
        for thread in threads:
            thread.start()
        while kills < KILLS or time.monotonic() < began + SECONDS:
            time.sleep(dice.uniform(0.5, 3.0))
            server.kill()
            kills += 1
            server.start()
            server.wait()
        stop.set()
        for thread in threads:
            thread.join(90)
            assert not thread.is_alive(), "a writer was never answered"
        assert server.stop() == 0
    finally:
        stop.set()
        server.kill()

    assert [odd for writer in writers for odd in writer.odd] == []
    acknowledged = {name: key for writer in writers for name, key in writer.created.items()}
    amounts = {key: values for writer in writers for key, values in writer.amounts.items()}
    requests = sum(map(len, amounts.values()))
    assert requests >= 50
    assert sum(writer.attempts for writer in writers) > requests, "no request was ever interrupted"

    with contextlib.closing(sqlite3.connect(tmp_path / "stageproof.sqlite3")) as database:
        names = Counter(name for (name,) in database.execute("SELECT name FROM records_deal"))
        assert names == dict.fromkeys(acknowledged, 1)
        history: dict[str, list[int]] = {}
        for key, amount in database.execute(
            "SELECT d.key, v.amount FROM records_dealversion v JOIN records_deal d ON d.id = v.deal_id ORDER BY v.seq"
        ):
            history.setdefault(key, []).append(amount)
        assert history == amounts
        assert dict(database.execute("SELECT key, amount FROM records_deal")) == {
            key: values[-1] for key, values in amounts.items()
        }
        assert database.execute("SELECT COUNT(*), COUNT(DISTINCT key) FROM records_idempotencykey").fetchone() == (
            requests, requests,
        )  # fmt: skip
        assert database.execute("SELECT MIN(seq), MAX(seq), COUNT(*) FROM records_dealversion").fetchone() == (
            1, requests, requests,
        )  # fmt: skip
    examined = ran("doctor", "--json", home=tmp_path)
    assert examined.returncode == 0, examined.stdout
    assert json.loads(examined.stdout) == {
        "changes": requests, "deals": len(acknowledged), "sound": True, "problems": [],
    }  # fmt: skip
    print(f"{kills} kills, {requests} acknowledged, {len(acknowledged)} deals")
