"""The same seed gives the same company; another gives another."""

from __future__ import annotations

import datetime as dt

import pytest

from stageproof.demo.book import Tables, demo_company
from stageproof.demo.chance import GOLDEN, MASK, Chance, mixed
from stageproof.demo.story import DEFAULT_SEED


def test_the_generator_is_splitmix64() -> None:
    # The first outputs for the state 1234567, as published with the algorithm.
    states = [(1234567 + GOLDEN * count) & MASK for count in (1, 2, 3)]
    assert [mixed(state) for state in states] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_the_same_seed_gives_the_same_company(company: Tables) -> None:
    again = demo_company(DEFAULT_SEED)
    assert set(again.engine) == set(company.engine)
    for name, frame in company.engine.items():
        assert again.engine[name].equals(frame), name


def test_another_seed_gives_another_company(company: Tables) -> None:
    other = demo_company(DEFAULT_SEED + 1, dt.date(2023, 9, 30))
    mine = company.deals.head(other.deals.height)
    assert not other.deals["amount"].equals(mine["amount"])


def test_draws_keep_to_their_bounds_and_means() -> None:
    chance = Chance(42)
    wholes = [chance.whole(3, 8) for _ in range(6_000)]
    assert set(wholes) == {3, 4, 5, 6, 7, 8}
    arrivals = [chance.arrivals(6.0) for _ in range(4_000)]
    assert sum(arrivals) / len(arrivals) == pytest.approx(6.0, rel=0.03)
    around = sorted(chance.around(100.0, 0.4) for _ in range(4_001))
    assert around[2_000] == pytest.approx(100.0, rel=0.04)
    assert chance.weighted((("never", 0.0), ("always", 1.0))) == "always"


def test_streams_with_different_keys_differ() -> None:
    assert Chance(1, 2).share() != Chance(2, 1).share()
    assert Chance(1, 2).share() == Chance(1, 2).share()


def test_the_first_day_is_a_company_already_with_leads_and_no_deals() -> None:
    first = demo_company(5, dt.date(2023, 7, 3))
    assert first.deals.is_empty()
    assert set(first.engine["leads"]["status"]) == {"new", "working"}
    assert first.engine["targets"].is_empty()
    assert first.deals.columns == demo_company(5, dt.date(2023, 9, 1)).deals.columns
