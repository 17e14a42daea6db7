"""Deals: the list, one in full, create, edit, move, merge, delete, and many at once."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.bulk import Outcome, bulk_edit, bulk_move
from stageproof.actions.deals import create_deal, delete_deal, edit_deal, find_deal, move_deal
from stageproof.actions.expansion import open_expansion
from stageproof.actions.merge_deals import merge_deals
from stageproof.api.auth import actor
from stageproof.api.deal_shapes import (
    DealChanged,
    DealEdit,
    DealFacts,
    DealInFull,
    DealLine,
    DealShown,
    Expansion,
    Move,
    Moved,
    NewDeal,
    OutcomeShown,
    VersionShown,
    deal_shown,
    rows_shown,
)
from stageproof.api.moment import moment_of, shown
from stageproof.api.one_deal import in_full, versions_of
from stageproof.api.paging import USUAL, by_column
from stageproof.api.reading import expected_version
from stageproof.api.shapes import Given, Limit, Page, Text, answers, problems_of
from stageproof.engine.problem import Problem, Refused
from stageproof.web.deal_list import deal_list, visible
from stageproof.web.filters import Filters
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Deals"])
SORTS = {
    "key": "deal", "name": "name", "account": "account", "owner": "owner", "stage": "position", "amount": "value",
    "close_on": "close_on", "next_step_on": "next_step_on", "created_at": "created_at",
    "days_in_stage": "days_in_stage",
}  # fmt: skip
STATUSES = ("open", "won", "lost", "all")
Key = Field(max_length=120)


class DealPage(Page[DealLine]):
    """Part of the list, as of when, and how many deals the whole list has."""

    count: int
    as_of: str
    known_at: str | None


class DealQuery(BaseModel):
    """What a list of deals is narrowed to and how it is ordered."""

    status: Literal["open", "won", "lost", "all"] = "open"
    owner: str = Field("", max_length=200, description="A name, or (none).")
    team: str = Field("", max_length=200, description="A name, or (none).")
    source: str = Field("", max_length=200, description="A source, or (none).")
    stage: str = Field("", max_length=200)
    account: str = Field("", max_length=255)
    period: str = Field("", max_length=40, description="Closing in it: 2026-Q1, 2026-03, FY2026.")
    risk: str = Field("", max_length=80, description="The code of a finding, or any.")
    text: str = Field("", max_length=200, description="Part of the deal's name, account or key.")
    sort: str = Field("-amount", max_length=40, description=f"{', '.join(SORTS)}; with - descending.")
    as_of: str | None = Field(None, max_length=40, description="A day (its end) or an instant.")
    known_at: str | None = Field(None, max_length=40, description="As it was known at this day or instant.")
    cursor: str | None = Field(None, max_length=2_000)
    limit: Limit = USUAL


class Merge(Given):
    """What becomes part of the one addressed."""

    loser: str = Field(max_length=120)
    expected_version: int | None = Field(None, ge=0, le=2**31 - 1)


class Deletion(Given):
    """Why a deal is taken out."""

    reason: Text
    expected_version: int | None = Field(None, ge=0, le=2**31 - 1)


class BulkEdit(Given):
    """The same change for many deals."""

    deals: list[str] = Field(min_length=1, max_length=5_000)
    changes: DealFacts
    expected_versions: dict[str, int] = Field(default_factory=dict)


class BulkMove(Given):
    """The same move for many deals."""

    deals: list[str] = Field(min_length=1, max_length=5_000)
    to: str = Field(max_length=200)
    reason: str = Field("", max_length=500)
    lost_reason: str = Field("", max_length=300)
    expected_versions: dict[str, int] = Field(default_factory=dict)


class Outcomes(BaseModel):
    """What became of each deal, in the order given."""

    outcomes: list[OutcomeShown]


@router.get("/deals", response=answers(DealPage))
@policy(*EVERYONE)
def deals(request: HttpRequest, asked: Query[DealQuery]) -> Any:
    """The deals that the caller may see, at any moment."""
    moment = moment_of(asked.as_of, asked.known_at)
    pipeline = moment.pipeline
    frame = visible(actor(request), moment, deal_list(pipeline).deals)
    if asked.status != "all":
        frame = frame.filter(pl.col("status") == asked.status)
    for column in ("stage", "account"):
        if wanted := getattr(asked, column):
            frame = frame.filter(pl.col(column) == wanted)
    frame = Filters.of(asked.model_dump()).apply(pipeline, frame)
    column, descending = _order(asked.sort)
    part, following = by_column(frame, column, asked.cursor, asked.limit, descending=descending)
    rows = rows_shown(part.to_dicts(), reporting=pipeline.currency, is_now=moment.is_now)
    return {"items": rows, "next": following, "count": frame.height, **shown(moment)}


@router.post("/deals", response=answers(DealChanged, 201))
@policy(*EVERYONE)
def deal_create(request: HttpRequest, given: NewDeal) -> Any:
    """A new deal in the first stage of its pipeline."""
    done = create_deal(actor(request), now=timezone.now(), facts=given.facts())
    return Status(201, {**deal_shown(done.deal), "seq": done.seq})


@router.get("/deals/{key}", response=answers(DealInFull))
@policy(*EVERYONE)
def deal(request: HttpRequest, key: str, as_of: str | None = None, known_at: str | None = None) -> Any:
    """One deal in full, at any moment."""
    return in_full(actor(request), key, moment_of(as_of, known_at))


@router.patch("/deals/{key}", response=answers(DealChanged))
@policy(*EVERYONE)
def deal_edit(request: HttpRequest, key: str, given: DealEdit) -> Any:
    """The deal with other facts; 409 with what changed where someone was quicker."""
    done = edit_deal(
        actor(request), key, now=timezone.now(), changes=given.facts(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return {**deal_shown(done.deal), "seq": done.seq}


@router.post("/deals/{key}/move", response=answers(Moved))
@policy(*EVERYONE)
def deal_move(request: HttpRequest, key: str, given: Move) -> Any:
    """The deal moved; 422 with every unmet criterion where the gate says no."""
    done = move_deal(
        actor(request), key, to=given.to, now=timezone.now(), reason=given.reason, lost_reason=given.lost_reason,
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    move = done.move
    return {
        **deal_shown(done.deal),
        "seq": done.seq,
        "kind": move.kind if move else "",
        "waived": list(move.waived) if move else [],
    }


@router.post("/deals/{key}/merge", response=answers(DealChanged))
@policy(*EVERYONE)
def deal_merge(request: HttpRequest, key: str, given: Merge) -> Any:
    """The deal with what another had besides; that one is taken out, its history stays."""
    done = merge_deals(
        actor(request), winner=key, loser=given.loser, now=timezone.now(),
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return {**deal_shown(done.deal), "seq": done.seq}


@router.post("/deals/{key}/expansion", response=answers(DealChanged))
@policy(*EVERYONE)
def deal_expansion(request: HttpRequest, key: str, given: Expansion) -> Any:
    """A new deal that follows a won one in the expansion pipeline: its renewal, an upsell, a cross-sell."""
    done = open_expansion(
        actor(request), key, deal_type=given.deal_type, pipeline=given.pipeline, now=timezone.now()
    )
    return {**deal_shown(done.deal), "seq": done.seq}


@router.post("/deals/{key}/delete", response=answers(DealChanged))
@policy(*EVERYONE)
def deal_delete(request: HttpRequest, key: str, given: Deletion) -> Any:
    """The deal taken out of the pipeline; its history stays."""
    done = delete_deal(
        actor(request), key, now=timezone.now(), reason=given.reason,
        expected_version=expected_version(request, given.expected_version),
    )  # fmt: skip
    return {**deal_shown(done.deal), "seq": done.seq}


@router.get("/deals/{key}/versions", response=answers(Page[VersionShown]))
@policy(*EVERYONE)
def deal_versions(request: HttpRequest, key: str, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """Every version of a deal, the latest first."""
    return versions_of(find_deal(actor(request), key), cursor, limit)


@router.post("/bulk/edit", response=answers(Outcomes), tags=["Many deals"])
@policy(*EVERYONE)
def deals_edit(request: HttpRequest, given: BulkEdit) -> Any:
    """What became of the same change for each of many deals."""
    found = bulk_edit(actor(request), given.deals, changes=given.changes.facts(), now=timezone.now(),
                      expected_versions=given.expected_versions)  # fmt: skip
    return {"outcomes": [_outcome(each) for each in found]}


@router.post("/bulk/move", response=answers(Outcomes), tags=["Many deals"])
@policy(*EVERYONE)
def deals_move(request: HttpRequest, given: BulkMove) -> Any:
    """The gate's answer for each of many deals; those that it allows are moved."""
    found = bulk_move(actor(request), given.deals, to=given.to, now=timezone.now(), reason=given.reason,
                      lost_reason=given.lost_reason, expected_versions=given.expected_versions)  # fmt: skip
    return {"outcomes": [_outcome(each) for each in found]}


def _order(sort: str) -> tuple[str, bool]:
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        says = f"A list of deals cannot be ordered by '{sort[:40]}'."
        remedy = f"Use one of: {', '.join(SORTS)}."
        raise Refused([Problem("wrong_sort", says, remedy, column="sort", value=sort[:40])])
    return column, sort.startswith("-")


def _outcome(each: Outcome) -> dict[str, Any]:
    return {
        "deal": each.deal, "status": each.status, "problems": problems_of(each.problems), "seq": each.seq,
        "version": each.version,
    }  # fmt: skip


__all__ = ["DealShown", "router"]
