"""Many deals: as many as asked for, of the demo's vocabulary, and a sound history each."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.demo.chance import GOLDEN, MASK, mixed
from stageproof.demo.scale import LAST_ON, LOST, WON, big_tables, drawn
from stageproof.engine.frames import DAY, collect, day_number
from stageproof.engine.tables import FOREVER


@pytest.mark.parametrize(
    ("deals", "per_deal", "versions"), [(2_000, 8, 16_000), (301, 3, 903), (1_000, 2.5, 2_500), (40, 1, 40)]
)
def test_as_many_deals_and_versions_as_asked_for(deals: int, per_deal: float, versions: int) -> None:
    table = big_tables(deals, per_deal).deals
    assert table.height == versions
    assert table["deal"].n_unique() == deals


@settings(max_examples=30, deadline=None)
@given(number=st.integers(0, 2**40), keys=st.lists(st.integers(0, 10_000), min_size=1, max_size=3))
def test_draws_in_columns_are_splitmix64(number: int, keys: list[int]) -> None:
    state = number
    for key in keys:
        state = mixed((state * GOLDEN + GOLDEN + key) & MASK)
    column = pl.DataFrame({"n": [number]}).select(drawn(pl.col("n"), *keys))
    assert column.item() == state >> 32


def test_versions_follow_one_another_within_the_time_there_is() -> None:
    deals = big_tables(600, 6).deals
    same = pl.col("deal") == pl.col("deal").shift(-1)
    gap = deals.filter(same & (pl.col("valid_to") != pl.col("valid_from").shift(-1)))
    assert gap.is_empty()
    assert deals.filter(pl.col("valid_to") <= pl.col("valid_from")).is_empty()
    assert deals.filter(pl.col("valid_to") == FOREVER).height == 600
    assert deals.filter(pl.col("valid_from") < pl.col("created_at")).is_empty()
    assert deals["valid_from"].max() < (day_number(LAST_ON) + 2) * DAY  # type: ignore[operator]


def test_outcomes_come_in_the_shares_set() -> None:
    tables = big_tables(20_000, 2)
    last = tables.deals.filter(pl.col("valid_to") == FOREVER)
    old = last.filter(pl.col("created_on") < day_number(LAST_ON) - 200)
    shares = dict(old.group_by("status").len().select("status", pl.col("len") / old.height).iter_rows())
    assert shares["won"] == pytest.approx(WON, abs=0.015)
    assert shares["lost"] == pytest.approx(LOST, abs=0.015)
    won = last.filter(pl.col("status") == "won")
    assert set(won["stage"]) == {tables.definitions[0].stages[-1].name}
    assert last.filter(
        (pl.col("status") != "open") & (pl.col("close_on") != pl.col("valid_from") // DAY)
    ).is_empty()
    assert tables.deals.filter((pl.col("amount") <= 0) | (pl.col("amount") % 10_000 != 0)).is_empty()


def test_the_same_seed_gives_the_same_tables_and_another_seed_others() -> None:
    first, again, other = big_tables(500, 4, 3), big_tables(500, 4, 3), big_tables(500, 4, 4)
    assert first.deals.equals(again.deals)
    assert not first.deals.equals(other.deals)


def test_names_are_as_many_as_people_and_accounts() -> None:
    tables = big_tables(9_000, 1)
    assert tables.people["name"].is_unique().all()
    assert tables.accounts["account"].is_unique().all()
    assert tables.accounts.height == 3_000
    assert set(tables.deals["owner"]) == set(tables.people["name"])
    assert set(tables.deals["account"]) == set(tables.accounts["account"])


def test_they_make_a_book_whose_open_amount_is_that_of_the_rows() -> None:
    tables = big_tables(1_000, 5)
    at = day_number(LAST_ON) * DAY - 100 * DAY
    rows = tables.deals.filter(
        pl.col("valid_from") < at, pl.col("valid_to") >= at, pl.col("status") == "open"
    )
    day = pl.Series([at // DAY - 1]).cast(pl.Int32).cast(pl.Date).item()
    opened = collect(tables.book().as_of(day).open)
    assert opened["amount"].sum() == rows["amount"].sum() > 0
