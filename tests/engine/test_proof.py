"""Proofs as sentences, as TOML, and by what they ask for."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.definition import Criterion, Definition, Stage, read_definition, write_definition
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
    remedy,
    sentence,
)
from stageproof.engine.proof_strength import implies, strength

PAIN = EvidenceProof("pain", "buyer", 90)
BUYER = RoleProof("economic_buyer", 30)
STEP = NextStepProof(14)


@pytest.mark.parametrize(
    ("proof", "says", "does"),
    [
        (
            BUYER,
            "economic buyer known and engaged in the last 30 days",
            "Name the economic buyer and record a conversation with them in the last 30 days",
        ),
        (RoleProof("legal"), "legal contact known", "Name the legal contact"),
        (
            PAIN,
            "evidence of pain from the buyer in the last 90 days",
            "Get evidence of pain from the buyer, no older than 90 days",
        ),
        (
            EvidenceProof("budget", None, 1, verified=True),
            "verified evidence of budget in the last day",
            "Get evidence of budget from the buyer, no older than 1 day, and have it verified",
        ),
        (
            EvidenceProof("order", "seller"),
            "evidence of order from the seller",
            "Get evidence of order from our own side",
        ),
        (
            ActivityProof("meeting", "buyer", within_days=14),
            "a meeting with the buyer in the last 14 days",
            "Record a meeting with the buyer in the last 14 days",
        ),
        (
            ActivityProof("any", None, 3),
            "at least 3 activities",
            "Record at least 3 activities",
        ),
        (ActivityProof("email", "seller"), "an email by the seller", "Record an email by the seller"),
        (
            STEP,
            "a next step agreed and due within 14 days",
            "Agree a next step with the buyer that is due within 14 days",
        ),
        (
            NextStepProof(1),
            "a next step agreed and due today or tomorrow",
            "Agree a next step with the buyer that is due today or tomorrow",
        ),
        (FieldProof("close_on", present=True), "close date is filled in", "Fill in the close date"),
        (FieldProof("lost_reason", present=False), "lost reason is blank", "Clear the lost reason"),
        (
            FieldProof("amount", at_least=Decimal(10000), at_most=Decimal("99999.5"), currency="USD"),
            "amount is at least 10,000 USD and is at most 99,999.5 USD",
            "Correct the amount once it is true that it is at least 10,000 USD and is at most 99,999.5 USD",
        ),
        (
            FieldProof("source", present=True, one_of=("Referral", "Event", "Web")),
            "source is filled in and is Referral, Event or Web",
            "Correct the source once it is true that it is Referral, Event or Web",
        ),
        (
            FieldProof("close_on", at_least=date(2025, 1, 1)),
            "close date is on or after 2025-01-01",
            "Correct the close date once it is true that it is on or after 2025-01-01",
        ),
        (FieldProof("nda", equals=True), "nda is yes", "Correct the nda once it is true that it is yes"),
        (
            AllOf((PAIN, AnyOf((BUYER, STEP)))),
            "evidence of pain from the buyer in the last 90 days and (either economic buyer known and "
            "engaged in the last 30 days or a next step agreed and due within 14 days)",
            "Get evidence of pain from the buyer, no older than 90 days; Name the economic buyer and record "
            "a conversation with them in the last 30 days; or agree a next step with the buyer that is due "
            "within 14 days",
        ),
        (
            Not(EvidenceProof("objection", "buyer")),
            "not: evidence of objection from the buyer",
            "Resolve this, which must not hold: evidence of objection from the buyer",
        ),
    ],
)
def test_a_proof_reads_as_a_sentence_and_a_remedy(proof: Proof, says: str, does: str) -> None:
    assert sentence(proof) == says
    assert remedy(proof) == does


def test_leaves_leave_out_what_is_negated() -> None:
    assert list(leaves(AllOf((PAIN, Not(BUYER), AnyOf((STEP,)))))) == [PAIN, STEP]


names = st.sampled_from(["pain", "budget", "decision_process"])
limits = st.none() | st.integers(1, 400)
sides = st.sampled_from([None, "buyer", "seller"])
numbers = st.integers(-(10**9), 10**9) | st.decimals(-(10**9), 10**9, places=2)
fields = st.one_of(
    st.builds(FieldProof, st.sampled_from(["source", "amount", "tier"]), present=st.booleans()),
    st.builds(
        FieldProof, st.just("tier"), equals=st.text("ab \"'\\\n\u00e9\u2028", min_size=1).filter(str.strip)
    ),
    st.builds(FieldProof, st.just("tier"), one_of=st.lists(numbers | st.booleans(), min_size=1).map(tuple)),
    st.builds(FieldProof, st.just("close_on"), at_least=st.dates(), currency=st.none()),
    st.builds(
        FieldProof,
        st.just("amount"),
        at_most=st.decimals(0, 10**9, places=2),
        currency=st.sampled_from([None, "EUR"]),
    ),
)
single = st.one_of(
    fields,
    st.builds(RoleProof, st.sampled_from(["champion", "legal"]), limits),
    st.builds(EvidenceProof, names, sides, limits, st.booleans()),
    st.builds(ActivityProof, st.sampled_from(["any", "meeting"]), sides, st.integers(1, 9), limits),
    st.builds(NextStepProof, st.integers(1, 90)),
)
proofs = st.recursive(
    single,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(proof=proofs.filter(lambda each: _depth(each) <= 8))
def test_a_proof_written_reads_back(proof: Proof) -> None:
    definition = Definition("P", "Ada", (Stage("One", (Criterion("c", "It holds", proof),)),))
    assert read_definition(write_definition(definition)) == definition


def _depth(proof: Proof) -> int:
    match proof:
        case AllOf(inner) | AnyOf(inner):
            return 1 + max(_depth(each) for each in inner)
        case Not(inside):
            return 1 + _depth(inside)
        case _:
            return 1


@given(proof=proofs)
def test_every_proof_has_a_sentence_and_asks_for_itself(proof: Proof) -> None:
    assert sentence(proof).strip()
    assert remedy(proof)[0].isupper()
    assert strength(proof, proof) == "same"


# An independent reading of evidence proofs: pieces of evidence (kind, side, age, verified) that pass.
Piece = tuple[str, str, int, bool]
pieces = st.tuples(names, st.sampled_from(["buyer", "seller"]), st.integers(0, 400), st.booleans())
evidence = st.recursive(
    st.builds(EvidenceProof, names, sides, limits, st.booleans()),
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=4,
)


def _passes(proof: Proof, given_pieces: list[Piece]) -> bool:
    match proof:
        case AllOf(inner):
            return all(_passes(each, given_pieces) for each in inner)
        case AnyOf(inner):
            return any(_passes(each, given_pieces) for each in inner)
        case Not(inside):
            return not _passes(inside, given_pieces)
        case EvidenceProof(kind, side, days, verified):
            return any(
                piece[0] == kind
                and side in (None, piece[1])
                and (days is None or piece[2] < days)
                and (piece[3] or not verified)
                for piece in given_pieces
            )
        case _:
            raise AssertionError(proof)


@settings(max_examples=300)
@given(one=evidence, other=evidence, deals=st.lists(st.lists(pieces, max_size=3), min_size=1, max_size=20))
def test_what_asks_for_more_lets_fewer_deals_through(
    one: Proof, other: Proof, deals: list[list[Piece]]
) -> None:
    if implies(one, other):
        assert all(_passes(other, deal) for deal in deals if _passes(one, deal))


@pytest.mark.parametrize(
    ("before", "after", "became"),
    [
        (PAIN, EvidenceProof("pain", "buyer", 30), "tightened"),
        (PAIN, EvidenceProof("pain", "buyer", 90, verified=True), "tightened"),
        (PAIN, EvidenceProof("pain", None, 90), "loosened"),
        (PAIN, EvidenceProof("pain", "buyer"), "loosened"),
        (PAIN, EvidenceProof("budget", "buyer", 90), "changed"),
        (PAIN, EvidenceProof("pain", None, 30), "changed"),
        (PAIN, BUYER, "changed"),
        (RoleProof("champion"), RoleProof("champion", 30), "tightened"),
        (RoleProof("champion"), RoleProof("coach"), "changed"),
        (STEP, NextStepProof(30), "loosened"),
        (ActivityProof("meeting", "buyer", 1, 30), ActivityProof("any", "buyer", 1, 30), "loosened"),
        (ActivityProof("meeting", "buyer", 1, 30), ActivityProof("meeting", "buyer", 2, 30), "tightened"),
        (PAIN, AllOf((PAIN, BUYER)), "tightened"),
        (PAIN, AnyOf((PAIN, BUYER)), "loosened"),
        (PAIN, AllOf((PAIN,)), "same"),
        (AllOf((PAIN, BUYER)), AllOf((BUYER, PAIN)), "same"),
        (AnyOf((PAIN, BUYER)), AllOf((PAIN, BUYER)), "tightened"),
        (Not(PAIN), Not(EvidenceProof("pain", "buyer", 30)), "loosened"),
        (FieldProof("amount", at_least=Decimal(10)), FieldProof("amount", at_least=Decimal(20)), "tightened"),
        (FieldProof("amount", at_most=Decimal(10)), FieldProof("amount", at_most=Decimal(20)), "loosened"),
        (FieldProof("amount", at_least=Decimal(10)), FieldProof("amount", present=True), "loosened"),
        (FieldProof("source", one_of=("Web", "Event")), FieldProof("source", equals="web"), "tightened"),
        (FieldProof("source", equals="Web"), FieldProof("source", equals="Event"), "changed"),
        (FieldProof("tier", one_of=(1, 2)), FieldProof("tier", at_least=1), "loosened"),
        (FieldProof("tier", present=False), FieldProof("tier", present=True), "changed"),
        (FieldProof("close_on", at_least=date(2025, 1, 1)), FieldProof("close_on", at_least=3), "changed"),
    ],
)
def test_what_became_of_a_demand(before: Proof, after: Proof, became: str) -> None:
    assert strength(before, after) == became


def _problems(proof: str) -> list[tuple[str, str]]:
    from stageproof.engine.problem import Problem
    from stageproof.engine.proof_toml import read_proof
    from stageproof.engine.toml_table import TomlTable

    problems: list[Problem] = []
    values = tomllib.loads(f"proof = {proof}", parse_float=Decimal)["proof"]
    assert read_proof(TomlTable(values, "proof", problems)) is None or problems
    return [(problem.code, problem.column) for problem in problems]


@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        ("{}", [("proof_kind", "proof")]),
        ('{ evidence = "pain", role = "legal" }', [("proof_kind", "proof")]),
        ('{ evidence = "" }', [("definition_value_wrong", "proof.evidence")]),
        ('{ evidence = "waiver" }', [("proof_of_waiver", "proof.evidence")]),
        (
            '{ evidence = "pain", form = "buyer", within = 3 }',
            [("definition_key_unknown", "proof.form"), ("definition_key_unknown", "proof.within")],
        ),
        (
            '{ evidence = "pain", from = "us", within_days = 0, verified = "yes" }',
            [
                ("definition_value_wrong", "proof.from"),
                ("definition_value_wrong", "proof.within_days"),
                ("definition_value_wrong", "proof.verified"),
            ],
        ),
        (
            '{ role = "legal", engaged_within_days = true }',
            [("definition_value_wrong", "proof.engaged_within_days")],
        ),
        ('{ activity = "call", count = 1.5 }', [("definition_value_wrong", "proof.count")]),
        ("{ next_step_within_days = -1 }", [("definition_value_wrong", "proof.next_step_within_days")]),
        ("{ all_of = [] }", [("proof_empty", "proof.all_of")]),
        ('{ any_of = ["pain"] }', [("definition_value_wrong", "proof.any_of")]),
        ('{ any_of = [{ evidence = "a" }, { rule = 1 }] }', [("proof_kind", "proof.any_of[2]")]),
        ("{ not = 3 }", [("definition_value_wrong", "proof.not")]),
        ("{ not = { not = {} } }", [("proof_kind", "proof.not.not")]),
        ('{ field = "amount" }', [("proof_empty", "proof.field")]),
        ('{ field = "amount", one_of = [] }', [("proof_empty", "proof.one_of")]),
        ('{ field = "amount", at_least = "10" }', [("definition_value_wrong", "proof.at_least")]),
        ('{ field = "amount", at_least = nan }', [("definition_value_wrong", "proof.at_least")]),
        ('{ field = "amount", at_least = 1e309 }', [("definition_value_wrong", "proof.at_least")]),
        ('{ field = "amount", at_least = 20, at_most = 10 }', [("proof_impossible", "proof.at_least")]),
        ('{ field = "amount", at_least = 1, currency = "EURO" }', [("currency_unknown", "proof.currency")]),
        ('{ field = "tier", at_least = 1, currency = "EUR" }', [("proof_currency", "proof.currency")]),
        ('{ field = "source", at_least = 1 }', [("definition_value_wrong", "proof.at_least")]),
        ('{ field = "close_on", at_least = 1 }', [("definition_value_wrong", "proof.at_least")]),
        (
            '{ field = "close_on", at_least = 2025-01-01T00:00:00 }',
            [("definition_value_wrong", "proof.at_least")],
        ),
        ('{ field = "source", equals = 3 }', [("definition_value_wrong", "proof.equals")]),
        ('{ field = "tier", present = false, equals = "a" }', [("proof_impossible", "proof.present")]),
    ],
)
def test_a_wrong_proof_is_refused_where_it_is_wrong(proof: str, expected: list[tuple[str, str]]) -> None:
    assert _problems(proof) == expected


def test_a_proof_too_deep_is_refused() -> None:
    deep = '{ evidence = "pain" }'
    for _ in range(8):
        deep = f"{{ not = {deep} }}"
    assert _problems(deep) == [("proof_too_deep", "proof" + ".not" * 8)]


def test_terms_are_read_in_any_spelling() -> None:
    text = '[pipeline]\nname = "P"\nowner = "Ada"\n[[stages]]\nname = "One"\n'
    text += '[[stages.exit]]\nid = "c"\nsays = "s"\n'
    text += 'proof = { role = "Economic Buyer", engaged_within_days = 3 }\n'
    assert read_definition(text).all_criteria[0][1].proof == RoleProof("economic_buyer", 3)
