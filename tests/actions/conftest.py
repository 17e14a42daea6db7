"""The cast, and the organisation that they work in.

Olga owns the pipeline, Mia manages East where Ann and Ben sell, Otto sells in West. Max is marketing, Fay finance,
Eve the executive, Ada the admin.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from stageproof.actions.accounts import create_account
from stageproof.actions.activities import log_activity
from stageproof.actions.actor import Actor, system
from stageproof.actions.committee import add_to_committee
from stageproof.actions.deals import create_deal
from stageproof.actions.evidence import attach_evidence
from stageproof.actions.organisation import set_up
from stageproof.records.models import Account, Deal, Person, Team

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Cast:
    """Everyone, each at the page."""

    ann: Actor
    ben: Actor
    mia: Actor
    olga: Actor
    max: Actor
    fay: Actor
    eve: Actor
    ada: Actor
    otto: Actor
    system: Actor
    east: Team
    west: Team

    def __getitem__(self, name: str) -> Actor:
        found: Actor = getattr(self, name)
        return found


@pytest.fixture
def cast(db: None) -> Cast:
    founded = set_up(
        name="Northwind",
        zone="Europe/Vienna",
        currency="EUR",
        owner_name="Olga Novak",
        owner_email="olga@northwind.example",
        template="mid-market",
        now=START - dt.timedelta(days=30),
    )
    founded.owner.role = "pipeline owner"
    founded.owner.save()
    east, west = Team.objects.create(name="East"), Team.objects.create(name="West")

    def join(name: str, role: str, team: Team | None = None) -> Actor:
        email = f"{name.split()[0].lower()}@northwind.example"
        person = Person.objects.create_user(email, name=name, role=role, team=team)
        return Actor(person, "page")

    mia = join("Mia Moser", "manager", east)
    east.manager = mia.person
    east.save()
    return Cast(
        ann=join("Ann Archer", "rep", east),
        ben=join("Ben Baker", "rep", east),
        mia=mia,
        olga=Actor(founded.owner, "page"),
        max=join("Max Mayer", "marketing"),
        fay=join("Fay Frank", "finance"),
        eve=join("Eve Ember", "executive"),
        ada=join("Ada Adler", "admin"),
        otto=join("Otto Olsen", "rep", west),
        system=system("cli"),
        east=east,
        west=west,
    )


class Clock:
    """A clock that a test sets: each reading is a minute later than the one before."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> dt.datetime:
        self.at += dt.timedelta(minutes=1)
        return self.at

    def days(self, count: int) -> None:
        self.at += dt.timedelta(days=count)


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture
def acme(cast: Cast, now: Clock) -> Account:
    return create_account(cast.ann, now=now(), facts={"name": "Acme Corp", "domain": "acme.example"})


@pytest.fixture
def deal(cast: Cast, now: Clock, acme: Account) -> Deal:
    """Ann's deal with Acme over 50,000.00 EUR, in Prospecting with nothing to show yet."""
    facts: dict[str, Any] = {
        "name": "Acme rollout",
        "account": acme,
        "amount": 5_000_000,
        "close_on": dt.date(2026, 6, 30),
        "source": "Referral",
    }
    return create_deal(cast.ann, now=now(), facts=facts).deal


@pytest.fixture
def ready(cast: Cast, now: Clock, deal: Deal) -> Callable[[], Deal]:
    """Gives the deal what it takes to leave Prospecting and Discovery."""

    def prepare() -> Deal:
        from stageproof.actions.deals import edit_deal

        step = {"next_step": "Workshop", "next_step_on": now.at.date() + dt.timedelta(days=7)}
        edit_deal(cast.ann, deal.key, now=now(), changes=step)
        log_activity(cast.ann, deal.key, kind="meeting", side="buyer", subject="First meeting", now=now())
        for kind in ("pain", "metrics"):
            attach_evidence(cast.ann, deal.key, kind=kind, what="Said so", given_by="Cleo", now=now())
        cleo = {"name": "Cleo Clark", "email": "cleo@acme.example"}
        add_to_committee(cast.ann, deal.key, contact=cleo, role="champion", engaged_at=now.at, now=now())
        deal.refresh_from_db()
        return deal

    return prepare
