"""What could not be verified: the data that the book lacks, and what to bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stageproof.audit.audit import Audit
from stageproof.engine.definition import Criterion, Stage
from stageproof.engine.proof import (
    ActivityProof,
    EvidenceProof,
    FieldProof,
    Leaf,
    NextStepProof,
    RoleProof,
    field_label,
    leaves,
)

_BRING = {
    "activities": "Add the export of activities: Task and Event, or engagements, calls, meetings and mails.",
    "contact roles": "Add the export of contact roles (OpportunityContactRole) or a sheet of them.",
    "evidence": "Keep a sheet of evidence with deal, kind, side and the day it was given, and add it.",
}


@dataclass(frozen=True)
class Gap:
    """Data that the book does not hold, what to bring, and the criteria that nobody can judge without it."""

    lacks: str
    bring: str
    criteria: tuple[tuple[Stage, Criterion], ...]


def gaps(audit: Audit) -> list[Gap]:
    """What the book lacks for the definition's criteria, in the order in which they first need it."""
    found: dict[str, list[tuple[Stage, Criterion]]] = {}
    for stage, criterion in audit.definition.all_criteria:
        for lacks in dict.fromkeys(_lacking(audit, criterion)):
            found.setdefault(lacks, []).append((stage, criterion))
    return [Gap(lacks, _bring(lacks), tuple(criteria)) for lacks, criteria in found.items()]


def _lacking(audit: Audit, criterion: Criterion) -> Iterator[str]:
    book = audit.pipeline.book
    for leaf in leaves(criterion.proof):
        match leaf:
            case EvidenceProof() if not book.holds("evidence"):
                yield "evidence"
            case RoleProof() if not book.holds("roles"):
                yield "contact roles"
            case ActivityProof() if not book.holds("activities"):
                yield "activities"
            case FieldProof() | NextStepProof() if _field(leaf) not in book.fields:
                yield _plural(field_label(_field(leaf)))


def _field(leaf: Leaf) -> str:
    return leaf.field if isinstance(leaf, FieldProof) else "next_step_on"


def _plural(label: str) -> str:
    return label if label.endswith("s") else f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"


def _bring(lacks: str) -> str:
    return _BRING.get(lacks, f"Add a column with the {lacks} to the export of deals.")
