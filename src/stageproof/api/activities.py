"""Activities and notes of a deal."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from stageproof.actions.activities import add_note, log_activity
from stageproof.actions.deals import find_deal
from stageproof.api.auth import actor
from stageproof.api.deal_shapes import ActivityShown
from stageproof.api.one_deal import activities_at, activity_shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import Given, Id, Instant, Limit, Page, Text, answers
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Activities"])


class NewActivity(Given):
    """A thing that happened; `side` is the buyer's where the buyer acted or took part."""

    kind: str = Field(max_length=100, examples=["meeting"])
    side: str = Field(max_length=20, examples=["buyer"])
    subject: Text
    happened_at: Instant | None = None
    contact: Id | None = None
    direction: str | None = Field(None, max_length=20)


class Note(Given):
    """A note, in words."""

    text: Text


@router.get("/deals/{key}/activities", response=answers(Page[ActivityShown]))
@policy(*EVERYONE)
def activities(request: HttpRequest, key: str, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """What happened on a deal, the latest recorded first."""
    rows = activities_at(find_deal(actor(request), key))
    return by_id(rows, cursor, limit, activity_shown, field="seq", newest_first=True)


@router.post("/deals/{key}/activities", response=answers(ActivityShown, 201))
@policy(*EVERYONE)
def activity_log(request: HttpRequest, key: str, given: NewActivity) -> Any:
    """A thing that happened, on the deal's record."""
    row = log_activity(
        actor(request), key, kind=given.kind, side=given.side, subject=given.subject,
        happened_at=given.happened_at, contact=given.contact, direction=given.direction, now=timezone.now(),
    )  # fmt: skip
    return Status(201, activity_shown(row))


@router.post("/deals/{key}/notes", response=answers(ActivityShown, 201))
@policy(*EVERYONE)
def note_add(request: HttpRequest, key: str, given: Note) -> Any:
    """A note on a deal."""
    return Status(201, activity_shown(add_note(actor(request), key, text=given.text, now=timezone.now())))
