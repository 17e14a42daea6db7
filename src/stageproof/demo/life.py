"""The life of a deal: what was said, shown and agreed so far, and whether a proof holds on that ground."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from stageproof.demo.buyer import Account, Buyer, Contact
from stageproof.demo.chance import Chance
from stageproof.demo.journal import MINUTE, Journal, Versioned, at_time
from stageproof.engine.definition import Criterion, Definition
from stageproof.engine.frames import DAY, day_number
from stageproof.engine.proof import (
    ActivityProof,
    AllOf,
    AnyOf,
    EvidenceProof,
    FieldProof,
    NextStepProof,
    Not,
    Proof,
    RoleProof,
)


@dataclass
class Life:
    """A deal as both sides live it; the book sees only what is written to the journal."""

    deal: Versioned
    account: Account
    buyer: Buyer
    chance: Chance
    journal: Journal
    definition: Definition
    worth: int
    """What the deal is worth to the buyer, in cents."""
    hopeful: bool = False
    position: int = 0
    shown: dict[str, int] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    engaged: dict[str, int] = field(default_factory=dict)
    happened: list[tuple[str, str, int]] = field(default_factory=list)
    waived: dict[str, dt.date] = field(default_factory=dict)
    heard_on: dt.date = dt.date.min
    last_met: Contact | None = None
    confirmed: dt.date | None = None
    refused_on: dt.date | None = None
    returns_on: dt.date | None = None
    _interests: dict[str, float] = field(default_factory=dict)
    _clock: int = 0

    @property
    def is_open(self) -> bool:
        return bool(self.deal["status"] == "open")

    @property
    def owner(self) -> str:
        return str(self.deal["owner"])

    @property
    def stages(self) -> int:
        return len(self.definition.stages)

    def now(self, day: dt.date) -> int:
        """The next moment of that working day on this deal."""
        opens = at_time(day, 480 + self.chance.between(0, 240))
        self._clock = max(opens, self._clock + int(self.chance.between(2, 16)) * MINUTE)
        return self._clock

    def late(self) -> int:
        """How long after the fact a change is entered: mostly at once, sometimes days."""
        if not self.chance.happens(0.12):
            return 0
        return int(self.chance.around(9, 1.0) * 60) * MINUTE

    def member(self, role: str) -> Contact:
        """Whoever has the role in the committee, else its champion."""
        return next((each for each in self.account.committee if each.role == role), self.account.committee[0])

    def interest_in(self, criterion: Criterion) -> float:
        """How little the rep cares for the question on this deal: 0 always asked, towards 1 never."""
        return self._interests.setdefault(criterion.id, self.chance.share())

    def waits_for(self, at: int, before: int, *, ahead: int = 0) -> list[Criterion]:
        """The exit criteria before a position that do not hold, or will no longer in so many days."""
        return [
            criterion
            for stage in self.definition.stages[:before]
            for criterion in stage.exit
            if not (self.holds(criterion.proof, at) and self.holds(criterion.proof, at + ahead * DAY))
        ]

    def passes(self, at: int, before: int) -> bool:
        """Whether every criterion before a position holds or is waived."""
        today = dt.date(1970, 1, 1) + dt.timedelta(days=at // DAY)
        return all(
            self.waived.get(criterion.id, dt.date.min) >= today for criterion in self.waits_for(at, before)
        )

    def holds(self, proof: Proof, at: int) -> bool:
        """Whether the proof holds at the instant, by the rules of `engine.criteria` for a single deal."""
        match proof:
            case AllOf(proofs):
                return all(self.holds(each, at) for each in proofs)
            case AnyOf(proofs):
                return any(self.holds(each, at) for each in proofs)
            case Not(inner):
                return not self.holds(inner, at)
            case EvidenceProof():
                return _within(self.shown.get(proof.evidence), at, proof.within_days)
            case RoleProof():
                contact = self.known.get(proof.role)
                if contact is None or proof.engaged_within_days is None:
                    return contact is not None
                return _within(self.engaged.get(contact), at, proof.engaged_within_days)
            case ActivityProof():
                return self._has_happened(proof, at)
            case NextStepProof(days):
                due = self.deal["next_step_on"]
                return due is not None and 0 <= due - at // DAY <= days
            case FieldProof():
                return self._has_field(proof)
        raise TypeError(f"no rule for {proof!r}")

    def _has_happened(self, proof: ActivityProof, at: int) -> bool:
        seen = 0
        for kind, side, when in reversed(self.happened):
            if proof.within_days is not None and not _within(when, at, proof.within_days):
                break
            seen += proof.activity in ("any", kind) and proof.side in (None, side)
            if seen >= proof.count:
                return True
        return False

    def _has_field(self, proof: FieldProof) -> bool:
        value = self.deal.state.get(proof.field)
        if proof.present is not None:
            return (value not in (None, "")) == proof.present
        if value is None:
            return False
        if proof.field == "amount":
            value = Decimal(value) / 100
        choices = proof.one_of or (() if proof.equals is None else (proof.equals,))
        if choices and str(value).lower() not in [str(each).lower() for each in choices]:
            return False
        limits = (_plain(proof.at_least), _plain(proof.at_most))
        return (limits[0] is None or value >= limits[0]) and (limits[1] is None or value <= limits[1])


def _plain(value: int | Decimal | dt.date | None) -> int | Decimal | None:
    return day_number(value) if isinstance(value, dt.date) else value


def _within(when: int | None, at: int, days: int | None) -> bool:
    return when is not None and (days is None or when > at - days * DAY)
