"""Definitions: drafted, checked, tried on the live pipeline, published."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.definition_impact import Affected, impact_of_draft
from stageproof.actions.definitions import (
    Drafted,
    compare_versions,
    discard_draft,
    draft_definition,
    edit_draft,
    publish_definition,
)
from stageproof.actions.permission import DEFINES
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Day, Given, Id, Limit, Money, Page, Problem, answers, as_money, problems_of
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.definition_check import check_definition
from stageproof.engine.proof import sentence
from stageproof.records.models import DefinitionVersion
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Definition"])
MOST_SHOWN = 1_000
"""How many affected deals of a kind an impact names; all are counted."""


class Toml(Given):
    """A definition as TOML."""

    toml: str = Field(max_length=200_000)


class Publication(Given):
    """From which day on; and for stages that vanish, which takes the place of each."""

    effective_from: Day
    stages: dict[str, str] = Field(default_factory=dict)


class CriterionOf(BaseModel):
    """An exit criterion: what it says and what it asks for."""

    id: str
    says: str
    asks: str


class StageOf(BaseModel):
    """A stage and what it takes to leave it."""

    name: str
    norm_days: int | None
    exit: list[CriterionOf]


class VersionOf(BaseModel):
    """One version of a pipeline's definition: a draft, or published."""

    id: int
    pipeline: str
    number: int
    published: bool
    effective_from: dt.date | None
    drafted_by: str
    drafted_at: dt.datetime
    published_by: str | None
    published_at: dt.datetime | None


class DefinitionShown(VersionOf):
    """A version with its text, its stages and what the check warns of."""

    owner: str
    toml: str
    stages: list[StageOf]
    warnings: list[Problem]


class Checked(BaseModel):
    """What a text defines, and what the check warns of."""

    pipeline: str
    owner: str
    stages: list[StageOf]
    warnings: list[Problem]


class AffectedDeal(BaseModel):
    """A deal whose qualification would change."""

    deal: str
    name: str | None
    stage: str | None
    owner: str | None
    amount: Money | None
    before: str
    after: str


class AffectedDeals(BaseModel):
    """The deals of a kind: how many, and the first of them."""

    count: int
    deals: list[AffectedDeal]


class ImpactShown(BaseModel):
    """What a draft would do to the open deals if it took effect now."""

    pipeline: str
    loses: AffectedDeals
    gains: AffectedDeals
    others: AffectedDeals
    before: dict[str, Money]
    after: dict[str, Money]
    vanished: list[Problem]


class ChangeOf(BaseModel):
    """One change between two versions, in a sentence."""

    kind: str
    says: str


class Changes(BaseModel):
    """What changed from one version to another."""

    changes: list[ChangeOf]


@router.get("/definitions", response=answers(Page[VersionOf]))
@policy(*EVERYONE)
def definitions(request: HttpRequest, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """Every version; drafts for whom they are to write."""
    return by_id(_seen(actor(request)), cursor, limit, _version)


@router.post("/definitions", response=answers(DefinitionShown, 201))
@policy(*DEFINES)
def definition_draft(request: HttpRequest, given: Toml) -> Any:
    """A new draft; refused with every problem of the text."""
    return Status(201, _drafted(draft_definition(actor(request), toml=given.toml, now=timezone.now())))


@router.post("/definitions/check", response=answers(Checked))
@policy(*DEFINES)
def definition_check(request: HttpRequest, given: Toml) -> Any:
    """What a text defines and what the check warns of; nothing is saved."""
    read = read_definition(given.toml)
    return {
        "pipeline": read.pipeline, "owner": read.owner, "stages": _stages(read),
        "warnings": problems_of(check_definition(read)),
    }  # fmt: skip


@router.get("/definitions/{definition_id}", response=answers(DefinitionShown))
@policy(*EVERYONE)
def definition(request: HttpRequest, definition_id: Id) -> Any:
    """One version with its text."""
    return _shown(_row(request, definition_id))


@router.put("/definitions/{definition_id}", response=answers(DefinitionShown))
@policy(*DEFINES)
def definition_edit(request: HttpRequest, definition_id: Id, given: Toml) -> Any:
    """The draft with another text."""
    row = _row(request, definition_id)
    return _drafted(
        edit_draft(actor(request), row.pipeline, row.version, toml=given.toml, now=timezone.now())
    )


@router.delete("/definitions/{definition_id}", response=answers(VersionOf))
@policy(*DEFINES)
def definition_discard(request: HttpRequest, definition_id: Id) -> Any:
    """Takes a draft away, and shows for the last time what it was."""
    row = _row(request, definition_id)
    gone = _version(row)
    discard_draft(actor(request), row.pipeline, row.version, now=timezone.now())
    return gone


@router.get("/definitions/{definition_id}/impact", response=answers(ImpactShown))
@policy(*DEFINES)
def definition_impact(request: HttpRequest, definition_id: Id) -> Any:
    """Which open deals would lose or gain their qualification, and what qualified amounts become."""
    row = _row(request, definition_id)
    found = impact_of_draft(actor(request), row.pipeline, row.version, now=timezone.now())
    return {
        "pipeline": found.pipeline,
        **{name: _affected(getattr(found, name), found.currency) for name in ("loses", "gains", "others")},
        "before": {name: as_money(amount, found.currency) for name, amount in found.before.items()},
        "after": {name: as_money(amount, found.currency) for name, amount in found.after.items()},
        "vanished": problems_of(found.vanished),
    }


@router.post("/definitions/{definition_id}/publish", response=answers(DefinitionShown))
@policy(*DEFINES)
def definition_publish(request: HttpRequest, definition_id: Id, given: Publication) -> Any:
    """The draft in force from a day on."""
    row = _row(request, definition_id)
    published = publish_definition(
        actor(request), row.pipeline, row.version, effective_from=given.effective_from, stages=given.stages,
        now=timezone.now(),
    )  # fmt: skip
    return _shown(published)


@router.get("/definitions/{definition_id}/changes", response=answers(Changes))
@policy(*EVERYONE)
def definition_changes(request: HttpRequest, definition_id: Id, since: Id) -> Any:
    """What changed from an earlier version of the same pipeline, `since` its id."""
    row, before = _row(request, definition_id), _row(request, since)
    if before.pipeline != row.pipeline:
        raise NotFound("definition", str(since))
    found = compare_versions(row.pipeline, before.version, row.version)
    return {"changes": [{"kind": each.kind, "says": each.says} for each in found]}


def _seen(actor: Actor) -> Any:
    rows = DefinitionVersion.objects.all()
    return rows if actor.role in DEFINES else rows.filter(published_at__isnull=False)


def _row(request: HttpRequest, pk: int) -> DefinitionVersion:
    row: DefinitionVersion | None = _seen(actor(request)).filter(pk=pk).first()
    if row is None:
        raise NotFound("definition", str(pk))
    return row


def _version(row: DefinitionVersion) -> dict[str, Any]:
    names = ("pipeline", "effective_from", "drafted_by", "drafted_at", "published_by", "published_at")
    more = {"id": row.pk, "number": row.version, "published": row.published_at is not None}
    return {**{name: getattr(row, name) for name in names}, **more}


def _shown(row: DefinitionVersion) -> dict[str, Any]:
    read = read_definition(row.toml)
    return _drafted(Drafted(row, read, tuple(check_definition(read))))


def _drafted(drafted: Drafted) -> dict[str, Any]:
    return {
        **_version(drafted.row), "owner": drafted.definition.owner, "toml": drafted.row.toml,
        "stages": _stages(drafted.definition), "warnings": problems_of(drafted.warnings),
    }  # fmt: skip


def _stages(read: Definition) -> list[dict[str, Any]]:
    return [
        {
            "name": stage.name, "norm_days": stage.norm_days,
            "exit": [{"id": each.id, "says": each.says, "asks": sentence(each.proof)} for each in stage.exit],
        }
        for stage in read.stages
    ]  # fmt: skip


def _affected(found: tuple[Affected, ...], currency: str) -> dict[str, Any]:
    names = ("deal", "name", "stage", "owner", "before", "after")
    deals = [
        {**{name: getattr(each, name) for name in names}, "amount": as_money(each.amount, currency)}
        for each in found[:MOST_SHOWN]
    ]
    return {"count": len(found), "deals": deals}
