"""What a kill leaves at every point of a request: `python -m tests.crash.points none` prints it as JSON.

After each statement that writes, and on either side of each commit, the files are copied as they stand: that is what
a process killed there leaves to the next. Each copy is then opened as a deployment of its own. It must hold what there
was before the request, or all that the request brings; and the request sent again, with the same key, must leave it
as if nothing had happened.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from stageproof.server import home
from tests.crash.held import held
from tests.crash.mutants import MUTANTS

FILE = "stageproof.sqlite3"
ROWS = [
    "Deal ID,Deal Name,Stage,Amount,Owner,Account",
    *(f"X{n},Brought {n},Prospecting,{n}00.00,Rep Number{n % 3},Account {n % 4}" for n in range(1, 9)),
]
Send = Callable[[str], tuple[int, Any]]
"""Sends a request under a key: its status and body."""


class Requests:
    """Requests of one caller, each as something that can be sent again."""

    def __init__(self, token: str) -> None:
        from django.test import Client

        self.client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        self.token = token

    def json(self, method: str, path: str, body: dict[str, Any]) -> Send:
        text = json.dumps(body)
        return lambda key: self._sent(method, path, key, data=text, content_type="application/json")

    def upload(self, lines: list[str]) -> Send:
        from django.core.files.uploadedfile import SimpleUploadedFile

        content = ("\n".join(lines) + "\n").encode()
        return lambda key: self._sent(
            "POST", "/imports", key, data={"files": [SimpleUploadedFile("deals.csv", content)]}
        )

    def _sent(self, method: str, path: str, key: str, **given: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        verb = getattr(self.client, method.lower())
        answer = verb(f"/api/v1{path}", headers=headers, **given)
        is_json = answer["Content-Type"].startswith("application/json")
        return answer.status_code, json.loads(answer.content) if is_json else answer.content[:200]


@contextmanager
def copied(live: Path, into: Path) -> Iterator[list[Path]]:
    """The copies of the deployment, one for each point that the block passes."""
    from django.db import connection

    copies: list[Path] = []

    def copy() -> None:
        copies.append(into / str(len(copies)))
        shutil.copytree(live, copies[-1], ignore=shutil.ignore_patterns("*-shm", "static"))

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if not sql.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            copy()
        return found

    commit = connection._commit  # type: ignore[attr-defined]

    def committed() -> None:
        copy()
        commit()
        copy()

    connection._commit = committed  # type: ignore[attr-defined]
    try:
        with connection.execute_wrapper(statement):
            yield copies
    finally:
        connection._commit = commit  # type: ignore[attr-defined]


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """The copy in the place of the deployment."""
    from django.conf import settings
    from django.db import connection

    from stageproof.records.tables import forget

    usual = settings.DATA_DIR

    def use(place: Path) -> None:
        connection.close()
        connection.settings_dict["NAME"] = place / FILE
        settings.DATA_DIR = place
        forget()

    use(folder)
    try:
        yield
    finally:
        use(usual)


def wrong_at(name: str, send: Send, live: Path, into: Path) -> tuple[dict[str, Any], list[str]]:
    """How many points the request passes in how many states, and what is wrong with any of these."""
    key, before = str(uuid.uuid4()), held()
    with copied(live, into) as copies:
        status, body = send(key)
    after, wrong, states = held(), [], set()
    if status not in (200, 201):
        wrong.append(f"{name}: answered {status} {body}")
    for place, copy in enumerate(copies):
        state = _state(copy)
        if state in states:
            continue
        states.add(state)
        with opened(copy):
            left = held()
            if left not in (before, after):
                wrong.append(f"{name}: killed at point {place}, it is done by half")
            again = send(key)[0]
            if again != status:
                wrong.append(f"{name}: killed at point {place} and sent again, it is answered {again}")
            if held() != after:
                wrong.append(f"{name}: killed at point {place} and sent again, it is not done once")
    shutil.rmtree(into)
    wrong += [f"{name}: {problem}" for problem in after["problems"]]
    return {"points": len(copies), "states": len(states)}, wrong


def _state(copy: Path) -> str:
    """A digest of every row that a copy holds."""
    import sqlite3

    digest = hashlib.sha256()
    for file in sorted(copy.glob("uploads/**/*")):
        digest.update(file.name.encode())
    at = copy.with_suffix(".looked-at")
    shutil.copytree(copy, at)
    with closing(sqlite3.connect(at / FILE)) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
                digest.update(repr((table, row)).encode())
    shutil.rmtree(at)
    return digest.hexdigest()


def main(mutant: str, last: str = "import undo") -> dict[str, Any]:
    """Every request up to the last: its points and states by name, and all that is wrong."""
    live = home.enter()
    home.prepare()
    MUTANTS[mutant]()
    from django.utils import timezone

    from stageproof.actions.actor import Actor
    from stageproof.actions.organisation import set_up
    from stageproof.actions.tokens import create_token

    now = timezone.now()
    owner = set_up(
        name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@northwind.example",
        now=now,
    ).owner  # fmt: skip
    owner.role = "pipeline owner"
    owner.save()
    call = Requests(create_token(Actor(owner, "cli"), name="points", scope="write", now=now)[1])
    # Once a minute a token notes its use; that is no part of what a request does.
    assert call.json("POST", "/bulk/edit", {"deals": ["-"], "changes": {"name": "-"}})("first")[0] == 200
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for name, send in requests(call, now.date()):
        found[name], said = wrong_at(name, send, live, live.parent / "points")
        wrong += said
        if name == last:
            break
    return {"found": found, "wrong": wrong}


def requests(call: Requests, today: dt.date) -> Iterator[tuple[str, Send]]:
    """One of each kind of write; each builds on what those before it left."""
    from stageproof.records.models import Account

    yield "account", call.json("POST", "/accounts", {"name": "Acme"})
    account = Account.objects.values_list("id", flat=True).get()
    step = {"next_step": "Workshop", "next_step_on": str(today + dt.timedelta(days=7))}
    yield "create", call.json("POST", "/deals", {"name": "One", "account": account, **step})
    yield "create another", call.json("POST", "/deals", {"name": "Two"})
    one, two = sorted(held()["stages"])
    worth = {"amount": "5.00", "currency": "EUR"}
    yield "edit", call.json("PATCH", f"/deals/{one}", {"amount": worth})
    meeting = {"kind": "meeting", "side": "buyer", "subject": "Met"}
    yield "log", call.json("POST", f"/deals/{one}/activities", meeting)
    yield "move", call.json("POST", f"/deals/{one}/move", {"to": "Discovery"})
    yield "merge", call.json("POST", f"/deals/{one}/merge", {"loser": two})
    yield "import preview", call.upload(ROWS)
    yield "import commit", call.json("POST", "/imports/1/commit", {})
    yield "import undo", call.json("POST", "/imports/1/undo", {})


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
