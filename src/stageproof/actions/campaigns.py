"""Campaigns: what they are called, when they run, what they cost; every version kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.facts import MOST_MONEY, unknown_facts
from stageproof.actions.history import succeed
from stageproof.actions.lead_facts import tidied
from stageproof.actions.permission import demand
from stageproof.actions.wrong import amount_problems, missing, text_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import CampaignVersion, Organisation

KEEPS_CAMPAIGNS = ("marketing", "pipeline owner", "admin")
FIELDS = ("source", "starts_on", "ends_on", "cost", "currency")


def create_campaign(
    actor: Actor, *, name: str, now: dt.datetime, facts: Mapping[str, Any]
) -> CampaignVersion:
    """A new campaign; leads and touches know it by its name, which stays."""
    demand(actor, KEEPS_CAMPAIGNS, "create campaigns")
    name = " ".join(name.split())
    values = {"source": None, "currency": Organisation.objects.get().currency, **tidied(facts)}
    problems = unknown_facts(values, FIELDS) + text_problems(CampaignVersion, {"name": name})
    problems += _problems(values)
    if not name:
        problems.append(missing("name", "A campaign needs a name.", "Give it one."))
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        last = CampaignVersion.objects.filter(name=name, valid_to__isnull=True).first()
        if last is not None and not last.removed:
            problems.append(
                wrong("name", name, f"There is a campaign '{name[:80]}' already.", "Work on that one.")
            )
        if problems:
            raise Refused(problems)
        if last is not None:
            return succeed(session, last, at=now, removed=False, **values)
        made = CampaignVersion(name=name, valid_from=now, **values)
        session.add([made])
    return made


def edit_campaign(
    actor: Actor,
    name: str,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> CampaignVersion:
    """The campaign with another source, other days or another cost; unchanged where nothing differs."""
    demand(actor, KEEPS_CAMPAIGNS, "change campaigns")
    changes = tidied(changes)
    problems = unknown_facts(changes, FIELDS)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        current = _current(name, expected_version)
        known = {field: value for field, value in changes.items() if field in FIELDS}
        problems += _problems({**{field: getattr(current, field) for field in FIELDS}, **known})
        if problems:
            raise Refused(problems)
        differing = {field: value for field, value in known.items() if getattr(current, field) != value}
        return succeed(session, current, at=now, **differing) if differing else current


def remove_campaign(
    actor: Actor, name: str, *, now: dt.datetime, expected_version: int | None = None
) -> CampaignVersion:
    """The campaign taken out, with its cost; its history stays, and leads keep its name."""
    demand(actor, KEEPS_CAMPAIGNS, "remove campaigns")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        return succeed(session, _current(name, expected_version), at=now, removed=True)


def find_campaign(name: str) -> CampaignVersion:
    """The campaign as it is; NotFound otherwise."""
    current = CampaignVersion.objects.filter(name=name, valid_to__isnull=True, removed=False).first()
    if current is None:
        raise NotFound("campaign", name)
    return current


def campaign_history(name: str) -> list[CampaignVersion]:
    """Every version of the campaign, the last one first."""
    return list(CampaignVersion.objects.filter(name=name).order_by("-seq"))


def _current(name: str, expected_version: int | None) -> CampaignVersion:
    current = find_campaign(name)
    if expected_version is not None and expected_version != current.version:
        later = CampaignVersion.objects.filter(name=name, seq__gt=expected_version).order_by("seq")
        changed = [
            {"actor": each.actor, "at": each.recorded_at.isoformat(), "fields": [], "change": "edited"}
            for each in later
        ]
        raise Conflict(f"campaign {name}", expected_version, current.version, changed)
    return current


def _problems(values: Mapping[str, Any]) -> list[Problem]:
    problems = text_problems(CampaignVersion, {"source": values.get("source")})
    if not isinstance(values.get("source"), str) or not values["source"]:
        problems.append(
            missing("source", "A campaign belongs to a source.", "Name it, such as Event or Website.")
        )
    for name in ("starts_on", "ends_on"):
        day = values.get(name)
        if day is not None and (not isinstance(day, dt.date) or isinstance(day, dt.datetime)):
            problems.append(wrong(name, day, "This is not a date.", "Write it as 2026-03-31."))
    first, last = values.get("starts_on"), values.get("ends_on")
    if isinstance(first, dt.date) and isinstance(last, dt.date) and last < first:
        problems.append(wrong("ends_on", last, "The campaign ends before it begins.", "Turn the two around."))
    cost, currency = values.get("cost"), str(values.get("currency") or "")
    if cost is not None and (not isinstance(cost, int) or isinstance(cost, bool) or cost > MOST_MONEY):
        says = "This is not an amount in minor units."
        problems.append(wrong("cost", cost, says, "Give a whole number, 1250000 for 12,500.00."))
        cost = None
    problems += [
        Problem(each.code, each.says, each.remedy, column="cost" if each.column == "amount" else each.column,
                value=each.value)
        for each in amount_problems(cost or 0, currency)
    ]  # fmt: skip
    return problems
