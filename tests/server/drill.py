"""What a backup drill does inside a deployment, each step in a process of its own.

`load`: the demo company with one open session and one token, whose secrets are printed. `login`: whether the password
still lets the person in.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from stageproof.server import home

PASSWORD = "rehearsal-of-a-drill"


def load() -> dict[str, Any]:
    home.enter()
    home.prepare()
    import datetime as dt

    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from stageproof.actions.actor import Actor
    from stageproof.actions.load_demo import load_demo
    from stageproof.actions.tokens import create_token
    from stageproof.demo.book import demo_company

    # The first months of the story: enough of every table, and quick.
    now = dt.datetime(2023, 10, 2, 9, 0, tzinfo=dt.UTC)
    loaded = load_demo(now=now, tables=demo_company(until=dt.date(2023, 10, 1)), password=PASSWORD)
    person = loaded.people["manager"]
    _, token = create_token(Actor(person, "page"), name="drill", scope="read", now=timezone.now())
    session = SessionStore()
    session["_auth_user_id"] = str(person.pk)
    session.create()
    return {
        "email": person.email,
        "token": token,
        "session": session.session_key,
        "deals": loaded.counts["deals"],
    }


def login(email: str) -> dict[str, Any]:
    home.enter()
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from stageproof.actions.actor import system
    from stageproof.actions.deals import create_deal
    from stageproof.records.doctor import doctor
    from stageproof.records.models import Person

    person = Person.objects.get(email=email)
    sessions = Session.objects.count()
    # Numbering goes on where the backup ended, on whatever database.
    made = create_deal(system("cli"), now=timezone.now(), facts={"name": "After the restore"}).deal
    return {
        "password_holds": person.check_password(PASSWORD),
        "sessions": sessions,
        "deal_is_new": made.version == 1,
        "problems": [str(each) for each in doctor().problems],
    }


if __name__ == "__main__":
    verb = {"load": load, "login": login}[sys.argv[1]]
    print(json.dumps(verb(*sys.argv[2:])))
