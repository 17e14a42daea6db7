"""Proofs: what must hold for an exit criterion, as values and as plain English.

Days count back from the moment asked about: `within_days = 30` means later than thirty days before it. A
blank cell fails every test but `present = false`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Side = Literal["buyer", "seller"]
Value = str | bool | int | Decimal | date

ROLES = (
    "economic_buyer",
    "champion",
    "decision_maker",
    "technical_evaluator",
    "legal",
    "coach",
    "blocker",
)
ACTIVITIES = ("email", "meeting", "call", "task", "note", "any")


@dataclass(frozen=True)
class FieldProof:
    """A column of the deal passes every test given; a threshold on `amount` is in major units."""

    field: str
    present: bool | None = None
    equals: Value | None = None
    one_of: tuple[Value, ...] | None = None
    at_least: int | Decimal | date | None = None
    at_most: int | Decimal | date | None = None
    currency: str | None = None


@dataclass(frozen=True)
class RoleProof:
    """Someone at the buyer has the role, and took part lately where days are given."""

    role: str
    engaged_within_days: int | None = None


@dataclass(frozen=True)
class EvidenceProof:
    """Evidence of the kind was given, by that side, lately and checked, as far as asked."""

    evidence: str
    from_side: Side | None = None
    within_days: int | None = None
    verified: bool = False


@dataclass(frozen=True)
class ActivityProof:
    """At least `count` activities of the kind, or of any; `buyer` where the buyer took part."""

    activity: str
    side: Side | None = None
    count: int = 1
    within_days: int | None = None


@dataclass(frozen=True)
class NextStepProof:
    """The next step falls due from today to this many days ahead."""

    next_step_within_days: int


@dataclass(frozen=True)
class AllOf:
    """Every one of the proofs holds."""

    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one of the proofs holds."""

    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Not:
    """The proof does not hold."""

    proof: Proof


Leaf = FieldProof | RoleProof | EvidenceProof | ActivityProof | NextStepProof
Proof = Leaf | AllOf | AnyOf | Not


def leaves(proof: Proof) -> Iterator[Leaf]:
    """The single proofs inside, leaving out what is negated."""
    match proof:
        case AllOf(proofs) | AnyOf(proofs):
            for each in proofs:
                yield from leaves(each)
        case Not():
            return
        case _:
            yield proof


def every_leaf(proof: Proof) -> Iterator[Leaf]:
    """The single proofs inside, what is negated among them."""
    match proof:
        case AllOf(proofs) | AnyOf(proofs):
            for each in proofs:
                yield from every_leaf(each)
        case Not(inner):
            yield from every_leaf(inner)
        case _:
            yield proof


def sentence(proof: Proof) -> str:
    """What must hold, in plain English."""
    match proof:
        case FieldProof():
            return f"{field_label(proof.field)} {' and '.join(_tests(proof))}"
        case RoleProof(role, days):
            engaged = "" if days is None else f" and engaged {_lately(days)}"
            return f"{role_label(role)} known{engaged}"
        case EvidenceProof():
            verified = "verified " if proof.verified else ""
            giver = f" from the {proof.from_side}" if proof.from_side else ""
            return f"{verified}evidence of {_words(proof.evidence)}{giver}{_tail(proof.within_days)}"
        case ActivityProof():
            return f"{_activities(proof)}{_tail(proof.within_days)}"
        case NextStepProof(days):
            return f"a next step agreed and due {_ahead(days)}"
        case AllOf(proofs):
            return " and ".join(_grouped(each) for each in proofs)
        case AnyOf(proofs):
            parts = [_grouped(each) for each in proofs]
            return parts[0] if len(parts) == 1 else f"either {' or '.join(parts)}"
        case Not(inner):
            return f"not: {_grouped(inner)}"


def remedy(proof: Proof) -> str:
    """What to do when the proof does not hold."""
    match proof:
        case FieldProof():
            return _field_remedy(proof)
        case RoleProof(role, days):
            talk = "" if days is None else f" and record a conversation with them {_lately(days)}"
            return f"Name the {role_label(role)}{talk}"
        case EvidenceProof():
            who = "our own side" if proof.from_side == "seller" else f"the {proof.from_side or 'buyer'}"
            checked = ", and have it verified" if proof.verified else ""
            return f"Get evidence of {_words(proof.evidence)} from {who}{_newer(proof.within_days)}{checked}"
        case ActivityProof():
            return f"Record {_activities(proof)}{_tail(proof.within_days)}"
        case NextStepProof(days):
            return f"Agree a next step with the buyer that is due {_ahead(days)}"
        case AllOf(proofs):
            return "; ".join(remedy(each) for each in proofs)
        case AnyOf(proofs):
            parts = [remedy(each) for each in proofs]
            return "; or ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])
        case Not(inner):
            return f"Resolve this, which must not hold: {sentence(inner)}"


def field_label(name: str) -> str:
    """The name of a column as people say it."""
    if name.endswith("_on"):
        return f"{_words(name[:-3])} date"
    if name.endswith("_at"):
        return f"{_words(name[:-3])} time"
    return _words(name)


def role_label(role: str) -> str:
    """The role as people say it."""
    return "legal contact" if role == "legal" else _words(role)


def value_text(value: Value) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else value


def _field_remedy(proof: FieldProof) -> str:
    label = field_label(proof.field)
    if proof.present is False:
        return f"Clear the {label}"
    tests = [test for test in _tests(proof) if test != "is filled in"]
    if not tests:
        return f"Fill in the {label}"
    return f"Correct the {label} once it is true that it {' and '.join(tests)}"


def _tests(proof: FieldProof) -> list[str]:
    unit = f" {proof.currency}" if proof.currency else ""
    tests = []
    if proof.present is not None:
        tests.append("is filled in" if proof.present else "is blank")
    if proof.equals is not None:
        tests.append(f"is {value_text(proof.equals)}{unit}")
    if proof.one_of is not None:
        choices = [value_text(value) + unit for value in proof.one_of]
        tests.append(f"is {' or '.join(filter(None, [', '.join(choices[:-1]), choices[-1]]))}")
    for limit, number_words, date_words in (
        (proof.at_least, "is at least", "is on or after"),
        (proof.at_most, "is at most", "is on or before"),
    ):
        if limit is not None:
            words = date_words if isinstance(limit, date) else number_words
            tests.append(f"{words} {value_text(limit)}{unit}")
    return tests


def _activities(proof: ActivityProof) -> str:
    one = "activity" if proof.activity == "any" else _words(proof.activity)
    side = {"buyer": " with the buyer", "seller": " by the seller", None: ""}[proof.side]
    if proof.count == 1:
        return f"{'an' if one[0] in 'aeiou' else 'a'} {one}{side}"
    several = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"at least {proof.count} {several}{side}"


def _grouped(proof: Proof) -> str:
    joined = isinstance(proof, AllOf | AnyOf) and len(proof.proofs) > 1
    return f"({sentence(proof)})" if joined else sentence(proof)


def _lately(days: int) -> str:
    return "in the last day" if days == 1 else f"in the last {days} days"


def _tail(days: int | None) -> str:
    return "" if days is None else f" {_lately(days)}"


def _newer(days: int | None) -> str:
    return "" if days is None else f", no older than {days} {'day' if days == 1 else 'days'}"


def _ahead(days: int) -> str:
    return "today or tomorrow" if days == 1 else f"within {days} days"


def _words(name: str) -> str:
    return name.replace("_", " ").strip()
