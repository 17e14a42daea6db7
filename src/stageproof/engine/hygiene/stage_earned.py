"""Check 2: is the stage earned?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.criteria import RANK, UNMET, assess
from stageproof.engine.definition import Criterion, Definition
from stageproof.engine.hygiene.subjects import Checked, Test, day_of_instant, findings, later, ruled
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
    leaves,
)
from stageproof.engine.tables import FOREVER

CHECK = 2
_TABLES = {RoleProof: "roles", EvidenceProof: "evidence", ActivityProof: "activities"}


def stage_earned(pipeline: Pipeline) -> Checked:
    """Exit criteria behind a deal's stage that do not hold: never met, or their evidence or waiver has run
    out."""
    found: list[nw.LazyFrame[Any]] = []
    notes: list[str] = []
    for definition, _, deals in ruled(pipeline):
        if definition is None:
            notes += ["Stages of deals without a definition in force."] if not pipeline.definitions else []
            continue
        if definition.all_criteria:
            found += _under(pipeline, definition, deals)
        notes += _unverifiable(pipeline, definition)
    return Checked(tuple(found), tuple(dict.fromkeys(notes)))


def _under(
    pipeline: Pipeline, definition: Definition, deals: nw.LazyFrame[Any]
) -> Iterator[nw.LazyFrame[Any]]:
    assessed = assess(pipeline, definition, deals)
    kept = assessed.frame.select(
        "deal", "value", "definition", "position", "entered_on", *[name for *_, name in assessed.columns]
    )
    frame = in_memory(_with_lapses(pipeline, definition, kept))
    for stage, criterion, name in assessed.columns:
        unmet = (nw.col("position") > (definition.position(stage.name) or 0)) & (nw.col(name) == RANK[UNMET])
        yield from findings(frame, CHECK, _tests(pipeline, criterion, unmet))


def _tests(pipeline: Pipeline, criterion: Criterion, unmet: nw.Expr) -> list[Test]:
    detail = nw.lit(criterion.id)
    if pipeline.evidence_given is None:
        return [Test("criterion_unmet", unmet, nw.col("entered_on"), detail=detail)]
    waiver = nw.col(f"waived_{criterion.id}")
    asks_for_evidence = any(isinstance(each, EvidenceProof) for each in leaves(criterion.proof))
    lapse = nw.col(f"lapsed_{criterion.id}") if asks_for_evidence else nw.lit(None).cast(nw.Int64)
    waived, lapsed = ~waiver.is_null(), waiver.is_null() & ~lapse.is_null()

    def ago(day: nw.Expr) -> nw.Expr:
        return nw.lit(pipeline.day) - day

    return [
        Test("waiver_expired", unmet & waived, waiver, ago(waiver), detail=detail),
        Test("evidence_expired", unmet & lapsed, lapse, ago(lapse), detail=detail),
        Test(
            "criterion_unmet", unmet & waiver.is_null() & lapse.is_null(), nw.col("entered_on"), detail=detail
        ),
    ]


def _with_lapses(pipeline: Pipeline, definition: Definition, deals: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Per criterion the day from which its evidence (`lapsed_`) and its waiver (`waived_`) no longer
    counted."""
    given = pipeline.evidence_given
    if given is None:
        return deals
    given = given.with_columns(
        given_on=day_of_instant(pipeline, nw.col("given_at")),
        stops_on=nw.coalesce(nw.col("expires_on") + 1, nw.lit(FOREVER)),
    )
    columns: dict[str, nw.Expr] = {}
    for _, criterion in definition.all_criteria:
        waiver = (nw.col("kind") == "waiver") & (nw.col("criterion") == criterion.id)
        stopped = nw.col("stops_on") <= pipeline.day
        columns[f"waived_{criterion.id}"] = nw.when(waiver & stopped).then(nw.col("stops_on")).max()
        lapse = _lapse(pipeline, criterion)
        if lapse is not None:
            columns[f"lapsed_{criterion.id}"] = lapse
    lapsed = given.group_by("deal").agg(**columns)
    return deals.join(lapsed, on="deal", how="left")


def _lapse(pipeline: Pipeline, criterion: Criterion) -> nw.Expr | None:
    """The latest day on which evidence asked for ran out; None where the criterion asks for none."""
    days: list[nw.Expr] = []
    for proof in leaves(criterion.proof):
        if isinstance(proof, EvidenceProof):
            stops = nw.col("stops_on")
            if proof.within_days is not None:
                aged = nw.col("given_on") + proof.within_days
                stops = nw.when(aged < stops).then(aged).otherwise(stops)
            days.append(nw.when(_given_for(proof, criterion) & (stops <= pipeline.day)).then(stops))
    return reduce(later, days).max() if days else None


def _given_for(proof: EvidenceProof, criterion: Criterion) -> nw.Expr:
    tests = [
        nw.col("kind") == proof.evidence,
        nw.col("criterion").is_null() | (nw.col("criterion") == criterion.id),
    ]
    if proof.from_side is not None:
        tests.append(nw.col("side") == proof.from_side)
    if proof.verified:
        tests.append(~nw.col("verified_by").is_null())
    return ~reduce(or_, [~nw.coalesce(test, nw.lit(False)) for test in tests])


def _unverifiable(pipeline: Pipeline, definition: Definition) -> list[str]:
    """What the criteria ask for and the book has no place for, in a note per kind of data."""
    missing: dict[str, list[str]] = {}
    for _, criterion in definition.all_criteria:
        for what in _lacking(pipeline, criterion.proof):
            missing.setdefault(what, []).append(criterion.id)
    return [
        f"Exit criteria {', '.join(dict.fromkeys(ids))}: the book holds no {what}."
        for what, ids in missing.items()
    ]


def _lacking(pipeline: Pipeline, proof: Proof) -> Iterator[str]:
    match proof:
        case AllOf(proofs) | AnyOf(proofs):
            for each in proofs:
                yield from _lacking(pipeline, each)
        case Not(inner):
            yield from _lacking(pipeline, inner)
        case FieldProof():
            if proof.field not in pipeline.book.fields:
                yield f"column '{proof.field}'"
        case NextStepProof():
            if "next_step_on" not in pipeline.book.fields:
                yield "dates of next steps"
        case _:
            table = _TABLES[type(proof)]
            if not pipeline.book.holds(table):
                yield table
