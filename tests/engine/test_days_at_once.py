"""What is worked out once for all past days says of each what its own versions say."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import collect
from stageproof.engine.hygiene import close_date
from stageproof.engine.hygiene.monday import monday
from stageproof.engine.measures import push_count, stage_visits
from stageproof.engine.measures.time_in_stage import spent_by_open_deals
from stageproof.engine.qualification import qualified_deals
from tests.engine.test_history_properties import BOOKS, build, frames

EXAMPLES = int(os.environ.get("STAGEPROOF_EXAMPLES", "6"))
DAYS = [dt.date(2025, 1, 1) + dt.timedelta(days=days) for days in (45, 3, 20, 33, 70, 12)]
"""Not in order: a day asked for first must not colour the others."""


@pytest.fixture(autouse=True)
def one_win_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(close_date, "ENOUGH_WON", 1)


def told(pipeline: Pipeline) -> list[pl.DataFrame]:
    tables = [
        collect(stage_visits(pipeline)),
        collect(push_count(pipeline)),
        collect(spent_by_open_deals(pipeline)).drop("deal_no", strict=False),
        collect(qualified_deals(pipeline)).drop("deal_no", strict=False),
        monday(pipeline).findings,
        pl.DataFrame({"days": [repr(sorted(close_date.days_after_stage(pipeline).items()))]}),
    ]
    return [each.select(sorted(each.columns)).sort(pl.all()) for each in tables]


def numbered(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with a number for each deal, as a database has it."""
    names = {f"d{index}": 7 * index + 1 for index in range(4)}
    number = pl.col("deal").replace_strict(names, default=None, return_dtype=pl.Int64)
    return {
        name: frame.with_columns(deal_no=number) if name in ("deals", "evidence", "roles", "activities") else frame
        for name, frame in tables.items()
    }  # fmt: skip


@pytest.mark.parametrize("of_a_database", [False, True], ids=["names", "numbers"])
@given(drawn=BOOKS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_day_is_as_its_own_versions_tell_it(of_a_database: bool, drawn: dict[str, Any]) -> None:
    tables = frames(drawn)
    book = build(numbered(tables) if of_a_database else tables)
    plain = build(tables)
    everything = dt.date(2030, 1, 1)
    for day in DAYS:
        # Asked as known at some day, a book looks at the versions themselves.
        expected = told(plain.as_of(day, everything))
        for asked in (book.as_of(day), book.as_of(day).kept()):
            for found, one in zip(told(asked), expected, strict=True):
                assert_frame_equal(found, one, check_exact=False, abs_tol=1e-9)


def test_a_book_with_other_deals_remembers_nothing_of_the_first() -> None:
    def history(close_on: int) -> pl.DataFrame:
        opened = 20_000 * 86_400_000_000
        rows = [(opened, 20_030), (opened + 86_400_000_000, close_on)]
        return pl.DataFrame(
            [{"deal": "d0", "status": "open", "stage": "Discovery", "close_on": on, "valid_from": at, "amount": 1}
             for at, on in rows]
        )  # fmt: skip

    first = Book.build(deals=history(20_060), currency="USD")
    assert collect(push_count(first.as_of("2030-01-01")))["days_pushed"].to_list() == [30]
    other = first.with_rows("deals", history(20_031))
    assert collect(push_count(other.as_of("2030-01-01")))["days_pushed"].to_list() == [1]
    assert collect(push_count(first.as_of("2030-01-01")))["days_pushed"].to_list() == [30]


@given(drawn=BOOKS, late=st.sampled_from(["d0", "d1", "d2", "d3"]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_changed_of_some_deals_is_worked_out_anew(drawn: dict[str, Any], late: str) -> None:
    whole = numbered(frames(drawn))
    plain = build(frames(drawn))
    before = {
        name: frame.filter(pl.col("deal").is_null() | (pl.col("deal") != late))
        if "deal_no" in frame.columns
        else frame
        for name, frame in whole.items()
    }
    if before["deals"].is_empty():
        return
    book = build(before)
    for day in DAYS[:2]:
        told(book.as_of(day))
    remembered = len(book._worked_out)
    for name in ("activities", "deals", "evidence", "roles"):
        if name in whole:
            changed = whole[name].filter(pl.col("deal") == late)["deal_no"].unique()
            book = book.with_rows(name, whole[name], changed)
    assert len(book._worked_out) == remembered > 0
    for day in DAYS[1:4]:
        expected = told(plain.as_of(day, dt.date(2030, 1, 1)))
        for found, wanted in zip(told(book.as_of(day)), expected, strict=True):
            assert_frame_equal(found, wanted, check_exact=False, abs_tol=1e-9)
