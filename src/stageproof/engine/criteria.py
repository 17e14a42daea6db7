"""Exit criteria as expressions: met, unmet, waived or unverifiable, for one deal or a million.

A proof becomes a Boolean expression over the deals. Where the book holds no data that could tell, it becomes null, and
the three-valued logic of every engine carries that through `all_of`, `any_of` and `not`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from typing import Any

import narwhals as nw

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import DAY, number
from stageproof.engine.money import exponent
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
from stageproof.engine.tables import DEALS

MET, UNMET, WAIVED, UNVERIFIABLE = "met", "unmet", "waived", "unverifiable"
STATES = (MET, WAIVED, UNVERIFIABLE, UNMET)

_COMPARED = {"amount": "value"}


@dataclass(frozen=True)
class Assessed:
    """Deals with one column per exit criterion holding its state."""

    frame: nw.LazyFrame
    columns: tuple[tuple[Stage, Criterion, str], ...]


@dataclass
class _Counts:
    """What has to be counted per deal in another table: one pass over each table, whatever the number of proofs."""

    wanted: dict[str, dict[str, nw.Expr]] = field(default_factory=dict)

    def of(self, table: str, holds: nw.Expr) -> nw.Expr:
        columns = self.wanted.setdefault(table, {})
        name = f"_{table}_{len(columns)}"
        columns[name] = nw.when(holds).then(nw.lit(1)).otherwise(nw.lit(0)).sum()
        return nw.coalesce(nw.col(name).cast(nw.Int64), nw.lit(0))

    def joined_to(self, deals: nw.LazyFrame, tables: dict[str, nw.LazyFrame | None]) -> nw.LazyFrame:
        for table, columns in self.wanted.items():
            frame = tables[table]
            if frame is not None:
                counted = frame.filter(~nw.col("deal").is_null()).group_by("deal").agg(**columns)
                deals = deals.join(counted, on="deal", how="left")
        return deals

    @property
    def names(self) -> list[str]:
        return [name for columns in self.wanted.values() for name in columns]


def assess(pipeline: Pipeline, definition: Definition, deals: nw.LazyFrame) -> Assessed:
    """The deals with the state of every exit criterion of the definition, stage by stage."""
    counts = _Counts()
    states: dict[str, nw.Expr] = {}
    columns = []
    for position, stage in enumerate(definition.stages):
        for criterion in stage.exit:
            name = f"criterion_{position}_{criterion.id}"
            states[name] = _state(pipeline, criterion, counts)
            columns.append((stage, criterion, name))
    tables = {"evidence": pipeline.evidence, "roles": pipeline.roles, "activities": pipeline.activities}
    frame = counts.joined_to(deals, tables).with_columns(**states)
    return Assessed(frame.drop(counts.names), tuple(columns))


def _state(pipeline: Pipeline, criterion: Criterion, counts: _Counts) -> nw.Expr:
    holds = _holds(pipeline, criterion.proof, criterion.id, counts)
    waived = nw.lit(False)
    if pipeline.evidence is not None:
        waiver = (nw.col("kind") == "waiver") & (nw.col("criterion") == criterion.id)
        waived = counts.of("evidence", waiver) > 0
    return (
        nw.when(nw.coalesce(holds, nw.lit(False)))
        .then(nw.lit(MET))
        .otherwise(
            nw.when(waived)
            .then(nw.lit(WAIVED))
            .otherwise(nw.when(holds.is_null()).then(nw.lit(UNVERIFIABLE)).otherwise(nw.lit(UNMET)))
        )
    )


def _holds(pipeline: Pipeline, proof: Proof, criterion: str, counts: _Counts) -> nw.Expr:
    def part(each: Proof) -> nw.Expr:
        return _holds(pipeline, each, criterion, counts)

    match proof:
        case AllOf(proofs):
            return reduce(and_, (part(each) for each in proofs))
        case AnyOf(proofs):
            return reduce(or_, (part(each) for each in proofs))
        case Not(inner):
            return ~part(inner)
        case FieldProof():
            return _field(pipeline, proof)
        case NextStepProof(days):
            if "next_step_on" not in pipeline.book.fields:
                return _unverifiable()
            due = nw.col("next_step_on")
            return _known((due >= pipeline.day) & (due <= pipeline.day + days))
        case RoleProof():
            return _role(pipeline, proof, counts)
        case EvidenceProof():
            return _evidence(pipeline, proof, criterion, counts)
        case ActivityProof():
            return _activity(pipeline, proof, counts)
    raise TypeError(f"no expression for {proof!r}")


def _field(pipeline: Pipeline, proof: FieldProof) -> nw.Expr:
    if proof.field not in pipeline.book.fields:
        return _unverifiable()
    column = DEALS.column(proof.field)
    compared = nw.col(_COMPARED.get(proof.field, proof.field))
    text = column is None or column.kind == "text"
    tests: list[nw.Expr] = []
    if proof.present is not None:
        filled = ~compared.is_null()
        if text:
            filled = filled & (compared != "")
        tests.append(filled if proof.present else ~filled)
    choices = proof.one_of if proof.one_of is not None else () if proof.equals is None else (proof.equals,)
    if choices:
        if text:
            tests.append(compared.str.to_lowercase().is_in([str(each).lower() for each in choices]))
        else:
            tests.append(compared.is_in([_comparable(pipeline, each, proof.field) for each in choices]))
    if proof.at_least is not None:
        tests.append(compared >= _comparable(pipeline, proof.at_least, proof.field))
    if proof.at_most is not None:
        tests.append(compared <= _comparable(pipeline, proof.at_most, proof.field))
    return _known(reduce(and_, tests))


def _comparable(pipeline: Pipeline, value: Any, name: str) -> Any:
    """Money thresholds are written in major units."""
    if name == "amount":
        return int(Decimal(str(value)).scaleb(exponent(pipeline.currency)))
    return number(int(value) if isinstance(value, Decimal) and value == int(value) else value)


def _role(pipeline: Pipeline, proof: RoleProof, counts: _Counts) -> nw.Expr:
    if pipeline.roles is None:
        return _unverifiable()
    holds = nw.col("role") == proof.role
    if proof.engaged_within_days is not None:
        holds = holds & _within(pipeline, "engaged_at", proof.engaged_within_days)
    return counts.of("roles", holds) > 0


def _evidence(pipeline: Pipeline, proof: EvidenceProof, criterion: str, counts: _Counts) -> nw.Expr:
    if pipeline.evidence is None:
        return _unverifiable()
    given_for = nw.col("criterion").is_null() | (nw.col("criterion") == criterion)
    holds = (nw.col("kind") == proof.evidence) & given_for
    if proof.from_side is not None:
        holds = holds & (nw.col("side") == proof.from_side)
    if proof.verified:
        holds = holds & ~nw.col("verified_by").is_null()
    if proof.within_days is not None:
        holds = holds & _within(pipeline, "given_at", proof.within_days)
    return counts.of("evidence", holds) > 0


def _activity(pipeline: Pipeline, proof: ActivityProof, counts: _Counts) -> nw.Expr:
    if pipeline.activities is None:
        return _unverifiable()
    tests: list[nw.Expr] = []
    if proof.activity != "any":
        tests.append(nw.col("kind") == proof.activity)
    if proof.side is not None:
        tests.append(nw.col("side") == proof.side)
    if proof.within_days is not None:
        tests.append(_within(pipeline, "happened_at", proof.within_days))
    return counts.of("activities", reduce(and_, tests, nw.lit(True))) >= proof.count


def _within(pipeline: Pipeline, instant: str, days: int) -> nw.Expr:
    return nw.col(instant) > pipeline.at - days * DAY


def _known(holds: nw.Expr) -> nw.Expr:
    """A blank cell fails its test; it isn't unverifiable."""
    return nw.coalesce(holds, nw.lit(False))


def _unverifiable() -> nw.Expr:
    return nw.lit(None).cast(nw.Boolean)


def counted(columns: Iterable[str], test: Callable[[str], nw.Expr]) -> nw.Expr:
    """How many of the columns pass the test, per row; zero where there are none."""
    ones = [nw.when(test(name)).then(nw.lit(1)).otherwise(nw.lit(0)) for name in columns]
    return reduce(lambda total, one: total + one, ones, nw.lit(0)).cast(nw.Int64)
