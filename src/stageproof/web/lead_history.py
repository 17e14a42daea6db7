"""The history of a lead: everything that happened as one timeline, and what touched it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from stageproof.actions.leads import activities_of, lead_history
from stageproof.engine.frames import instant_of
from stageproof.engine.proof import field_label
from stageproof.records.models import LeadVersion, Touch
from stageproof.records.models.marketing import LEAD_FACTS
from stageproof.web.as_of import Moment
from stageproof.web.deal_history import Event

_SAID = {
    "created": ("plus", "Came in"), "qualified": ("met", "Qualified"), "disqualified": ("unmet", "Disqualified"),
    "converted": ("right", "Converted"), "merged": ("right", "Merged"), "reopened": ("right", "Worked on again"),
    "working": ("call", "Worked on"), "answered": ("clock", "First response noted"), "imported": ("imports", "Imported"),
}  # fmt: skip
_ICONS = {"email": "mail", "call": "call", "meeting": "meeting", "note": "note", "task": "task"}


def lead_timeline(lead: str, moment: Moment) -> list[Event]:
    """Everything known of the lead up to the moment, newest first."""
    at = instant_of(moment.pipeline.at)
    events = [*_changes(lead, at), *_activities(lead, at), *_touches(lead, at)]
    return sorted(events, key=lambda each: each.at, reverse=True)


def touches_of(lead: str, at: dt.datetime) -> list[Touch]:
    """The touches of a lead up to an instant, the first one first."""
    rows = Touch.objects.filter(lead=lead, withdrawn_at__isnull=True, touched_at__lte=at)
    return list(rows.order_by("touched_at", "seq"))


def _changes(lead: str, at: dt.datetime) -> Iterator[Event]:
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
            yield _event(after, icon, text, details=details, note=after.note)


def _activities(lead: str, at: dt.datetime) -> Iterator[Event]:
    for each in activities_of(lead):
        if each.happened_at <= at:
            who = "the lead" if each.side == "buyer" else "us"
            text = f"{each.kind.capitalize()}, {who}: {each.subject}" if each.kind != "note" else "Note"
            note = each.subject if each.kind == "note" else ""
            yield Event(
                each.happened_at, _ICONS.get(each.kind, "note"), text, each.actor, each.door, each.recorded_at,
                note=note,
            )  # fmt: skip


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
