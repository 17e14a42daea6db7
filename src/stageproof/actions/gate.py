"""The gate's view of single deals: their present rows, in the engine's integers, under the definition in force."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from stageproof.engine.criteria import Moment, currencies_named
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_number, instant_number, number
from stageproof.engine.money import convert, minor_rate
from stageproof.engine.one_deal import OneDeal
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem
from stageproof.engine.stage_moves import Refusal, StageMove, decide_one_stage_move
from stageproof.engine.tables import DEALS
from stageproof.records.bulk import rows_of
from stageproof.records.models import Deal, Organisation, RateVersion
from stageproof.records.tables import definitions_in_force, organisation

HELD = frozenset({"evidence", "roles", "activities"})
FACTS = ("name", "pipeline", "stage", "status", "amount", "currency", "close_on", "forecast_category", "source",
         "campaign", "segment", "product", "next_step", "next_step_on", "lost_reason", "competitor",
         "deal_type", "renews_on", "follows", "created_at")  # fmt: skip
BELONGING = (
    (
        ("kind", "criterion", "side", "given_at", "expires_on", "verified_by"),
        "SELECT v.deal_id, v.kind, v.criterion, v.side, v.given_at, v.expires_on, v.verified_by"
        " FROM records_evidenceversion v WHERE v.deal_id IN ({}) AND v.valid_to IS NULL AND NOT v.revoked",
    ),
    (
        ("contact", "role", "engaged_at"),
        "SELECT v.deal_id, c.name, v.role, v.engaged_at FROM records_roleversion v"
        " JOIN records_contact c ON c.id = v.contact_id"
        " WHERE v.deal_id IN ({}) AND v.valid_to IS NULL AND NOT v.removed",
    ),
    (
        ("contact", "kind", "side", "happened_at"),
        "SELECT v.deal_id, c.name, v.kind, v.side, v.happened_at FROM records_activity v"
        " LEFT JOIN records_contact c ON c.id = v.contact_id"
        " WHERE v.deal_id IN ({}) AND v.withdrawn_at IS NULL",
    ),
)
"""The evidence, roles and activities of some deals: what the engine calls their columns, and their query.

Past the ORM, for whoever else wants to write waits for it.
"""


def decide(
    deals: Sequence[Deal], *, to: str, now: dt.datetime, reason: str = "", lost_reason: str = ""
) -> dict[str, StageMove | Refusal]:
    """The gate's answer for each deal, by key; four queries whatever their number."""
    here = organisation()
    on = day_at(now, here.zone)
    definitions = definitions_in_force(on)
    answers: dict[str, StageMove | Refusal] = {}
    in_hand = _hands(deals, definitions, now=now, organisation=here)
    for deal, one in zip(deals, in_hand, strict=True):
        definition = definition_for(definitions, deal.pipeline)
        answers[deal.key] = (
            decide_one_stage_move(one, definition, to=to, reason=reason, lost_reason=lost_reason)
            if definition
            else Refusal(deal.key, to, (_no_definition(deal),))
        )
    return answers


def definition_of(deal: Deal, now: dt.datetime) -> Definition | None:
    """The definition that rules the deal on the day of the instant."""
    on = day_at(now, organisation().zone)
    return definition_for(definitions_in_force(on), deal.pipeline)


def definition_for(definitions: Sequence[Definition], pipeline: str) -> Definition | None:
    """The definition of a pipeline; the only one there is serves every pipeline."""
    if len(definitions) == 1:
        return definitions[0]
    return next((each for each in definitions if each.pipeline == pipeline), None)


def _hands(
    deals: Sequence[Deal], definitions: Sequence[Definition], *, now: dt.datetime, organisation: Organisation
) -> list[OneDeal]:
    """The deals in hand: each with its present evidence, roles and activities."""
    ids = [deal.pk for deal in deals]
    on = day_at(now, organisation.zone)
    evidence, roles, activities = (_by_deal(names, sql, ids) for names, sql in BELONGING)
    # What a criterion asks for is held here, if only as a blank: it can be filled in.
    held = frozenset(DEALS.names).union(*(each.fields for each in definitions))
    here = organisation.currency
    named = {each: _rate(each, here, on) for each in currencies_named(definitions) - {here}}
    rates = {each: rate for each, rate in named.items() if rate is not None}
    return [
        OneDeal(
            Moment(
                at=instant_number(now),
                day=day_number(on),
                fields=held.union(deal.custom),
                tables=HELD,
                currency=organisation.currency,
                rates=rates,
            ),
            _row(deal, organisation, on),
            evidence[deal.pk],
            roles[deal.pk],
            activities[deal.pk],
        )
        for deal in deals
    ]


def _row(deal: Deal, organisation: Organisation, on: dt.date) -> dict[str, Any]:
    return {
        **{name: None if value is None else str(value) for name, value in deal.custom.items()},
        **{name: number(getattr(deal, name)) for name in FACTS},
        "deal": deal.key,
        "account": deal.account.name if deal.account else None,
        "owner": deal.owner.name if deal.owner else None,
        "team": deal.team.name if deal.team else None,
        "value": _value(deal, organisation.currency, on),
    }


def _value(deal: Deal, currency: str, on: dt.date) -> int | None:
    """The amount in the reporting currency at the rate of the day; null where there is no rate."""
    if deal.amount is None or deal.currency == currency:
        return deal.amount
    rate = _rate(deal.currency, currency, on)
    return None if rate is None else convert(deal.amount, rate)


def _rate(source: str, target: str, on: dt.date) -> int | None:
    """The rate of the day, as `convert` takes it; null where none is known."""
    rates = RateVersion.objects.filter(currency=source, from_on__lte=on, valid_to__isnull=True, removed=False)
    rate = rates.order_by("-from_on").first()
    return None if rate is None else minor_rate(Decimal(rate.rate), source=source, target=target)


def _by_deal(names: Sequence[str], sql: str, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for deal, *values in rows_of(sql, ids):
        found[deal].append(dict(zip(names, values, strict=True)))
    return found


def _no_definition(deal: Deal) -> Problem:
    return Problem(
        "no_definition",
        f"No definition of the pipeline '{deal.pipeline}' is in force.",
        "Publish one with a date on or before today.",
        value=deal.pipeline,
    )
