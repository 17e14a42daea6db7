"""The history of a lead: everything that happened as one timeline, and what touched it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from django.urls import reverse

from stageproof.actions.actor import Actor
from stageproof.actions.leads import MERGES_LEADS, activities_of, lead_history
from stageproof.actions.merges import merges_into
from stageproof.engine.frames import instant_of
from stageproof.engine.proof import field_label
from stageproof.records.models import Activity, LeadVersion, Touch
from stageproof.records.models.marketing import LEAD_FACTS
from stageproof.web.as_of import Moment
from stageproof.web.deal_history import Event, way_back

_SAID = {
    "created": ("plus", "Came in"), "qualified": ("met", "Qualified"), "disqualified": ("unmet", "Disqualified"),
    "converted": ("right", "Converted"), "merged": ("right", "Merged"), "reopened": ("right", "Worked on again"),
    "merge undone": ("right", "Merge undone"), "undone": ("right", "Undone"),
    "working": ("call", "Worked on"), "answered": ("clock", "First response noted"), "imported": ("imports", "Imported"),
}  # fmt: skip
_ICONS = {"email": "mail", "call": "call", "meeting": "meeting", "note": "note", "task": "task"}


def lead_timeline(lead: str, moment: Moment, *, editor: Actor | None = None) -> list[Event]:
    """Everything known of the lead up to the moment, newest first; with what the editor may undo of it."""
    at = instant_of(moment.pipeline.at)
    events = [*_changes(lead, at, editor), *_activities(lead, at, editor), *_touches(lead, at)]
    return sorted(events, key=lambda each: each.at, reverse=True)


def touches_of(lead: str, at: dt.datetime) -> list[Touch]:
    """The touches of a lead up to an instant, the first one first."""
    rows = Touch.objects.filter(lead=lead, withdrawn_at__isnull=True, touched_at__lte=at)
    return list(rows.order_by("touched_at", "seq"))


def _changes(lead: str, at: dt.datetime, editor: Actor | None) -> Iterator[Event]:
    may = editor is not None and editor.role in MERGES_LEADS
    merges = list(merges_into("lead", lead).values()) if may else []
    versions = [each for each in lead_history(lead) if each.valid_from <= at]
    if versions:
        yield _event(versions[0], "plus", "Came in", note="")
    for before, after in pairwise(versions):
        details = [
            (field_label(name), _shown(before, name), _shown(after, name))
            for name in (*LEAD_FACTS, "owner")
            if getattr(before, name) != getattr(after, name)
        ]
        icon, text = _SAID.get(after.change, ("edit", ""))
        if not text and details:
            text = f"Changed {', '.join(label for label, *_ in details)}"
        if text and (after.change != "imported" or details):
            merge = next((each for each in merges if each.first_seq <= after.seq <= each.last_seq), None)
            undo = reverse("merge_undo", args=[merge.pk]) if merge else ""
            yield _event(after, icon, text, details=details, note=after.note, undo=undo)


def _activities(lead: str, at: dt.datetime, editor: Actor | None) -> Iterator[Event]:
    changed = {each.seq: each for each in lead_history(lead)} if editor is not None else {}
    for each in activities_of(lead):
        if each.happened_at <= at:
            who = "the lead" if each.side == "buyer" else "us"
            text = f"{each.kind.capitalize()}, {who}: {each.subject}" if each.kind != "note" else "Note"
            note = each.subject if each.kind == "note" else ""
            yield Event(
                each.happened_at, _ICONS.get(each.kind, "note"), text, each.actor, each.door, each.recorded_at,
                note=note, undo=way_back(editor, each, _noted_with(each, changed.get(each.seq + 1))),
            )  # fmt: skip


def noted_span(activity: Activity) -> tuple[int, int | None]:
    """The first and the last change that came about with an activity."""
    noted = LeadVersion.objects.filter(seq=activity.seq + 1).first()
    return activity.seq, _noted_with(activity, noted)


def _noted_with(activity: Activity, noted: LeadVersion | None) -> int | None:
    """The number of what was noted along with an activity: that it was the first response."""
    same = noted is not None and noted.recorded_at == activity.recorded_at and noted.actor == activity.actor
    return activity.seq + 1 if same else None


def _touches(lead: str, at: dt.datetime) -> Iterator[Event]:
    for each in touches_of(lead, at):
        where = f"{each.source}, {each.campaign}" if each.campaign else each.source
        yield Event(each.touched_at, "star", f"Touched by {where}", each.actor, each.door, each.recorded_at)


def _event(version: LeadVersion, icon: str, text: str, **more: object) -> Event:
    return Event(
        version.valid_from,
        icon,
        text,
        version.actor,
        version.door,
        version.recorded_at,
        **more,  # type: ignore[arg-type]
    )


def _shown(version: LeadVersion, name: str) -> str:
    value = getattr(version, name)
    return "nothing" if value in (None, "") else str(value)
