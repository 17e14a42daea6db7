"""Which lever moved velocity: by hand, and parts that add up to the change whatever the levers are."""

from __future__ import annotations

from fractions import Fraction

import hypothesis.strategies as st
from hypothesis import given

from stageproof.engine.measures.velocity import velocity, velocity_per_day
from stageproof.engine.measures.velocity_change import LEVERS, parts_of_change, velocity_change
from stageproof.engine.period import Calendar
from tests.engine.history_books import book, path, rows

WHOLE = st.integers(0, 500).map(Fraction)
SIZE = st.fractions(min_value=0, max_value=10**9, max_denominator=97)
RATE = st.fractions(min_value=0, max_value=1, max_denominator=61)
CYCLE = st.fractions(min_value=Fraction(1, 7), max_value=900, max_denominator=53)
FOUR = st.tuples(WHOLE, SIZE, RATE, CYCLE)


def per_day(levers: tuple[Fraction, ...]) -> int:
    return velocity_per_day(int(levers[0]), *levers[1:])


@given(before=FOUR, after=FOUR)
def test_the_parts_add_up_to_the_change(before: tuple[Fraction, ...], after: tuple[Fraction, ...]) -> None:
    assert sum(parts_of_change(before, after)) == per_day(after) - per_day(before)


@given(levers=FOUR, place=st.integers(0, 3), other=FOUR)
def test_a_lever_that_moved_alone_moved_all_of_it(
    levers: tuple[Fraction, ...], place: int, other: tuple[Fraction, ...]
) -> None:
    after = tuple(other[at] if at == place else each for at, each in enumerate(levers))
    parts = parts_of_change(levers, after)
    assert parts[place] == per_day(after) - per_day(levers)
    assert [part for at, part in enumerate(parts) if at != place] == [0, 0, 0]


@given(before=FOUR, after=FOUR)
def test_there_and_back_is_the_same_to_a_unit(
    before: tuple[Fraction, ...], after: tuple[Fraction, ...]
) -> None:
    there, back = parts_of_change(before, after), parts_of_change(after, before)
    assert all(abs(one + other) <= 3 for one, other in zip(there, back, strict=True))


def test_two_levers_share_what_they_did_together() -> None:
    # 2 x 100 becomes 3 x 200: 200 to 600. Count alone +100 or +200, size alone +200 or +300.
    one = Fraction(1)
    assert parts_of_change((Fraction(2), Fraction(100), one, one), (Fraction(3), Fraction(200), one, one)) == [
        150, 250, 0, 0,
    ]  # fmt: skip


DEALS = [
    *path("o1", ("2025-01-01", "Discovery")),
    *path("o2", ("2025-05-01", "Discovery")),
    *path("w1", ("2025-01-01", "Discovery"), ("2025-01-11", "won"), amount=1000),
    *path("l1", ("2025-01-01", "Discovery"), ("2025-01-11", "lost"), amount=50),
    *path("w2", ("2025-04-01", "Discovery"), ("2025-04-21", "won"), amount=3000),
    *path("l2", ("2025-04-01", "Discovery"), ("2025-04-11", "lost"), amount=50),
    *path("l3", ("2025-04-01", "Discovery"), ("2025-04-11", "lost"), amount=50),
]
Q2 = Calendar().period("2025-Q2")


def test_a_quarter_against_the_one_before() -> None:
    """Then 1 open x 1,000 x 1/2 / 10 d = 50; now 2 x 3,000 x 1/3 / 20 d = 100."""
    pipeline = book(DEALS).as_of("2025-06-30")
    table = velocity_change(pipeline, start="2025-03-31", period=Q2)
    assert table["lever"].to_list() == list(LEVERS)
    assert rows(table, "before", "after") == [(1.0, 2.0), (1000.0, 3000.0), (0.5, 1 / 3), (10.0, 20.0)]
    assert set(rows(table, "velocity_before", "velocity_after")) == {(50, 100)}
    assert table["moved"].sum() == 50
    # More deals and larger ones raise it, fewer wins and longer cycles lower it.
    assert [moved > 0 for moved in table["moved"]] == [True, True, False, False]
    assert velocity(pipeline, period=Q2)["per_day"].item() == 100


def test_an_unknown_lever_leaves_the_parts_unknown_but_not_the_ends() -> None:
    table = velocity_change(book(DEALS).as_of("2025-06-30"), start="2025-01-05")
    assert table["moved"].to_list() == [None] * 4
    assert set(rows(table, "velocity_before")) == {(None,)}
    assert table["velocity_after"].null_count() == 0


def test_groups_that_came_or_went_are_there() -> None:
    deals = [*DEALS, *path("b", ("2025-05-01", "Discovery"), owner="Bob")]
    table = velocity_change(book(deals).as_of("2025-06-30"), start="2025-03-31", by=["owner"])
    assert rows(table, "owner", "lever", "after")[4:6] == [
        ("Bob", "open_deals", 1.0),
        ("Bob", "deal_size", None),
    ]
