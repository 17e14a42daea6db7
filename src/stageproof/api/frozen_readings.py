"""Frozen readings: kept under a name, read as they were, compared with now, and shared by a link."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Router
from pydantic import BaseModel, Field

from stageproof.actions.conflict import NotFound
from stageproof.actions.freeze_reading import (
    body_as_frozen,
    compared,
    freeze_reading,
    frozen_reading,
    recomputed,
)
from stageproof.actions.permission import SEES_ALL
from stageproof.actions.share_reading import SHARES, links_of, revoke_share, share_reading
from stageproof.api.auth import actor
from stageproof.api.idempotency import HEADER
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Given, Id, Instant, Limit, Money, Page, Text, answers, as_money
from stageproof.engine.frames import instant_of
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings.frozen import CAUSES
from stageproof.records.models import FrozenReading, SharedLink
from stageproof.records.tables import pipeline_now
from stageproof.web.as_of import asked_at
from stageproof.web.policy import policy

router = Router(tags=["Readings"])
Shown = Literal["sales", "marketing", "finance", "board", "reconciliation"]


class Freeze(Given):
    """What is to be frozen: a name, the period, and of which moment, deals and pipelines; now and all by default."""

    name: Text
    period: str = Field(max_length=40)
    as_of: str | None = Field(None, max_length=40)
    known_at: str | None = Field(None, max_length=40)
    since: str | None = Field(
        None, max_length=40, description="Since when the board's reading tells what moved."
    )
    pipelines: list[Text] | None = None
    owner: Text | None = None
    team: Text | None = None
    source: Text | None = None


class FrozenShown(BaseModel):
    """A frozen reading: what it was asked, by whom and when it was frozen, and the digest of what it says."""

    id: int
    name: str
    as_of: dt.datetime
    known_at: dt.datetime
    since: dt.datetime | None
    period: str
    starts_on: dt.date
    ends_on: dt.date
    pipelines: list[str] | None
    where: dict[str, list[str | None]]
    definitions: list[dict[str, Any]]
    currency: str
    digest: str
    actor: str
    door: str
    recorded_at: dt.datetime


class LineShown(BaseModel):
    """A line of the statement; `sign` 1 adds, -1 takes away, 0 is what the lines above it come to."""

    name: str
    title: str
    sign: int
    count: int | None
    amount: Money | None


class FigureShown(BaseModel):
    """A figure of a reading: money with its currency, everything else as a number."""

    name: str
    title: str
    unit: str
    value: Money | float | None
    low: Money | float | None
    high: Money | float | None
    count: int | None
    says: str
    formula: str


class FrozenWhole(FrozenShown):
    """A frozen reading with what it says; `unchanged` is whether the history still says the same to the cent."""

    lines: list[LineShown]
    figures: dict[str, list[FigureShown]]
    unchanged: bool


class MovedLine(BaseModel):
    """A line then and now: `then` and the causes add up to `now`."""

    name: str
    title: str
    then: Money | None
    altered: Money | None
    late_arrivals: Money | None
    rates: Money | None
    definition: Money | None
    events: Money | None
    now: Money | None


class Comparison(BaseModel):
    """Why each line of a frozen reading is what it is now."""

    id: int
    name: str
    as_of: dt.datetime
    lines: list[MovedLine]


class Share(Given):
    """Which reading a link shows, and until when; two weeks by default, at most 90 days."""

    reader: Shown
    expires_at: Instant | None = None


class LinkShown(BaseModel):
    """A link, without its secret."""

    id: int
    reader: str
    created_by: str
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    opened_at: dt.datetime | None


class LinkMade(LinkShown):
    """A link with its address, which is shown this once."""

    address: str


class Links(BaseModel):
    """The links to a frozen reading, the latest first."""

    items: list[LinkShown]
    next: str | None = None


@router.get("/frozen-readings", response=answers(Page[FrozenShown]))
@policy(*SEES_ALL)
def frozen_list(request: HttpRequest, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The frozen readings, the latest first."""
    rows = FrozenReading.objects.defer("body")
    return by_id(rows, cursor, limit, frozen_shown, newest_first=True)


@router.post("/frozen-readings", response=answers(FrozenShown))
@policy(*SEES_ALL)
def freeze(request: HttpRequest, given: Freeze) -> Any:
    """Freezes all four readings and the statement under a name."""
    where = {name: [value] for name in ("owner", "team", "source") if (value := getattr(given, name))}
    asked = asked_at(
        period=given.period, as_of=given.as_of, known_at=given.known_at, since=given.since,
        pipelines=given.pipelines, where=where,
    )  # fmt: skip
    return frozen_shown(freeze_reading(actor(request), name=given.name, asked=asked, now=timezone.now()))


@router.get("/frozen-readings/{frozen_id}", response=answers(FrozenWhole))
@policy(*SEES_ALL)
def frozen_one(request: HttpRequest, frozen_id: Id) -> Any:
    """A frozen reading as it was shown."""
    return whole_shown(frozen_reading(actor(request), frozen_id))


@router.get("/frozen-readings/{frozen_id}/comparison", response=answers(Comparison))
@policy(*SEES_ALL)
def frozen_comparison(request: HttpRequest, frozen_id: Id) -> Any:
    """Why each line is what it is now: late arrivals, rates, definition, events."""
    return comparison_shown(frozen_reading(actor(request), frozen_id), timezone.now())


@router.get("/frozen-readings/{frozen_id}/links", response=answers(Links))
@policy(*SHARES)
def share_list(request: HttpRequest, frozen_id: Id) -> Any:
    """The links to a frozen reading."""
    return {"items": [link_shown(each) for each in links_of(frozen_reading(actor(request), frozen_id).pk)]}


@router.post("/frozen-readings/{frozen_id}/links", response=answers(LinkMade))
@policy(*SHARES)
def share(request: HttpRequest, frozen_id: Id, given: Share) -> Any:
    """A link that shows one reading to whoever has it; its address is shown this once."""
    if request.headers.get(HEADER):
        says = "An answer to a key is kept, and the address of a link must not be."
        raise Refused([Problem("key_not_taken", says, f"Send it without {HEADER}.", column=HEADER)])
    return _shared(request, frozen_id, given)


@sensitive_variables()
def _shared(request: HttpRequest, frozen_id: int, given: Share) -> dict[str, Any]:
    link, text = share_reading(
        actor(request), frozen_id, reader=given.reader, now=timezone.now(), expires_at=given.expires_at
    )
    return {**link_shown(link), "address": request.build_absolute_uri(reverse("shared", args=[text]))}


@router.post("/frozen-readings/{frozen_id}/links/{link_id}/revoke", response=answers(LinkShown))
@policy(*SHARES)
def share_end(request: HttpRequest, frozen_id: Id, link_id: Id) -> Any:
    """The link, of no more use."""
    if not SharedLink.objects.filter(pk=link_id, frozen=frozen_id).exists():
        raise NotFound("shared link", str(link_id))
    return link_shown(revoke_share(actor(request), link_id, now=timezone.now()))


def frozen_shown(row: FrozenReading) -> dict[str, Any]:
    """A frozen reading as a body has it."""
    names = (
        "name", "as_of", "known_at", "since", "period", "starts_on", "ends_on", "pipelines", "where", "definitions",
        "currency", "actor", "door", "recorded_at",
    )  # fmt: skip
    return {"id": row.pk, "digest": row.body_digest, **{name: getattr(row, name) for name in names}}


def whole_shown(row: FrozenReading) -> dict[str, Any]:
    """A frozen reading as a body has it with what it says."""
    body = body_as_frozen(row)
    lines = [
        {**line, "amount": as_money(line["amount"], row.currency)} for line in body["statement"]["lines"]
    ]
    figures = {
        reader: [_figure(each, row.currency) for each in reading["figures"].values()]
        for reader, reading in body["readings"].items()
    }
    return {
        **frozen_shown(row), "lines": lines, "figures": figures, "unchanged": recomputed(row) == row.body_digest,
    }  # fmt: skip


def comparison_shown(row: FrozenReading, now: dt.datetime) -> dict[str, Any]:
    """Why each line of a frozen reading is what it is now, as a body has it."""
    present = pipeline_now(now)
    lines = [
        {
            "name": line["line"],
            "title": line["title"],
            **{end: as_money(line[end], row.currency) for end in ("then", *CAUSES, "now")},
        }
        for line in compared(row, present).lines.iter_rows(named=True)
    ]
    return {"id": row.pk, "name": row.name, "as_of": instant_of(present.at), "lines": lines}


def link_shown(row: SharedLink) -> dict[str, Any]:
    """A link as a body has it."""
    names = ("reader", "created_at", "expires_at", "revoked_at", "opened_at")
    return {"id": row.pk, "created_by": row.created_by.name, **{name: getattr(row, name) for name in names}}


def _figure(figure: dict[str, Any], currency: str) -> dict[str, Any]:
    ends = {
        end: as_money(figure[end], currency) if figure["unit"] == "money" else figure[end]
        for end in ("value", "low", "high")
    }
    return {**figure, **ends}
