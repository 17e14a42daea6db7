"""Exit criteria: met, unmet, waived or unverifiable, for one deal or a million.

A proof becomes a test (see `terms`). Where the book holds no data that could tell, it becomes null, and three-valued
logic carries that through `all_of`, `any_of` and `not`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from typing import Any

import narwhals as nw

from stageproof.engine.book import Pipeline
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.exchange import day_rates
from stageproof.engine.frames import DAY, Lazy, number
from stageproof.engine.money import convert, exponent
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
    every_leaf,
)
from stageproof.engine.proven import proven_into, proven_of_all_days
from stageproof.engine.tables import DEALS
from stageproof.engine.terms import Columns, Recent, Row, Source, own_words

MET, UNMET, WAIVED, UNVERIFIABLE = "met", "unmet", "waived", "unverifiable"
STATES = (MET, WAIVED, UNVERIFIABLE, UNMET)
RANK = {state: rank for rank, state in enumerate(STATES)}
"""The states from best to worst: over a million deals numbers are counted, not words."""


@dataclass(frozen=True)
class Assessed:
    """Deals with one column per exit criterion holding the rank of its state in `STATES`."""

    frame: Lazy
    columns: tuple[tuple[Stage, Criterion, str], ...]

    def in_words(self, *others: str) -> Lazy:
        """The criteria's columns with the states themselves, after the other columns named."""
        words = {name: _in_words(name) for *_, name in self.columns}
        return self.frame.select(*others, **words)


@dataclass(frozen=True)
class Moment:
    """When and about what is asked: the instant, its day, what the book holds, its currency.

    `rates` are the day's (see `money.minor_rate`) of the currencies in which criteria name amounts, where known.
    """

    at: int
    day: int
    fields: frozenset[str]
    tables: frozenset[str]
    currency: str
    rates: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, pipeline: Pipeline, definitions: Iterable[Definition]) -> Moment:
        book = pipeline.book
        foreign = currencies_named(definitions) - {book.currency}
        rates = day_rates(pipeline.rates, foreign, pipeline.day) if foreign else {}
        return cls(pipeline.at, pipeline.day, book.fields, frozenset(book.tables), book.currency, rates)


def currencies_named(definitions: Iterable[Definition]) -> set[str]:
    """The currencies in which the criteria of definitions name amounts, the reporting one where it is said."""
    leaves = (
        each
        for definition in definitions
        for _, criterion in definition.all_criteria
        for each in every_leaf(criterion.proof)
    )
    return {each.currency for each in leaves if isinstance(each, FieldProof) and each.currency}


def _in_words(name: str) -> nw.Expr:
    word: nw.Expr = nw.lit(STATES[-1])
    for state in STATES[:-1]:
        word = nw.when(nw.col(name) == RANK[state]).then(nw.lit(state)).otherwise(word)
    return word


def assess(pipeline: Pipeline, definition: Definition, deals: Lazy) -> Assessed:
    """The deals with the state of every exit criterion of the definition, stage by stage."""
    given = (pipeline.evidence, _roles(pipeline, definition), pipeline.activities)
    words, (asked, *theirs) = own_words(deals, *given)
    moment = Moment.of(pipeline, [definition])
    source = Columns(words, proven=proven_of_all_days(pipeline))
    states: dict[str, Any] = {}
    columns = []
    for position, stage in enumerate(definition.stages):
        for criterion in stage.exit:
            name = f"criterion_{position}_{criterion.id}"
            states[name] = state(moment, criterion, source)
            columns.append((stage, criterion, name))
    if not states:
        return Assessed(deals, ())
    if source.proven:
        told = proven_into(asked, pipeline, definition, source.wanted)
    else:
        told = source.counted_into(asked, dict(zip(("evidence", "roles", "activities"), theirs, strict=True)))
    frame = told.with_columns(**states).drop(source.names)
    return Assessed(nw.from_native(frame, pass_through=True), tuple(columns))


def _roles(pipeline: Pipeline, definition: Definition) -> Lazy | None:
    """The roles that the definition asks for, with engagements as far back as it asks for them."""
    proofs = [
        each
        for _, criterion in definition.all_criteria
        for each in every_leaf(criterion.proof)
        if isinstance(each, RoleProof)
    ]
    days = max((each.engaged_within_days or 0 for each in proofs), default=0)
    roles = pipeline.roles_engaged_after(pipeline.at - days * DAY)
    return None if roles is None else roles.filter(nw.col("role").is_in([each.role for each in proofs]))


def assess_one(
    moment: Moment,
    definition: Definition,
    deal: Mapping[str, Any],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[tuple[Stage, Criterion, str]]:
    """The same states for one deal, from its rows in force at the moment."""
    row: Row[Any] = Row(deal, tables)
    return [
        (stage, criterion, STATES[state(moment, criterion, row).value])
        for stage, criterion in definition.all_criteria
    ]


def state(moment: Moment, criterion: Criterion, source: Source) -> Any:
    """The rank of one criterion's state, over columns or for a row."""
    holds = _holds(moment, criterion.proof, criterion.id, source)
    choices = [(source.known(holds), RANK[MET])]
    if "evidence" in moment.tables:
        waived = source.at_least(
            1, "evidence", lambda row: (row["kind"] == "waiver") & (row["criterion"] == criterion.id)
        )
        choices.append((waived, RANK[WAIVED]))
    choices.append((holds.is_null(), RANK[UNVERIFIABLE]))
    return source.first_that_holds(choices, RANK[UNMET])


def _holds(moment: Moment, proof: Proof, criterion: str, source: Source) -> Any:
    def part(each: Proof) -> Any:
        return _holds(moment, each, criterion, source)

    match proof:
        case AllOf(proofs):
            return reduce(and_, (part(each) for each in proofs))
        case AnyOf(proofs):
            return reduce(or_, (part(each) for each in proofs))
        case Not(inner):
            return ~part(inner)
        case FieldProof():
            return _field(moment, proof, source)
        case NextStepProof(days):
            if "next_step_on" not in moment.fields:
                return source.unknown()
            due = source["next_step_on"]
            return source.known((due >= moment.day) & (due <= moment.day + days))
        case RoleProof():
            return _role(moment, proof, source)
        case EvidenceProof():
            return _evidence(moment, proof, criterion, source)
        case ActivityProof():
            return _activity(moment, proof, source)
    raise TypeError(f"no test for {proof!r}")


def _field(moment: Moment, proof: FieldProof, source: Source) -> Any:
    if proof.field not in moment.fields:
        return source.unknown()
    column = DEALS.column(proof.field)
    value = source[proof.field]
    text = column is None or column.kind == "text"
    tests: list[Any] = []
    if proof.present is not None:
        filled = ~value.is_null()
        if text:
            filled = filled & (value != "")
        tests.append(filled if proof.present else ~filled)
    if proof.field == "amount":
        return reduce(and_, [*tests, *_amount(moment, proof, source)])
    if text and (choices := _choices(proof)):
        tests.append(source.lowered(proof.field).is_in([str(each).lower() for each in choices]))
        tests += _limits(proof, value, _comparable)
    else:
        tests += _compared(proof, value, _comparable)
    # A blank cell fails its test; it isn't unverifiable.
    return source.known(reduce(and_, tests))


def _amount(moment: Moment, proof: FieldProof, source: Source) -> list[Any]:
    """What is asked of how much it is: a blank fails, and an amount whose worth no rate tells is unknown.

    An amount in the currency that the proof names is compared as it is, any other by its worth on the day.
    """
    named = proof.currency or moment.currency
    filled, nano = ~source["amount"].is_null(), moment.rates.get(named)

    def minor(whole: Any) -> int:
        return int(Decimal(str(whole)).scaleb(exponent(named)))

    if named == moment.currency:
        return [filled & test for test in _compared(proof, source["value"], minor)]
    same = source.known(source["currency"] == named)
    own = _compared(proof, source["amount"], minor)
    others = [source.unknown() for _ in own]
    if nano is not None:
        others = _compared(proof, source["value"], lambda whole: convert(minor(whole), nano))
    return [filled & ((same & mine) | (~same & other)) for mine, other in zip(own, others, strict=True)]


def _compared(proof: FieldProof, value: Any, comparable: Callable[[Any], Any]) -> list[Any]:
    """The comparisons that a proof asks for, with what it names made comparable to the value."""
    choices = _choices(proof)
    found = [value.is_in([comparable(each) for each in choices])] if choices else []
    return [*found, *_limits(proof, value, comparable)]


def _limits(proof: FieldProof, value: Any, comparable: Callable[[Any], Any]) -> list[Any]:
    tests = []
    if proof.at_least is not None:
        tests.append(value >= comparable(proof.at_least))
    if proof.at_most is not None:
        tests.append(value <= comparable(proof.at_most))
    return tests


def _choices(proof: FieldProof) -> tuple[Any, ...]:
    if proof.one_of is not None:
        return proof.one_of
    return () if proof.equals is None else (proof.equals,)


def _comparable(value: Any) -> Any:
    return number(int(value) if isinstance(value, Decimal) and value == int(value) else value)


def _role(moment: Moment, proof: RoleProof, source: Source) -> Any:
    if "roles" not in moment.tables:
        return source.unknown()

    recent = _recent(moment, "engaged_at", proof.engaged_within_days)
    return source.at_least(1, "roles", lambda row: row["role"] == proof.role, recent)


def _evidence(moment: Moment, proof: EvidenceProof, criterion: str, source: Source) -> Any:
    if "evidence" not in moment.tables:
        return source.unknown()

    def holds(row: Source) -> Any:
        given_for = row["criterion"].is_null() | (row["criterion"] == criterion)
        found = (row["kind"] == proof.evidence) & given_for
        if proof.from_side is not None:
            found = found & (row["side"] == proof.from_side)
        if proof.verified:
            found = found & ~row["verified_by"].is_null()
        return found

    return source.at_least(1, "evidence", holds, _recent(moment, "given_at", proof.within_days))


def _activity(moment: Moment, proof: ActivityProof, source: Source) -> Any:
    if "activities" not in moment.tables:
        return source.unknown()

    def holds(row: Source) -> Any:
        found = row.always() if proof.activity == "any" else row["kind"] == proof.activity
        return found if proof.side is None else found & (row["side"] == proof.side)

    recent = _recent(moment, "happened_at", proof.within_days)
    return source.at_least(proof.count, "activities", holds, recent)


def _recent(moment: Moment, column: str, days: int | None) -> Recent | None:
    return None if days is None else Recent(column, days, moment.at - days * DAY)


def counted(words: Any, columns: Iterable[str], test: Callable[[str], Any]) -> Any:
    """How many of the columns pass the test, per row; zero where there are none."""
    ones = [words.when(test(name)).then(words.lit(1)).otherwise(words.lit(0)) for name in columns]
    return reduce(lambda total, one: total + one, ones, words.lit(0)).cast(words.Int64)
