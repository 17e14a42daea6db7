"""Exchange rates, each from a day on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from stageproof.actions.rates import remove_rate, set_rate
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Day, Given, Id, Limit, Page, answers
from stageproof.records.models import RateVersion
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Rates"])


class NewRate(Given):
    """What one unit is worth in the reporting currency from a day on; `correct` replaces a wrong one."""

    currency: str = Field(max_length=20, examples=["EUR"])
    from_on: Day
    rate: str = Field(max_length=80, examples=["1.0845"])
    correct: bool = False


class RateShown(BaseModel):
    """What one unit is worth in the reporting currency from a day on."""

    id: int
    currency: str
    from_on: dt.date
    rate: str
    recorded_at: dt.datetime
    corrected_at: dt.datetime | None
    removed: bool
    actor: str
    door: str


@router.get("/rates", response=answers(Page[RateShown]))
@policy(*EVERYONE)
def rates(
    request: HttpRequest,
    currency: str = "",
    history: bool = False,
    cursor: str | None = None,
    limit: Limit = USUAL,
) -> Any:
    """The rates, those of a currency where one is given; with `history` also those that were corrected or taken out."""
    rows = RateVersion.objects.all()
    if not history:
        rows = rows.filter(valid_to__isnull=True, removed=False)
    if currency:
        rows = rows.filter(currency=currency.upper())
    return by_id(rows, cursor, limit, rate_shown)


@router.post("/rates", response=answers(RateShown))
@policy(*EVERYONE)
def rate_set(request: HttpRequest, given: NewRate) -> Any:
    """The rate from a day on."""
    row = set_rate(
        actor(request), currency=given.currency, from_on=given.from_on, rate=given.rate, correct=given.correct,
        now=timezone.now(),
    )  # fmt: skip
    return rate_shown(row)


@router.delete("/rates/{rate}", response=answers(RateShown))
@policy(*EVERYONE)
def rate_remove(request: HttpRequest, rate: Id) -> Any:
    """The rate taken out: the one before it holds on. The history keeps it."""
    return rate_shown(remove_rate(actor(request), rate, now=timezone.now()))


def rate_shown(row: RateVersion) -> dict[str, Any]:
    """A rate as a body has it."""
    return {
        "id": row.pk, "currency": row.currency, "from_on": row.from_on, "rate": row.rate,
        "recorded_at": row.recorded_at, "corrected_at": row.valid_to, "removed": row.removed,
        "actor": row.actor, "door": row.door,
    }  # fmt: skip
