"""Exchange rates, each from a day on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from stageproof.actions.rates import set_rate
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Day, Given, Limit, Page, answers
from stageproof.records.models import Rate
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


@router.get("/rates", response=answers(Page[RateShown]))
@policy(*EVERYONE)
def rates(request: HttpRequest, currency: str = "", cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The rates, those of a currency where one is given."""
    rows = Rate.objects.filter(currency=currency.upper()) if currency else Rate.objects.all()
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


def rate_shown(row: Rate) -> dict[str, Any]:
    """A rate as a body has it."""
    return {"id": row.pk, "currency": row.currency, "from_on": row.from_on, "rate": row.rate}
