"""Which of two proofs asks for more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

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

Strength = Literal["same", "tightened", "loosened", "changed"]


def strength(before: Proof, after: Proof) -> Strength:
    """What became of the demand: `changed` where neither proof contains the other."""
    forward, back = implies(after, before), implies(before, after)
    if forward and back:
        return "same"
    if forward:
        return "tightened"
    return "loosened" if back else "changed"


def implies(one: Proof, other: Proof) -> bool:
    """Whether every deal that passes the one passes the other; false where that cannot be told."""
    match one, other:
        case _, AllOf(proofs):
            return all(implies(one, each) for each in proofs)
        case AnyOf(proofs), _:
            return all(implies(each, other) for each in proofs)
        case AllOf(proofs), AnyOf(others):
            return any(implies(each, other) for each in proofs) or any(implies(one, each) for each in others)
        case AllOf(proofs), _:
            return any(implies(each, other) for each in proofs)
        case _, AnyOf(proofs):
            return any(implies(one, each) for each in proofs)
        case Not(inner), Not(outer):
            return implies(outer, inner)
        case RoleProof(), RoleProof():
            return one.role == other.role and _newer(one.engaged_within_days, other.engaged_within_days)
        case EvidenceProof(), EvidenceProof():
            return (
                one.evidence == other.evidence
                and other.from_side in (None, one.from_side)
                and _newer(one.within_days, other.within_days)
                and (one.verified or not other.verified)
            )
        case ActivityProof(), ActivityProof():
            return (
                other.activity in ("any", one.activity)
                and other.side in (None, one.side)
                and one.count >= other.count
                and _newer(one.within_days, other.within_days)
            )
        case NextStepProof(), NextStepProof():
            return one.next_step_within_days <= other.next_step_within_days
        case FieldProof(), FieldProof():
            return one.field == other.field and one.currency == other.currency and _field(one, other)
    return False


def _newer(one: int | None, other: int | None) -> bool:
    return other is None or (one is not None and one <= other)


def _field(one: FieldProof, other: FieldProof) -> bool:
    choices = _choices(one)
    if one.present is False or other.present is False:
        return one.present == other.present
    wanted = _choices(other)
    if wanted is not None and (choices is None or not choices <= wanted):
        return False
    low, high = other.at_least, other.at_most
    return (low is None or _above(one, choices, low)) and (high is None or _below(one, choices, high))


def _choices(proof: FieldProof) -> frozenset[Any] | None:
    """The values that would pass, whichever way they are listed; nothing where any may."""
    listed = proof.one_of if proof.one_of is not None else None
    if proof.equals is not None:
        listed = (proof.equals,) if listed is None else tuple(each for each in listed if each == proof.equals)
    return None if listed is None else frozenset(_key(each) for each in listed)


def _key(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else (type(value) is bool, value)


def _above(one: FieldProof, choices: frozenset[Any] | None, low: Any) -> bool:
    if one.at_least is not None and _ordered(low, one.at_least):
        return True
    return bool(choices) and all(_ordered(low, _value(each)) for each in choices or ())


def _below(one: FieldProof, choices: frozenset[Any] | None, high: Any) -> bool:
    if one.at_most is not None and _ordered(one.at_most, high):
        return True
    return bool(choices) and all(_ordered(_value(each), high) for each in choices or ())


def _value(key: Any) -> Any:
    return key[1] if isinstance(key, tuple) else key


def _ordered(low: Any, high: Any) -> bool:
    """Whether the two are of one kind and in order."""
    numbers = isinstance(low, int | Decimal) and isinstance(high, int | Decimal)
    return bool(low <= high) if numbers or type(low) is type(high) else False
