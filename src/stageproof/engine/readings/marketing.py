"""The reading of marketing: the same deals by source and campaign, from the lead on."""

from __future__ import annotations

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.frames import instant_number, readable
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.engine.period import end_of_day, start_of_day
from stageproof.engine.readings import figures
from stageproof.engine.readings.cuts import counted, cut, grouped, joined, whole
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Deals, Figure, Reading


def marketing(looked: Looked) -> Reading:
    """What sources and campaigns brought in the period, and what is open of theirs."""
    leads, costs = looked.leads, _costs(looked)
    arrived, qualified = _within(looked, leads, "created_at"), _within(looked, leads, "qualified_at")
    behind: dict[str, Deals] = {
        **looked.behind(),
        "leads": lambda: readable(arrived),
        "qualified_leads": lambda: readable(qualified),
    }
    shown = (
        _of_leads(looked, "leads", "Leads", arrived, "Leads that came in during the period."),
        _of_leads(looked, "qualified_leads", "Qualified leads", qualified,
                  "Leads that were first qualified, or converted, in the period."),
        _created(looked),
        figures.nominal(looked),
        figures.of_qualification(looked, "qualified"),
        figures.won(looked),
        _cost(looked, costs),
    )  # fmt: skip
    tables = {
        "by_source": _by(looked, ["source"], arrived, qualified, costs),
        "by_campaign": _by(looked, ["source", "campaign"], arrived, qualified, costs),
    }
    return Reading("marketing", looked.head, shown, tables, behind=behind)


def _by(
    looked: Looked, by: list[str], arrived: pl.DataFrame, qualified: pl.DataFrame, costs: pl.DataFrame
) -> pl.DataFrame:
    """One row per source: leads and qualified leads, deals created, what is open as in every cut, what was won, and
    what it cost, null where that is unknown."""
    rows = pl.len().cast(pl.Int64)
    return joined(
        by,
        grouped(arrived, by, leads_count=rows),
        grouped(qualified, by, qualified_leads_count=rows),
        counted(looked.created, by, "created"),
        cut(looked.open, by),
        counted(looked.won, by, "won"),
        grouped(costs, by, cost=pl.col("spent").sum()),
    )


def _costs(looked: Looked) -> pl.DataFrame:
    """The campaigns with a known cost and what they `spent` in the period; none where deals are narrowed by what no
    campaign has."""
    costs = campaign_costs(looked.pipeline, period=looked.period).filter(pl.col("spent").is_not_null())
    if set(looked.where) - {"source", "campaign"}:
        return costs.clear()
    for name, values in looked.where.items():
        costs = costs.filter(pl.col(name).is_in(list(values), nulls_equal=True))
    return costs


def _cost(looked: Looked, costs: pl.DataFrame) -> Figure:
    amount = None if costs.is_empty() else int(costs["spent"].sum())
    spent = f"{count_text(costs.height, 'campaign')} spent {looked.money(amount)} in {looked.period.name}"
    formula = "no cost is known of what is looked at" if amount is None else spent
    says = "What campaigns cost, spread evenly over their days; those without a known cost are not in it."
    return figures.figure(
        "cost", "Cost", "money", amount, says, formula, "campaign_costs", count=costs.height
    )


def _within(looked: Looked, leads: pl.DataFrame, instant: str) -> pl.DataFrame:
    zone = looked.pipeline.book.zone
    first = instant_number(start_of_day(looked.period.starts_on, zone))
    after = instant_number(end_of_day(looked.period.ends_on, zone))
    return leads.filter(pl.col(instant) >= first, pl.col(instant) < after)


def _of_leads(looked: Looked, name: str, title: str, leads: pl.DataFrame, says: str) -> Figure:
    held = looked.pipeline.book.holds("leads")
    formula = (
        f"{count_text(leads.height, 'lead')} in {looked.period.name}" if held else "the book holds no leads"
    )
    return figures.figure(name, title, "count", leads.height if held else None, says, formula, "funnel",
                          count=leads.height if held else None, behind=name)  # fmt: skip


def _created(looked: Looked) -> Figure:
    deals = looked.created
    formula = (
        f"{count_text(deals.height, 'deal')} created in {looked.period.name} = {looked.money(whole(deals))}"
    )
    says = "Deals that came into being in the period, whatever became of them, at their present amount."
    return figures.figure("created", "Deals created", "money", whole(deals), says, formula, "funnel",
                          count=deals.height, behind="created")  # fmt: skip
