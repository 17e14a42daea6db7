"""The demo company as a deployment: everything that it did, up to yesterday."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.contrib.auth.hashers import make_password

from stageproof.actions import load_tables
from stageproof.actions.history import names_changed
from stageproof.actions.load_tables import Ids
from stageproof.demo.book import Tables, demo_company
from stageproof.demo.company import CAMPAIGNS, MANAGERS, PEOPLE, PIPELINE_OWNER, TEAMS, VICE_PRESIDENT
from stageproof.demo.expansion import with_expansion
from stageproof.demo.story import BEGINS_ON, UNTIL
from stageproof.engine.definition import Definition, write_definition
from stageproof.engine.frames import DAY, instant_number
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.tables import FOREVER, TABLES
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Deal, DefinitionVersion, Organisation, Person, Team

ROLE_OF_JOB = {
    "account executive": "rep",
    "sales development": "rep",
    "sales manager": "manager",
    "vice president, sales": "manager",
    "revenue operations": "pipeline owner",
    "head of marketing": "marketing",
    "demand generation": "marketing",
    "chief financial officer": "finance",
    "controller": "finance",
    "chief executive": "executive",
    "people and office": "admin",
}
"""Whose job is none of these has no part in the pipeline and does not sign in."""

WHOLE = "Sales"
CURRENCY = "USD"


@dataclass(frozen=True)
class Told:
    """When the story is told: what happened on a day of the story happened `days` later here.

    Years are added rather than days where a period must stay one: quarters begin on the first of a month.
    """

    until: dt.date
    years: int
    days: int

    @classmethod
    def by(cls, today: dt.date) -> Told:
        """The story moved by whole years, so that its last day is yesterday."""
        yesterday = today - dt.timedelta(days=1)
        years = max(yesterday.year - UNTIL.year, 0)
        until = max(min(_years_before(yesterday, years), UNTIL), BEGINS_ON)
        return cls(until, years, (yesterday - until).days if years else 0)

    @property
    def campaigns(self) -> dict[str, str]:
        """Each campaign's name as it is called in the years of the story."""
        return {each.name: f"{each.name[:-4]}{int(each.name[-4:]) + self.years}" for each in CAMPAIGNS}

    def day(self, day: dt.date) -> dt.date:
        return day + dt.timedelta(days=self.days)

    def frame(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        """The table with its days and instants moved, and the years that campaigns are named by."""
        columns = [pl.col("campaign").replace(self.campaigns)] if "campaign" in frame.columns else []
        for column in TABLES[name].columns:
            if column.name not in frame.columns:
                continue
            value = pl.col(column.name)
            if column.name in ("starts_on", "ends_on"):
                columns.append(
                    value.cast(pl.Int32).cast(pl.Date).dt.offset_by(f"{self.years}y").cast(pl.Int32)
                )
            elif column.kind == "day":
                columns.append(value + self.days)
            elif column.kind == "instant":
                columns.append(pl.when(value == FOREVER).then(value).otherwise(value + self.days * DAY))
        return frame.with_columns(columns)


@dataclass(frozen=True)
class LoadedDemo:
    """What was loaded: counts by table, who may sign in by role, and the first and last day."""

    counts: Mapping[str, int]
    people: Mapping[str, Person]
    first_on: dt.date
    last_on: dt.date


def load_demo(*, now: dt.datetime, tables: Tables | None = None, password: str | None = None) -> LoadedDemo:
    """Demo Company from its first day until yesterday, in an empty deployment; refused where one is set up.

    Everyone of a role signs in with `password`; without one nobody does.
    """
    told = Told.by(day_at(now, "UTC"))
    tables = tables or with_expansion(demo_company(until=told.until), told.until)
    with writing(recorded_at=now, actor="system", door="import") as session:
        if Organisation.objects.exists():
            says = "This deployment has its organisation already."
            raise Refused([Problem("set_up_already", says, "Load the demo into an empty data folder.")])
        people = _people(tables, told, password)
        _organisation(tables.definitions, told, people[PIPELINE_OWNER])
        counts = load_history(session, tables, told)
        names_changed()
    shown: dict[str, Person] = {}
    for person in people.values():
        if person.is_active:
            shown.setdefault(person.role, person)
    return LoadedDemo(counts, shown, told.day(BEGINS_ON), told.day(told.until))


def load_history(session: Writing, tables: Tables, told: Told) -> dict[str, int]:
    """Saves every table in the order in which they refer to each other; how many rows of each."""
    ids = Ids.load()
    began = instant_number(dt.datetime.combine(told.day(BEGINS_ON), dt.time(), dt.UTC))
    load_tables.load_accounts(session, ids, tables.accounts, tables.contacts, created_at=began)
    frames = {name: told.frame(name, frame) for name, frame in tables.engine.items() if not frame.is_empty()}
    deals = frames["deals"]
    stages = [stage.name for rules in tables.definitions for stage in rules.stages]
    counts = {"deal versions": load_tables.load_deals(session, ids, deals, stages)}
    accounts = dict(deals.select("deal", "account").unique("deal", keep="last").iter_rows())
    counts["deals"] = Deal.objects.count()
    loaders: dict[str, Any] = {
        "evidence": lambda frame: load_tables.load_evidence(session, ids, frame),
        "roles": lambda frame: load_tables.load_roles(session, ids, frame, accounts),
        "activities": lambda frame: load_tables.load_activities(session, ids, frame),
        "leads": lambda frame: load_tables.load_leads(session, ids, frame),
        "targets": lambda frame: load_tables.load_targets(session, ids, frame),
        "touches": lambda frame: load_tables.load_touches(session, ids, frame),
        "campaigns": lambda frame: load_tables.load_campaigns(session, ids, frame),
        "calls": lambda frame: load_tables.load_calls(ids, frame),
    }
    counts |= {name: load(frames[name]) for name, load in loaders.items() if name in frames}
    return counts


def _people(tables: Tables, told: Told, password: str | None) -> dict[str, Person]:
    """Saves people and teams: a vice president over the managers of the teams."""
    today = told.day(told.until)
    # One hash for all: hashing is slow on purpose, and this is a rehearsal.
    hashed, locked = make_password(password), make_password(None)
    whole = Team.objects.create(name=WHOLE)
    teams = {name: Team.objects.create(name=name, parent=whole) for name in TEAMS}
    known = {each.name: each for each in PEOPLE}
    rows: list[Person] = []
    for name, email, job, team in tables.people.select("name", "email", "job", "team").iter_rows():
        if job not in ROLE_OF_JOB:
            continue
        each = known.get(name)
        here = each is None or each.until_on is None or told.day(each.until_on) >= today
        joined = dt.datetime.combine(each.from_on if each else BEGINS_ON, dt.time(), dt.UTC)
        rows.append(
            Person(
                email=email, name=name, role=ROLE_OF_JOB[job], team=teams.get(team), is_active=here,
                joined_at=joined + dt.timedelta(days=told.days), password=hashed if here else locked,
            )
        )  # fmt: skip
    Person.objects.bulk_create(rows)
    found = {person.name: person for person in Person.objects.all()}
    for name, manager in {**MANAGERS, WHOLE: VICE_PRESIDENT}.items():
        Team.objects.filter(name=name).update(manager=found.get(manager))
    return found


def _organisation(definitions: Sequence[Definition], told: Told, owner: Person) -> None:
    Organisation.objects.create(name="Demo Company", zone="UTC", currency=CURRENCY, pipeline_owner=owner)
    began = told.day(BEGINS_ON)
    at = dt.datetime.combine(began, dt.time(), dt.UTC)
    for rules in definitions:
        toml = write_definition(replace(rules, owner=owner.email, effective_from=began))
        DefinitionVersion.objects.create(
            pipeline=rules.pipeline, version=1, toml=toml, effective_from=began, drafted_by=owner.email,
            drafted_at=at, published_by=owner.email, published_at=at,
        )  # fmt: skip


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


__all__ = ["LoadedDemo", "Told", "load_demo", "load_history"]
