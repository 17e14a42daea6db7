"""Taking back: what some changes did is undone by further ones, fact by fact; nothing is erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stageproof.actions.history import facts_of, succeed
from stageproof.actions.roles import end_role
from stageproof.engine.problem import Problem
from stageproof.engine.proof import field_label
from stageproof.records.ledger import Writing
from stageproof.records.models import (
    AccountVersion,
    ContactVersion,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
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
}
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
    return [_touched(model, dict(zip(grain, thing, strict=True)), row, span) for thing, row in found.items()]


def _touched(model: type[V], thing: dict[str, Any], became: V, span: Span) -> Touched[V]:
    # A blank of the grain is a value like any other: a target of nobody's is the whole's.
    told = {
        f"{name}__isnull" if value is None else name: value is None or value for name, value in thing.items()
    }
    history = model._default_manager.filter(**told)
    was = history.filter(seq__lt=span[0]).order_by("-seq").first()
    return Touched(was, became, history.get(valid_to__isnull=True))


def conflicts(things: Sequence[Touched[V]], since: str) -> Iterator[Problem]:
    """A problem for each thing that was changed again in what would be taken back; `since` says since what."""
    for each in things:
        if names := each.changed_since:
            facts = ", ".join(field_label(name.removesuffix("_id")) for name in names)
            says = f"{called(each.present)} was changed since {since} by {each.present.actor}: {facts}."
            remedy = "Take that back first, or put it right by hand."
            yield Problem("changed_since", says, remedy, value=called(each.present))


def take_back(session: Writing, things: Sequence[Touched[V]], *, at: dt.datetime, **said: Any) -> None:
    """The next version of each thing, with the facts that it had; what goes goes before what comes back."""
    for each in sorted(things, key=lambda each: not each.ends):
        if isinstance(each.present, RoleVersion) and each.ends:
            at = end_role(session, each.present, at=at).valid_from
        elif each.back or said:
            at = succeed(session, each.present, at=at, **each.back, **said).valid_from


def called(version: Version) -> str:
    """What a version is of, in words."""
    match version:
        case EvidenceVersion():
            return f"The evidence of {version.kind.replace('_', ' ')} on {version.deal.name}"
        case RoleVersion():
            return f"{version.contact.name} as {version.role.replace('_', ' ')} of {version.deal.name}"
        case TargetVersion():
            return f"The target of {version.owner or version.team or 'the whole'}"
    name: str = version.name  # type: ignore[attr-defined]
    return name
