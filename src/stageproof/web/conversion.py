"""Conversion: how many go further, how long they stay, how long it takes, how often dates slip; with how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.charts.distribution import distribution_chart
from stageproof.charts.rates import FEW, rates_chart
from stageproof.charts.stays import stays_chart
from stageproof.charts.stays_over_time import FEW as FEW_LEFT
from stageproof.charts.stays_over_time import SHOWN, stays_over_time_chart
from stageproof.charts.wording import days_text, listed, percent_text, period_text
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_number
from stageproof.web.drawings import Sketch, asked_for, by_name
from stageproof.web.figures import why
from stageproof.web.measure_controls import MeasureLook, choices, exported, look_at
from stageproof.web.policy import EVERYONE, policy

BYS = {"owner": "By owner", "team": "By team", "source": "By source", "segment": "By segment"}
MARKS = {"discovery": (0.3, 0.4)}
"""Ranges that others report, by the stage's name: a direction to look in, not a goal."""

WIN_MARK = (0.19, 0.29)
"""Win rates of one large benchmark, 2025 and 2024."""


NOT_IN_A_STAGE = "No deal has been in a stage. Move one on the board, or import stage changes."

GROUPS = 25
"""Of how many groups tables show a row each, until all are asked for."""

RATES = 14
"""Of how many groups the chart shows the win rate at most; the table beside it has all."""


@policy(*EVERYONE)
@require_safe
def conversion(request: HttpRequest) -> HttpResponseBase:
    """Conversion, time in stage, cycle length and slippage as a page."""
    request.place = "conversion"  # type: ignore[attr-defined]
    look = look_at(request, ("by", "pipeline", "groups"), back=True)
    assert look.period is not None
    by = look.one_of("by", tuple(BYS), "owner")
    form, what = request.GET.get("format", "csv"), request.GET.get("export", "")
    given = tables_of(look, by)
    if what in given:
        measure, asked = given[what]
        return exported(look, look.table(measure, **asked), f"{measure.replace('_', '-')}-{what}", form)
    definitions = look.whole.definitions
    rules = next((each for each in definitions if each.pipeline == look.given.get("pipeline")), None)
    rules = rules or (definitions[0] if definitions else None)
    stages = [
        row for row in _asked(look, given, "stages") if rules is None or row["definition"] == rules.pipeline
    ]
    stays = [
        row for row in _asked(look, given, "stays") if rules is None or row["definition"] == rules.pipeline
    ]
    quarters = _by_quarter(_asked(look, given, "quarters"), rules)
    wins, cycles = _asked(look, given, "wins"), _asked(look, given, "cycles")
    whole_win, whole_cycle = (
        look.row("win_rate", period=look.period),
        look.row("cycle_length", period=look.period),
    )
    steps = _asked(look, given, "steps")
    sketches = [
        _converted(look, stages), _won(look, wins, whole_win, by), _stayed(look, stays, rules),
        _stayed_over_time(look, quarters),
        _took(look, steps, whole_cycle),
    ]  # fmt: skip
    if (part := asked_for(request, sketches)) is not None:
        return part
    begun = day_number(look.period.starts_on) <= look.pipeline.day
    slipped = _asked(look, given, "slipped") if begun else []
    grouped = {
        "groups": (_by_stage(_asked(look, given, "groups"), by, rules, "entered", "entered", FEW), "counted"),
        "stays_by": (_by_stage(_asked(look, given, "stays_by"), by, rules, "deals", "completed", FEW_LEFT), "counted"),
        "wins": (wins, "won_count"), "cycles": (cycles, "deals"), "slipped": (slipped, "due_count"),
    }  # fmt: skip
    everything = look.given.get("groups") == "all"
    context = {
        **{name: _most(rows, counts, everything=everything) for name, (rows, counts) in grouped.items()},
        "all_groups": {name: len(rows) for name, (rows, _) in grouped.items()}, "everything": look.query(groups="all"),
        "look": look, "period": look.period, "by": by, "stages": stages, "stays": stays,
        "quarters": quarters, "few_left": FEW_LEFT, "quarters_shown": SHOWN,
        "quarter_names": sorted({name for each in quarters for name in each["cells"]}),
        "few": FEW, "win": whole_win, "cycle": whole_cycle, "steps": steps, "begun": begun,
        "slip": look.row("slippage", period=look.period) if begun else None, "win_mark": WIN_MARK,
        "stage_names": [each.name for each in rules.stages] if rules else [], "rules": rules,
        "controls": [
            look.periods(), choices("by", "Groups", BYS, by),
            *([choices("pipeline", "Pipeline", {each.pipeline: each.pipeline for each in definitions},
                       rules.pipeline if rules else "")] if len(definitions) > 1 else []),
        ],
        "exports": [("stages", "By stage"), ("groups", f"By stage and {by}"), ("stays", "Time in stage"),
                    ("stays_by", f"Time in stage {BYS[by].lower()}"),
                    ("quarters", "Time in stage by quarter"),
                    ("wins", f"Win rate {BYS[by].lower()}"), ("steps", "Cycle lengths"),
                    *([("slipped", "Slippage")] if begun else [])],
        **by_name(request, sketches),
    }  # fmt: skip
    return render(request, "conversion.html", context)


def tables_of(look: MeasureLook, by: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """The page's tables by name: which measure, asked with what."""
    period = {"period": look.period}
    return {
        "stages": ("conversion", period),
        "groups": ("conversion", {**period, "by": (by,)}),
        "stays": ("time_in_stage", {}),
        "stays_by": ("time_in_stage", {"by": (by,)}),
        "quarters": ("time_in_stage", {"by": ("quarter",)}),
        "wins": ("win_rate", {**period, "by": (by,)}),
        "cycles": ("cycle_length", {**period, "by": (by,)}),
        "steps": ("cycle_distribution", period),
        "slipped": ("slippage", {**period, "by": (by,)}),
    }


def _most(rows: Sequence[dict[str, Any]], counts: str, *, everything: bool) -> list[dict[str, Any]]:
    """The rows of the groups with the most deals, in their order; all of them where they are few or asked for."""
    if everything or len(rows) <= GROUPS:
        return list(rows)
    largest = sorted(range(len(rows)), key=lambda at: rows[at][counts] or 0, reverse=True)[:GROUPS]
    return [rows[at] for at in sorted(largest)]


def _asked(look: MeasureLook, given: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    measure, asked = given[name]
    return look.rows(measure, **asked)


def _by_stage(
    rows: Sequence[Mapping[str, Any]], by: str, rules: Definition | None, counts: str, known: str, few: int
) -> list[dict[str, Any]]:
    """One row per group with its cell of each stage, `few` where less are known; without groups that `counts` none."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        if rules is None or row["definition"] == rules.pipeline:
            group = found.setdefault(row[by], {"group": row[by], "cells": {}, "counted": 0})
            group["cells"][row["stage"]] = {**row, "few": row[known] < few}
            group["counted"] += row[counts]
    return [each for each in found.values() if each["counted"]]


def _link(look: MeasureLook, measure: str, column: str, **asked: Any) -> str:
    as_of = None if look.moment.is_now else look.moment.on.isoformat()
    return why(measure, column, as_of=as_of, **{**look.links, **asked})


def _converted(look: MeasureLook, stages: Sequence[Mapping[str, Any]]) -> Sketch:
    """The share that goes further from each stage, with how sure that is."""
    records = [
        {"label": row["stage"] or "none", "rate": row["rate"], "low": row["low"], "high": row["high"],
         "count": row["entered"], "href": _link(look, "conversion", "rate", period=look.period,
                                                definition=row["definition"], stage=row["stage"])}
        for row in stages
    ]  # fmt: skip
    known = [row for row in records if row["rate"] is not None and row["count"] >= FEW]
    least = min(known, key=lambda row: row["rate"], default=None)
    finding = (
        f"{least['label']} loses the most: {percent_text(least['rate'], 0)} go further"
        if least else "Too few deals entered a stage to tell where they are lost"
    )  # fmt: skip
    assert look.period is not None
    during = period_text(look.period.name)
    measure = f"Deals that entered each stage in {during} and went further; 95% intervals, hollow: few deals"
    marks = [(row["label"], *MARKS[row["label"].lower()]) for row in records if row["label"].lower() in MARKS]
    return Sketch(
        "converted", [records, finding, measure],
        lambda: rates_chart(records, name="converted", finding=finding, measure=measure, marks=marks),
        nothing=f"No deal entered a stage in {during}. {look.elsewhere}",
    )  # fmt: skip


def _won(look: MeasureLook, wins: Sequence[Mapping[str, Any]], whole: Mapping[str, Any], by: str) -> Sketch:
    """The win rate of each group beside that of all."""
    records = [
        {"label": row[by] or "none", "rate": row["by_count"], "low": row["low"], "high": row["high"],
         "count": row["won_count"] + row["lost_count"],
         "href": _link(look, "win_rate", "by_count", period=look.period, by=by, **{by: row[by]})}
        for row in wins
    ]  # fmt: skip
    records.sort(key=lambda row: (-row["count"], row["label"]))
    shown = records[:RATES]
    every = {
        "label": "All",
        "rate": whole["by_count"],
        "low": whole["low"],
        "high": whole["high"],
        "count": whole["won_count"] + whole["lost_count"],
        "href": _link(look, "win_rate", "by_count", period=look.period),
    }
    apart = [row for row in shown if row["rate"] is not None and whole["by_count"] is not None
             and not row["low"] <= whole["by_count"] <= row["high"]]  # fmt: skip
    finding = f"No {by} differs from the whole by more than chance may do"
    if apart:
        differ = "differs" if len(apart) == 1 else "differ"
        finding = f"{listed([row['label'] for row in apart[:3]])} {differ} from the whole by more than chance"
    assert look.period is not None
    most = f"; the {RATES} of {len(records)} with the most closed deals" if len(records) > RATES else ""
    during = period_text(look.period.name)
    measure = f"Win rate by {by}, deals closed in {during}, with 95% intervals; band: benchmarks{most}"
    return Sketch(
        "won", [every, shown, finding, measure],
        lambda: rates_chart([every, *shown], name="won", finding=finding, measure=measure,
                            marks=[("All", *WIN_MARK)]) if whole["by_count"] is not None else None,
        nothing=f"No deal closed in {during}. {look.elsewhere}",
    )  # fmt: skip


def _stayed(look: MeasureLook, stays: Sequence[Mapping[str, Any]], rules: Definition | None) -> Sketch:
    """How long deals stay in each stage."""
    norms = {stage.name: stage.norm_days for stage in rules.stages} if rules else {}
    records = [
        {"stage": row["stage"] or "none", "median": row["median"], "p90": row["p90"], "deals": row["deals"],
         "norm": norms.get(row["stage"]),
         "href": _link(look, "time_in_stage", "median", definition=row["definition"], stage=row["stage"])}
        for row in stays
    ]  # fmt: skip
    measure = "Days until half have left each stage, line to nine in ten; those still there count for the days so far"
    return Sketch("stays", records, lambda: stays_chart(records, measure=measure), NOT_IN_A_STAGE)


def _by_quarter(rows: Sequence[Mapping[str, Any]], rules: Definition | None) -> list[dict[str, Any]]:
    """One row per stage of the definition with its time in each quarter."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in rows:
        if row["quarter"] is not None and (rules is None or row["definition"] == rules.pipeline):
            stage = found.setdefault((row["position"], row["stage"]), {"stage": row["stage"], "cells": {}})
            stage["cells"][row["quarter"]] = row
    norms = {stage.name: stage.norm_days for stage in rules.stages} if rules else {}
    # A stage that no definition knows stands last.
    order = sorted(found, key=lambda key: (key[0] < 0, key[0], str(key[1])))
    return [{**found[key], "norm": norms.get(found[key]["stage"])} for key in order]


def _stayed_over_time(look: MeasureLook, stages: Sequence[Mapping[str, Any]]) -> Sketch:
    """How long deals stay in each stage, quarter by quarter."""
    records = [
        {"stage": each["stage"] or "none", "period": quarter, "median": row["median"], "completed": row["completed"],
         "norm": each["norm"],
         "href": _link(look, "time_in_stage", "median", by="quarter", quarter=quarter, definition=row["definition"],
                       stage=row["stage"])}
        for each in stages for quarter, row in sorted(each["cells"].items())
    ]  # fmt: skip
    measure = "Days until half of those who came in each quarter have left; those still there count for the days so far"
    return Sketch(
        "quarters", records, lambda: stays_over_time_chart(records, measure=measure), NOT_IN_A_STAGE
    )


def _took(look: MeasureLook, steps: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> Sketch:
    """How long won deals took."""
    records = [
        {**row, "href": _link(look, "cycle_distribution", "deals", period=look.period, took=row["took"])}
        for row in steps
    ]
    assert look.period is not None
    finding = f"Half of the deals won took at most {days_text(whole['median'])}, nine in ten {days_text(whole['p90'])}"
    measure = f"Days from created to won, deals won in {period_text(look.period.name)}"
    return Sketch(
        "took", [records, finding, measure],
        lambda: distribution_chart(records, name="took", finding=finding, measure=measure) if whole["deals"] else None,
        nothing=f"No deal whose creation is known was won in {period_text(look.period.name)}. {look.elsewhere}",
    )  # fmt: skip
