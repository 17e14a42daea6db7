"""The measures: each one function from a pipeline to a table, and what it says in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stageproof.engine.measures.attribution import attribution
from stageproof.engine.measures.average_deal_size import average_deal_size
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.bridge import bridge
from stageproof.engine.measures.bridge_qualified import qualified_bridge
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.engine.measures.conversion import conversion
from stageproof.engine.measures.coverage import coverage
from stageproof.engine.measures.coverage_ahead import coverage_ahead
from stageproof.engine.measures.cycle_distribution import cycle_distribution
from stageproof.engine.measures.cycle_length import cycle_length
from stageproof.engine.measures.first_response import first_response
from stageproof.engine.measures.funnel import funnel
from stageproof.engine.measures.handover import handover
from stageproof.engine.measures.leaks import leaks
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.measures.required_creation import required_creation
from stageproof.engine.measures.retention import retention
from stageproof.engine.measures.slippage import push_count, slippage
from stageproof.engine.measures.sources import sources
from stageproof.engine.measures.stage_visits import stage_visits
from stageproof.engine.measures.stage_win_rate import stage_win_rate
from stageproof.engine.measures.time_in_stage import time_in_stage
from stageproof.engine.measures.velocity import velocity
from stageproof.engine.measures.velocity_change import velocity_change
from stageproof.engine.measures.win_rate import win_rate

__all__ = [
    "MEASURES",
    "Measure",
    "attribution",
    "average_deal_size",
    "bookings",
    "bridge",
    "campaign_costs",
    "conversion",
    "coverage",
    "coverage_ahead",
    "cycle_distribution",
    "cycle_length",
    "first_response",
    "funnel",
    "handover",
    "leaks",
    "open_pipeline",
    "push_count",
    "qualified_bridge",
    "required_creation",
    "retention",
    "slippage",
    "sources",
    "stage_visits",
    "stage_win_rate",
    "time_in_stage",
    "velocity",
    "velocity_change",
    "win_rate",
]


@dataclass(frozen=True)
class Measure:
    """One measure: its function, what it says, how it is computed in words, and its page under
    docs/reference."""

    name: str
    compute: Callable[..., Any]
    says: str
    formula: str

    @property
    def page(self) -> str:
        return f"measures/{self.name.replace('_', '-')}.md"


def _catalogue(*measures: tuple[Callable[..., Any], str, str]) -> dict[str, Measure]:
    return {
        compute.__name__: Measure(compute.__name__, compute, says, formula)
        for compute, says, formula in measures
    }


MEASURES: dict[str, Measure] = _catalogue(
    (
        open_pipeline,
        "What is open, and how much of it has proven its stage.",
        "sum of open amounts = qualified + waived + unverifiable + unqualified",
    ),
    (
        coverage,
        "Whether the open pipeline is enough for the target.",
        "open amount closing in the period / target; remaining: open / (target - won so far); "
        "needed: 1 / win rate",
    ),
    (
        coverage_ahead,
        "Whether this period and the next ones are covered, by early and late stages.",
        "coverage of each period; early stages cover future periods, late ones this one",
    ),
    (
        required_creation,
        "How much pipeline still has to be created to reach the target.",
        "(target - won so far) / win rate - open amount closing in the period",
    ),
    (bookings, "What was won and what was lost.", "sum of the amounts of deals by the day they closed"),
    (win_rate, "How often deals are won.", "won / (won + lost), by count and by amount"),
    (
        stage_win_rate,
        "How often deals that got as far as a stage are won.",
        "won / closed of those that reached it; probability: (won + 10 x rate of all) / (closed + 10)",
    ),
    (average_deal_size, "What a won deal brings.", "won amount / won deals that have an amount"),
    (
        cycle_length,
        "How long it takes to win.",
        "days from created to closed of won deals: mean, median, ninth decile",
    ),
    (
        cycle_distribution,
        "How many deals took how long to win.",
        "deals by the days from created to closed, in steps of 30",
    ),
    (
        velocity,
        "What the pipeline yields per day.",
        "open deals x average deal size x win rate / mean cycle length",
    ),
    (
        velocity_change,
        "Which of the four levers moved velocity.",
        "the effect of each lever averaged over every order in which they can change; the parts add up to the change",
    ),
    (
        conversion,
        "How many of the deals that enter a stage get further.",
        "deals that reached a further stage or were won / deals that entered; skipping counts as passing",
    ),
    (
        time_in_stage,
        "How long deals stay in a stage.",
        "days between entering and leaving, summed over visits; deals still there count as so far (Kaplan-Meier)",
    ),
    (stage_visits, "When each deal was in which stage.", "runs of versions in the same open stage"),
    (
        slippage,
        "How much of what was to close in a period did not.",
        "due deals open past the period's end or re-dated beyond it / deals due as the period began",
    ),
    (
        push_count,
        "How often the close date of a deal was put off.",
        "number of moves to a later day, and days",
    ),
    (
        bridge,
        "How the open pipeline of one day became that of another.",
        "opening + new + reopened + pulled in + transferred in + increased - decreased - pushed out - "
        "transferred out - won - lost - deleted +- exchange rates = closing",
    ),
    (
        qualified_bridge,
        "How the qualified pipeline of one day became that of another.",
        "the bridge over qualified deals, with became qualified - lost qualification +- change of definition",
    ),
    (
        funnel,
        "How leads become deals and deals are won.",
        "leads by status, deals by stage reached, won; each step over the one before",
    ),
    (
        attribution,
        "Which sources and campaigns brought it.",
        "each amount split over the touches before it: first, last, linear or W-shaped; parts add up to the whole",
    ),
    (
        sources,
        "What each source or campaign brought, and what that cost.",
        "leads by their own source; deals split over touches; cost / won deals, won amount / cost, "
        "won / (won + lost), mean days from created to won",
    ),
    (
        campaign_costs,
        "What campaigns cost in a period.",
        "cost spread evenly over the days of the campaign; parts of periods add up",
    ),
    (
        first_response,
        "How soon leads are answered.",
        "first response - came in: median and ninth decile in minutes; answered within an hour or a day / "
        "leads as old as that or answered by then",
    ),
    (
        handover,
        "Whether sales took up what marketing qualified.",
        "leads with a meeting within so many days of being qualified / qualified leads whose days are over or that met",
    ),
    (
        leaks,
        "Where leads and deals leave the funnel, and why.",
        "disqualified leads and lost deals of the cohort by furthest step and reason",
    ),
    (
        retention,
        "What became of the contracts that were up for renewal, and what was built on them.",
        "due = retained + shrunk + lost + lapsed + open + awaited; gross = retained / decided; "
        "net = (retained + expanded) / decided",
    ),
)
