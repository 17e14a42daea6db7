"""Qualification: the four kinds, by hand, and that they add up to the open pipeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.qualification import QUALIFICATIONS, criterion_states, qualified_deals
from tests.engine.history_books import STAGES, at, bare, book, day, definition, path, rows, rows_of

ON = "2025-03-31"
PAIN = {"kind": "pain", "side": "buyer", "given_at": at("2025-03-01"), "valid_from": at("2025-03-01")}
ENGAGED = {
    "contact": "Bo",
    "role": "economic_buyer",
    "engaged_at": at("2025-03-20"),
    "valid_from": at("2025-01-01"),
}


def waiver(deal: str, criterion: str) -> dict[str, Any]:
    return {**PAIN, "evidence": f"{deal}-{criterion}", "deal": deal, "kind": "waiver", "criterion": criterion}


def deals_at(stage: str, *names: str, **facts: Any) -> list[dict[str, Any]]:
    return [row for name in names for row in path(name, ("2025-01-01", stage), **facts)]


def test_the_four_kinds() -> None:
    deals = [
        *deals_at("Discovery", "first"),
        *deals_at("Qualification", "all", "waived", "none"),
        *deals_at("Parked", "unknown"),
    ]
    evidence = [{**PAIN, "evidence": name, "deal": name} for name in ("all", "waived")]
    roles = [{**ENGAGED, "deal": "all"}]
    pipeline = book(
        deals, definitions=[definition()], evidence=[*evidence, waiver("waived", "buyer")], roles=roles
    ).as_of(ON)
    counts = ("criteria_met", "criteria_waived", "criteria_unmet")
    assert rows_of(qualified_deals(pipeline), "deal", "position", "qualification", *counts) == [
        ("all", 1, "qualified", 2, 0, 0),
        ("first", 0, "qualified", 0, 0, 0),
        ("none", 1, "unqualified", 0, 0, 2),
        ("unknown", -1, "unverifiable", 0, 0, 0),
        ("waived", 1, "waived", 1, 1, 0),
    ]  # fmt: skip


def test_one_unmet_outweighs_what_cannot_be_told_and_that_outweighs_a_waiver() -> None:
    # No roles and no dates of next steps in the book: buyer and step are unverifiable.
    deals = deals_at("Proposal", "unmet", "unknown", "waived")
    evidence = [{**PAIN, "evidence": name, "deal": name} for name in ("unknown", "waived")]
    waivers = [waiver("waived", "buyer")]
    pipeline = book(deals, definitions=[definition()], evidence=[*evidence, *waivers]).as_of(ON)
    assert rows_of(qualified_deals(pipeline), "deal", "qualification", "criteria_unverifiable") == [
        ("unknown", "unverifiable", 2),
        ("unmet", "unqualified", 2),
        ("waived", "unverifiable", 1),
    ]


def test_without_a_definition_nothing_is_verifiable() -> None:
    pipeline = book(deals_at("Discovery", "a"), definitions=[]).as_of(ON)
    assert rows_of(qualified_deals(pipeline), "qualification", "position") == [("unverifiable", -1)]


def test_the_definition_in_force_decides() -> None:
    strict = replace(definition(), effective_from=day("2025-03-01"), version=2)
    held = book(deals_at("Qualification", "a"), definitions=[bare(), strict], evidence=[], roles=[])
    assert rows_of(qualified_deals(held.as_of("2025-02-28")), "qualification") == [("qualified",)]
    assert rows_of(qualified_deals(held.as_of("2025-03-01")), "qualification") == [("unqualified",)]
    assert rows_of(qualified_deals(held.as_of("2025-02-28").under(strict)), "qualification") == [
        ("unqualified",)
    ]


def test_each_pipeline_has_its_own_definition() -> None:
    renewals = replace(definition(), pipeline="Renewals")
    deals = [
        row
        for name in ("New business", "Renewals", "Other")
        for row in path(name, ("2025-01-01", "Qualification"), pipeline=name)
    ]
    pipeline = book(deals, definitions=[bare(), renewals], evidence=[], roles=[]).as_of(ON)
    assert rows_of(qualified_deals(pipeline), "deal", "qualification") == [
        ("New business", "qualified"),
        ("Other", "unverifiable"),
        ("Renewals", "unqualified"),
    ]


def test_evidence_learned_later_does_not_count_as_known_then() -> None:
    evidence = [{**PAIN, "evidence": "e", "deal": "a", "recorded_at": at("2025-03-20")}]
    roles = [{**ENGAGED, "deal": "a"}]
    held = book(deals_at("Qualification", "a"), definitions=[definition()], evidence=evidence, roles=roles)
    assert rows_of(qualified_deals(held.as_of(ON)), "qualification") == [("qualified",)]
    then = held.as_of(ON, known_at="2025-03-10")
    assert rows_of(qualified_deals(then), "qualification") == [("unqualified",)]


def test_states_are_listed_per_criterion_and_say_which_lie_behind() -> None:
    pipeline = book(deals_at("Qualification", "a"), definitions=[definition()], evidence=[], roles=[]).as_of(
        ON
    )
    assert rows(criterion_states(pipeline), "criterion", "behind", "state") == [
        ("pain", True, "unmet"),
        ("buyer", True, "unmet"),
        ("step", False, "unverifiable"),
        ("price", False, "met"),
    ]
    assert criterion_states(pipeline, ["nobody"]).is_empty()


DEAL = st.fixed_dictionaries(
    {
        "stage": st.sampled_from([*STAGES, "Disco", "Parked", ""]),
        "amount": st.one_of(st.none(), st.integers(-(10**12), 10**12)),
        "status": st.sampled_from(["open", "open", "open", "won", "lost", "deleted"]),
        "next_step_on": st.one_of(st.none(), st.sampled_from([day("2025-04-02"), day("2025-02-01")])),
        "pain": st.booleans(),
        "buyer": st.booleans(),
        "waived": st.booleans(),
    }
)


@settings(max_examples=40, deadline=None)
@given(drawn=st.lists(DEAL, min_size=1, max_size=8), held=st.sets(st.sampled_from(["evidence", "roles"])))
@pytest.mark.parametrize("by", [[], ["stage"]])
def test_the_four_add_up_to_the_open_pipeline(
    by: list[str], drawn: list[dict[str, Any]], held: set[str]
) -> None:
    deals, evidence, roles = [], [], []
    for index, each in enumerate(drawn):
        name = f"d{index}"
        facts = {"amount": each["amount"], "next_step_on": each["next_step_on"]}
        moves = [("2025-01-01", each["stage"])]
        if each["status"] != "open":
            moves.append(("2025-02-01", each["status"]))
        deals += path(name, *moves, **facts)
        evidence += [{**PAIN, "evidence": name, "deal": name}] * each["pain"] + [
            waiver(name, "buyer")
        ] * each["waived"]
        roles += [{**ENGAGED, "deal": name}] * each["buyer"]
    tables = {name: table for name, table in (("evidence", evidence), ("roles", roles)) if name in held}
    table = open_pipeline(book(deals, definitions=[definition()], **tables).as_of(ON), by=by)
    opened = [each for each in drawn if each["status"] == "open"]
    assert table["open_count"].sum() == len(opened)
    assert table["open_amount"].sum() == sum(each["amount"] or 0 for each in opened)
    for row in table.iter_rows(named=True):
        assert row["open_count"] == sum(row[f"{each}_count"] for each in QUALIFICATIONS)
        assert row["open_amount"] == sum(row[f"{each}_amount"] for each in QUALIFICATIONS)
