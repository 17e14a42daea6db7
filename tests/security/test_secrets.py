"""Secrets at rest: in no row, file, backup or log as they are; under a new key when there is one, and missed politely."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from stageproof.actions.reseal import reseal_all
from stageproof.actions.sign_ins import reset_factors
from stageproof.records.models import Change, Person
from stageproof.records.sealed import Unreadable, reseal, seal, unseal
from stageproof.records.sealed_sessions import SessionStore, kept_as
from tests.actions.database import forbidden
from tests.security.conftest import Cast, Clock
from tests.web.test_sign_in import PASSWORD, ann, code_of, sign_in, turn_on

__all__ = ["ann"]

ROOT = Path(__file__).resolve().parents[2]


def with_factor(ann: Person) -> tuple[str, list[str]]:
    """The secret of the app, and the recovery codes, of a person who has turned both on."""
    client = Client()
    sign_in(client, ann.email)
    secret = turn_on(client)
    page = client.get("/account/second-factor/codes").content.decode()
    return secret, re.findall(r"<li><code>(\w+)</code>", page)


def enters(ann: Person, code: str) -> Any:
    client = Client()
    sign_in(client, ann.email)
    return client.post("/sign-in/code", {"code": code})


@pytest.mark.parametrize("text", ["", "a", "ünïcødé 🔑", "x" * 10_000])
def test_what_was_sealed_opens_and_looks_different_each_time(text: str) -> None:
    one, two = seal(text), seal(text)
    assert unseal(one) == unseal(two) == text
    assert one != two
    assert len(text) < 8 or text not in one


@pytest.mark.parametrize("broken", ["", "gAAAA", "plain", "é"])
def test_what_nothing_seals_does_not_open(broken: str) -> None:
    with pytest.raises(Unreadable):
        unseal(broken)


def test_one_letter_altered_and_it_does_not_open() -> None:
    sealed = seal("kept")
    for place in (1, 20, 60, len(sealed) - 5):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(Unreadable):
            unseal(sealed[:place] + other + sealed[place + 1 :])


def test_a_new_key_in_front_reads_the_old_and_after_resealing_stands_alone() -> None:
    old = seal("kept")
    with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert unseal(old) == "kept"
        new = reseal(old)
    with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[]):
        assert unseal(new) == "kept"
        with pytest.raises(Unreadable):
            unseal(old)


def test_second_factors_move_under_a_new_key(ann: Person, cast: Cast, now: Clock) -> None:
    _, codes = with_factor(ann)
    newer = {"SECRET_KEY": "newer", "SECRET_KEY_FALLBACKS": [settings.SECRET_KEY]}
    with override_settings(**newer):
        assert enters(ann, codes[0]).status_code == 302
        done = reseal_all(cast.ada, now=now())
        assert (done.factors, done.unreadable) == (2, ())
    with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[]):
        assert enters(ann, codes[1]).status_code == 302
        assert enters(ann, codes[0]).status_code == 200


def test_only_an_admin_reseals_or_resets(ann: Person, cast: Cast, now: Clock) -> None:
    with_factor(ann)
    forbidden(lambda: reseal_all(cast.olga, now=now()))
    forbidden(lambda: reset_factors(cast.olga, ann.pk, now=now()))
    assert Authenticator.objects.filter(user=ann).count() == 2


def test_without_its_key_a_factor_is_missed_politely_and_can_be_set_up_again(
    ann: Person, cast: Cast, now: Clock
) -> None:
    secret, codes = with_factor(ann)
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        for code in (code_of(secret), codes[0], "000000"):
            response = enters(ann, code)
            assert response.status_code == 422
            assert "reset-factors" in response.content.decode()
            assert secret not in response.content.decode()
        done = reseal_all(cast.ada, now=now())
        assert (done.factors, done.unreadable) == (0, (ann.email,))
        reset_factors(cast.ada, ann.pk, now=now())
        assert not Authenticator.objects.filter(user=ann).exists()
        client = Client()
        assert sign_in(client, ann.email)["Location"] == "/"
        assert client.get("/account").status_code == 200
        turn_on(client)


def test_who_is_reset_is_signed_out_everywhere_and_it_is_noted(ann: Person, cast: Cast, now: Clock) -> None:
    client = Client()
    sign_in(client, ann.email)
    turn_on(client)
    reset_factors(cast.ada, ann.pk, now=now())
    assert client.get("/account").status_code == 302
    last = Change.objects.order_by("-id").first()
    assert last is not None
    assert (last.actor, last.which) == (cast.ada.name, ann.email)
    assert last.fields == {"second_factors": [None, "reset"]}


def test_a_session_is_kept_under_a_hash_and_sealed(ann: Person) -> None:
    client = Client()
    sign_in(client, ann.email)
    key = client.session.session_key
    assert key
    (row,) = Session.objects.all()
    assert row.session_key == kept_as(key) != key
    assert unseal(row.session_data)
    assert ann.email not in row.session_data
    # Who has read the database has nothing to send.
    thief = Client()
    thief.cookies["sessionid"] = row.session_key
    assert thief.get("/account").status_code == 302
    assert client.get("/account").status_code == 200
    client.session.flush()
    assert not Session.objects.exists()


def test_without_the_key_everyone_signs_in_again(ann: Person) -> None:
    client = Client()
    sign_in(client, ann.email)
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        assert client.get("/account").status_code == 302
    assert SessionStore().decode("not sealed") == {}


PROGRAM = """
import json, re, sys
from stageproof.server import home
home.enter(); home.prepare()
from stageproof.server.logging import configure
configure("DEBUG")
import datetime as dt
from pathlib import Path
from django.conf import settings
from django.test import Client
from django.utils import timezone
from stageproof.actions.actor import Actor
from stageproof.actions.invitations import invite
from stageproof.actions.organisation import set_up
from stageproof.server.backup import write_backup
from tests.web.test_sign_in import PASSWORD, ann, sign_in, turn_on
settings.ALLOWED_HOSTS = ["testserver"]
now = timezone.now()
olga = set_up(name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak",
              owner_email="olga@northwind.example", now=now, password=PASSWORD).owner
client = Client()
sign_in(client, olga.email)
client.post("/sign-in/again", {"password": PASSWORD})
begun = client.get("/account/second-factor/app").content.decode()
waiting = re.search(r'authenticator_secret">([A-Z2-7]+)<', begun)[1]
secret = turn_on(client)
codes = re.findall(r"<li><code>(\\w+)</code>", client.get("/account/second-factor/codes").content.decode())
made = client.post("/settings/tokens", {"name": "Sheet", "scope": "read", "days": "30"}).content.decode()
token = re.search(r"stp_[\\w-]{43}", made)[0]
invited = {"email": "nora@northwind.example", "name": "Nora Nash", "role": "rep"}
link = client.post("/settings/people", invited).content.decode()
key = re.search(r"/invitation#([\\w-]{43})", link)[1]
assert client.get("/api/v1/deals", headers={"Authorization": f"Bearer {token}"}).status_code == 200
other = Client()
other.post("/sign-in", {"login": olga.email, "password": "wrong-but-somebodys-secret"})
other.get("/nowhere", headers={"Authorization": f"Bearer {token}"})
write_backup(Path(sys.argv[1]), now=now)
print(json.dumps({"password": PASSWORD, "waiting": waiting, "secret": secret, "codes": codes, "token": token,
                  "key": key, "session": client.cookies["sessionid"].value, "csrf": "",
                  "tried": "wrong-but-somebodys-secret", "signing": settings.SECRET_KEY}))
import os; os._exit(0)
"""


def test_no_secret_is_in_the_files_of_a_deployment_its_backup_or_its_log(tmp_path: Path) -> None:
    """The process ends without closing, so that what it wrote last is still in the write-ahead log."""
    import zipfile

    home = tmp_path / "home"
    environment = {
        **os.environ, "STAGEPROOF_HOME": str(home), "DJANGO_SETTINGS_MODULE": "stageproof.server.settings",
        "PYTHONPATH": os.pathsep.join(["src", "."]),
    }  # fmt: skip
    for name in ("DATABASE_URL", "STAGEPROOF_SECRET_KEY"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-u", "-c", PROGRAM, str(tmp_path / "backup")],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    secrets = [*said.pop("codes"), *filter(None, said.values())]
    assert len(secrets) == 18
    kept = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    signing = kept.pop("secret-key")
    assert signing.decode() == said["signing"]
    assert {"stageproof.sqlite3", "stageproof.sqlite3-wal"} <= set(kept)
    assert len(kept["stageproof.sqlite3-wal"]) > 100_000
    with zipfile.ZipFile(tmp_path / "backup") as archive:
        kept |= {f"backup/{name}": archive.read(name) for name in archive.namelist()}
    kept["log"] = done.stderr.encode()
    assert b'"event": "request"' in kept["log"]
    for secret in secrets:
        plain = secret.encode()
        # Also as it would look inside something that was written in base64, whatever stands before it.
        dressed = (
            [base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)] if len(plain) > 9 else []
        )
        for name, held in kept.items():
            assert not [form for form in (plain, *dressed) if form in held], f"{secret[:3]}... is in {name}"


def test_what_happened_to_passwords_and_factors_is_in_the_log_of_changes(
    ann: Person, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    client = Client()
    sign_in(client, ann.email)
    other = "walnut-orbit-pelican-4"
    with django_capture_on_commit_callbacks(execute=True):
        secret = turn_on(client)
    for path, typed in (
        ("/account/second-factor/codes/new", {}),
        ("/account/password", {"oldpassword": PASSWORD, "password1": other, "password2": other}),
        ("/account/second-factor/app/remove", {}),
    ):  # fmt: skip
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(path, typed).status_code == 302
    noted = list(Change.objects.filter(which=ann.email).order_by("id").values_list("actor", "fields"))
    told = [{**fields, "by": actor} for actor, fields in noted]
    assert told == [
        {"authenticator_app": [None, "added"], "by": ann.email},
        {"recovery_codes": [None, "added"], "by": ann.email},
        {"recovery_codes": [None, "made anew"], "by": ann.email},
        {"password": [None, "changed"], "by": ann.email},
        {"authenticator_app": [None, "removed"], "by": ann.email},
        {"recovery_codes": [None, "removed"], "by": ann.email},
    ]
    everything = json.dumps(told)
    assert not [each for each in (PASSWORD, other, secret) if each in everything]


def test_who_was_not_let_in_is_noted_without_what_was_typed(ann: Person, cast: Cast) -> None:
    client = Client()
    sign_in(client, ann.email, "wrong-wrong-wrong")
    sign_in(client, "my-password-by-mistake@northwind.example", "wrong-wrong-wrong")
    sign_in(client, ann.email)
    turn_on(client)
    Client().post("/sign-in", {"login": "", "password": ""})
    second = Client()
    sign_in(second, ann.email)
    second.post("/sign-in/code", {"code": "000000"})
    noted = Change.objects.filter(what="sign-in").order_by("id")
    assert [(each.actor, each.which, each.fields) for each in noted] == [
        ("(nobody signed in)", ann.email, {"refused": [None, "password"]}),
        ("(nobody signed in)", "(nobody here)", {"refused": [None, "password"]}),
        ("(nobody signed in)", ann.email, {"refused": [None, "code"]}),
    ]
    shown = Client()
    assert cast.ada.person is not None
    shown.force_login(cast.ada.person)
    page = shown.get("/settings/changes").content.decode()
    assert "(nobody here)" in page
    assert "by-mistake" not in page


def test_guesses_cannot_flood_the_log(ann: Person) -> None:
    for _ in range(12):
        sign_in(Client(), ann.email, "wrong-wrong-wrong")
    assert Change.objects.filter(what="sign-in").count() == 5


@pytest.mark.parametrize(
    ("has", "wants"), [("read", "write"), ("write", "admin"), ("read", "admin"), ("write", "write")]
)
def test_a_token_makes_none_that_may_do_more(cast: Cast, now: Clock, has: str, wants: str) -> None:
    from stageproof.actions.actor import Actor
    from stageproof.actions.permission import Forbidden
    from stageproof.actions.tokens import create_token
    from stageproof.engine.problem import Refused
    from stageproof.records.models import Token

    program = Actor(cast.ada.person, "api", has)
    if has == wants:
        assert create_token(program, name="Sheet", scope=wants, now=now())[0].scope == wants
        return
    with pytest.raises((Refused, Forbidden)):
        create_token(program, name="Sheet", scope=wants, now=now())
    assert Token.objects.count() == 0
    later = now() + dt.timedelta(days=1)
    assert create_token(cast.ada, name="Sheet", scope=wants, now=now(), expires_at=later)[0].scope == wants
