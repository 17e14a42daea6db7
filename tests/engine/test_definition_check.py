"""The check warns of what cannot be proved or can be faked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.definition_check import check_definition
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
from stageproof.engine.seller_words import sellers_words
from stageproof.engine.templates import NAMES, template

SOUND = EvidenceProof("pain", "buyer", 90)
OURS = EvidenceProof("proposal", "seller", 30)


def _stage(name: str, *, criteria: int = 1, norm_days: int | None = 10) -> Stage:
    exits = tuple(Criterion(f"{name}_{place}", "The buyer agreed", SOUND) for place in range(criteria))
    return Stage(name, exits, norm_days)


def _warnings(*stages: Stage) -> list[tuple[str, str, str]]:
    problems = check_definition(Definition("P", "Ada", stages))
    assert all(problem.says and problem.remedy for problem in problems)
    return [(problem.code, problem.column, problem.value) for problem in problems]


def _of_proof(proof: Proof, says: str = "The buyer agreed") -> list[tuple[str, str]]:
    found = _warnings(Stage("One", (Criterion("c", says, proof),), 10))
    assert all(column == "One, c" for _, column, _ in found)
    return [(code, value) for code, _, value in found]


@pytest.mark.parametrize("name", NAMES)
def test_templates_are_sound(name: str) -> None:
    assert check_definition(template(name)) == []


def test_six_stages_are_fine_and_seven_too_many() -> None:
    assert _warnings(*(_stage(f"S{place}") for place in range(6))) == []
    assert _warnings(*(_stage(f"S{place}") for place in range(7))) == [("too_many_stages", "", "7")]


def test_one_to_four_criteria_are_fine() -> None:
    assert _warnings(_stage("One", criteria=4)) == []
    assert _warnings(_stage("One", criteria=5)) == [("too_many_criteria", "One", "5")]
    assert _warnings(_stage("One"), _stage("Two", criteria=0)) == [("no_criteria", "Two", "")]


def test_a_stage_needs_a_norm() -> None:
    assert _warnings(_stage("One", norm_days=None)) == [("no_norm", "One", "")]


@pytest.mark.parametrize(
    "proof",
    [
        OURS,
        ActivityProof("email", "seller"),
        AnyOf((SOUND, OURS)),
        AllOf((OURS, FieldProof("amount", present=True))),
        AllOf((OURS, AnyOf((SOUND, ActivityProof("call", "seller"))))),
    ],
)
def test_a_proof_that_the_seller_gives_alone_is_named(proof: Proof) -> None:
    assert _of_proof(proof) == [("sellers_action", "")]


@pytest.mark.parametrize(
    "proof",
    [
        SOUND,
        ActivityProof("meeting", "buyer"),
        AllOf((OURS, SOUND)),
        AllOf((OURS, RoleProof("champion", 30))),
        Not(OURS),
        NextStepProof(14),
        FieldProof("amount", present=True),
        FieldProof("next_step", equals="Signature"),
        Not(FieldProof("notes", present=True)),
    ],
)
def test_a_proof_that_takes_the_buyer_is_sound(proof: Proof) -> None:
    assert _of_proof(proof) == []


@pytest.mark.parametrize("field", ["next_step", "Notes", "description", "discovery_notes", "lost_reason"])
def test_free_text_proves_nothing(field: str) -> None:
    assert _of_proof(FieldProof(field, present=True)) == [("free_text_proof", field)]
    assert _of_proof(AnyOf((SOUND, FieldProof(field, present=True)))) == [("free_text_proof", field)]


def test_softer_hints() -> None:
    assert _of_proof(RoleProof("champion")) == [("role_without_engagement", "champion")]
    assert _of_proof(RoleProof("champoin", 30)) == [("role_unknown", "champoin")]
    assert _of_proof(EvidenceProof("pain", "buyer")) == [("evidence_without_age", "pain")]
    assert _of_proof(EvidenceProof("pain", None, 30)) == [("evidence_from_anyone", "pain")]
    assert _of_proof(ActivityProof("meeting")) == [("activity_of_anyone", "meeting")]
    assert _of_proof(ActivityProof("meetings", "buyer")) == [("activity_unknown", "meetings")]


def test_the_likely_role_is_named() -> None:
    stage = Stage("One", (Criterion("c", "The buyer agreed", RoleProof("champoin", 30)),), 10)
    assert check_definition(Definition("P", "Ada", (stage,)))[0].remedy == "Did you mean “champion”?"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("We sent the proposal", "We sent"),
        ("Demo held", "Demo held"),
        ("Proposal sent", "Proposal sent"),
        ("Proposals were delivered", "Proposals were delivered"),
        ("Case studies shared", "Case studies shared"),
        ("Proposal delivered; prospect confirms it", "Proposal delivered"),
        ("The rep qualified the deal", "The rep qualified"),
        ("Send the deck", "Send"),
        ("Discovery call has been completed", "call has been completed"),
    ],
)
def test_words_of_a_sellers_action(says: str, words: str) -> None:
    assert sellers_words(says) == words
    assert _of_proof(SOUND, says) == [("sellers_action", words)]


@pytest.mark.parametrize(
    "says",
    [
        "The buyer confirmed the proposal we sent",
        "Customer's team attended the demo given",
        "Contract signed",
        "Proposal delivered and confirmed by the buyer",
        "The economic buyer is known and engaged",
        "Budget confirmed in writing",
        "They sent us the order",
    ],
)
def test_words_of_a_buyers_action(says: str) -> None:
    assert sellers_words(says) == ""


@pytest.mark.parametrize("name", ["Expansion", "EU Renewals"])
def test_a_pipeline_named_for_customers_should_say_its_kind(name: str) -> None:
    definition = Definition(name, "Ada", (_stage("One"),))
    assert [(each.code, each.value) for each in check_definition(definition)] == [
        ("expansion_counted_as_new", name)
    ]
    assert check_definition(replace(definition, kind="expansion")) == []
