"""Stage visits, by hand."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from stageproof.engine.frames import number
from stageproof.engine.measures.stage_visits import stage_visits
from tests.engine.history_books import at, book, path, rows_of


def visits(deals: list[dict[str, Any]], on: str) -> list[tuple[Any, ...]]:
    return rows_of(stage_visits(book(deals).as_of(on)))


def test_versions_in_the_same_stage_are_one_visit_and_the_present_one_has_no_end() -> None:
    deals = path(
        "a",
        ("2025-01-01", "Discovery"),
        ("2025-01-04", "Discovery", {"amount": 2000}),
        ("2025-01-09", "Proposal"),
    )
    assert visits(deals, "2025-01-31") == [
        ("a", "Discovery", number(at("2025-01-01")), number(at("2025-01-09")), "Proposal"),
        ("a", "Proposal", number(at("2025-01-09")), None, None),
    ]


def test_closing_and_reopening_in_the_same_stage_are_two_visits() -> None:
    deals = path("a", ("2025-01-01", "Proposal"), ("2025-01-05", "lost"), ("2025-01-08", "Proposal"))
    assert visits(deals, "2025-01-31") == [
        ("a", "Proposal", number(at("2025-01-01")), number(at("2025-01-05")), "lost"),
        ("a", "Proposal", number(at("2025-01-08")), None, None),
    ]


def test_what_came_after_the_instant_is_not_seen() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-02-01", "won"))
    assert visits(deals, "2025-01-31") == [("a", "Discovery", number(at("2025-01-01")), None, None)]


def test_a_stage_left_blank_is_a_visit_without_a_name() -> None:
    deals = path("a", ("2025-01-01", ""), ("2025-01-03", "Discovery"))
    assert visits(deals, "2025-01-31")[1][1:] == (
        None,
        number(at("2025-01-01")),
        number(at("2025-01-03")),
        "Discovery",
    )


def test_a_version_replaced_at_the_same_instant_never_held() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-05", "Negotiation"), ("2025-01-05", "Proposal"))
    for index, row in enumerate(deals):
        row["recorded_at"] = at(f"2025-01-0{index + 5}")
    assert [row[1] for row in visits(deals, "2025-01-31")] == ["Discovery", "Proposal"]


def test_a_deal_whose_last_version_ended_is_gone() -> None:
    deals = path("a", ("2025-01-01", "Discovery"))
    deals[0]["valid_to"] = at("2025-01-10")
    assert visits(deals, "2025-01-31") == [
        ("a", "Discovery", number(at("2025-01-01")), number(at("2025-01-10")), "deleted")
    ]
    assert visits(deals, "2025-01-05") == [("a", "Discovery", number(at("2025-01-01")), None, None)]


def test_late_knowledge_is_left_out_when_asked_as_known_then() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-09", "Proposal"))
    deals[0]["recorded_at"], deals[1]["recorded_at"] = at("2025-01-01"), at("2025-02-15")
    then = book(deals).as_of("2025-01-31", known_at="2025-01-31")
    assert rows_of(stage_visits(then), "stage", "left_to") == [("Discovery", None)]
    assert rows_of(stage_visits(book(deals).as_of("2025-01-31")), "stage", "left_to") == [
        ("Discovery", "Proposal"),
        ("Proposal", None),
    ]


PLACES = st.sampled_from(["Discovery", "Proposal", "", "won", "lost", "deleted"])


@settings(max_examples=60, deadline=None)
@given(
    histories=st.lists(st.lists(PLACES, min_size=1, max_size=6), min_size=1, max_size=4),
    chance=st.randoms(use_true_random=False),
)
def test_visits_are_what_a_walk_through_each_deal_finds(histories: list[list[str]], chance: Any) -> None:
    deals, expected = [], []
    for index, places in enumerate(histories):
        name = f"d{index}"
        moves = [(f"2025-01-{day:02}", place) for day, place in enumerate(places, start=1)]
        deals += path(name, *moves)
        runs = [
            move
            for move, before in zip(moves, [None, *moves], strict=False)
            if not before or before[1] != move[1]
        ]
        for run, following in zip(runs, [*runs[1:], None], strict=True):
            if run[1] not in ("won", "lost", "deleted"):
                left = (number(at(following[0])), following[1]) if following else (None, None)
                expected.append((name, run[1] or None, number(at(run[0])), *left))
    chance.shuffle(deals)
    assert visits(deals, "2025-06-30") == sorted(expected, key=lambda row: tuple(str(cell) for cell in row))
