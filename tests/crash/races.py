"""Races on one deployment, in threads: `python -m tests.crash.races ROUNDS` prints what came of each as JSON."""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stageproof.server import home
from tests.crash.mutants import MUTANTS

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
Verb = Callable[[], Any]


class Track:
    """Two threads that begin their verbs at the same moment, or the one just after the other."""

    def __init__(self) -> None:
        self.pool, self.gate, self.dice = ThreadPoolExecutor(2), threading.Barrier(2), random.Random(3)

    def __call__(self, first: Verb, second: Verb) -> tuple[Any, Any]:
        """What each gave or raised."""
        late = self.dice.uniform(-0.004, 0.004)
        futures = [
            self.pool.submit(self._run, first, max(late, 0)),
            self.pool.submit(self._run, second, max(-late, 0)),
        ]
        one, other = (future.result(60) for future in futures)
        return one, other

    def _run(self, verb: Verb, late: float) -> Any:
        self.gate.wait(30)
        time.sleep(late)
        try:
            return verb()
        except Exception as raised:
            return raised


def main(rounds: int, mutant: str = "none") -> dict[str, Any]:
    folder = home.enter()
    home.prepare()
    MUTANTS[mutant]()
    from django.db import connection

    from stageproof.actions.accounts import create_account
    from stageproof.actions.actor import system
    from stageproof.actions.organisation import set_up
    from stageproof.records.doctor import doctor

    set_up(
        name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@northwind.example",
        now=START,
    )  # fmt: skip
    actor = system("cli")
    acme = create_account(actor, now=START, facts={"name": "Acme"})
    races, together = Races(actor, acme, folder), Track()
    found: dict[str, Any] = {"vendor": connection.vendor}
    for race in ("move", "gate", "import", "merge"):
        found[race] = [_round(getattr(races, f"{race}_"), together, number) for number in range(rounds)]
    return {**found, "problems": [str(each) for each in doctor().problems]}


class Races:
    """Two verbs on one thing, and what they left."""

    def __init__(self, actor: Any, account: Any, folder: Path) -> None:
        self.actor, self.account, self.folder = actor, account, folder

    def move_(self, together: Track, number: int) -> dict[str, Any]:
        from stageproof.actions.deals import move_deal
        from stageproof.records.models import DealVersion

        deal = self._ready()
        before = DealVersion.objects.filter(deal=deal).count()

        def move() -> Any:
            return move_deal(self.actor, deal.key, to="Discovery", now=START, expected_version=deal.version)

        outcomes = sorted(map(_name, together(move, move)))
        return {"outcomes": outcomes, "versions": DealVersion.objects.filter(deal=deal).count() - before}

    def gate_(self, together: Track, number: int) -> dict[str, Any]:
        from stageproof.actions.deals import edit_deal, move_deal

        deal = self._ready()
        cleared = {"next_step": None, "next_step_on": None}
        first, second = together(
            lambda: move_deal(self.actor, deal.key, to="Discovery", now=START),
            lambda: edit_deal(self.actor, deal.key, now=START, changes=cleared),
        )
        deal.refresh_from_db()
        return {**_of(first, second), "stage": deal.stage, "next_step": deal.next_step}

    def import_(self, together: Track, number: int) -> dict[str, Any]:
        from stageproof.actions.import_deals import commit_import, preview_import
        from stageproof.records.models import Deal, DealVersion

        key, path = f"N{number}", self.folder / "deals.csv"
        path.write_text(f"Deal ID,Deal Name,Stage,Amount\n{key},Brought,Prospecting,100.00\n")
        # Now and then what is committed twice is one and the same preview.
        looked = preview_import(self.actor, [path], now=START).run if number % 8 == 0 else None
        run = looked.pk if looked else None

        def bring() -> int:
            return commit_import(self.actor, [path], now=START, run=run).created

        outcomes = sorted(
            each if isinstance(each, str) else str(each) for each in map(_plain, together(bring, bring))
        )
        deals = Deal.objects.filter(key=key)
        return {"outcomes": outcomes, "deals": deals.count(),
                "versions": DealVersion.objects.filter(deal__in=deals).count()}  # fmt: skip

    def merge_(self, together: Track, number: int) -> dict[str, Any]:
        from stageproof.actions.deals import create_deal, edit_deal
        from stageproof.actions.merge_deals import merge_deals

        before, edited = 100 + number, 100_000 + number
        kept = create_deal(self.actor, now=START, facts={"name": "Kept"}).deal
        gone = create_deal(self.actor, now=START, facts={"name": "Gone", "amount": before}).deal
        first, second = together(
            lambda: merge_deals(self.actor, winner=kept.key, loser=gone.key, now=START),
            lambda: edit_deal(self.actor, gone.key, now=START, changes={"amount": edited}),
        )
        kept.refresh_from_db()
        return {**_of(first, second), "amount": kept.amount, "before": before, "edited": edited}

    def _ready(self) -> Any:
        """A deal that has just what it takes to leave the first stage."""
        from stageproof.actions.activities import log_activity
        from stageproof.actions.deals import create_deal

        step = {"next_step": "Workshop", "next_step_on": START.date() + dt.timedelta(days=7)}
        facts = {"name": "A deal", "account": self.account, "amount": 100_00, **step}
        deal = create_deal(self.actor, now=START, facts=facts).deal
        log_activity(self.actor, deal.key, kind="meeting", side="buyer", subject="Met", now=START)
        return deal


def _round(race: Callable[[Track, int], dict[str, Any]], together: Track, number: int) -> dict[str, Any]:
    try:
        return race(together, number)
    except Exception as raised:
        # What a round before it left may keep the next from beginning.
        return {"broke": repr(raised)}


def _of(first: Any, second: Any) -> dict[str, Any]:
    return {
        "first": _name(first), "second": _name(second), "first_at": getattr(first, "seq", None),
        "second_at": getattr(second, "seq", None),
    }  # fmt: skip


def _name(outcome: Any) -> str:
    return type(outcome).__name__


def _plain(outcome: Any) -> Any:
    return outcome if isinstance(outcome, int) else _name(outcome)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), *sys.argv[2:])))
