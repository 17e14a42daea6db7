"""The deals behind a figure give the figure: every measure, every row, every column, added up on its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from statistics import median
from typing import Any

import polars as pl
import pytest

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import collect, number, readable
from stageproof.engine.measures import MEASURES
from stageproof.engine.measures.asking import Asked, answer
from stageproof.engine.measures.behind import behind, rates_used
from stageproof.engine.measures.figures import FIGURES, Figure, figure_of
from stageproof.engine.narrowing import narrowed
from stageproof.engine.period import Calendar
from tests.engine.engines import rates, table
from tests.engine.sample import QUARTER, START, pipeline_on
from tests.engine.test_retention import BOOK as CONTRACTS


def asked_of(measure: str) -> Pipeline:
    """A book that holds what the measure is of."""
    return CONTRACTS.as_of("2025-06-22") if measure == "retention" else pipeline_on("polars")


FEBRUARY = Calendar().period("2025-02")
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("open_pipeline", {}),
    ("open_pipeline", {"period": QUARTER, "by": ("stage", "month")}),
    ("coverage", {"period": QUARTER}),
    ("coverage", {"period": QUARTER, "by": ("owner",)}),
    ("coverage", {"period": QUARTER, "by": ("band",)}),
    ("bookings", {"by": ("owner",)}),
    ("win_rate", {"period": QUARTER, "by": ("source",)}),
    ("average_deal_size", {"by": ("team",)}),
    ("cycle_length", {"by": ("owner",), "outcomes": ("won", "lost")}),
    ("velocity", {"by": ("team",)}),
    ("cycle_distribution", {"outcomes": ("won", "lost")}),
    ("cycle_distribution", {"by": ("owner",)}),
    ("coverage_ahead", {"period": QUARTER}),
    ("required_creation", {"period": QUARTER}),
    ("required_creation", {"period": QUARTER, "by": ("owner",)}),
    ("conversion", {}),
    ("conversion", {"period": QUARTER, "by": ("team",)}),
    ("time_in_stage", {"by": ("team",)}),
    ("time_in_stage", {"period": QUARTER, "by": ("month", "owner")}),
    ("slippage", {"period": FEBRUARY, "by": ("owner",)}),
    ("bridge", {"start": START}),
    ("bridge", {"start": START, "mode": "events", "by": ("owner",)}),
    ("qualified_bridge", {"start": START}),
    ("stage_win_rate", {}),
    ("retention", {}),
    ("retention", {"by": ("owner", "quarter")}),
    ("funnel", {"period": QUARTER}),
    ("funnel", {"period": QUARTER, "view": "cohort"}),
    ("funnel", {"period": QUARTER, "view": "cohort", "by": ("source",), "since": "first_touch"}),
    ("leaks", {"period": QUARTER}),
    ("first_response", {}),
    ("first_response", {"period": QUARTER, "by": ("source",)}),
    ("handover", {"by": ("owner",)}),
    ("attribution", {}),
    ("attribution", {"of": "open", "model": "w_shaped", "by": "campaign"}),
    ("attribution", {"of": "qualified", "model": "linear"}),
    ("sources", {"model": "linear"}),
    ("sources", {"period": QUARTER, "model": "w_shaped", "by": "campaign"}),
    ("campaign_costs", {"period": FEBRUARY}),
]
"""What each measure is asked, with groups that hold blanks."""


def total(deals: pl.DataFrame) -> int:
    return int(deals["value"].sum())


def of(deals: pl.DataFrame, *words: str) -> pl.DataFrame:
    return deals.filter(pl.col("counts_as").is_in(words))


def within(leads: pl.DataFrame) -> float | None:
    return over(leads.height - of(leads, "later or not yet").height, leads.height)


def step_rate(found: pl.DataFrame, row: dict[str, Any]) -> float | None:
    """Of a cohort those of the step before that passed, of a period one list over the other."""
    if row["rate"] is None:
        return None
    if row["passed"] is None:
        before = of(found, "the step before").height
        return (found.height - before) / (before or row["before"])
    return of(found, "passed").height / found.height


def parts(deals: pl.DataFrame) -> float:
    return round(float(deals["share"].sum()), 9)


def mean_days(deals: pl.DataFrame) -> float | None:
    weights = deals["share"].to_list()
    days = [each * share for each, share in zip(deals["days"].to_list(), weights, strict=True)]
    return sum(days) / sum(weights) if weights else None


def over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def found(measure: str, figure: Figure, deals: pl.DataFrame, row: dict[str, Any]) -> Any:
    """The figure from its deals alone; what is not of deals as it stands in the row."""
    own: dict[tuple[str, str], Callable[[], Any]] = {
        ("coverage", "nominal"): lambda: row["target"] and over(total(deals), row["target"]),
        ("coverage", "qualified"): lambda: row["target"] and over(total(deals), row["target"]),
        ("coverage", "needed"): lambda: over(deals.height, of(deals, "won").height),
        ("coverage", "target"): lambda: row["target"],
        ("win_rate", "by_count"): lambda: over(of(deals, "won").height, deals.height),
        ("win_rate", "by_amount"): lambda: over(total(of(deals, "won")), total(deals)),
        ("average_deal_size", "average_amount"): lambda: mean_amount(deals),
        ("velocity", "average_amount"): lambda: mean_amount(deals),
        ("velocity", "win_rate"): lambda: over(of(deals, "won").height, deals.height),
        ("velocity", "cycle_days"): lambda: deals["days"].mean(),
        ("cycle_length", "mean"): lambda: deals["days"].mean(),
        ("cycle_length", "median"): lambda: median(deals["days"].to_list()),
        ("cycle_length", "longest"): lambda: deals["days"].max(),
        ("cycle_length", "days"): lambda: deals["days"].sum(),
        ("conversion", "rate"): lambda: over(of(deals, "passed").height, deals.height),
        ("conversion", "rate_decided"): lambda: over(
            of(deals, "passed").height, of(deals, "passed", "lost").height
        ),
        ("time_in_stage", "mean"): lambda: rounded(deals["days"].mean()),
        ("time_in_stage", "median_completed"): lambda: rounded(deals["days"].median()),
        ("slippage", "rate_by_count"): lambda: over(of(deals, "slipped").height, deals.height),
        ("slippage", "rate_by_amount"): lambda: over(total(of(deals, "slipped")), total(deals)),
        ("bridge", "count"): lambda: deals.height,
        ("cycle_distribution", "share"): lambda: over(of(deals, row["took"]).height, deals.height),
        ("required_creation", "target"): lambda: row["target"],
        ("required_creation", "progress"): lambda: row["target"] and over(total(deals), row["target"]),
        ("required_creation", "gap_amount"): lambda: row["target"] and max(row["target"] - total(deals), 0),
        ("required_creation", "win_rate"): lambda: over(of(deals, "won").height, deals.height),
        ("required_creation", "needed_amount"): lambda: (
            row["gap_amount"] and needed(deals, row["gap_amount"])
        ),
        ("required_creation", "average_amount"): lambda: mean_amount(deals),
        ("required_creation", "cycle_days"): lambda: deals["days"].median(),
    }
    own |= {
        ("stage_win_rate", "rate"): lambda: over(of(deals, "won").height, deals.height),
        ("retention", "gross"): lambda: over(total(deals), contracts(deals)),
        ("retention", "net"): lambda: over(total(deals), contracts(deals)),
        ("funnel", "amount"): lambda: total(deals) if "value" in deals.columns else None,
        ("funnel", "passed"): lambda: None if row["passed"] is None else deals.height,
        ("funnel", "undecided"): lambda: None if row["passed"] is None else deals.height,
        ("funnel", "rate"): lambda: step_rate(deals, row),
        ("leaks", "amount"): lambda: total(deals) if "value" in deals.columns else None,
        ("first_response", "median"): lambda: deals["minutes"].median(),
        ("first_response", "p90"): lambda: deals["minutes"].quantile(0.9, "linear"),
        ("first_response", "within_hour"): lambda: within(deals),
        ("first_response", "within_day"): lambda: within(deals),
        ("handover", "rate"): lambda: over(of(deals, "met_in_time").height, deals.height),
        ("attribution", "deals"): lambda: parts(deals),
        ("sources", "deals"): lambda: parts(deals),
        ("sources", "won_deals"): lambda: parts(deals),
        ("sources", "lost_deals"): lambda: parts(deals),
        ("sources", "win_rate"): lambda: over(parts(of(deals, "won")), parts(deals)),
        ("sources", "cycle_days"): lambda: mean_days(deals),
        ("sources", "cost"): lambda: total(deals) if deals.height else None,
        ("sources", "cost_per_won"): lambda: (
            (row["cost"] and parts(deals) and round(row["cost"] / parts(deals))) or None
        ),
        ("sources", "return_on_cost"): lambda: row["cost"] and over(total(deals), row["cost"]),
        ("campaign_costs", "spent"): lambda: deals["value"].item(),
        ("campaign_costs", "cost"): lambda: deals["value"].item(),
    }
    alike = {"qualified_bridge": "bridge", "coverage_ahead": "coverage"}
    measure = alike.get(measure, measure)
    if (measure, figure.column) in own:
        return own[measure, figure.column]()
    return total(deals) if figure.unit == "money" else deals.height


def contracts(deals: pl.DataFrame) -> int:
    """What the contracts are worth; all of them are in the reporting currency here."""
    return int(deals["amount"].sum())


def needed(deals: pl.DataFrame, gap: int) -> int | None:
    won = of(deals, "won").height
    return round(Fraction(gap * deals.height, won)) if won else None


def mean_amount(deals: pl.DataFrame) -> int | None:
    """Half-even, by the arithmetic of whole numbers."""
    return round(total(deals) / deals.height) if deals.height else None


def rounded(days: Any) -> float | None:
    return None if days is None else round(float(days), 6)


ELSEWHERE = {
    "low", "high", "p90", "per_day", "remaining", "moved", "velocity_before", "velocity_after", "required_amount",
    "required_qualified_amount", "required_deals", "days_left", "per_week_amount", "probability",
}  # fmt: skip
"""Figures that are more than a sum or a share of their deals: held to account where their measure is tested."""


@pytest.mark.parametrize(
    ("measure", "given"), ASKED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_deals_give_the_figure(measure: str, given: dict[str, Any]) -> None:
    pipeline = asked_of(measure)
    table = answer(MEASURES[measure], pipeline, given)
    checked = 0
    for row in table.iter_rows(named=True):
        for figure in FIGURES[measure]:
            if (figure.column in ELSEWHERE and measure != "first_response") or (measure, figure.column) == (
                "time_in_stage",
                "median",
            ):
                continue
            deals = behind(pipeline, Asked(measure, given, row, figure.column))
            assert deals is not None
            said = found(measure, figure, deals, row)
            expected = row[figure.column]
            assert said == (pytest.approx(expected) if expected is not None else None), (figure.column, row)
            checked += deals.height
    assert checked > 0


def test_every_figure_of_deals_is_told() -> None:
    """Each column with a number of a measure that has figures is one, but for what tells rows apart."""
    for measure, given in ASKED:
        table = answer(MEASURES[measure], asked_of(measure), given)
        told = {each.column for each in FIGURES[measure]} | {
            "position",
            "won_priced",
            "from_days",
            "before",
            "after",
            "starts_on",
            "ends_on",
        }
        numbers = [name for name, dtype in table.schema.items() if dtype.is_numeric()]
        assert [name for name in numbers if name not in told] == [], measure


@pytest.mark.parametrize("measure", sorted(FIGURES))
def test_formulas_hold_their_numbers(measure: str) -> None:
    """The formula of every figure can be told of a row, and ends in the figure."""
    asked = next((given for name, given in ASKED if name == measure), None)
    if asked is None:
        asked = {"velocity_change": {"start": START}}.get(measure, {})
    table = answer(MEASURES[measure], asked_of(measure), asked)
    row = table.row(0, named=True)
    for figure in FIGURES[measure]:
        assert figure.column in table.columns, figure.column
        assert " = " in figure.shown(row, "USD")


def test_the_formula_of_coverage_and_velocity() -> None:
    row = {"open_amount": 820_000_00, "target": 250_000_00, "nominal": 3.28}
    nominal = figure_of("coverage", "nominal")
    assert nominal is not None
    assert nominal.shown(row, "USD") == "820,000.00 USD open / 250,000.00 USD target = 3.28x"
    per_day = figure_of("velocity", "per_day")
    assert per_day is not None
    levers = {"open_count": 50, "average_amount": 25_000_00, "win_rate": 0.25, "cycle_days": 60.0}
    assert per_day.shown({**levers, "per_day": 5_208_33}, "USD") == (
        "50 open deals × 25,000.00 USD × 25.00% win rate / 60.00 days cycle = 5,208.33 USD per day"
    )


def test_behind_each_lever_of_a_change_are_its_deals() -> None:
    pipeline = pipeline_on("polars")
    table = answer(MEASURES["velocity_change"], pipeline, {"start": START})
    counts = {}
    for row in table.iter_rows(named=True):
        deals = behind(pipeline, Asked("velocity_change", {"start": START}, row, "moved"))
        assert deals is not None
        counts[row["lever"]] = (deals.height, row["after"])
    assert counts["open_deals"][0] == counts["open_deals"][1]
    closed, rate = counts["win_rate"]
    assert counts["deal_size"][0] == counts["cycle_length"][0] == closed * rate


def test_a_bridge_by_events_names_who_changed_what() -> None:
    given = {"start": START, "mode": "events"}
    pipeline = pipeline_on("polars")
    row = {"line": "increased"}
    deals = behind(pipeline, Asked("bridge", given, row, "amount"))
    assert deals is not None
    assert deals.select("deal", "before", "after").rows() == [("d2", "800.00 EUR", "850.00 EUR"),
                                                              ("d3", "400.00 USD", "420.00 USD")]  # fmt: skip
    assert deals["changed_at"].null_count() == 0


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"owner": ["Ann"]}, {"d1", "d10"}),
        ({"owner": [None]}, {"d6"}),
        ({"team": ["South"], "source": ["fair"]}, {"d8"}),
        ({"owner": ["nobody"]}, set()),
    ],
)
def test_a_narrowed_pipeline_holds_its_deals_alone(
    where: dict[str, list[str | None]], expected: set[str]
) -> None:
    pipeline = narrowed(pipeline_on("polars"), where)
    assert set(collect(pipeline.open.select("deal"))["deal"]) == expected
    assert set(collect(pipeline.versions.select("deal"))["deal"]) >= expected


def test_narrowed_to_an_owner_the_target_is_theirs_and_to_a_source_nobodys() -> None:
    pipeline = pipeline_on("polars")
    by_owner = answer(MEASURES["coverage"], pipeline, {"period": QUARTER, "by": ("owner",)})
    for row in by_owner.iter_rows(named=True):
        alone = answer(
            MEASURES["coverage"], narrowed(pipeline, {"owner": [row["owner"]]}), {"period": QUARTER}
        )
        assert alone.row(0, named=True) == {name: value for name, value in row.items() if name != "owner"}
    of_source = answer(MEASURES["coverage"], narrowed(pipeline, {"source": ["web"]}), {"period": QUARTER})
    assert of_source["target"].item() is None


def test_the_rates_are_those_that_the_deals_were_converted_at() -> None:
    deals = table(
        "deals",
        """
        deal status amount currency close_on   valid_from
        a    open   100    USD      2025-09-30 2025-01-01
        b    won    100    USD      2025-02-10 2025-02-10
        c    won    100    USD      2025-03-31 2025-03-31
        d    lost   100    USD      2025-04-30 2025-04-30
        e    open   100    GBP      2025-09-30 2025-01-01
        f    open   100    EUR      2025-09-30 2025-01-01
        """,
    )
    dated = rates("USD 2025-01-01 0.9\nUSD 2025-04-01 0.8\nUSD 2025-06-01 0.7")
    pipeline = Book.build(deals=deals, rates=dated, currency="EUR").as_of("2025-06-30")

    def used(*keys: str, **asked: Any) -> list[tuple[Any, ...]]:
        found = readable(rates_used(pipeline, keys, **asked))
        return [(*row[:2], row[2] and row[2].month, row[3]) for row in found.rows()]

    whole = 10**9
    assert used("a", "b", "c", "d", "e", "f") == [
        ("GBP", 1, None, None),
        ("USD", 1, 6, whole * 7 // 10), ("USD", 1, 4, whole * 8 // 10), ("USD", 2, 1, whole * 9 // 10),
    ]  # fmt: skip
    assert used("f") == used() == []
    march = number(dt.date(2025, 3, 1))
    assert used("a", also_on=[march]) == [("USD", 1, 6, whole * 7 // 10), ("USD", 1, 1, whole * 9 // 10)]
