"""Races on one deployment, in threads: `python -m tests.crash.races ROUNDS` prints what came of each as JSON."""

from __future__ import annotations

import datetime as dt
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from stageproof.server import home

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def together(*verbs: Callable[[], Any]) -> list[Any]:
    """What each verb gave or raised, all of them begun at the same moment."""
    from django.db import connections

    gate, found = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(place: int, verb: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[place] = verb()
        except Exception as raised:
            found[place] = raised
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def main(rounds: int) -> dict[str, Any]:
    home.enter()
    home.prepare()
    from django.db import connection

    from stageproof.actions.accounts import create_account
    from stageproof.actions.activities import log_activity
    from stageproof.actions.actor import system
    from stageproof.actions.deals import create_deal, edit_deal, move_deal
    from stageproof.actions.organisation import set_up
    from stageproof.records.doctor import doctor
    from stageproof.records.models import DealVersion

    set_up(
        name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@northwind.example",
        now=START,
    )  # fmt: skip
    actor = system("cli")
    acme = create_account(actor, now=START, facts={"name": "Acme"})
    step = {"next_step": "Workshop", "next_step_on": START.date() + dt.timedelta(days=7)}

    def ready(number: int) -> Any:
        """A deal that has just what it takes to leave the first stage."""
        facts = {"name": f"Deal {number}", "account": acme, "amount": 100_00, **step}
        deal = create_deal(actor, now=START, facts=facts).deal
        log_activity(actor, deal.key, kind="meeting", side="buyer", subject="Met", now=START)
        return deal

    same, skew = [], []
    for number in range(rounds):
        deal = ready(number)
        moves = [
            lambda deal=deal: move_deal(
                actor, deal.key, to="Discovery", now=START, expected_version=deal.version
            )
            for _ in range(2)
        ]
        versions_before = DealVersion.objects.filter(deal=deal).count()
        outcomes = sorted(type(each).__name__ for each in together(*moves))
        same.append([*outcomes, DealVersion.objects.filter(deal=deal).count() - versions_before])

        deal = ready(rounds + number)
        moved, cleared = together(
            lambda deal=deal: move_deal(actor, deal.key, to="Discovery", now=START),
            lambda deal=deal: edit_deal(
                actor, deal.key, now=START, changes={"next_step": None, "next_step_on": None}
            ),
        )
        deal.refresh_from_db()
        skew.append(
            {
                "moved": type(moved).__name__,
                "cleared": type(cleared).__name__,
                "moved_at": getattr(moved, "seq", None),
                "cleared_at": getattr(cleared, "seq", None),
                "stage": deal.stage,
                "next_step": deal.next_step,
            }
        )
    examined = doctor()
    return {
        "vendor": connection.vendor, "same": same, "skew": skew, "problems": [str(each) for each in examined.problems],
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
