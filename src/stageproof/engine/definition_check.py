"""The check of a definition: what makes its criteria hard to prove or easy to fake."""

from __future__ import annotations

from collections.abc import Iterator

from stageproof.engine.definition import EXPANSION, Criterion, Definition, Stage
from stageproof.engine.problem import Problem
from stageproof.engine.proof import (
    ACTIVITIES,
    ROLES,
    ActivityProof,
    AllOf,
    AnyOf,
    EvidenceProof,
    FieldProof,
    Not,
    Proof,
    RoleProof,
    leaves,
)
from stageproof.engine.seller_words import sellers_words
from stageproof.engine.toml_table import nearest

MOST_STAGES = 6
MOST_CRITERIA = 4
_EXPANSION_WORDS = frozenset(("expansion", "renewal", "renewals", "upsell", "upsells"))

_FREE_TEXT = frozenset(
    ("comment", "comments", "description", "details", "lost_reason", "name", "next_step", "note", "notes")
)
_FREE_ENDINGS = ("_comment", "_comments", "_description", "_note", "_notes", "_remarks", "_summary", "_text")


def check_definition(definition: Definition) -> list[Problem]:
    """Warnings about the definition, stage by stage; none where it is sound."""
    return [
        *_of_kind(definition),
        *_of_size(definition),
        *_of_profile(definition),
        *(problem for stage in definition.stages for problem in _of_stage(stage)),
        *(
            problem
            for stage, criterion in definition.all_criteria
            for problem in _of_criterion(f"{stage.name}, {criterion.id}", criterion)
        ),
    ]


def _of_kind(definition: Definition) -> Iterator[Problem]:
    told = _EXPANSION_WORDS & set(definition.pipeline.casefold().split())
    if told and definition.kind != EXPANSION:
        yield Problem(
            "expansion_counted_as_new",
            f"“{definition.pipeline}” counts as new business in every reading.",
            'Add kind = "expansion" to [pipeline] if it is what present customers buy.',
            value=definition.pipeline,
        )


def _of_size(definition: Definition) -> Iterator[Problem]:
    count = len(definition.stages)
    if count > MOST_STAGES:
        yield Problem(
            "too_many_stages",
            f"There are {count} stages, more than {MOST_STAGES}.",
            "Join stages between which the buyer does nothing new.",
            value=str(count),
        )


def _of_profile(definition: Definition) -> Iterator[Problem]:
    profile = definition.ideal_customer
    alone = [each.trait for each in profile.traits if each.points >= profile.fits_from] if profile else []
    if profile is not None and len(profile.traits) > 1 and alone:
        yield Problem(
            "trait_fits_alone",
            f"A lead fits the ideal customer by its {alone[0]} alone.",
            "Raise fits_from, or give the trait fewer points.",
            column="ideal_customer",
            value=alone[0],
        )


def _of_stage(stage: Stage) -> Iterator[Problem]:
    count = len(stage.exit)
    if count == 0:
        yield Problem(
            "no_criteria",
            f"{stage.name} has no exit criteria, so any deal may leave it.",
            "Add what the buyer has to do before a deal moves on.",
            column=stage.name,
        )
    if count > MOST_CRITERIA:
        yield Problem(
            "too_many_criteria",
            f"{stage.name} has {count} exit criteria, more than {MOST_CRITERIA}.",
            "Keep those that best tell a real deal from a hopeful one.",
            column=stage.name,
            value=str(count),
        )
    if stage.norm_days is None:
        yield Problem(
            "no_norm",
            f"{stage.name} has no norm_days, so no deal is ever too old for it.",
            "Add how many days a deal usually stays.",
            column=stage.name,
        )


def _of_criterion(place: str, criterion: Criterion) -> Iterator[Problem]:
    words = sellers_words(criterion.says)
    if words or sellers_alone(criterion.proof):
        shown = f"“{words}” is" if words else "Its proof is"
        yield Problem(
            "sellers_action",
            f"{shown} something that the seller does.",
            "Ask for what the buyer does in return: confirms, supplies, names, signs.",
            column=place,
            value=words,
        )
    for leaf in leaves(criterion.proof):
        match leaf:
            case FieldProof(name, True) if _is_free_text(name):
                yield Problem(
                    "free_text_proof",
                    f"“{name}” is free text: any words in it would pass.",
                    "Use evidence from the buyer, a role, a date or a choice from a list.",
                    column=place,
                    value=name,
                )
            case RoleProof():
                yield from _of_role(place, leaf)
            case EvidenceProof():
                yield from _of_evidence(place, leaf)
            case ActivityProof():
                yield from _of_activity(place, leaf)


def _of_role(place: str, proof: RoleProof) -> Iterator[Problem]:
    if proof.engaged_within_days is None:
        yield Problem(
            "role_without_engagement",
            f"A {_words(proof.role)} who is known may have been silent for months.",
            "Add engaged_within_days.",
            column=place,
            value=proof.role,
        )
    if proof.role not in ROLES:
        yield Problem(
            "role_unknown",
            f"“{proof.role}” is not one of the usual roles.",
            nearest(proof.role, ROLES) or f"Usual are {', '.join(ROLES)}.",
            column=place,
            value=proof.role,
        )


def _of_evidence(place: str, proof: EvidenceProof) -> Iterator[Problem]:
    if proof.within_days is None:
        yield Problem(
            "evidence_without_age",
            f"Evidence of {_words(proof.evidence)} would count for ever.",
            "Add within_days.",
            column=place,
            value=proof.evidence,
        )
    if proof.from_side is None:
        yield Problem(
            "evidence_from_anyone",
            f"Evidence of {_words(proof.evidence)} could come from the seller.",
            'Add from = "buyer".',
            column=place,
            value=proof.evidence,
        )


def _of_activity(place: str, proof: ActivityProof) -> Iterator[Problem]:
    if proof.side is None:
        yield Problem(
            "activity_of_anyone",
            "An activity of the seller's alone would do.",
            'Add side = "buyer".',
            column=place,
            value=proof.activity,
        )
    if proof.activity not in ACTIVITIES:
        yield Problem(
            "activity_unknown",
            f"“{proof.activity}” is not one of the usual activities.",
            nearest(proof.activity, ACTIVITIES) or f"Usual are {', '.join(ACTIVITIES)}.",
            column=place,
            value=proof.activity,
        )


def sellers_alone(proof: Proof) -> bool:
    """Whether the seller's own doing can fulfil the proof."""
    match proof:
        case EvidenceProof():
            return proof.from_side == "seller"
        case ActivityProof():
            return proof.side == "seller"
        case AllOf(proofs):
            return any(sellers_alone(each) for each in proofs) and not any(_buyers(each) for each in proofs)
        case AnyOf(proofs):
            return any(sellers_alone(each) for each in proofs)
        case _:
            return False


def _buyers(proof: Proof) -> bool:
    """Whether the proof takes something that the buyer does."""
    match proof:
        case EvidenceProof():
            return proof.from_side == "buyer"
        case ActivityProof():
            return proof.side == "buyer"
        case RoleProof():
            return proof.engaged_within_days is not None
        case AllOf(proofs):
            return any(_buyers(each) for each in proofs)
        case AnyOf(proofs):
            return all(_buyers(each) for each in proofs)
        case Not() | _:
            return False


def _is_free_text(name: str) -> bool:
    key = name.casefold()
    return key in _FREE_TEXT or key.endswith(_FREE_ENDINGS)


def _words(name: str) -> str:
    return name.replace("_", " ")
