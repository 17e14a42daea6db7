"""The gate's view of single deals: their rows, as the engine's tables, under the definition in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import from_rows
from stageproof.engine.tables import TABLES
from stageproof.records.models import Activity, Deal, EvidenceVersion, Organisation, RoleVersion
from stageproof.records.tables import calendar_of, published_definitions


def pipeline_of(deals: Sequence[Deal], at: dt.datetime) -> Pipeline:
    """The pipeline of just these deals at the instant: enough for the gate, quick to load."""
    keys = {deal.pk: deal.key for deal in deals}
    organisation = Organisation.objects.get()
    book = Book.build(
        deals=from_rows(TABLES["deals"], [_deal_row(deal, at) for deal in deals]),
        evidence=from_rows(TABLES["evidence"], _evidence(keys)),
        roles=from_rows(TABLES["roles"], _roles(keys)),
        activities=from_rows(TABLES["activities"], _activities(keys)),
        definitions=published_definitions(),
        currency=organisation.currency,
        zone=organisation.zone,
        calendar=calendar_of(organisation),
    )
    return book.as_of(at)


def _deal_row(deal: Deal, at: dt.datetime) -> dict[str, Any]:
    """The present row as a version that holds from its creation; the gate asks only about now."""
    return {
        **{
            name: getattr(deal, name)
            for name in (
                "name", "pipeline", "stage", "status", "amount", "currency", "close_on", "forecast_category",
                "source", "campaign", "segment", "product", "next_step", "next_step_on", "lost_reason", "competitor",
                "created_at",
            )
        },
        **{name: None if value is None else str(value) for name, value in deal.custom.items()},
        "deal": deal.key,
        "account": deal.account.name if deal.account else None,
        "owner": deal.owner.name if deal.owner else None,
        "team": deal.team.name if deal.team else None,
        "valid_from": min(deal.created_at, at),
        "valid_to": None,
    }  # fmt: skip


def _evidence(keys: dict[int, str]) -> list[dict[str, Any]]:
    rows = EvidenceVersion.objects.filter(deal__in=keys, valid_to__isnull=True, revoked=False)
    names = ("evidence", "criterion", "kind", "what", "given_by", "side", "given_at", "expires_on", "located_at",
             "verified_by", "valid_from")  # fmt: skip
    return [
        {**dict(zip(names, values, strict=True)), "deal": keys[deal]}
        for deal, *values in rows.values_list("deal_id", *names)
    ] or _none("evidence")


def _roles(keys: dict[int, str]) -> list[dict[str, Any]]:
    rows = RoleVersion.objects.filter(deal__in=keys, valid_to__isnull=True, removed=False)
    found = rows.values_list("deal_id", "contact__name", "role", "contact__title", "engaged_at", "valid_from")
    return [
        {
            "deal": keys[deal],
            "contact": contact,
            "role": role,
            "title": title,
            "engaged_at": engaged,
            "valid_from": since,
        }
        for deal, contact, role, title, engaged, since in found
    ]


def _activities(keys: dict[int, str]) -> list[dict[str, Any]]:
    rows = Activity.objects.filter(deal__in=keys)
    found = rows.values_list("key", "deal_id", "contact__name", "kind", "side", "happened_at")
    return [
        {
            "activity": key,
            "deal": keys[deal],
            "contact": contact,
            "kind": kind,
            "side": side,
            "happened_at": at,
        }
        for key, deal, contact, kind, side, at in found
    ]


def _none(_table: str) -> list[dict[str, Any]]:
    """Nothing recorded is not the same as nothing held: the table is there, and empty."""
    return []
