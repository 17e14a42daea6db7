"""Prepares a deployment with so many reps, and prints their tokens as JSON: `python -m tests.crash.prepared 8`."""

from __future__ import annotations

import json
import sys

from stageproof.server import home
from tests.server.drill import PASSWORD


def main(writers: int) -> list[str]:
    home.enter()
    home.prepare()
    from django.utils import timezone

    from stageproof.actions.actor import Actor
    from stageproof.actions.organisation import set_up
    from stageproof.actions.tokens import create_token
    from stageproof.records.models import Person

    now = timezone.now()
    set_up(
        name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@northwind.example",
        password=PASSWORD, now=now,
    )  # fmt: skip
    tokens = []
    for number in range(writers):
        person = Person.objects.create_user(
            f"writer{number}@northwind.example", name=f"Writer Number{number}", role="rep"
        )
        tokens.append(create_token(Actor(person, "cli"), name="crash test", scope="write", now=now)[1])
    return tokens


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
