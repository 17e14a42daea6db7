"""Every figure of the CRM data set that its files determine, as computed elsewhere with other tools."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from stageproof.importers import Imported, import_files, read_mapping

Files = Callable[[str], list[Path]]
PRICES = """
[amount]
from_price_list = { file = "products.csv", key = "product", price = "sales_price" }
"""
TWIN = """
[join.product]
"GTXPro" = "GTX Pro"
"""


@pytest.fixture
def maven(real_data: Files) -> Imported:
    return import_files(real_data("maven_crm"))


def latest(found: Imported) -> pl.DataFrame:
    """The last version of every deal."""
    return found.book.table("deals").filter(pl.col("valid_to").is_null())


def as_of(found: Imported, day: dt.date) -> pl.DataFrame:
    """The versions in force at the end of a day in UTC, by a filter of the test's own."""
    end = dt.datetime.combine(day, dt.time.max, dt.UTC)
    return found.book.table("deals").filter(
        pl.col("valid_from") <= end, pl.col("valid_to").is_null() | (pl.col("valid_to") > end)
    )


def test_every_row_is_taken(maven: Imported) -> None:
    assert {file.source: (file.read, file.taken, file.rejected) for file in maven.accounting.files} == {
        "accounts.csv": (85, 85, 0),
        "data_dictionary.csv": (21, 0, 0),
        "products.csv": (7, 7, 0),
        "sales_pipeline.csv": (8800, 8800, 0),
        "sales_teams.csv": (35, 35, 0),
    }
    assert (maven.accounting.read, maven.accounting.taken) == (8927, 8927)
    assert maven.accounting.balanced


def test_deals_by_outcome_and_stage(maven: Imported) -> None:
    deals = latest(maven)
    assert dict(deals.group_by("status").len().rows()) == {"won": 4238, "lost": 2473, "open": 2089}
    is_open = deals.filter(pl.col("status") == "open")
    assert dict(is_open.group_by("stage").len().rows()) == {"Engaging": 1589, "Prospecting": 500}
    assert round(4238 / (4238 + 2473) * 100, 3) == 63.150


def test_won_revenue(maven: Imported) -> None:
    won = latest(maven).filter(pl.col("status") == "won")["amount"]
    assert won.sum() == 10_005_534_00
    assert round(won.mean() / 100, 2) == 2360.91
    assert won.median() == 1117_00


@pytest.mark.parametrize(
    ("status", "mean", "median"), [("won", 51.78, 57), ("lost", 41.48, 14), (None, 47.99, 45)]
)
def test_cycles(maven: Imported, status: str | None, mean: float, median: int) -> None:
    closed = latest(maven).filter(pl.col("status") != "open")
    if status:
        closed = closed.filter(pl.col("status") == status)
    days = closed.select((pl.col("close_on") - pl.col("created_on")).dt.total_days()).to_series()
    assert (round(days.mean(), 2), days.median()) == (mean, median)
    assert days.max() <= 138


@pytest.mark.parametrize(
    ("owner", "won", "closed", "revenue"),
    [
        ("Darcel Schlecht", 349, 553, 1_153_214),
        ("Vicki Laflamme", 221, 347, 478_396),
        ("Kary Hendrixson", 209, 335, 454_298),
        ("Cassey Cress", 163, 261, 450_489),
        ("Donn Cantrell", 158, 275, 445_860),
        ("Hayden Neloms", 107, 152, None),
    ],
)
def test_owners(maven: Imported, owner: str, won: int, closed: int, revenue: int | None) -> None:
    theirs = latest(maven).filter(pl.col("owner") == owner, pl.col("status") != "open")
    wins = theirs.filter(pl.col("status") == "won")
    assert (wins.height, theirs.height) == (won, closed)
    if revenue is not None:
        assert wins["amount"].sum() == revenue * 100


def test_wins_by_quarter(maven: Imported) -> None:
    won = latest(maven).filter(pl.col("status") == "won")
    quarters = won.group_by(pl.col("close_on").dt.quarter().alias("quarter")).agg(
        pl.len(), pl.col("amount").sum()
    )
    assert quarters.sort("quarter").rows() == [
        (1, 531, 1_134_672_00),
        (2, 1254, 3_086_111_00),
        (3, 1257, 2_982_255_00),
        (4, 1196, 2_802_496_00),
    ]


@pytest.mark.parametrize(
    ("day", "engaged"),
    [
        (dt.date(2017, 3, 31), 1330),
        (dt.date(2017, 6, 30), 1686),
        (dt.date(2017, 9, 30), 2409),
        (dt.date(2017, 12, 31), 1589),
    ],
)
def test_open_as_of(maven: Imported, day: dt.date, engaged: int) -> None:
    then = as_of(maven, day).filter(pl.col("status") == "open")
    assert dict(then.group_by("stage").len().rows()) == {"Engaging": engaged, "Prospecting": 500}
    asked = maven.book.as_of(day).open.collect().to_native()
    assert asked.height == engaged + 500


@pytest.mark.parametrize(
    ("day", "count", "revenue"),
    [
        (dt.date(2017, 3, 31), 617, 1_559_305),
        (dt.date(2017, 6, 30), 609, 1_441_450),
        (dt.date(2017, 9, 30), 559, 1_251_928),
    ],
)
def test_wins_of_the_next_quarter_that_were_open_already(
    maven: Imported, day: dt.date, count: int, revenue: int
) -> None:
    until = day + dt.timedelta(days=1)
    end = dt.date(until.year + until.month // 10, (until.month + 2) % 12 + 1, 1)
    before = as_of(maven, day).filter(pl.col("status") == "open").select("deal")
    wins = latest(maven).filter(pl.col("status") == "won", pl.col("close_on") > day, pl.col("close_on") < end)
    already = wins.join(before, on="deal", how="semi")
    assert (already.height, already["amount"].sum()) == (count, revenue * 100)


@pytest.mark.parametrize(
    ("mapping", "engaging", "prospecting", "blank"),
    [(PRICES, 2_672_516, 688_306, 333), (PRICES + TWIN, 3_892_229, 1_073_986, 0)],
)
def test_open_list_value(real_data: Files, mapping: str, engaging: int, prospecting: int, blank: int) -> None:
    found = import_files(real_data("maven_crm"), mapping=read_mapping(mapping))
    is_open = latest(found).filter(pl.col("status") == "open")
    value = dict(is_open.group_by("stage").agg(pl.col("amount").sum()).rows())
    assert value == {"Engaging": engaging * 100, "Prospecting": prospecting * 100}
    assert is_open["amount"].null_count() == blank
    assert latest(found).filter(pl.col("status") == "won")["amount"].sum() == 10_005_534_00


def test_near_keys_are_joined_by_a_general_permission(real_data: Files) -> None:
    mapping = read_mapping(PRICES + "[join.product]\nnear = true\n")
    found = import_files(real_data("maven_crm"), mapping=mapping)
    assert latest(found).filter(pl.col("status") == "open")["amount"].sum() == (3_892_229 + 1_073_986) * 100


def test_the_likely_twin_of_a_near_key_is_named(maven: Imported) -> None:
    [near] = [problem for problem in maven.problems if problem.code == "near_key"]
    assert (near.value, near.source, near.count) == ("GTXPro", "products.csv", 1480)
    assert "'GTX Pro'" in near.says
    assert '"GTXPro" = "GTX Pro"' in near.remedy


def test_without_permission_amounts_stay_blank(maven: Imported) -> None:
    is_open = latest(maven).filter(pl.col("status") == "open")
    assert is_open["amount"].null_count() == 2089
    [blank] = [problem for problem in maven.problems if problem.code == "blank_amount"]
    assert blank.count == 2089


def test_ghosts(maven: Imported) -> None:
    deals = latest(maven)
    closed = deals.filter(pl.col("status") != "open")
    longest = closed.select((pl.col("close_on") - pl.col("created_on")).dt.total_days().max()).item()
    last = closed["close_on"].max()
    engaging = deals.filter(pl.col("stage") == "Engaging", pl.col("status") == "open")
    ages = engaging.select((pl.lit(last) - pl.col("created_on")).dt.total_days()).to_series()
    assert longest == 138
    assert int((ages > longest).sum()) == 1291


def test_quirks_are_named_or_harmless(maven: Imported) -> None:
    deals = latest(maven)
    assert deals.filter(pl.col("account").is_null()).height == 1425
    assert deals.filter(pl.col("status") == "lost")["amount"].sum() == 0
    assert deals.filter(pl.col("created_at").is_null())["stage"].unique().to_list() == ["Prospecting"]
    assert deals.filter(pl.col("account") == "Acme Corporation")["segment"].unique().to_list() == [
        "technolgy"
    ]
    assert deals.filter(pl.col("owner") == "Darcel Schlecht")["team"].unique().to_list() == ["Melvin Marxen"]
    assert {problem.source for problem in maven.problems if problem.code == "file_not_used"} == {
        "data_dictionary.csv"
    }


def test_closed_deals_had_no_known_amount_before_they_closed(maven: Imported) -> None:
    earlier = as_of(maven, dt.date(2017, 3, 31)).filter(pl.col("status") == "open")
    assert earlier["amount"].null_count() == earlier.height
    assert earlier["close_on"].null_count() == earlier.height
    assert any("What 6,711 closed deals were worth" in gap for gap in maven.gaps)


def test_the_order_of_files_rows_and_columns_changes_nothing(
    maven: Imported, real_data: Files, tmp_path: Path
) -> None:
    shuffled = []
    for path in reversed(real_data("maven_crm")):
        frame = pl.read_csv(path, infer_schema=False)
        columns = sorted(frame.columns, key=lambda name: name[::-1])
        copy = tmp_path / path.name
        frame.select(columns).sample(fraction=1, shuffle=True, seed=7).write_csv(copy)
        shuffled.append(copy)
    again = import_files(shuffled)
    wanted = maven.book.table("deals")
    assert again.book.table("deals").select(wanted.columns).equals(wanted)
    assert sorted(p.code for p in again.problems) == sorted(p.code for p in maven.problems)
