"""Guessing passwords: five wrong ones, then a wait, however the address is written and whatever a header says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client, override_settings

from stageproof.records.models import Person
from stageproof.web.sign_in import plain
from tests.web.test_sign_in import PASSWORD, ann

__all__ = ["ann"]

TOO_MANY = "Too many failed login attempts"


def guess(email: str, password: str = "wrong-wrong-wrong", **headers: str) -> str:
    response = Client().post("/sign-in", {"login": email, "password": password}, **headers)
    if response.status_code == 302:
        return "in"
    return "blocked" if response.status_code == 429 or TOO_MANY in response.content.decode() else "wrong"


def test_the_sixth_attempt_is_blocked_even_with_the_right_password(ann: Person) -> None:
    assert [guess(ann.email) for _ in range(5)] == ["wrong"] * 5
    assert guess(ann.email) == "blocked"
    assert guess(ann.email, PASSWORD) == "blocked"
    # Others sign in all the while.
    assert guess("ben@northwind.example") == "wrong"


def test_the_wait_is_five_minutes(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.time()
    monkeypatch.setattr(time, "time", lambda: begun)
    for _ in range(6):
        guess(ann.email)
    monkeypatch.setattr(time, "time", lambda: begun + 299)
    assert guess(ann.email, PASSWORD) == "blocked"
    monkeypatch.setattr(time, "time", lambda: begun + 301)
    assert guess(ann.email, PASSWORD) == "in"


def test_right_passwords_are_not_counted(ann: Person) -> None:
    assert [guess(ann.email, PASSWORD) for _ in range(8)] == ["in"] * 8


@pytest.mark.parametrize(
    "spelled", ["ANN@northwind.example", "aNN@Northwind.Example", " ann@northwind.example "]
)
def test_every_spelling_of_an_address_counts_as_the_same(ann: Person, spelled: str) -> None:
    assert [guess(ann.email if turn % 2 else spelled) for turn in range(5)] == ["wrong"] * 5
    assert guess(ann.email, PASSWORD) == "blocked"


LOOK_ALIKES = [
    "ánn@northwind.example",
    "a\u0301nn@northwind.example",
    "ａｎｎ@northwind.example",
    "ann@nórthwind.example",
    "ann@NORTHWIND．example",
]


@pytest.mark.parametrize("spelled", LOOK_ALIKES)
def test_no_look_alike_of_an_address_gets_one_more_attempt(ann: Person, spelled: str) -> None:
    assert plain(spelled) == ann.email
    assert guess(spelled, PASSWORD) == "wrong"
    for _ in range(5):
        guess(ann.email)
    assert guess(spelled, PASSWORD) in ("wrong", "blocked")
    assert guess(ann.email, PASSWORD) == "blocked"


@pytest.mark.parametrize(
    "other", ["ann@northwind.exampel", "anna@northwind.example", "nan@northwind.example"]
)
def test_other_addresses_are_other_addresses(other: str) -> None:
    assert plain(other) != plain("ann@northwind.example")


def test_another_host_name_gets_no_more_attempts(ann: Person) -> None:
    hosts = ("localhost", "127.0.0.1", "testserver", "localhost:81", "localhost:82")
    for host in hosts:
        assert guess(ann.email, HTTP_HOST=host) == "wrong"
    assert guess(ann.email, PASSWORD, HTTP_HOST="localhost:83") == "blocked"


def test_a_forwarded_address_is_not_believed(ann: Person) -> None:
    answers = [
        guess(
            f"nobody{turn}@northwind.example",
            HTTP_X_FORWARDED_FOR=f"198.51.100.{turn}",
            HTTP_X_REAL_IP=f"{turn}",
        )
        for turn in range(31)
    ]
    assert answers == ["wrong"] * 30 + ["blocked"]


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_one_trusted_proxy_is_believed_for_the_last_address_only(ann: Person) -> None:
    answers = [
        guess(f"nobody{turn}@northwind.example", HTTP_X_FORWARDED_FOR=f"198.51.100.{turn}, 203.0.113.9")
        for turn in range(31)
    ]
    assert answers == ["wrong"] * 30 + ["blocked"]
    assert guess("nobody@northwind.example", HTTP_X_FORWARDED_FOR="203.0.113.10") == "wrong"


def test_the_count_is_kept_where_every_worker_sees_it(ann: Person) -> None:
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
    for _ in range(5):
        guess(ann.email)
        # What a process may have kept for itself is gone, as in another worker.
        del caches["default"]
    assert guess(ann.email, PASSWORD) == "blocked"


def test_the_table_of_counts_comes_with_the_migrations(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "STAGEPROOF_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "stageproof.server.settings",
    }
    environment.pop("DATABASE_URL", None)
    program = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "from django.core.cache import cache\n"
        "cache.set('a', 1); print(cache.get('a'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("1", 0), done.stderr


def test_codes_of_a_second_factor_are_counted_too(ann: Person) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(ann, generate_totp_secret())
    client = Client()
    client.post("/sign-in", {"login": ann.email, "password": PASSWORD})
    bodies = [client.post("/sign-in/code", {"code": "000000"}).content.decode() for _ in range(6)]
    assert [TOO_MANY in body for body in bodies] == [False] * 5 + [True]


def test_confirming_is_counted_too(ann: Person) -> None:
    client = Client()
    client.force_login(ann)
    answers = [client.post("/sign-in/again", {"password": "wrong-wrong"}) for _ in range(6)]
    assert TOO_MANY in answers[5].content.decode() or answers[5].status_code == 429
    assert client.post("/sign-in/again", {"password": PASSWORD}).status_code != 302
