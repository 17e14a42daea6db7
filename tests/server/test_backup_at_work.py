"""A backup while eight people write: one moment of the history, whole, with all that was acknowledged before it."""

from __future__ import annotations

import http.cookiejar
import json
import re
import threading
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.crash.writers import WRITERS, Crowd, writing
from tests.server.drill import PASSWORD
from tests.server.running import Server, driven, ran

OWNER = "olga@northwind.example"


def test_a_backup_under_load_is_one_moment_and_people_sign_in_after_it(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    server = Server(home)
    tokens = driven("tests.crash.prepared", WRITERS, home=home)
    server.start()
    server.wait()
    try:
        with writing(server.address, tokens) as crowd:
            _until(crowd, 5 * WRITERS)
            before, at = _histories(crowd), crowd.acknowledged
            made = ran("backup", tmp_path / "at-work.backup", "--json", home=home)
            assert made.returncode == 0, made.stderr
            _until(crowd, crowd.acknowledged + WRITERS)
        assert server.stop() == 0
    finally:
        server.kill()
    assert crowd.odd == []
    other.mkdir()
    restored = ran("restore", tmp_path / "at-work.backup", "--json", home=other)
    assert restored.returncode == 0, restored.stderr
    manifest = json.loads(made.stdout)
    assert json.loads(restored.stdout)["tables"] == manifest["tables"]
    held = driven("tests.crash.held", home=other)
    assert held["problems"] == []
    assert held["numbers"] == list(range(1, manifest["last_change"] + 1))
    assert at <= manifest["last_change"] < crowd.acknowledged
    # Each deal is as it was at one moment, which none of those who had their answer came after.
    written = _histories(crowd)
    for key, amounts in held["history"].items():
        assert amounts == written[key][: len(amounts)]
    for key, amounts in before.items():
        assert held["history"][key][: len(amounts)] == amounts
    again = Server(other)
    again.start()
    try:
        again.wait()
        assert _signed_in(again.address, OWNER, "not the password") is None
        assert _signed_in(again.address, OWNER, PASSWORD) == OWNER
    finally:
        again.kill()


def _histories(crowd: Crowd) -> dict[str, list[int]]:
    return {key: list(values) for writer in crowd.writers for key, values in dict(writer.amounts).items()}


def _until(crowd: Crowd, acknowledged: int) -> None:
    late = threading.Event()
    for _ in range(1_200):
        if crowd.acknowledged >= acknowledged or crowd.odd:
            return
        late.wait(0.1)
    raise AssertionError(f"{crowd.acknowledged} acknowledged, {acknowledged} awaited")


def _signed_in(address: str, email: str, password: str) -> Any:
    """Who the pages say is signed in, having filled in their form; None for nobody."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(jar)
    form = browser.open(f"{address}/sign-in", timeout=30).read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert found is not None
    given = {"login": email, "password": password, "csrfmiddlewaretoken": found[1]}
    request = urllib.request.Request(f"{address}/sign-in", urllib.parse.urlencode(given).encode())
    try:
        browser.open(request, timeout=30).read()
        return json.loads(browser.open(f"{address}/api/v1/me", timeout=30).read())["email"]
    except urllib.error.HTTPError:
        return None
