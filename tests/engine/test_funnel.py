"""The funnel, worked by hand."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.definition import Definition, Stage
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.funnel import LEAD_STEPS, funnel
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from tests.engine.history_books import STAGES, at, bare, book, path, rows

JANUARY = Calendar().period("2025-01")
STEPS = [*LEAD_STEPS, "deals", *STAGES, "won"]


def lead(name: str, *moves: tuple[str, str], **facts: Any) -> list[dict[str, Any]]:
    first = {"lead": name, "source": "Ads", "created_at": at(moves[0][0]), **facts}
    return [{**first, "status": status, "valid_from": at(when)} for when, status in moves]


LEADS = [
    *lead("l1", ("2025-01-01", "new"), ("2025-01-02", "converted"), deal="a"),
    *lead("l2", ("2025-01-01", "new"), ("2025-01-05", "disqualified")),
    *lead("l3", ("2025-01-01", "qualified"), ("2025-01-09", "disqualified")),
    *lead("l4", ("2025-01-01", "new"), ("2025-01-03", "converted"), deal="elsewhere"),
    *lead("l5", ("2024-12-01", "new"), ("2025-01-08", "working")),
]
DEALS = [
    *path("a", ("2025-01-02", "Discovery"), ("2025-01-11", "Proposal"), ("2025-01-21", "won"), amount=100),
    *path("b", ("2025-01-01", "Discovery"), ("2025-01-05", "Qualification"), ("2025-01-11", "lost"), amount=200),
    *path("c", ("2025-01-03", "Proposal"), amount=400),
    *path("d", ("2024-01-01", "Discovery"), ("2025-01-11", "won"), amount=800),
]  # fmt: skip


def test_the_cohort_accounts_for_everyone_at_every_step() -> None:
    table = funnel(book(DEALS, leads=LEADS).as_of("2025-02-28"), period=JANUARY, view="cohort")
    assert rows(table, "step", "count", "joined", "passed", "lost", "disqualified", "undecided") == [
        ("new", 4, 4, 3, 0, 1, 0),
        ("working", 3, 0, 3, 0, 0, 0),
        ("qualified", 3, 0, 2, 0, 1, 0),
        ("converted", 2, 0, 1, 0, 0, 1),
        ("deals", 3, 2, 3, 0, 0, 0),
        ("Discovery", 3, 0, 3, 0, 0, 0),
        ("Qualification", 3, 0, 2, 1, 0, 0),
        ("Proposal", 2, 0, 1, 0, 0, 1),
        ("Negotiation", 1, 0, 1, 0, 0, 0),
        ("won", 1, 0, 1, 0, 0, 0),
    ]
    assert table["amount"].to_list() == [None] * 4 + [700, 700, 700, 500, 100, 100]
    assert table["rate"].to_list() == pytest.approx(
        [None, 3 / 4, 1.0, 2 / 3, 1 / 2, 1.0, 1.0, 2 / 3, 1 / 2, 1.0]
    )


def test_the_period_counts_what_happened_in_it() -> None:
    table = funnel(book(DEALS, leads=LEADS).as_of("2025-02-28"), period=JANUARY)
    assert rows(table, "step", "count", "lost", "disqualified") == [
        ("new", 4, 0, 1),
        ("working", 4, 0, 0),
        ("qualified", 3, 0, 1),
        ("converted", 2, 0, 0),
        ("deals", 3, 0, 0),
        ("Discovery", 3, 0, 0),
        ("Qualification", 4, 1, 0),
        ("Proposal", 3, 0, 0),
        ("Negotiation", 2, 0, 0),
        ("won", 2, 0, 0),
    ]
    assert table["passed"].null_count() == table["undecided"].null_count() == table.height
    assert table["rate"].to_list()[4:6] == pytest.approx([3 / 2, 1.0])


def test_wins_and_losses_of_the_period_are_the_bookings() -> None:
    pipeline = book(DEALS, leads=LEADS).as_of("2025-02-28")
    table = funnel(pipeline, period=JANUARY)
    booked = bookings(pipeline, period=JANUARY).row(0, named=True)
    assert table.row(-1, named=True)["amount"] == booked["won_amount"] == 900
    assert table["lost"].sum() == booked["lost_count"] == 1


def test_without_leads_it_starts_at_deals_which_all_joined_there() -> None:
    table = funnel(book(DEALS).as_of("2025-02-28"), period=JANUARY, view="cohort")
    assert table["step"].to_list() == STEPS[4:]
    assert rows(table, "count", "joined", "rate")[0] == (3, 3, None)


def test_a_deal_follows_its_lead_into_the_cohort() -> None:
    leads = lead("l", ("2025-01-31", "new"), ("2025-02-05", "converted"), deal="x")
    deals = [*path("x", ("2025-02-05", "Discovery")), *path("y", ("2025-02-05", "Discovery"))]
    table = funnel(book(deals, leads=leads).as_of("2025-02-28"), period=JANUARY, view="cohort")
    assert [row[1] for row in rows(table, "step", "count")[:6]] == [1, 1, 1, 1, 1, 1]


def test_every_group_has_every_step() -> None:
    table = funnel(book(DEALS, leads=LEADS).as_of("2025-02-28"), period=JANUARY, view="cohort", by=["source"])
    assert rows(table, "source", "step") == [(source, step) for source in ("Ads", "Web") for step in STEPS]
    assert rows(table, "count") == [(4,), (3,), (3,), (2,), *[(0,)] * 10, (3,), (3,), (3,), (2,), (1,), (1,)]


def test_two_definitions_have_their_own_stages_and_nothing_falls_between() -> None:
    renewals = Definition("Renewals", "Ada", (Stage("Notice"),))
    deals = [
        *path("n", ("2025-01-01", "Proposal"), pipeline="New business"),
        *path("r", ("2025-01-01", "Notice"), ("2025-01-05", "won"), pipeline="Renewals"),
        *path("x", ("2025-01-01", "Notice"), pipeline=None),
    ]
    pipeline = book(deals, definitions=[bare(), renewals], leads=LEADS).as_of("2025-01-31")
    table = funnel(pipeline, period=JANUARY, view="cohort")
    assert rows(table.filter(table["unit"] == "deal"), "definition", "step", "count", "undecided") == [
        *[("New business", step, 1, 0) for step in ("deals", "Discovery", "Qualification")],
        ("New business", "Proposal", 1, 1),
        ("New business", "Negotiation", 0, 0),
        ("New business", "won", 0, 0),
        *[("Renewals", step, 1, 0) for step in ("deals", "Notice", "won")],
        (None, "deals", 1, 1),
        (None, "won", 0, 0),
    ]


def test_what_leads_do_not_have_is_refused_as_a_group() -> None:
    with pytest.raises(Refused) as refused:
        funnel(book(DEALS).as_of("2025-02-28"), period=JANUARY, by=["stage", "source", "quarter"])
    assert [problem.value for problem in refused.value.problems] == ["stage", "quarter"]


LEAD = st.lists(st.sampled_from([*LEAD_STEPS, "disqualified"]), min_size=1, max_size=4)
DEAL = st.lists(st.sampled_from([*STAGES, "won", "lost"]), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(
    leads=st.lists(st.tuples(LEAD, st.integers(0, 3)), max_size=4),
    deals=st.lists(DEAL, min_size=1, max_size=4),
)
def test_nobody_is_dropped(leads: list[tuple[list[str], int]], deals: list[list[str]]) -> None:
    lead_rows = [
        row
        for index, (moves, deal) in enumerate(leads)
        for row in lead(
            f"l{index}", *((f"2025-01-{day:02}", move) for day, move in enumerate(moves, 1)), deal=f"d{deal}"
        )
    ]
    deal_rows = [
        row
        for index, moves in enumerate(deals)
        for row in path(f"d{index}", *((f"2025-01-{day:02}", move) for day, move in enumerate(moves, 1)))
    ]
    pipeline = book(deal_rows, leads=lead_rows or None).as_of("2025-01-31")
    table = funnel(pipeline, period=JANUARY, view="cohort")
    for row in table.iter_rows(named=True):
        parts = row["passed"] + row["lost"] + row["disqualified"] + row["undecided"]
        assert row["count"] == parts, row
    of_deals = table.filter(table["unit"] == "deal")
    assert of_deals["count"][0] == len(deals)
    assert of_deals["count"][-1] == sum(moves[-1] == "won" for moves in deals)
    assert of_deals["lost"].sum() == sum(moves[-1] == "lost" for moves in deals)


@pytest.mark.parametrize("view", ["period", "cohort"])
def test_what_leads_and_deals_did_later_is_not_known_yet(view: Any) -> None:
    leads = lead("l", ("2025-01-05", "new"), ("2025-01-20", "converted"), deal="x")
    deals = path("x", ("2025-01-20", "Discovery"), ("2025-01-25", "Proposal"))
    table = funnel(book(deals, leads=leads).as_of("2025-01-15"), period=JANUARY, view=view)
    assert table["count"].to_list() == [1, *[0] * 9]
    later = funnel(book(deals, leads=leads).as_of("2025-01-22"), period=JANUARY, view=view)
    assert later["count"].to_list() == [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
