"""New business alone, or one pipeline by name: nothing of the other gets into a figure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, Stage
from stageproof.engine.frames import collect
from stageproof.engine.measures import bridge, coverage, open_pipeline, win_rate
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from stageproof.engine.templates import template
from tests.engine.engines import table

NEW, AFTER = replace(template("smb"), pipeline="New"), replace(template("expansion"), pipeline="After")
TABLES = {
    "deals": table(
        "deals",
        """
        deal pipeline status  amount close_on   valid_from
        A    New      open    1000   2025-06-10 2025-01-01
        B    New      won     2000   2025-05-10 2025-01-01
        C    -        open    4000   2025-06-20 2025-01-01
        D    New      open    8000   2025-06-21 2025-01-01
        D    New      deleted 8000   2025-06-21 2025-05-01
        E    After    open    16000  2025-06-22 2025-01-01
        F    After    lost    32000  2025-05-22 2025-01-01
        """,
        currency="EUR",
    ),
    "targets": table(
        "targets",
        "starts_on ends_on amount valid_from\n2025-04-01 2025-06-30 10000 2025-01-01",
        currency="EUR",
    ),
}
BOTH = Book.build(**TABLES, definitions=(NEW, AFTER), currency="EUR")


def test_new_business_has_everything_that_is_not_after_the_purchase() -> None:
    new = of_pipelines(BOTH.as_of("2025-05-31"))
    assert set(collect(new.deals.select("deal"))["deal"]) == {"A", "B", "C"}
    (whole,) = open_pipeline(new).to_dicts()
    assert (whole["open_count"], whole["open_amount"]) == (2, 5000)
    assert win_rate(new).select("won_count", "lost_count").row(0) == (1, 0)
    covered = coverage(new, period=Calendar().period("2025-Q2")).row(0, named=True)
    assert (covered["target"], covered["open_amount"], covered["won_amount"]) == (10_000, 5000, 2000)
    assert [each.pipeline for each in new.definitions] == ["New"]


def test_a_deal_that_was_taken_out_is_still_a_line_of_the_bridge() -> None:
    new = of_pipelines(BOTH.as_of("2025-05-31"))
    lines = {
        row["line"]: row["amount"] for row in bridge(new.book, "2025-04-01", "2025-05-31").lines.to_dicts()
    }
    assert (lines["opening"], lines["deleted"], lines["closing"]) == (13_000, -8000, 5000)


def test_one_pipeline_by_name_has_no_target_of_new_business() -> None:
    after = of_pipelines(BOTH.as_of("2025-05-31"), "After")
    assert set(collect(after.deals.select("deal"))["deal"]) == {"E", "F"}
    assert coverage(after, period=Calendar().period("2025-Q2"))["target"].to_list() == [None]


def test_where_there_is_nothing_else_expansion_is_what_is_looked_at() -> None:
    alone = Book.build(**TABLES, definitions=(AFTER,), currency="EUR").as_of("2025-05-31")
    assert of_pipelines(alone) is alone
    without = Book.build(**TABLES, definitions=(NEW,), currency="EUR").as_of("2025-05-31")
    assert of_pipelines(without) is without


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match=r"There is no pipeline 'Before'.*After, New"):
        of_pipelines(BOTH.as_of("2025-05-31"), "Before")


def test_a_stage_is_in_the_band_that_its_own_pipeline_says() -> None:
    stages = {"New": ("Proposal", "Contract"), "After": ("Handover", "PROPOSAL")}
    rules = [
        Definition(name, "Olga", tuple(Stage(stage) for stage in names)) for name, names in stages.items()
    ]
    deals = table(
        "deals",
        """
        deal pipeline stage    status amount close_on   valid_from
        A    New      Proposal open   1000   2025-06-10 2025-01-01
        B    After    Proposal open   2000   2025-06-10 2025-01-01
        C    After    Contract open   4000   2025-06-10 2025-01-01
        D    -        Proposal open   8000   2025-06-10 2025-01-01
        """,
    )
    both = Book.build(deals=deals, definitions=rules, currency="EUR").as_of("2025-05-31")
    bands = open_pipeline(both, by=["band"]).select("band", "open_amount").rows()
    assert bands == [("early", 1000), ("late", 2000), (None, 12_000)]
