"""Attribution: every unit of money is credited once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from stageproof.engine.measures.attribution import attribution
from stageproof.engine.money import allocate
from stageproof.engine.period import Calendar
from tests.engine.history_books import at, bare, book, path, rows


def touch(when: str, source: str, **facts: Any) -> dict[str, Any]:
    return {"source": source, "touched_at": at(when), **facts}


LEADS = [
    {"lead": "l", "source": "Ads", "status": "converted", "deal": "a", "created_at": at("2025-01-03"),
     "valid_from": at("2025-01-03")}
]  # fmt: skip
TOUCHES = [
    touch("2025-01-01", "Fair", lead="l", campaign="Hall 4"),
    touch("2025-01-02", "Mail", lead="l"),
    touch("2025-01-04", "Web", lead="l"),
    touch("2025-01-06", "Call", deal="a"),
    touch("2025-02-01", "Demo", deal="a"),
    touch("2025-02-10", "Too late", deal="a"),
    touch("2025-01-06", "Nobody", lead="unknown"),
]
DEALS = [
    *path("a", ("2025-01-05", "Discovery"), ("2025-02-05", "won"), amount=1001),
    *path("b", ("2025-01-05", "Discovery"), ("2025-02-05", "won"), amount=50, source="Partner"),
    *path("c", ("2025-01-05", "Discovery"), ("2025-02-05", "won"), amount=7, source=None),
]


def credited(model: str, **asked: Any) -> list[tuple[Any, ...]]:
    pipeline = book(DEALS, leads=LEADS, touches=TOUCHES).as_of("2025-02-28")
    return rows(attribution(pipeline, model=model, **asked))  # type: ignore[arg-type]


def test_first_and_last_touch_take_the_whole_and_the_untouched_count_for_their_own() -> None:
    own = [("Partner", 1.0, 50), ("(none)", 1.0, 7)]
    assert credited("first") == [("Fair", 1.0, 1001), *own]
    assert credited("last") == [("Demo", 1.0, 1001), *own]


def test_linear_shares_alike_and_the_remainder_goes_to_the_earliest() -> None:
    assert credited("linear") == [
        ("Fair", 0.2, 201),
        ("Call", 0.2, 200),
        ("Demo", 0.2, 200),
        ("Mail", 0.2, 200),
        ("Web", 0.2, 200),
        ("Partner", 1.0, 50),
        ("(none)", 1.0, 7),
    ]


def test_w_shaped_weighs_first_touch_lead_and_deal() -> None:
    # First: Fair. Last before the lead (3 January): Mail. Last before the deal (5 January): Web. 10% for the others.
    assert credited("w_shaped") == [
        ("Fair", 0.3, 301),
        ("Mail", 0.3, 300),
        ("Web", 0.3, 300),
        ("Partner", 1.0, 50),
        ("Call", 0.05, 50),
        ("Demo", 0.05, 50),
        ("(none)", 1.0, 7),
    ]


def test_w_shaped_with_less_shares_in_proportion() -> None:
    def shares(*touches: dict[str, Any], leads: Any = None) -> list[tuple[Any, ...]]:
        deals = path("a", ("2025-01-05", "Discovery"), ("2025-02-05", "won"), amount=7000)
        pipeline = book(deals, touches=touches, leads=leads).as_of("2025-02-28")
        return rows(attribution(pipeline, model="w_shaped"))

    assert shares(touch("2025-01-01", "Fair", deal="a")) == [("Fair", 1.0, 7000)]
    # No lead: 30 first, 30 deal, 10 for the rest, of 70.
    assert shares(
        touch("2025-01-01", "Fair", deal="a"),
        touch("2025-01-04", "Web", deal="a"),
        touch("2025-01-10", "Call", deal="a"),
    ) == [
        ("Fair", pytest.approx(3 / 7), 3000),
        ("Web", pytest.approx(3 / 7), 3000),
        ("Call", pytest.approx(1 / 7), 1000),
    ]
    # Nothing but the milestones: they share the whole.
    assert shares(touch("2025-01-01", "Fair", deal="a"), touch("2025-01-04", "Web", deal="a")) == [
        ("Fair", 0.5, 3500),
        ("Web", 0.5, 3500),
    ]


def test_by_campaign_and_of_the_open_pipeline() -> None:
    assert credited("first", by="campaign") == [("Hall 4", 1.0, 1001), ("(none)", 2.0, 57)]
    deals = path("a", ("2025-01-05", "Discovery"), amount=1001, close_on=at("2025-06-30").date())
    pipeline = book(deals, leads=LEADS, touches=TOUCHES).as_of("2025-02-28")
    assert rows(attribution(pipeline, model="last", of="open")) == [("Too late", 1.0, 1001)]
    assert rows(attribution(pipeline, model="last", of="qualified")) == [("Too late", 1.0, 1001)]
    assert rows(attribution(pipeline, model="last", of="won")) == []


def test_only_the_deals_of_the_period() -> None:
    assert credited("first", period=Calendar().period("2025-01")) == []
    assert len(credited("first", period=Calendar().period("2025-02"))) == 3


@pytest.mark.parametrize(
    ("zone", "last"),
    # 5 February, on which the deal closed, ends at 5:00 UTC of the 6th in New York and at 13:00 of the 5th in Sydney.
    [("UTC", "Noon"), ("America/New_York", "Evening"), ("Australia/Sydney", "Morning")],
)
def test_touches_count_until_the_closing_day_is_over_where_the_organisation_is(zone: str, last: str) -> None:
    touches = [
        touch("2025-02-05T01:00", "Morning", deal="a"),
        touch("2025-02-05T13:30", "Noon", deal="a"),
        touch("2025-02-06T03:30", "Evening", deal="a"),
    ]
    closed = path("a", ("2025-01-05", "Discovery"), ("2025-02-05", "won"))
    pipeline = book(closed, touches=touches, zone=zone).as_of("2025-02-28")
    assert rows(attribution(pipeline, model="last"), "source") == [(last,)]


def test_later_touches_and_what_was_learned_later_are_left_out() -> None:
    touches = [touch("2025-01-01", "Fair", deal="a"), touch("2025-01-09", "Web", deal="a")]
    touches[0]["recorded_at"], touches[1]["recorded_at"] = at("2025-01-01"), at("2025-02-01")
    deals = path("a", ("2025-01-05", "Discovery"), recorded_at=at("2025-01-05"))
    sold = book(deals, touches=touches)
    assert rows(attribution(sold.as_of("2025-01-08"), model="last", of="open"), "source") == [("Fair",)]
    assert rows(attribution(sold.as_of("2025-01-20"), model="last", of="open"), "source") == [("Web",)]
    then = sold.as_of("2025-01-20", known_at="2025-01-20")
    assert rows(attribution(then, model="last", of="open"), "source") == [("Fair",)]


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(st.one_of(st.none(), st.integers(-(10**15), 10**15)), min_size=1, max_size=4),
    touches=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 28), st.sampled_from("ABC")), max_size=12),
    model=st.sampled_from(["first", "last", "linear", "w_shaped"]),
)
def test_the_parts_add_up_to_the_whole(
    amounts: list[int | None], touches: list[tuple[int, int, str]], model: Any
) -> None:
    deals = [
        row
        for index, amount in enumerate(amounts)
        for row in path(f"d{index}", ("2025-01-10", "Discovery"), ("2025-02-01", "won"), amount=amount)
    ]
    made = [touch(f"2025-01-{day:02}", source, deal=f"d{deal}") for deal, day, source in touches]
    table = attribution(book(deals, touches=made, definitions=[bare()]).as_of("2025-03-01"), model=model)
    assert table["amount"].sum() == sum(amount or 0 for amount in amounts)
    assert table["deals"].sum() == pytest.approx(len(amounts))


@settings(max_examples=40, deadline=None)
@given(amount=st.integers(-(10**15), 10**15), count=st.integers(1, 9))
def test_the_split_is_the_allocation_of_money(amount: int, count: int) -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-02-01", "won"), amount=amount)
    touches = [touch(f"2025-01-{day:02}", f"s{day}", deal="a") for day in range(1, count + 1)]
    sold = book(deals, touches=touches).as_of("2025-03-01")
    linear = dict(rows(attribution(sold, model="linear"), "source", "amount"))
    assert [linear[f"s{day}"] for day in range(1, count + 1)] == allocate(amount, [1] * count)
    shaped = attribution(sold, model="w_shaped")
    # First touch and creation of the deal fall on the first touch: 60, and 10 for the others.
    weights = [60 * max(1, count - 1)] + [10] * (count - 1)
    by_day = dict(rows(shaped, "source", "amount"))
    assert [by_day[f"s{day}"] for day in range(1, count + 1)] == allocate(amount, weights)
    share = float(Fraction(weights[0], sum(weights)))
    assert shaped.filter(shaped["source"] == "s1")["deals"].item() == pytest.approx(share)
