"""Expansion: what follows a won deal in a pipeline of its own; its renewal, an upsell, a cross-sell."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.actor import Actor
from stageproof.actions.deals import Done, find_deal, open_deal, prepare_deal
from stageproof.actions.wrong import one_of
from stageproof.engine.definition import EXPANSION, Definition
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Deal, Organisation
from stageproof.records.tables import definitions_in_force

TYPES = ("renewal", "upsell", "cross-sell", "onboarding", "referral")
USUAL_DAYS = 90
"""How far ahead an upsell is expected to close where nothing else is said."""


def open_expansion(
    actor: Actor, key: str, *, deal_type: str, now: dt.datetime, pipeline: str | None = None
) -> Done:
    """A new deal that follows a won one, in the expansion pipeline: its account, owner, and for a renewal its amount
    and the day on which the contract is up.

    Refused where the deal isn't won, a renewal of it is open already, or there is no expansion pipeline.
    """
    won = find_deal(actor, key)
    on = day_at(now, Organisation.objects.get().zone)
    problems = one_of("deal_type", deal_type, TYPES, "type of deal")
    if won.status != "won":
        says = f"{won.name} is {won.status}, so nothing can follow it yet."
        problems.append(Problem("not_won", says, "Win it first.", column="deal", value=key))
    definition = _expansion(definitions_in_force(on), pipeline, problems)
    if problems or definition is None:
        raise Refused(problems)
    renewal = deal_type == "renewal"
    whose = won.account.name if won.account else won.name
    facts = {
        "name": f"{whose}: {deal_type}"[:255],
        "pipeline": definition.pipeline,
        "account": won.account,
        "owner": won.owner,
        "amount": won.amount if renewal else None,
        "currency": won.currency,
        "close_on": _expected_on(won, on) if renewal else on + dt.timedelta(days=USUAL_DAYS),
        "source": won.source,
        "segment": won.segment,
        "product": won.product,
        "deal_type": deal_type,
        "follows": won.key,
    }
    prepared = prepare_deal(actor, now=now, facts=facts)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        if renewal:
            _refuse_second(key)
        return open_deal(session, prepared, now=now)


def _refuse_second(key: str) -> None:
    """Refuses a renewal beside one that is open; asked where nobody else can open one meanwhile."""
    there = Deal.objects.filter(follows=key, status="open", deal_type="renewal").first()
    if there is not None:
        says = f"Its renewal is open already: {there.name}."
        raise Refused(
            [Problem("renewal_open", says, f"Go on with {there.key}.", column="deal", value=there.key)]
        )


def _expected_on(won: Deal, on: dt.date) -> dt.date:
    """A renewal closes when the contract is up; one that is overdue, or has no day, as soon as any other."""
    renews_on: dt.date | None = won.renews_on
    return renews_on if renews_on is not None and renews_on >= on else on + dt.timedelta(days=USUAL_DAYS)


def _expansion(
    definitions: list[Definition], pipeline: str | None, problems: list[Problem]
) -> Definition | None:
    """The pipeline asked for among those for after the purchase, or the first of them."""
    found = [each for each in definitions if each.kind == EXPANSION]
    chosen = next((each for each in found if pipeline in (None, each.pipeline)), None)
    if chosen is None:
        names = ", ".join(each.pipeline for each in found)
        says = (
            f"There is no expansion pipeline '{pipeline}'."
            if found
            else "No pipeline is for after the purchase."
        )
        remedy = (
            f"Use one of: {names}."
            if found
            else "Publish a definition of kind expansion; a template is there."
        )
        problems.append(
            Problem("no_expansion_pipeline", says, remedy, column="pipeline", value=pipeline or "")
        )
    return chosen
