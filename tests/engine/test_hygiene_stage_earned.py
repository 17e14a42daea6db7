"""Check 2, finding by finding."""

from __future__ import annotations

from typing import Any

from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import day_number
from stageproof.engine.hygiene.monday import monday
from stageproof.engine.proof import AllOf, AnyOf, EvidenceProof, FieldProof, NextStepProof, Not
from tests.engine.history_books import at, book, day, definition, path

ON = "2025-03-31"


def pain(given: str, **changes: Any) -> dict[str, Any]:
    return {"evidence": given, "deal": "a", "kind": "pain", "side": "buyer", "given_at": at(given),
            "valid_from": at(given), **changes}  # fmt: skip


def waiver(given: str, expires: str, criterion: str = "buyer") -> dict[str, Any]:
    return pain(given, evidence=f"w{given}", kind="waiver", criterion=criterion, expires_on=day(expires))


ENGAGED = [{"deal": "a", "contact": "Bo", "role": "economic_buyer", "engaged_at": at("2025-03-20"),
            "valid_from": at("2025-01-01")}]  # fmt: skip


def found(deals: list[dict[str, Any]], on: str = ON, **others: Any) -> list[tuple[Any, ...]]:
    given = {"definitions": [definition()], "evidence": [], "roles": ENGAGED, **others}
    table = monday(book(deals, **given).as_of(on)).findings
    return table.filter(table["check"] == 2).select("deal", "code", "detail", "since_on", "value").rows()


def number(text: str) -> int:
    return day_number(day(text))


HERE = path("a", ("2025-01-01", "Discovery"), ("2025-02-03", "Qualification"))


def test_a_criterion_behind_that_was_never_met() -> None:
    assert found(HERE) == [("a", "criterion_unmet", "pain", number("2025-02-03"), None)]


def test_a_criterion_of_the_present_stage_is_not_yet_asked_for() -> None:
    assert found(path("a", ("2025-01-01", "Discovery"))) == []


def test_met_is_no_finding() -> None:
    assert found(HERE, evidence=[pain("2025-02-01")]) == []


def test_evidence_that_grew_too_old_counts_until_its_ninetieth_day() -> None:
    given = [pain("2024-12-20")]
    met = [{**ENGAGED[0], "engaged_at": at("2025-03-01")}]
    assert found(HERE, "2025-03-19", evidence=given, roles=met) == []
    assert found(HERE, evidence=given, roles=ENGAGED) == [
        ("a", "evidence_expired", "pain", number("2025-03-20"), 11.0)
    ]


def test_evidence_with_an_expiry_counts_on_its_last_day() -> None:
    given = [pain("2025-02-01", expires_on=day("2025-03-10"))]
    assert (
        found(HERE, "2025-03-10", evidence=given, roles=[{**ENGAGED[0], "engaged_at": at("2025-03-01")}])
        == []
    )
    assert found(HERE, evidence=given) == [("a", "evidence_expired", "pain", number("2025-03-11"), 20.0)]
    assert found(
        HERE, "2025-03-11", evidence=given, roles=[{**ENGAGED[0], "engaged_at": at("2025-03-01")}]
    ) == [("a", "evidence_expired", "pain", number("2025-03-11"), 0.0)]


def test_evidence_of_the_seller_or_for_another_criterion_never_counted() -> None:
    for given in (pain("2024-12-01", side="seller"), pain("2024-12-01", criterion="step")):
        assert found(HERE, evidence=[given]) == [("a", "criterion_unmet", "pain", number("2025-02-03"), None)]


def test_a_waiver_that_ran_out_is_named_as_such() -> None:
    quiet = [{**ENGAGED[0], "engaged_at": at("2025-01-05")}]
    given = [pain("2025-03-01"), waiver("2025-02-03", "2025-03-05")]
    assert found(HERE, evidence=given, roles=quiet) == [
        ("a", "waiver_expired", "buyer", number("2025-03-06"), 25.0)
    ]
    holds = [pain("2025-03-01"), waiver("2025-02-03", "2025-03-31")]
    assert found(HERE, evidence=holds, roles=quiet) == []


def test_one_finding_per_criterion() -> None:
    deals = path("a", ("2025-01-01", "Negotiation"), amount=None, next_step_on=None)
    assert [row[1:3] for row in found(deals, roles=[])] == [
        ("criterion_unmet", name) for name in ("buyer", "pain", "price", "step")
    ]


def test_what_the_book_has_no_place_for_is_noted_once_and_is_no_finding() -> None:
    run = monday(book(HERE, definitions=[definition()]).as_of(ON))
    assert run.by_code(2) == []
    assert run.checked[2].unchecked == (
        "Exit criteria pain: the book holds no evidence.",
        "Exit criteria buyer: the book holds no roles.",
        "Exit criteria step: the book holds no dates of next steps.",
    )


def test_the_notes_look_inside_joined_proofs() -> None:
    proof = AllOf(
        (AnyOf((EvidenceProof("order"), FieldProof("budget", present=True))), Not(NextStepProof(3)))
    )
    rules = Definition(
        "All", "Ada", (Stage("Discovery", (Criterion("c", "It holds", proof),)), Stage("Proposal"))
    )
    run = monday(book(path("a", ("2025-01-01", "Proposal")), definitions=[rules]).as_of(ON))
    assert run.checked[2].unchecked == (
        "Exit criteria c: the book holds no evidence.",
        "Exit criteria c: the book holds no column 'budget'.",
        "Exit criteria c: the book holds no dates of next steps.",
    )


def test_the_sentence_names_the_criterion_and_the_remedy_its_proof() -> None:
    run = monday(book(HERE, definitions=[definition()], evidence=[], roles=ENGAGED).as_of(ON))
    row = run.findings.filter(run.findings["code"] == "criterion_unmet").row(0, named=True)
    assert run.seen(row) == (
        "“The buyer named a problem” is not shown: evidence of pain from the buyer in the last 90 days. "
        "It entered its stage on Mon 3 Feb."
    )
    assert run.remedy(row).endswith(", or move the deal back to Discovery.")
