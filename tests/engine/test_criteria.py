"""Each proof on the edge between met and unmet, and its four states."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from stageproof.engine.criteria import assess
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import collect
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
from tests.engine.history_books import at, book, day, path

ON = "2025-03-31"


def state(proof: Proof, facts: dict[str, Any] | None = None, on: str = ON, **tables: Any) -> str:
    rules = Definition(
        "All", "Ada", (Stage("Discovery", (Criterion("c", "It holds", proof),)), Stage("Proposal"))
    )
    deals = path("a", ("2025-01-01", "Proposal"), **(facts or {}))
    pipeline = book(deals, definitions=[rules], **tables).as_of(on)
    assessed = assess(pipeline, rules, pipeline.open)
    ((_, _, name),) = assessed.columns
    found: str = collect(assessed.in_words())[name].item()
    return found


@pytest.mark.parametrize(
    ("proof", "facts", "expected"),
    [
        (FieldProof("account", present=True), {"account": "Acme"}, "met"),
        (FieldProof("account", present=True), {"account": ""}, "unmet"),
        (FieldProof("account", present=True), {"account": None}, "unmet"),
        (FieldProof("account", present=True), {}, "unverifiable"),
        (FieldProof("account", present=False), {"account": None}, "met"),
        (FieldProof("segment", equals="Large"), {"segment": "large"}, "met"),
        (FieldProof("segment", one_of=("Small", "Large")), {"segment": "medium"}, "unmet"),
        (FieldProof("segment", one_of=("Small", "Large")), {"segment": None}, "unmet"),
        (FieldProof("amount", at_least=Decimal("10.00")), {"amount": 1000}, "met"),
        (FieldProof("amount", at_least=Decimal("10.01")), {"amount": 1000}, "unmet"),
        (FieldProof("amount", at_most=Decimal(10)), {"amount": 1001}, "unmet"),
        (FieldProof("amount", at_least=1), {"amount": None}, "unmet"),
        (FieldProof("close_on", at_most=day("2025-06-30")), {"close_on": day("2025-06-30")}, "met"),
        (FieldProof("close_on", at_most=day("2025-06-30")), {"close_on": day("2025-07-01")}, "unmet"),
        (NextStepProof(14), {"next_step_on": day("2025-03-31")}, "met"),
        (NextStepProof(14), {"next_step_on": day("2025-04-14")}, "met"),
        (NextStepProof(14), {"next_step_on": day("2025-04-15")}, "unmet"),
        (NextStepProof(14), {"next_step_on": day("2025-03-30")}, "unmet"),
        (NextStepProof(14), {"next_step_on": None}, "unmet"),
        (NextStepProof(14), {}, "unverifiable"),
    ],
)
def test_fields_and_next_steps(proof: Proof, facts: dict[str, Any], expected: str) -> None:
    assert state(proof, facts) == expected


RATES = [
    {"currency": "EUR", "from_on": day("2025-01-01"), "rate": "1.25"},
    {"currency": "EUR", "from_on": day("2025-03-31"), "rate": "1.2"},
    {"currency": "JPY", "from_on": day("2025-01-01"), "rate": "0.006"},
]


@pytest.mark.parametrize(
    ("limits", "amount", "currency", "expected"),
    [
        # 10.00 EUR are 12.00 USD on the day, and 12.50 on those before.
        ({"at_least": 10, "currency": "EUR"}, 1200, "USD", "met"),
        ({"at_least": 10, "currency": "EUR"}, 1199, "USD", "unmet"),
        ({"at_most": 10, "currency": "EUR"}, 1201, "USD", "unmet"),
        ({"at_least": 10, "currency": "EUR"}, None, "USD", "unmet"),
        # In its own currency an amount is compared as it is, and by its worth in a third one: 2,000 JPY are 12.00 USD.
        ({"at_least": 10, "currency": "EUR"}, 999, "EUR", "unmet"),
        ({"at_least": 10, "currency": "EUR"}, 1000, "EUR", "met"),
        ({"at_least": 10, "currency": "EUR"}, 2000, "JPY", "met"),
        ({"at_least": 2000, "currency": "JPY"}, 1000, "EUR", "met"),
        ({"at_least": 2001, "currency": "JPY"}, 1000, "EUR", "unmet"),
        ({"equals": 2000, "currency": "JPY"}, 2000, "JPY", "met"),
        # Without a rate nobody can tell, but for an amount in that very currency.
        ({"at_least": 10, "currency": "GBP"}, 5000, "USD", "unverifiable"),
        ({"at_least": 10, "currency": "GBP"}, None, "USD", "unmet"),
        ({"at_least": 10, "currency": "GBP"}, 1000, "GBP", "met"),
        ({"at_least": 10, "currency": "GBP"}, 999, "GBP", "unmet"),
        ({"at_least": 10}, 1000, "GBP", "unverifiable"),
        ({"present": True}, 1000, "GBP", "met"),
        ({"present": True, "at_most": 10}, None, "GBP", "unmet"),
    ],
)
def test_amounts_in_a_currency(
    limits: dict[str, Any], amount: int | None, currency: str, expected: str
) -> None:
    facts = {"amount": amount, "currency": currency}
    assert state(FieldProof("amount", **limits), facts, rates=RATES, currency="USD") == expected


def given(when: str, **changes: Any) -> dict[str, Any]:
    return {"evidence": when, "deal": "a", "kind": "pain", "side": "buyer", "given_at": at(when),
            "valid_from": at(when), **changes}  # fmt: skip


@pytest.mark.parametrize(
    ("proof", "evidence", "expected"),
    [
        (EvidenceProof("pain"), None, "unverifiable"),
        (EvidenceProof("pain"), [], "unmet"),
        (EvidenceProof("pain"), [given("2025-03-31T23:00")], "met"),
        (EvidenceProof("pain"), [given("2025-04-01")], "unmet"),
        (EvidenceProof("pain"), [given("2025-03-01", deal="b")], "unmet"),
        (EvidenceProof("pain", "buyer"), [given("2025-03-01", side="seller")], "unmet"),
        (EvidenceProof("pain", "buyer"), [given("2025-03-01", side=None)], "unmet"),
        (EvidenceProof("pain", verified=True), [given("2025-03-01")], "unmet"),
        (EvidenceProof("pain", verified=True), [given("2025-03-01", verified_by="Ada")], "met"),
        # Thirty days before the end of 31 March is the end of 1 March.
        (EvidenceProof("pain", within_days=30), [given("2025-03-02")], "met"),
        (EvidenceProof("pain", within_days=30), [given("2025-03-01T23:59:59.999999")], "unmet"),
        (EvidenceProof("pain"), [given("2025-03-01", expires_on=day("2025-03-31"))], "met"),
        (EvidenceProof("pain"), [given("2025-03-01", expires_on=day("2025-03-30"))], "unmet"),
        (EvidenceProof("pain"), [given("2025-03-01", criterion="c")], "met"),
        (EvidenceProof("pain"), [given("2025-03-01", criterion="other")], "unmet"),
        (EvidenceProof("pain"), [given("2025-03-01", valid_to=at("2025-03-10"))], "unmet"),
    ],
)
def test_evidence(proof: Proof, evidence: Any, expected: str) -> None:
    assert state(proof, evidence=evidence) == expected


def role(engaged: str | None, **changes: Any) -> dict[str, Any]:
    return {"deal": "a", "contact": "Bo", "role": "champion", "engaged_at": engaged and at(engaged),
            "valid_from": at("2025-01-01"), **changes}  # fmt: skip


@pytest.mark.parametrize(
    ("proof", "roles", "activities", "expected"),
    [
        (RoleProof("champion"), None, None, "unverifiable"),
        (RoleProof("champion"), [], None, "unmet"),
        (RoleProof("champion"), [role(None)], None, "met"),
        (RoleProof("champion"), [role(None, role="coach")], None, "unmet"),
        (RoleProof("champion", 30), [role(None)], None, "unmet"),
        (RoleProof("champion", 30), [role("2025-03-02")], None, "met"),
        (RoleProof("champion", 30), [role("2025-03-01")], None, "unmet"),
        # Engagement that lies ahead is not known yet.
        (RoleProof("champion", 30), [role("2025-04-02")], None, "unmet"),
        # What the contact did counts as engagement, on this deal and by the buyer.
        (RoleProof("champion", 30), [role("2025-01-02")], {"contact": "Bo"}, "met"),
        (RoleProof("champion", 30), [role(None)], {"contact": "Bo", "happened_at": at("2025-03-02")}, "met"),
        (RoleProof("champion", 30), [role("2025-01-02")], {"contact": "Bo", "side": "seller"}, "unmet"),
        (RoleProof("champion", 30), [role("2025-01-02")], {"contact": "Bo", "deal": "b"}, "unmet"),
        (RoleProof("champion", 30), [role("2025-01-02")], {"contact": "Cy"}, "unmet"),
    ],
)
def test_roles(proof: Proof, roles: Any, activities: Any, expected: str) -> None:
    done = None if activities is None else [{**happened("2025-03-20"), **activities}]
    assert state(proof, roles=roles, activities=done) == expected


def happened(when: str, **changes: Any) -> dict[str, Any]:
    return {
        "activity": when,
        "deal": "a",
        "kind": "call",
        "side": "buyer",
        "happened_at": at(when),
        **changes,
    }


@pytest.mark.parametrize(
    ("proof", "activities", "expected"),
    [
        (ActivityProof("any"), None, "unverifiable"),
        (ActivityProof("any"), [], "unmet"),
        (ActivityProof("any"), [happened("2025-03-01", kind="note", side=None)], "met"),
        (ActivityProof("call", "buyer"), [happened("2025-03-01", kind="email")], "unmet"),
        (ActivityProof("call", "buyer"), [happened("2025-03-01", side="seller")], "unmet"),
        (ActivityProof("call", count=2), [happened("2025-03-01")], "unmet"),
        (ActivityProof("call", count=2), [happened("2025-03-01"), happened("2025-03-02")], "met"),
        (
            ActivityProof("call", count=2, within_days=30),
            [happened("2025-03-01"), happened("2025-03-02")],
            "unmet",
        ),
    ],
)
def test_activities(proof: Proof, activities: Any, expected: str) -> None:
    assert state(proof, activities=activities) == expected


YES, NO = FieldProof("deal", present=True), FieldProof("deal", equals="nobody")
UNKNOWN = FieldProof("segment", present=True)


@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        (AllOf((YES, YES)), "met"),
        (AllOf((YES, NO)), "unmet"),
        (AllOf((YES, UNKNOWN)), "unverifiable"),
        (AllOf((NO, UNKNOWN)), "unmet"),
        (AnyOf((NO, YES)), "met"),
        (AnyOf((YES, UNKNOWN)), "met"),
        (AnyOf((NO, UNKNOWN)), "unverifiable"),
        (AnyOf((NO, NO)), "unmet"),
        (Not(YES), "unmet"),
        (Not(NO), "met"),
        (Not(UNKNOWN), "unverifiable"),
        (Not(AllOf((YES, UNKNOWN))), "unverifiable"),
    ],
)
def test_joined_proofs_follow_three_valued_logic(proof: Proof, expected: str) -> None:
    assert state(proof) == expected


def test_a_waiver_waives_its_own_criterion_until_it_expires() -> None:
    def waiver(**changes: Any) -> dict[str, Any]:
        return given("2025-03-01", kind="waiver", criterion="c", expires_on=day("2025-03-31"), **changes)

    assert state(NO, evidence=[waiver()]) == "waived"
    assert state(UNKNOWN, evidence=[waiver()]) == "waived"
    assert state(YES, evidence=[waiver()]) == "met"
    assert state(NO, evidence=[{**waiver(), "criterion": "other"}]) == "unmet"
    assert state(NO, evidence=[waiver()], on="2025-04-01") == "unmet"
    assert state(NO, evidence=[waiver()], on="2025-02-28") == "unmet"
