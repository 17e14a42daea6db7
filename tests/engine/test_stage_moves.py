"""The gate: every kind of move, every reason to refuse, and replay."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_number
from stageproof.engine.stage_moves import (
    Refusal,
    StageMove,
    Waiver,
    decide_stage_move,
    decide_stage_moves,
    decide_waiver,
)
from tests.engine.history_books import STAGES, at, bare, book, day, definition, path, rows_of

ON = "2025-03-31"


def decided(
    to: str, *moves: tuple[str, str], rules: Definition | None = None, **asked: Any
) -> StageMove | Refusal:
    tables = {key: asked.pop(key) for key in ("evidence", "roles") if key in asked}
    deals = path("a", *(moves or (("2025-01-01", "Qualification"),)))
    return decide_stage_move(
        book(deals, definitions=[rules or bare()], **tables).as_of(ON), deal="a", to=to, **asked
    )


def codes(answer: StageMove | Refusal) -> list[str]:
    assert isinstance(answer, Refusal)
    return [problem.code for problem in answer.problems]


@pytest.mark.parametrize(
    ("to", "kind", "stage", "status"),
    [
        ("Proposal", "forward", "Proposal", "open"),
        ("negotiation", "skip", "Negotiation", "open"),
        ("Discovery", "backward", "Discovery", "open"),
        ("won", "win", "Qualification", "won"),
        ("lost", "lose", "Qualification", "lost"),
    ],
)
def test_where_a_move_leads(to: str, kind: str, stage: str, status: str) -> None:
    answer = decided(to, lost_reason="Price" if to == "lost" else "")
    assert isinstance(answer, StageMove)
    assert (answer.kind, answer.from_stage, answer.to_stage, answer.to_status) == (
        kind,
        "Qualification",
        stage,
        status,
    )


def test_reopening_needs_a_reason_and_names_both_ends() -> None:
    closed = (("2025-01-01", "Proposal"), ("2025-02-01", "lost"))
    assert codes(decided("Proposal", *closed)) == ["reason_missing"]
    answer = decided("Proposal", *closed, reason="They called back")
    assert isinstance(answer, StageMove)
    assert (answer.kind, answer.from_status, answer.to_status, answer.reason) == (
        "reopen",
        "lost",
        "open",
        "They called back",
    )


def test_losing_needs_a_reason_and_no_criterion() -> None:
    here = (("2025-01-01", "Proposal"),)
    tables: dict[str, Any] = {"evidence": [], "roles": []}
    assert codes(decided("lost", *here, rules=definition(), **tables)) == ["lost_reason_missing"]
    assert isinstance(decided("lost", *here, rules=definition(), lost_reason="Price", **tables), StageMove)


def test_every_unmet_criterion_before_the_target_is_named_with_its_remedy() -> None:
    answer = decided("Proposal", rules=definition(), evidence=[], roles=[])
    assert codes(answer) == ["criterion_unmet", "criterion_unmet", "criterion_unverifiable"]
    assert isinstance(answer, Refusal)
    assert [problem.column for problem in answer.problems] == ["pain", "buyer", "step"]
    assert all(problem.remedy for problem in answer.problems)


def test_winning_needs_every_criterion_of_every_stage() -> None:
    answer = decided("won", ("2025-01-01", "Discovery"), rules=definition(), evidence=[], roles=[])
    assert isinstance(answer, Refusal)
    assert [problem.column for problem in answer.problems] == ["pain", "buyer", "step"]


def test_moving_back_needs_none() -> None:
    assert isinstance(decided("Discovery", rules=definition(), evidence=[], roles=[]), StageMove)


def test_a_waiver_lets_pass_and_is_named() -> None:
    common = {"deal": "a", "side": "buyer", "given_at": at("2025-03-01"), "valid_from": at("2025-03-01")}
    evidence = [
        {**common, "evidence": "1", "kind": "pain"},
        {**common, "evidence": "2", "kind": "waiver", "criterion": "buyer", "expires_on": day(ON)},
    ]
    answer = decided(
        "Qualification", ("2025-01-01", "Discovery"), rules=definition(), evidence=evidence, roles=[]
    )
    assert isinstance(answer, StageMove)
    assert answer.waived == ("buyer",)


@pytest.mark.parametrize(
    ("to", "moves", "asked", "expected"),
    [
        ("Qualification", (), {}, ["already_there"]),
        ("Nowhere", (), {}, ["unknown_stage"]),
        ("won", (("2025-01-01", "Proposal"), ("2025-02-01", "won")), {}, ["already_there"]),
        ("lost", (("2025-01-01", "Proposal"), ("2025-02-01", "won")), {"lost_reason": "x"}, ["closed_deal"]),
    ],
)
def test_formal_refusals(to: str, moves: Any, asked: dict[str, str], expected: list[str]) -> None:
    assert codes(decided(to, *moves, **asked)) == expected


def test_of_a_deal_that_is_there_already_no_criterion_is_asked() -> None:
    assert codes(decided("Qualification", rules=definition(), evidence=[], roles=[])) == ["already_there"]


def test_unknown_deals_and_pipelines_without_a_definition_are_refused_apart() -> None:
    pipeline = book(path("a", ("2025-01-01", "Discovery")), definitions=[]).as_of(ON)
    answers = decide_stage_moves(pipeline, {"a": "Proposal", "b": "Proposal"})
    assert {deal: codes(answer) for deal, answer in answers.items()} == {
        "a": ["no_definition"],
        "b": ["unknown_deal"],
    }


def test_many_deals_are_decided_as_one_would_be() -> None:
    deals = [row for name in "abc" for row in path(name, ("2025-01-01", "Discovery"))]
    pipeline = book(deals).as_of(ON)
    wanted = {"a": "Proposal", "b": "won", "c": "Discovery"}
    together = decide_stage_moves(pipeline, wanted)
    assert together == {deal: decide_stage_move(pipeline, deal=deal, to=to) for deal, to in wanted.items()}


MOVES = st.lists(st.sampled_from([*STAGES, "won", "lost"]), max_size=8)


@settings(max_examples=40, deadline=None)
@given(MOVES)
def test_replaying_what_was_decided_gives_the_present_stage(wanted: list[str]) -> None:
    history = path("a", ("2025-01-01", "Discovery"))
    stage, status = "Discovery", "open"
    for index, to in enumerate(wanted, start=2):
        when = f"2025-01-{index:02}"
        answer = decide_stage_move(book(history).as_of(f"2025-01-{index - 1:02}"), deal="a", to=to,
                                   reason="Again", lost_reason="Price")  # fmt: skip
        if isinstance(answer, Refusal):
            continue
        assert (answer.from_stage, answer.from_status) == (stage, status)
        stage, status = answer.to_stage or "", answer.to_status
        history.append({**history[-1], "stage": stage, "status": status, "valid_from": at(when)})
    pipeline = book(history).as_of("2025-02-28")
    assert rows_of(pipeline.deals, "stage", "status") == [(stage, status)]


def waived(**changes: Any) -> Waiver | Refusal:
    asked: dict[str, Any] = {
        "deal": "a", "criterion": "pain", "reason": "Met in person", "granted_by": "Mo", "roles": ["manager"],
        "day": day_number(day(ON)), "expires_on": day_number(day("2025-04-30")), **changes,
    }  # fmt: skip
    return decide_waiver(definition(), **asked)


def test_a_waiver_has_a_reason_an_expiry_and_someone_who_may_grant_it() -> None:
    assert waived() == Waiver("a", "pain", "Met in person", "Mo", day_number(day("2025-04-30")))
    tomorrow_month = day_number(day("2025-05-01"))
    answer = waived(roles=["rep"], criterion="hope", reason=" ", expires_on=tomorrow_month)
    assert isinstance(answer, Refusal)
    assert [problem.code for problem in answer.problems] == [
        "waiver_not_allowed",
        "unknown_criterion",
        "reason_missing",
        "waiver_expiry",
    ]
    assert isinstance(waived(expires_on=day_number(day(ON))), Waiver)
    for expires_on in (None, day_number(day("2025-03-30"))):
        refused = waived(expires_on=expires_on)
        assert isinstance(refused, Refusal)
        assert [problem.code for problem in refused.problems] == ["waiver_expiry"]
