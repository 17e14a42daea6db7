"""The reading of sales: what is open, by stage and owner, what of it is proven, and how old it is."""

from __future__ import annotations

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.qualification import QUALIFICATIONS
from stageproof.engine.readings import figures
from stageproof.engine.readings.cuts import STAGE, cut, in_months, whole
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Deals, Figure, Reading

SOON = 30
"""Days within which a close date is soon."""


def sales(looked: Looked) -> Reading:
    """The open pipeline for those who work it."""
    soon, late = _soon(looked), _overdue(looked)
    behind: dict[str, Deals] = {
        **looked.behind(),
        "closing_soon": lambda: looked.shown(soon),
        "overdue": lambda: looked.shown(late),
    }
    shown = (
        figures.nominal(looked),
        *(figures.of_qualification(looked, each) for each in QUALIFICATIONS),
        _dated(looked, "closing_soon", f"Closing within {SOON} days", soon,
               f"Open deals whose close date lies within the next {SOON} days."),
        _dated(looked, "overdue", "Overdue", late, "Open deals whose close date has passed."),
        _age(looked),
    )  # fmt: skip
    return Reading("sales", looked.head, shown, _tables(looked), behind=behind)


def by_stage(looked: Looked) -> pl.DataFrame:
    """The open deals by stage in the definition's order, with ages and the stage's norm."""
    norms = pl.DataFrame(
        [
            (each.pipeline, place, stage.name, stage.norm_days)
            for each in looked.head.definitions
            for place, stage in enumerate(each.stages)
        ],
        schema={"definition": pl.String, "position": pl.Int64, "stage": pl.String, "norm_days": pl.Int64},
        orient="row",
    )
    table = cut(looked.open, STAGE, aged=True).rename({"place": "stage"})
    full = norms.join(
        table, on=["definition", "position", "stage"], how="full", coalesce=True, nulls_equal=True
    )
    sums = [
        name for name in full.columns if name in ("count", "amount") or name.endswith(("_count", "_amount"))
    ]
    known = pl.when(pl.col("position") >= 0).then(pl.col("position"))
    return full.with_columns(pl.col(sums).fill_null(0)).sort("definition", known, "stage", nulls_last=True)


def _tables(looked: Looked) -> dict[str, pl.DataFrame]:
    return {
        "by_stage": by_stage(looked),
        "by_owner": cut(looked.open, ["owner"], aged=True),
        "by_team": cut(looked.open, ["team"], aged=True),
        "by_stage_and_owner": cut(looked.open, [*STAGE, "owner"], aged=True).rename({"place": "stage"}),
        "by_month": cut(in_months(looked.open, looked.pipeline.book.calendar), ["month"]),
    }


def _soon(looked: Looked) -> pl.DataFrame:
    today = looked.pipeline.day
    return looked.open.filter(pl.col("close_on").is_between(today, today + SOON))


def _overdue(looked: Looked) -> pl.DataFrame:
    return looked.open.filter(pl.col("close_on") < looked.pipeline.day)


def _dated(looked: Looked, name: str, title: str, deals: pl.DataFrame, says: str) -> Figure:
    formula = f"{deals.height:,} of {looked.open.height:,} open deals = {looked.money(whole(deals))}"
    return figures.figure(name, title, "money", whole(deals), says, formula, "open_pipeline",
                          count=deals.height, behind=name)  # fmt: skip


def _age(looked: Looked) -> Figure:
    ages = looked.open["age"].drop_nulls()
    median = ages.median()
    value = float(median) if isinstance(median, int | float) else None
    longest = "none" if ages.is_empty() else count_text(max(ages.to_list()), "day")
    formula = f"median over {ages.len():,} open deals; the longest: {longest}"
    says = "Whole days since the open deals entered the stage that they are in: half of them longer."
    return figures.figure("age", "Days in stage", "days", value, says, formula, "time_in_stage",
                          count=ages.len(), behind="nominal")  # fmt: skip
