"""After the purchase at the demo company: every contract is followed, and new business stays as it was."""

from __future__ import annotations

import datetime as dt
from functools import cache

import polars as pl
from polars.testing import assert_frame_equal

from stageproof.demo.book import Tables, demo_company
from stageproof.demo.expansion import TERM, with_expansion
from stageproof.demo.story import UNTIL
from stageproof.engine.measures import open_pipeline, retention
from stageproof.engine.readings import read
from tests.simulated import company


@cache
def expanded(until: dt.date = UNTIL) -> Tables:
    return with_expansion(company() if until == UNTIL else demo_company(until=until), until)


def test_every_contract_is_followed_once_and_renews_a_year_after_it_was_won() -> None:
    deals = expanded().deals
    won = deals.filter(pl.col("status") == "won").unique("deal", keep="last")
    assert (won["renews_on"] - won["close_on"]).unique().to_list() == [TERM]
    following = deals.filter(pl.col("pipeline") == "Expansion").unique("deal", keep="last")
    assert following["follows"].is_unique().all()
    assert set(following["follows"]) <= set(won["deal"])
    fresh = won.filter(pl.col("valid_from") > deals["valid_from"].max() - 4 * 86_400_000_000)
    assert set(won["deal"]) - set(following["follows"]) <= set(fresh["deal"])


def test_of_what_was_decided_most_stayed_and_the_parts_add_up() -> None:
    (row,) = retention(expanded().book().as_of(UNTIL)).to_dicts()
    parts = ("retained", "shrunk", "lost", "lapsed", "open", "awaited")
    assert row["due_amount"] == sum(row[f"{name}_amount"] for name in parts)
    assert row["lapsed_count"] == 0
    assert 0.7 < row["gross"] < row["net"] < 1.0


def test_new_business_reads_as_if_there_were_no_expansion() -> None:
    alone, both = company().book().as_of(UNTIL), expanded().book().as_of(UNTIL)
    by_pipeline = open_pipeline(both, by=["pipeline"]).filter(pl.col("pipeline") == "New business")
    assert_frame_equal(by_pipeline.drop("pipeline"), open_pipeline(alone))
    period = alone.book.calendar.containing(UNTIL, "quarter")
    for reader in ("sales", "finance", "board"):
        here, there = (read(each, reader, period=period) for each in (alone, both))
        assert [each.value for each in here.figures] == [each.value for each in there.figures], reader


def test_an_earlier_end_tells_the_beginning_of_the_same() -> None:
    early = dt.date(2025, 1, 31)
    last = (early - dt.date(1970, 1, 1)).days * 86_400_000_000 + 86_399_999_999
    columns = ["deal", "stage", "status", "amount", "valid_from"]
    whole = expanded().deals.filter(pl.col("pipeline") == "Expansion", pl.col("valid_from") <= last)
    told = expanded(early).deals.filter(pl.col("pipeline") == "Expansion")
    assert_frame_equal(
        told.select(columns).sort("deal", "valid_from"), whole.select(columns).sort("deal", "valid_from")
    )
