"""Behind a figure of leads, sources or campaigns: the leads, parts of deals or campaigns that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.definition import Definition
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.measures.asking import Asked
from stageproof.engine.measures.attribution import attributed, chosen_deals
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.engine.measures.first_response import WITHIN, answered_within, responses
from stageproof.engine.measures.funnel import LEAD_STEPS, deal_progress, deal_tests, lead_progress, lead_tests
from stageproof.engine.measures.grouping import closing_in
from stageproof.engine.measures.handover import audit_tests, audited_leads
from stageproof.engine.measures.lead_groups import in_period
from stageproof.engine.measures.leaks import left_behind
from stageproof.engine.measures.sources import (
    credited_deals,
    named_costs,
    named_leads,
)
from stageproof.engine.measures.sources import (
    deal_tests as source_tests,
)

Found: TypeAlias = pl.DataFrame
"""One row per lead, deal or campaign, told by its first column, with `counts_as` and what it adds."""

_OUTCOMES = ("passed", "lost", "disqualified", "undecided")


def _what_counts(tests: Mapping[str, nw.Expr], names: Sequence[str], otherwise: str) -> nw.Expr:
    """The first of the names whose test passes."""
    found: nw.Expr = nw.lit(otherwise)
    for name in reversed([each for each in names if each in tests]):
        found = nw.when(tests[name]).then(nw.lit(name)).otherwise(found)
    return found


def _passing(frame: Lazy, test: nw.Expr) -> Lazy:
    return frame.filter(nw.coalesce(test, nw.lit(False)))


# The funnel


def _funnel(pipeline: Pipeline, asked: Asked) -> Found:
    """Those that a column of a step counts; of a rate also those of the step before, where they are of one kind."""
    row, view = asked.row, asked.given.get("view", "period")
    if asked.column != "rate":
        return _at_step(pipeline, asked, row["unit"], row["position"], asked.column)
    if row["before"] is None:
        return _at_step(pipeline, asked, row["unit"], row["position"], "count")
    if view == "period":
        here = _at_step(pipeline, asked, row["unit"], row["position"], "count")
        if row["position"] == 0:
            return here
        before = _at_step(pipeline, asked, row["unit"], row["position"] - 1, "count")
        return pl.concat([here, before.with_columns(counts_as=pl.lit("the step before"))])
    if row["position"] == 0:
        return _at_step(pipeline, asked, "lead", len(LEAD_STEPS) - 1, "count")
    return _at_step(pipeline, asked, row["unit"], row["position"] - 1, "count")


def _at_step(pipeline: Pipeline, asked: Asked, unit: str, position: int, column: str) -> Found:
    given = asked.given
    period, view, since = given["period"], given.get("view", "period"), given.get("since", "arrival")
    name = "count" if column == "amount" else column
    if unit == "lead":
        tests = lead_tests(pipeline, position, period, view)
        frame, key = asked.here(lead_progress(pipeline, since)), "lead"
        step = LEAD_STEPS[position]
    else:
        rules = _rules(pipeline, asked.row["definition"])
        names = [stage.name for stage in rules.stages] if rules else []
        tests = deal_tests(pipeline, position, len(names), period, view)
        frame, key = asked.here(deal_progress(pipeline, rules, period, view, since)), "deal"
        step = ["deals", *names, "won"][position]
    if name not in tests:
        # What a step has nothing of, such as a lead that is lost, stands as nothing in its row.
        return collect(frame.select(key, counts_as=nw.lit(name)).head(0))
    counts_as = _what_counts(tests, _OUTCOMES, step) if view == "cohort" else nw.lit(step)
    more = {} if key == "lead" else {"value": nw.col("value")}
    return collect(_passing(frame, tests[name]).select(key, counts_as=counts_as, **more))


def _rules(pipeline: Pipeline, definition: str | None) -> Definition | None:
    return next((each for each in pipeline.definitions if each.pipeline == definition), None)


def _leaks(pipeline: Pipeline, asked: Asked) -> Found:
    row = asked.row
    leaving = next(
        each
        for each in left_behind(pipeline, asked.given["period"], asked.given.get("since", "arrival"))
        if (each.definition, each.unit) == (row["definition"], row["unit"])
    )
    here = leaving.rows.filter(nw.col("position") == row["position"], nw.col("reason") == row["reason"])
    more = {} if leaving.unit == "lead" else {"value": nw.col("value")}
    return collect(here.select(leaving.unit, counts_as=nw.col("reason"), **more))


# Leads


def _response(pipeline: Pipeline, asked: Asked) -> Found:
    leads, told = responses(pipeline)
    leads = asked.here(leads.filter(in_period(pipeline, "created_at", asked.period)))
    answered = ~nw.col("minutes").is_null()
    state = _what_counts({"answered": answered}, ("answered",), "not answered" if told else "unverifiable")
    tests = {"responded": answered, "median": answered, "p90": answered, "waiting": ~answered}
    if asked.column == "unverifiable" and told:
        leads = leads.head(0)
    elif asked.column in tests:
        leads = leads.filter(tests[asked.column])
    elif (name := asked.column.removeprefix("within_")) in WITHIN:
        soon, due = answered_within(pipeline, WITHIN[name])
        leads, words = leads.filter(due), f"within the {name}"
        state = _what_counts({words: soon}, (words,), "later or not yet")
    return collect(leads.select("lead", "minutes", counts_as=state))


def _handover(pipeline: Pipeline, asked: Asked) -> Found:
    days = {"days": asked.given["days"]} if "days" in asked.given else {}
    leads = asked.here(audited_leads(pipeline, **days))
    tests = audit_tests(pipeline, asked.period)
    decided = ("met_in_time", "met_late", "never_met")
    if asked.column == "rate":
        here = _passing(leads, tests["qualified"] & nw.col("handover").is_in(list(decided)))
    else:
        here = _passing(leads, tests[asked.column])
    of_qualified = asked.column not in ("untouched", "converted_unqualified")
    return collect(
        here.select("lead", counts_as=nw.col("handover") if of_qualified else nw.lit(asked.column))
    )


# Sources and campaigns


def _attribution(pipeline: Pipeline, asked: Asked) -> Found:
    given, by = asked.given, asked.given.get("by", "source")
    chosen = closing_in(chosen_deals(pipeline, given.get("of", "won")), asked.period)
    every = attributed(pipeline, chosen, given.get("model", "first"), by)
    states = chosen.select("deal", counts_as=nw.col("status"))
    return _shares(every.filter(nw.col("what") == asked.row[by]).join(states, on="deal", how="inner"))


def _sources(pipeline: Pipeline, asked: Asked) -> Found:
    by = asked.given.get("by", "source")
    what, column = asked.row[by], asked.column
    if column in ("leads", "qualified_leads"):
        if pipeline.leads is None:
            return pl.DataFrame(schema={"lead": pl.String, "counts_as": pl.String})
        dated = "created_at" if column == "leads" else "qualified_at"
        theirs = named_leads(pipeline, by).filter(
            nw.col("what") == what, in_period(pipeline, dated, asked.period)
        )
        return collect(theirs.select("lead", counts_as=nw.col("status")))
    if column == "cost":
        theirs_spent = named_costs(pipeline, asked.period, by).filter(pl.col("what") == what)
        return theirs_spent.select("campaign", counts_as=pl.lit("spent"), value="spent")
    tests = source_tests(pipeline, asked.period)
    wanted = {
        "win_rate": tests["won_deals"] | tests["lost_deals"],
        "cost_per_won": tests["won_deals"],
        "return_on_cost": tests["won_deals"],
    }
    frame = credited_deals(pipeline, asked.given.get("model", "first"), by).filter(nw.col("what") == what)
    took = {"days": nw.col("close_on") - nw.col("created_on")} if column == "cycle_days" else {}
    here = _passing(frame, wanted.get(column, tests.get(column, nw.lit(False))))
    return _shares(here.with_columns(counts_as=nw.col("status"), **took))


def _shares(touches: Lazy) -> Found:
    """One row per deal: the parts of its touches together."""
    found = collect(in_memory(touches))
    days = [pl.col("days").first()] if "days" in found.columns else []
    return found.group_by("deal", "counts_as", maintain_order=True).agg(
        *days, pl.col("share").sum().round(9), value=pl.col("amount").sum()
    )


def _campaign(pipeline: Pipeline, asked: Asked) -> Found:
    costs = campaign_costs(pipeline, period=asked.period).filter(campaign=asked.row["campaign"])
    return costs.select("campaign", counts_as=pl.lit(asked.column), value=asked.column)


BEHIND_LEADS: dict[str, Callable[[Pipeline, Asked], Found]] = {
    "funnel": _funnel,
    "leaks": _leaks,
    "first_response": _response,
    "handover": _handover,
    "attribution": _attribution,
    "sources": _sources,
    "campaign_costs": _campaign,
}

_FACTS: dict[str, tuple[str, ...]] = {
    "lead": ("name", "account", "owner", "source", "campaign", "status", "created_at"),
    "campaign": ("source", "starts_on", "ends_on", "cost"),
}


def with_facts(pipeline: Pipeline, found: Found) -> Found:
    """Leads or campaigns with their facts at the instant, the longest wait, the largest or the newest first."""
    key = found.columns[0]
    facts = (
        collect(pipeline.leads.select("lead", *_FACTS["lead"])) if key == "lead" and pipeline.leads else None
    )
    if key == "campaign":
        facts = campaign_costs(pipeline).select("campaign", *_FACTS["campaign"])
    if facts is None:
        return found
    rest = [name for name in found.columns if name not in (key, "counts_as")]
    named = found.join(facts, on=key, how="left", maintain_order="left")
    first = next((name for name in ("minutes", "value") if name in rest), "created_at")
    ordered = named.select(key, *_FACTS[key], "counts_as", *rest)
    return ordered.sort(first, key, descending=[True, False], nulls_last=True)


__all__ = ["BEHIND_LEADS", "with_facts"]
