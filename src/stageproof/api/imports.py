"""Imports: upload and see what they would change, commit, undo."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Router
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import BaseModel, Field

from stageproof.actions.conflict import NotFound
from stageproof.actions.import_deals import Options, commit_import, preview_import
from stageproof.actions.permission import IMPORTS
from stageproof.actions.undo_import import undo_import
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Id, Limit, Page, answers
from stageproof.api.uploads import Said, discard, drop, keep, kept, receive
from stageproof.engine.period import check_zone
from stageproof.engine.problem import Refused
from stageproof.importers import read_mapping
from stageproof.records.models import ImportRun
from stageproof.web.policy import policy

router = Router(tags=["Imports"])


class Reading(BaseModel):
    """How the files are read: a mapping as TOML, and what they do not say themselves."""

    mapping: str = Field("", max_length=100_000)
    pipeline: str | None = Field(None, max_length=200)
    zone: str | None = Field(None, max_length=64)
    currency: str | None = Field(None, max_length=10)
    date_order: str | None = Field(None, max_length=10)
    encoding: str | None = Field(None, max_length=40, description="Of texts that are not UTF-8.")
    reason: str = Field("", max_length=500, description="For deals that the files reopen or lose.")


class RunShown(BaseModel):
    """One import: a preview, committed or undone; what came and what becomes of it."""

    id: int
    status: str
    person: str | None
    files: list[dict[str, Any]]
    summary: dict[str, Any]
    first_seq: int | None
    last_seq: int | None
    created_at: dt.datetime
    committed_at: dt.datetime | None
    undone_at: dt.datetime | None


@router.get("/imports", response=answers(Page[RunShown]))
@policy(*IMPORTS)
def imports(request: HttpRequest, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The imports, the latest first."""
    return by_id(ImportRun.objects.select_related("person"), cursor, limit, run_shown, newest_first=True)


@router.post("/imports", response=answers(RunShown, 201))
@policy(*IMPORTS)
def import_preview(request: HttpRequest, reading: Form[Reading], files: File[list[UploadedFile]]) -> Any:
    """What the files would change; nothing is changed yet."""
    said = Said(**reading.model_dump())
    folder = receive(files, said)
    try:
        names = sorted(path for path in folder.iterdir() if path.name != "said.json")
        result = preview_import(actor(request), names, now=timezone.now(), options=_options(said))
        if result.run is None:
            raise NotFound("import", "")
        keep(folder, result.run.pk)
    except BaseException:
        discard(folder)
        raise
    return Status(201, run_shown(result.run))


@router.get("/imports/{run}", response=answers(RunShown))
@policy(*IMPORTS)
def import_one(request: HttpRequest, run: Id) -> Any:
    """One import."""
    return run_shown(_row(run))


@router.post("/imports/{run}/commit", response=answers(RunShown))
@policy(*IMPORTS)
def import_commit(request: HttpRequest, run: Id) -> Any:
    """The import done, in one transaction, with the files that were looked at."""
    _row(run)
    paths, said = kept(run)
    result = commit_import(actor(request), paths, now=timezone.now(), run=run, options=_options(said))
    # What is rolled back may be tried again, with the same files.
    transaction.on_commit(lambda: drop(run))
    return run_shown(result.run or _row(run))


@router.post("/imports/{run}/undo", response=answers(RunShown))
@policy(*IMPORTS)
def import_undo(request: HttpRequest, run: Id) -> Any:
    """The import undone, while nothing that it brought has been changed since."""
    return run_shown(undo_import(actor(request), run, now=timezone.now()))


def run_shown(row: ImportRun) -> dict[str, Any]:
    """An import as a body has it."""
    names = ("status", "files", "summary", "first_seq", "last_seq", "created_at", "committed_at", "undone_at")
    person = None if row.person is None else row.person.email
    return {"id": row.pk, "person": person, **{name: getattr(row, name) for name in names}}


def _row(run: int) -> ImportRun:
    row = ImportRun.objects.select_related("person").filter(pk=run).first()
    if row is None:
        raise NotFound("import", str(run))
    return row


def _options(said: Said) -> Options:
    problem = None if said.zone is None else check_zone(said.zone)
    if problem is not None:
        raise Refused([problem])
    mapping = read_mapping(said.mapping, source="mapping") if said.mapping.strip() else None
    return Options(
        mapping, said.pipeline, said.zone, said.currency, said.date_order, said.encoding, said.reason
    )
