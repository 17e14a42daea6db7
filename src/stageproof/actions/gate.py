"""The gate's view of single deals: their present rows, in the engine's integers, under the definition in force."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from stageproof.engine.criteria import Moment
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_number, instant_number, number
from stageproof.engine.money import convert, minor_rate
from stageproof.engine.one_deal import OneDeal
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem
from stageproof.engine.stage_moves import Refusal, StageMove, decide_one_stage_move
from stageproof.engine.tables import DEALS
from stageproof.records.models import Activity, Deal, EvidenceVersion, Organisation, RateVersion, RoleVersion
from stageproof.records.tables import definitions_in_force

HELD = frozenset({"evidence", "roles", "activities"})
FACTS = ("name", "pipeline", "stage", "status", "amount", "currency", "close_on", "forecast_category", "source",
         "campaign", "segment", "product", "next_step", "next_step_on", "lost_reason", "competitor",
         "deal_type", "renews_on", "follows", "created_at")  # fmt: skip
EVIDENCE = ("kind", "criterion", "side", "given_at", "expires_on", "verified_by")


def decide(
    deals: Sequence[Deal], *, to: str, now: dt.datetime, reason: str = "", lost_reason: str = ""
) -> dict[str, StageMove | Refusal]:
    """The gate's answer for each deal, by key; four queries whatever their number."""
    organisation = Organisation.objects.get()
    on = day_at(now, organisation.zone)
    definitions = definitions_in_force(on)
    answers: dict[str, StageMove | Refusal] = {}
    in_hand = _hands(deals, definitions, now=now, organisation=organisation)
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
    on = day_at(now, Organisation.objects.get().zone)
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
    evidence = _by_deal(
        EVIDENCE,
        EvidenceVersion.objects.filter(deal__in=ids, valid_to__isnull=True, revoked=False).values_list(
            "deal_id", *EVIDENCE
        ),
    )
    roles = _by_deal(
        ("contact", "role", "engaged_at"),
        RoleVersion.objects.filter(deal__in=ids, valid_to__isnull=True, removed=False).values_list(
            "deal_id", "contact__name", "role", "engaged_at"
        ),
    )
    activities = _by_deal(
        ("contact", "kind", "side", "happened_at"),
        Activity.objects.filter(deal__in=ids, withdrawn_at__isnull=True).values_list(
            "deal_id", "contact__name", "kind", "side", "happened_at"
        ),
    )
    # What a criterion asks for is held here, if only as a blank: it can be filled in.
    held = frozenset(DEALS.names).union(*(each.fields for each in definitions))
    return [
        OneDeal(
            Moment(
                at=instant_number(now),
                day=day_number(on),
                fields=held.union(deal.custom),
                tables=HELD,
                currency=organisation.currency,
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
    rates = RateVersion.objects.filter(currency=deal.currency, from_on__lte=on, valid_to__isnull=True)
    rate = rates.order_by("-from_on").first()
    if rate is None:
        return None
    return convert(deal.amount, minor_rate(Decimal(rate.rate), source=deal.currency, target=currency))


def _by_deal(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for deal, *values in rows:
        found[deal].append({name: number(value) for name, value in zip(names, values, strict=True)})
    return found


def _no_definition(deal: Deal) -> Problem:
    return Problem(
        "no_definition",
        f"No definition of the pipeline '{deal.pipeline}' is in force.",
        "Publish one with a date on or before today.",
        value=deal.pipeline,
    )
