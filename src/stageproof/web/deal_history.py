"""The history of a deal: everything that happened as one timeline, and how its amount and close date moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Q
from django.urls import reverse

from stageproof.actions.actor import Actor
from stageproof.actions.merges import merges_into
from stageproof.actions.undo_change import UNDONE as CHANGE_UNDONE
from stageproof.actions.undo_change import undoes
from stageproof.actions.undo_merge import UNDONE as MERGE_UNDONE
from stageproof.engine.frames import instant_of
from stageproof.engine.money import Money
from stageproof.engine.proof import field_label, role_label
from stageproof.records.models import Activity, Deal, DealVersion, EvidenceVersion, RoleVersion
from stageproof.records.models.deals import FACTS
from stageproof.web.as_of import Moment
from stageproof.web.deal_drawing import Drawing, amount_drawing, close_date_drawing
from stageproof.web.formats import fact_text
from stageproof.web.undo import undo_url

# Shown by other means, or following from what is shown.
MERGED = "merged"
_UNSAID = ("custom", "created_at", "team", "pipeline", "status", "stage")


@dataclass(frozen=True)
class Event:
    """One thing on the timeline: when, who, through which door, what, and its details."""

    at: dt.datetime
    icon: str
    text: str
    actor: str
    door: str
    recorded_at: dt.datetime
    details: Sequence[tuple[str, str, str]] = ()
    note: str = ""
    undo: str = ""

    @property
    def learned_late(self) -> bool:
        """Whether it became known more than an hour after it happened."""
        return self.recorded_at - self.at > dt.timedelta(hours=1)


def timeline(deal: Deal, moment: Moment, *, editor: Actor | None = None) -> list[Event]:
    """Everything known of the deal up to the moment, newest first; with what the editor may undo of it."""
    at = instant_of(moment.pipeline.at)
    events = [
        *_changes(deal, at, moment.on, editor),
        *_evidence(deal, at, editor),
        *_roles(deal, at, editor),
        *_activities(deal, at, editor),
    ]
    return sorted(events, key=lambda each: each.at, reverse=True)


def way_back(editor: Actor | None, version: Any, until: int | None = None) -> str:
    """Where the editor undoes the change that made a version; blank where that is not theirs to undo."""
    return undo_url(version.seq, until) if editor is not None and undoes(editor, version.actor) else ""


def versions_until(deal: Deal, at: dt.datetime) -> list[DealVersion]:
    """The versions of a deal that began by an instant, in order."""
    found = DealVersion.objects.filter(deal=deal, valid_from__lte=at).select_related(
        "owner", "team", "account"
    )
    return list(found.order_by("valid_from", "seq"))


def _changes(deal: Deal, at: dt.datetime, on: dt.date, editor: Actor | None) -> Iterator[Event]:
    versions = versions_until(deal, at)
    merges = merges_into("deal", deal.key) if editor is not None else {}
    if versions:
        first = versions[0]
        yield event_of(first, "plus", f"Created in {first.stage or 'no stage'}", note=first.note)
    for before, after in pairwise(versions):
        details = [
            (field_label(name), _shown(before, name, on), _shown(after, name, on))
            for name in FACTS
            if name not in _UNSAID and getattr(before, name) != getattr(after, name)
        ]
        text, icon = _headline(before, after, details)
        if text:
            merge = merges.get(after.seq)
            undo = reverse("merge_undo", args=[merge.pk]) if merge else ""
            yield event_of(after, icon, text, details=details, note=after.note, undo=undo)


def _headline(before: DealVersion, after: DealVersion, details: Sequence[Any]) -> tuple[str, str]:
    if after.change in (MERGED, MERGE_UNDONE):
        return after.change.capitalize(), "right"
    if after.change == CHANGE_UNDONE and before.status == "deleted":
        return "Back in the pipeline", "right"
    if after.status != before.status:
        words = {"won": ("Won", "met"), "lost": ("Lost", "unmet"), "open": (f"Reopened in {after.stage}", "right"),
                 "deleted": ("Taken out of the pipeline", "close")}  # fmt: skip
        return words[after.status]
    if after.stage != before.stage:
        return f"Moved from {before.stage or 'no stage'} to {after.stage or 'no stage'}", "right"
    if details:
        return f"Changed {', '.join(label for label, *_ in details)}", "edit"
    return (after.change.capitalize(), "edit") if after.note else ("", "edit")


def _shown(version: DealVersion, name: str, on: dt.date) -> str:
    value = getattr(version, name)
    if value is None or value == "":
        return "nothing"
    if name == "amount":
        return Money(value, version.currency).exact()
    return fact_text(name, value, on)


def _evidence(deal: Deal, at: dt.datetime, editor: Actor | None) -> Iterator[Event]:
    last: dict[str, EvidenceVersion] = {}
    for each in EvidenceVersion.objects.filter(deal=deal, valid_from__lte=at).order_by("seq"):
        before = last.get(each.evidence)
        last[each.evidence] = each
        kind = each.kind.replace("_", " ")
        undo = ""
        if each.revoked:
            undo = way_back(editor, each) if each.valid_to is None else ""
            named = "Waiver" if each.kind == "waiver" else f"Evidence of {kind}"
            text, icon = f"{named} revoked", "unmet"
        elif each.kind == "waiver":
            text, icon = f"Waived “{each.criterion}” until {each.expires_on}", "waived"
        elif before is None:
            text, icon = (
                f"Evidence of {kind}" + (f" from {each.given_by}" if each.given_by else ""),
                "evidence",
            )
        elif each.verified_by and not before.verified_by:
            text, icon = f"Evidence of {kind} verified", "met"
        elif before.revoked:
            text, icon = f"Evidence of {kind} counts again", "evidence"
        else:
            text, icon = f"Evidence of {kind} changed", "evidence"
        yield event_of(each, icon, text, note=each.what, undo=undo)


def _roles(deal: Deal, at: dt.datetime, editor: Actor | None) -> Iterator[Event]:
    found = (
        RoleVersion.objects.filter(deal=deal, valid_from__lte=at).select_related("contact").order_by("seq")
    )
    held: set[tuple[int, str]] = set()
    for each in found:
        key = each.contact_id, each.role
        label = role_label(each.role)
        if each.removed:
            held.discard(key)
            undo = way_back(editor, each) if each.valid_to is None else ""
            yield event_of(each, "person", f"{each.contact.name} is no longer {label}", undo=undo)
        elif key not in held:
            held.add(key)
            yield event_of(each, "person", f"{each.contact.name} is {label}")


def _activities(deal: Deal, at: dt.datetime, editor: Actor | None) -> Iterator[Event]:
    icons = {"email": "mail", "meeting": "meeting", "call": "call", "task": "task", "note": "note"}
    stands = Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=at)
    happened = Activity.objects.filter(stands, deal=deal, happened_at__lte=at)
    for each in happened.select_related("contact", "owner"):
        kind = {"email": "Mail"}.get(each.kind, each.kind.capitalize())
        who = f" {'from' if each.side == 'buyer' else 'to'} {each.contact.name}" if each.contact else ""
        if each.kind in ("meeting", "call") and each.contact:
            who = f" with {each.contact.name}"
        text = kind + who if each.kind != "note" else "Note"
        yield Event(
            each.happened_at,
            icons[each.kind],
            text,
            _name(each),
            each.door,
            each.recorded_at,
            note=each.subject,
            undo=way_back(editor, each),
        )


def _name(activity: Activity) -> str:
    return activity.owner.name if activity.owner else activity.actor


def event_of(
    version: Any, icon: str, text: str, *, details: Sequence[Any] = (), note: str = "", undo: str = ""
) -> Event:
    """A version as an event of the timeline: when, by whom and through which door it came."""
    return Event(
        version.valid_from, icon, text, version.actor, version.door, version.recorded_at, details, note, undo
    )


def drawings(deal: Deal, moment: Moment) -> list[Drawing]:
    """How the amount and the close date moved, drawn; nothing where they never did."""
    versions = versions_until(deal, instant_of(moment.pipeline.at))
    until = instant_of(moment.pipeline.at)
    return [each for each in (amount_drawing(versions, until), close_date_drawing(versions, until)) if each]
