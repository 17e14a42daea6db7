"""The server killed again and again under eight writers: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from tests.crash.writers import WRITERS, broken, writing
from tests.server.running import Server, driven

SECONDS = float(os.environ.get("STAGEPROOF_CRASH_SECONDS", "120"))
KILLS = int(os.environ.get("STAGEPROOF_CRASH_KILLS", "80"))
"""So many, in up to `LONGEST` times as long where a machine is slow, and never fewer than a quarter of them."""

LONGEST = 2.5


def test_what_was_acknowledged_is_there_once_however_often_the_server_is_killed(tmp_path: Path) -> None:
    tokens = driven("tests.crash.prepared", WRITERS, home=tmp_path)
    server, dice, kills = Server(tmp_path), random.Random(1), 0
    server.start()
    server.wait()
    began = time.monotonic()
    try:
        with writing(server.address, tokens) as crowd:
            while time.monotonic() < began + SECONDS * (LONGEST if kills < KILLS else 1):
                time.sleep(dice.uniform(0.05, 0.7))
                server.kill()
                kills += 1
                server.start()
                server.wait()
        seconds = time.monotonic() - began
        assert server.stop() == 0
    finally:
        server.kill()
    print(f"{kills} kills in {seconds:.0f} s, {crowd.acknowledged} acknowledged, {crowd.attempts} attempts")
    assert kills >= KILLS // 4
    assert broken(crowd, tmp_path) == []
    assert crowd.acknowledged >= kills
    assert crowd.attempts > crowd.acknowledged, "no request was ever interrupted"
