"""Taking back: what some changes did is undone by further ones, fact by fact; nothing is erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from django.db.models import Max, Q

from stageproof.actions.deals import save_versions
from stageproof.actions.directory import save_entry
from stageproof.actions.history import facts_of, succeed
from stageproof.actions.roles import end_role
from stageproof.engine.problem import Problem
from stageproof.engine.proof import field_label
from stageproof.records.ledger import Writing
from stageproof.records.models import (
    Account,
    AccountVersion,
    Contact,
    ContactVersion,
    Deal,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
    RateVersion,
    RoleVersion,
    TargetVersion,
)
from stageproof.records.models.history import Version

Span = tuple[int, int]
"""The first and the last number of some changes."""

V = TypeVar("V", bound=Version)

GRAINS: dict[type[Version], tuple[str, ...]] = {
    DealVersion: ("deal_id",),
    AccountVersion: ("account_id",),
    ContactVersion: ("contact_id",),
    EvidenceVersion: ("evidence",),
    RoleVersion: ("deal_id", "contact_id", "role"),
    LeadVersion: ("lead",),
    TargetVersion: ("owner_id", "team_id", "starts_on", "ends_on"),
    RateVersion: ("currency", "from_on"),
}
_BATCH = 200
_GONE = ("revoked", "removed")
_SAID = ("change", "note")


@dataclass(frozen=True)
class Touched(Generic[V]):
    """One thing that changes touched: as it was before (None where it was not), as they left it, as it is now."""

    was: V | None
    became: V
    present: V

    @property
    def back(self) -> dict[str, Any]:
        """What has to be set for all to be as before."""
        if self.was is None:
            gone = next(name for name in _GONE if hasattr(self.present, name))
            return {} if getattr(self.present, gone) else {gone: True}
        before, left, now = facts_of(self.was), facts_of(self.became), facts_of(self.present)
        return {
            name: value
            for name, value in before.items()
            if name not in _SAID and value != left[name] and value != now[name]
        }

    @property
    def changed_since(self) -> list[str]:
        """The facts of which later changes said something else; those stand in the way."""
        left, now = facts_of(self.became), facts_of(self.present)
        names = (
            self.back if self.was is not None else [name for name in left if name not in _SAID and self.back]
        )
        return [name for name in names if left[name] != now[name]]

    @property
    def ends(self) -> bool:
        """Whether taking it back takes it away."""
        return any(self.back.get(name) for name in _GONE)


def touched(model: type[V], span: Span) -> list[Touched[V]]:
    """Everything of a table that the changes touched, in their order."""
    grain, found = GRAINS[model], {}
    for row in model._default_manager.filter(seq__range=span).order_by("seq"):
        found[tuple(getattr(row, name) for name in grain)] = row
    things = list(found)
    was: dict[tuple[Any, ...], V] = {}
    present: dict[tuple[Any, ...], V] = {}
    for start in range(0, len(things), _BATCH):
        history = model._default_manager.filter(_any_of(grain, things[start : start + _BATCH]))
        before = history.filter(seq__lt=span[0])
        last = before.values_list(*grain).annotate(Max("seq")).values_list("seq__max", flat=True)
        for rows, held in (
            (before.filter(seq__in=list(last)), was),
            (history.filter(valid_to=None), present),
        ):
            held.update((tuple(getattr(row, name) for name in grain), row) for row in rows)
    return [Touched(was.get(thing), became, present[thing]) for thing, became in found.items()]


def _any_of(grain: Sequence[str], things: Sequence[tuple[Any, ...]]) -> Q:
    if len(grain) == 1:
        return Q(**{f"{grain[0]}__in": [thing[0] for thing in things]})
    # A blank of the grain is a value like any other: a target of nobody's is the whole's.
    told = [dict(zip(grain, thing, strict=True)) for thing in things]
    return reduce(or_, [Q(**each) for each in told])


def conflicts(things: Sequence[Touched[V]], since: str) -> Iterator[Problem]:
    """A problem for each thing that was changed again in what would be taken back; `since` says since what."""
    for each in things:
        if names := each.changed_since:
            facts = ", ".join(field_label(name.removesuffix("_id")) for name in names)
            says = f"{called(each.present)} was changed since {since} by {each.present.actor}: {facts}."
            remedy = "Take that back first, or put it right by hand."
            yield Problem("changed_since", says, remedy, value=called(each.present))


def identifiers_taken(things: Sequence[Touched[Any]]) -> list[Problem]:
    """Problems where an identifier that would come back is another's by now."""
    model = Account if things and isinstance(things[0].present, AccountVersion) else Contact
    ours = [row_of(each).pk for each in things]
    wanted = {each.back.get("external_id") for each in things} - {None}
    others = model._default_manager.filter(external_id__in=wanted).exclude(pk__in=ours)
    return [
        Problem(
            "identifier_taken",
            f"The identifier {each.external_id} has been given to {each.name} since.",
            "Give that one another identifier first.",
            value=str(each.external_id),
        )
        for each in others
    ]


def take_back(session: Writing, things: Sequence[Touched[V]], *, at: dt.datetime, **said: Any) -> None:
    """The next version of each thing, with the facts that it had; what goes goes before what comes back."""
    for each in sorted(things, key=lambda each: not each.ends):
        if isinstance(each.present, RoleVersion) and each.ends:
            at = end_role(session, each.present, at=at).valid_from
        elif each.back or said:
            at = succeed(session, each.present, at=at, **each.back, **said).valid_from


def restore_rows(
    session: Writing, things: Sequence[Touched[Any]], *, at: dt.datetime, change: str, note: str
) -> None:
    """The present rows of deals, accounts and contacts with the facts that they had, each with a version of it."""
    rows = [row_of(each) for each in things]
    for row, each in zip(rows, things, strict=True):
        for name, value in each.back.items():
            setattr(row, name, value)
    save_versions(session, [row for row in rows if isinstance(row, Deal)], change=change, at=at, note=note)
    for row in rows:
        if not isinstance(row, Deal):
            save_entry(session, row, change=change, at=at, note=note)


def row_of(each: Touched[Any]) -> Deal | Account | Contact:
    """The present row beside the versions of a thing."""
    match each.present:
        case DealVersion():
            return each.present.deal
        case ContactVersion():
            return each.present.contact
    found: Account = each.present.account
    return found


def called(version: Version) -> str:
    """What a version is of, in words."""
    match version:
        case EvidenceVersion():
            return f"The evidence of {version.kind.replace('_', ' ')} on {version.deal.name}"
        case RoleVersion():
            return f"{version.contact.name} as {version.role.replace('_', ' ')} of {version.deal.name}"
        case TargetVersion():
            return f"The target of {version.owner or version.team or 'the whole'}"
        case RateVersion():
            return f"The rate of {version.currency} from {version.from_on}"
    name: str = version.name  # type: ignore[attr-defined]
    return name
