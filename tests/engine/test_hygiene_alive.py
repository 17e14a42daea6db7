"""Check 3, finding by finding."""

from __future__ import annotations

from typing import Any

from stageproof.engine.definition import HygieneRules
from stageproof.engine.frames import day_number
from stageproof.engine.hygiene.monday import monday
from tests.engine.history_books import at, bare, book, day, path

ON = "2025-03-31"


def number(text: str) -> int:
    return day_number(day(text))


def heard(when: str, **changes: Any) -> dict[str, Any]:
    return {
        "activity": when,
        "deal": "a",
        "kind": "call",
        "side": "buyer",
        "happened_at": at(when),
        **changes,
    }


def found(deals: list[dict[str, Any]], on: str = ON, **others: Any) -> list[tuple[Any, ...]]:
    table = monday(book(deals, **others).as_of(on)).findings
    return table.filter(table["check"] == 3).select("deal", "code", "since_on", "value", "limit").rows()


DEAL = path("a", ("2025-03-01", "Discovery"))


def test_silence_longer_than_the_stage_allows() -> None:
    assert found(DEAL, activities=[heard("2025-03-10"), heard("2025-03-17")]) == []
    assert found(DEAL, activities=[heard("2025-03-16")]) == [
        ("a", "silent", number("2025-03-16"), 15.0, 14.0)
    ]


def test_only_the_buyer_breaks_the_silence() -> None:
    only_ours = [heard("2025-03-30", side="seller"), heard("2025-03-30", deal=None)]
    assert found(DEAL, activities=only_ours) == [("a", "never_heard", number("2025-03-01"), 30.0, 14.0)]


def test_where_nobody_says_whose_they_were_any_activity_counts() -> None:
    run = monday(book(DEAL, activities=[heard("2025-03-30", side=None)]).as_of(ON))
    assert run.by_code(3) == []
    assert "Whose activities they were: the book does not say, so any activity counts." in run.unchecked


def test_without_activities_silence_cannot_be_checked() -> None:
    run = monday(book(DEAL).as_of(ON))
    assert run.by_code(3) == []
    assert "When the buyer was last heard: the book holds no activities." in run.unchecked


def test_no_next_step_and_one_in_the_past() -> None:
    deals = [
        *path("none", ("2025-01-01", "Discovery"), next_step_on=None),
        *path("gone", ("2025-01-01", "Discovery", {"next_step_on": day("2025-05-01")}),
              ("2025-02-20", "Discovery", {"next_step_on": None})),
        *path("past", ("2025-01-01", "Discovery"), next_step_on=day("2025-03-30")),
        *path("today", ("2025-01-01", "Discovery"), next_step_on=day("2025-03-31")),
    ]  # fmt: skip
    assert found(deals) == [
        ("past", "next_step_past", number("2025-03-31"), 1.0, None),
        ("gone", "no_next_step", number("2025-02-20"), None, None),
        ("none", "no_next_step", number("2025-01-01"), None, None),
    ]


def test_a_next_step_in_words_alone_is_a_next_step_without_a_date() -> None:
    deals = [
        *path("a", ("2025-01-01", "Discovery"), next_step="Call"),
        *path("b", ("2025-01-01", "Discovery"), next_step=""),
    ]
    run = monday(book(deals).as_of(ON))
    assert run.findings.select("deal", "code").rows()[-1:] == [("b", "no_next_step")]
    assert "Whether next steps lie in the past: the book holds no dates of next steps." in run.unchecked


def test_too_long_against_the_norm_of_the_definition() -> None:
    rules = [bare(norm_days=20)]
    deals = path("a", ("2025-03-01", "Discovery"))
    assert found(deals, definitions=rules) == []
    # 31 days is more than 1.5 x 20, 30 is not.
    older = path("a", ("2025-02-28", "Discovery"))
    assert found(older, definitions=rules) == [("a", "too_long_in_stage", number("2025-03-31"), 31.0, 30.0)]
    looser = [bare(HygieneRules(stage_age_factor=2.0), norm_days=20)]
    assert found(older, definitions=looser) == []


def test_time_in_stage_is_summed_over_visits() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-21", "Proposal"), ("2025-03-15", "Discovery"))
    # 20 days in January and 16 now: the limit of 30 was passed on the eleventh of them.
    assert found(deals, definitions=[bare(norm_days=20)]) == [
        ("a", "too_long_in_stage", number("2025-03-26"), 36.0, 30.0)
    ]


def test_without_a_norm_history_sets_it_once_ten_have_left() -> None:
    def left(count: int) -> list[dict[str, Any]]:
        return [
            row
            for index in range(count)
            for row in path(f"w{index}", ("2024-01-01", "Discovery"), ("2024-01-11", "won"))
        ]

    stuck = path("a", ("2025-03-01", "Discovery"))
    # Half of them have left after 10 days; 30 days is more than 15.
    assert found([*stuck, *left(10)]) == [("a", "too_long_in_stage", number("2025-03-17"), 30.0, 15.0)]
    run = monday(book([*stuck, *left(9)]).as_of(ON))
    assert run.by_code(3) == []
    assert (
        "Time in Discovery, Qualification, Proposal, Negotiation: "
        "no norm is set, and too few deals have left to show one."
    ) in run.unchecked


def test_older_than_any_deal_that_ever_closed() -> None:
    closed = [
        row
        for index in range(30)
        for row in path(
            f"c{index}", ("2024-01-01", "Proposal"), ("2024-02-10", "lost" if index % 2 else "won")
        )
    ]
    old = path("old", ("2025-02-18", "Negotiation"))
    age_40 = path("age40", ("2025-02-19", "Negotiation"))
    assert found([*old, *age_40, *closed]) == [("old", "ghost", number("2025-03-31"), 41.0, 40.0)]
    assert found([*old, *closed[2:]]) == []
