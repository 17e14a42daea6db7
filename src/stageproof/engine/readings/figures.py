"""The figures that more than one reading shows, made once so that they are the same in all."""

from __future__ import annotations

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.qualification import QUALIFIED
from stageproof.engine.readings.cuts import whole
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Figure, Unit

_SAYS = {
    "qualified": "Every exit criterion of the stages behind the deal is met.",
    "waived": "Every criterion is met or was waived by someone who may.",
    "unverifiable": "No criterion is known to be unmet, but the book cannot tell about all of them.",
    "unqualified": "At least one exit criterion of a stage behind the deal is unmet.",
}


def figure(
    name: str,
    title: str,
    unit: Unit,
    value: int | float | None,
    says: str,
    formula: str,
    measure: str,
    *,
    count: int | None = None,
    behind: str | None = None,
    low: int | float | None = None,
    high: int | float | None = None,
) -> Figure:
    """A figure, with what it seldom has left out."""
    return Figure(name, title, unit, value, count, low, high, says, formula, measure, behind)


def nominal(looked: Looked) -> Figure:
    """Everything that is open."""
    amount, count = whole(looked.open), looked.open.height
    unpriced = int(looked.open["value"].null_count())
    formula = f"{count:,} open deals = {looked.money(amount)}"
    if unpriced:
        formula += f"; {unpriced:,} without an amount or a rate add nothing"
    says = "Everything that is open, whatever it has proven and whenever it closes."
    return figure("nominal", "Nominal pipeline", "money", amount, says, formula, "open_pipeline",
                  count=count, behind="nominal")  # fmt: skip


def of_qualification(looked: Looked, name: str) -> Figure:
    """What of the open pipeline is qualified, waived, unverifiable or unqualified."""
    deals = looked.open.filter(pl.col("qualification") == name)
    amount = whole(deals)
    formula = (
        f"{deals.height:,} of {looked.open.height:,} open deals = {looked.money(amount)} "
        f"of {looked.money(whole(looked.open))}"
    )
    return figure(name, name.capitalize(), "money", amount, _SAYS[name], formula, "open_pipeline",
                  count=deals.height, behind=name)  # fmt: skip


def won(looked: Looked) -> Figure:
    """What was won in the period so far."""
    amount, count = whole(looked.won), looked.won.height
    formula = f"{count_text(count, 'deal')} won in {looked.period.name} = {looked.money(amount)}"
    says = "What was won in the period by the instant, each deal at the rate of the day it closed."
    return figure("won", "Won so far", "money", amount, says, formula, "bookings", count=count, behind="won")


def base(looked: Looked) -> Figure:
    """The qualified deals that close in the period."""
    amount, count = whole(looked.base), looked.base.height
    qualified = looked.open.filter(pl.col("qualification") == QUALIFIED)
    formula = (
        f"{looked.money(whole(qualified))} qualified − {looked.money(whole(qualified) - amount)} outside "
        f"{looked.period.name} = {looked.money(amount)}"
    )
    says = "The qualified deals whose close date lies in the period."
    return figure("base", "Base", "money", amount, says, formula, "open_pipeline", count=count, behind="base")


def expected(looked: Looked) -> Figure:
    """What is expected of the base."""
    found = looked.expectation
    says = (
        "Each deal of the base times the share of the organisation's own closed deals that got as far and were "
        "won. The interval is model-based: it holds 80% if deals are won each for itself and as often as before."
    )
    formula = f"sum of value × probability over {count_text(looked.base.height, 'deal')} = {looked.money(found.amount)}"
    return figure("expected", "Expected", "money", found.amount, says, formula, "stage_win_rate",
                  count=looked.base.height, behind="expected", low=found.low, high=found.high)  # fmt: skip


def forecast(looked: Looked) -> Figure:
    """What was won and what is expected, together."""
    found, so_far = looked.expectation, whole(looked.won)
    landing = so_far + found.amount
    says = (
        "What was won in the period and what is expected of the qualified deals that close in it. Deals that do not "
        "exist yet, or have not proven their stage, are not in it. The interval is model-based."
    )
    formula = f"{looked.money(so_far)} won + {looked.money(found.amount)} expected = {looked.money(landing)}"
    return figure("forecast", "Forecast", "money", landing, says, formula, "stage_win_rate",
                  behind="forecast", low=so_far + found.low, high=so_far + found.high)  # fmt: skip


def target(looked: Looked) -> Figure:
    """The target of those looked at."""
    formula = f"target of {looked.period.name} = {looked.money(looked.target)}"
    says = "The target set for the period; unknown where none is set for what is looked at."
    return figure("target", "Target", "money", looked.target, says, formula, "coverage")


def gap(looked: Looked) -> Figure:
    """By how much the forecast is over its target, or short of it."""
    landing = int(forecast(looked).value or 0)
    value = None if looked.target is None else landing - looked.target
    formula = (
        f"{looked.money(landing)} forecast − {looked.money(looked.target)} target = {looked.money(value)}"
    )
    says = "The forecast less the target: above zero it is more than enough."
    return figure("gap", "Over or short", "money", value, says, formula, "coverage")
