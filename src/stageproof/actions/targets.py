"""Targets of a person, a team or the whole, with their history."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.actor import Actor
from stageproof.actions.history import succeed
from stageproof.actions.permission import SETS_TARGETS, demand, forbid, teams_below
from stageproof.actions.wrong import amount_problems, wrong
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Organisation, Person, TargetVersion, Team


def set_target(
    actor: Actor,
    *,
    starts_on: dt.date,
    ends_on: dt.date,
    amount: int | None,
    now: dt.datetime,
    currency: str | None = None,
    owner: Person | None = None,
    team: Team | None = None,
) -> TargetVersion:
    """The target of a period, in minor units; without an amount the target is taken away.

    With neither owner nor team it is the whole's. A manager sets those of the teams below.
    """
    demand_target(actor, owner, team)
    currency = currency or Organisation.objects.get().currency
    problems = [] if amount is None else amount_problems(amount, currency)
    if ends_on < starts_on:
        problems.append(wrong("ends_on", ends_on, "The period ends before it begins.", "Choose a later day."))
    if owner is not None and team is not None:
        says = "A target is of a person or of a team, not of both."
        problems.append(Problem("two_targets", says, "Leave one out.", column="team"))
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        same = TargetVersion.objects.filter(owner=owner, team=team, starts_on=starts_on, ends_on=ends_on)
        current = same.filter(valid_to__isnull=True).first()
        if amount is None and (current is None or current.removed):
            problems.append(
                wrong("amount", "", "There is no such target to take away.", "Look at the period.")
            )
        if problems:
            raise Refused(problems)
        if current is None:
            target = TargetVersion(
                owner=owner,
                team=team,
                starts_on=starts_on,
                ends_on=ends_on,
                amount=amount or 0,
                currency=currency,
                valid_from=now,
            )
            session.add([target])
            return target
        if amount is None:
            return succeed(session, current, at=now, removed=True)
        if (current.amount, current.currency, current.removed) == (amount, currency, False):
            return current
        return succeed(session, current, at=now, amount=amount, currency=currency, removed=False)


def demand_target(actor: Actor, owner: Person | None, team: Team | None) -> None:
    """Raises Forbidden unless the actor sets targets: a manager those of the own people, not of others or the whole."""
    demand(actor, SETS_TARGETS, "set targets")
    person = actor.person
    if person is None or actor.role != "manager":
        return
    below = teams_below(person)
    mine = (owner is not None and (owner.pk == person.pk or owner.team_id in below)) or (
        team is not None and team.pk in below
    )
    if not mine:
        raise forbid("set this target")
