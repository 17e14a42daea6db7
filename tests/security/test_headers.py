"""Headers: on every page a policy that runs nothing inline, and no page that would need it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.test import Client

from stageproof.web.policy import PUBLIC
from tests.security.conftest import Route, undone

EXPECTED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "connect-src": "'self'",
}
INLINE = (
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>",
    r"<style\b",
    r"<[a-z][^>]*\sstyle=",
    r"<[a-z][^>]*\son[a-z]+=",
    r"(?:href|src|action)=[\"']?\s*javascript:",
    r"(?:href|src|action)=[\"']?(?:https?:)?//(?!testserver|www\.w3\.org)",
)


def test_every_page_carries_them_and_nothing_inline(at: Any, routes: list[Route]) -> None:
    seen = 0
    for name in ("ada", None):
        client = at(name) if name else Client()
        for route in routes:
            if name is None and route.policy != PUBLIC:
                continue
            with undone():
                response = client.get(route.path)
            where = f"{route.path} for {name}"
            policy = dict(
                part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
            )
            assert {key: policy[key] for key in DIRECTIVES} == DIRECTIVES, where
            assert "unsafe" not in response["Content-Security-Policy"], where
            # The address of a shared reading is its key, and is told to nobody at all.
            expected = EXPECTED | (
                {"Referrer-Policy": "no-referrer"} if route.name.startswith("shared") else {}
            )
            assert {key: response[key] for key in EXPECTED} == expected, where
            if response["Content-Type"].startswith("text/html") and not response.streaming:
                body = response.content.decode()
                assert [found for pattern in INLINE if (found := re.findall(pattern, body, re.I))] == [], (
                    where
                )
                seen += 1
    assert seen > 30


def test_pages_with_secrets_are_not_kept_by_browsers(at: Any) -> None:
    for path in ("/settings/tokens", "/settings/people", "/invitation"):
        assert "no-store" in at("ada").get(path)["Cache-Control"], path


def test_a_deployment_behind_https_has_nothing_to_warn_of(tmp_path: Path) -> None:
    environment = {
        **os.environ, "STAGEPROOF_HOME": str(tmp_path), "STAGEPROOF_HTTPS": "1",
        "DJANGO_SETTINGS_MODULE": "stageproof.server.settings",
    }  # fmt: skip
    environment.pop("STAGEPROOF_SECRET_KEY", None)
    command = [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_the_key_that_signs_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "STAGEPROOF_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "stageproof.server.settings",
    }
    environment.pop("STAGEPROOF_SECRET_KEY", None)
    command = [sys.executable, "-c", "from django.conf import settings; print(settings.SECRET_KEY)"]
    keys = {
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in "ab"
    }
    assert len(keys) == 1
    # A new key in front, as one puts it there to replace the other.
    (tmp_path / "secret-key").write_text(f"newer\n{keys.copy().pop()}")
    said = "from django.conf import settings as s; print(s.SECRET_KEY, len(s.SECRET_KEY_FALLBACKS))"
    command = [sys.executable, "-c", said]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["newer", "1"]
    assert len(keys.pop().strip()) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
