"""Time in stage over time: a small chart per stage, by when half of those who came in each period had left."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import across, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, MUTED, PAPER, WON
from stageproof.charts.wording import UNKNOWN, days_text

SHOWN = 8
"""How many periods a chart holds at most, the last ones; the table beside it has all."""
FEW = 10
"""Below so many deals that have left a bar is drawn hollow: it may be chance."""
ACROSS = 3
_HEIGHT, _BETWEEN, _AXIS = 110, 24, 6
_CENTURY = re.compile(r"20(\d\d)")


def stays_over_time_chart(records: Sequence[Mapping[str, Any]], *, measure: str) -> Drawing | None:
    """A bar per period and stage as high as its median, on one scale, with a line at the stage's norm.

    Records have `stage`, `period`, `median`, `completed`, `norm` and `href`, in the order of stages and periods;
    nothing where no median is known.
    """
    periods = sorted({row["period"] for row in records})[-SHOWN:]
    shown = [{**row, **_words(row)} for row in records if row["period"] in periods]
    known = [row for row in shown if row["median"] is not None]
    if not known:
        return None
    stages = list(dict.fromkeys(row["stage"] for row in shown))
    end = max(max(row["median"] for row in known), *(row["norm"] or 0 for row in shown))

    def chart(is_narrow: bool) -> Picture:
        return _chart(shown, stages, [_short(each) for each in periods], end, is_narrow)

    told = (
        f"{stage}: {', '.join(row['told'] for row in shown if row['stage'] == stage)}{_norm(shown, stage)}"
        for stage in stages
    )
    return drawing(
        "stays-over-time", finding=_finding(known, stages), measure=measure, description=f"{'; '.join(told)}.",
        chart=chart,
    )  # fmt: skip


def _chart(
    shown: list[dict[str, Any]], stages: Sequence[str], periods: Sequence[str], end: float, is_narrow: bool
) -> Picture:
    columns = 1 if is_narrow else min(ACROSS, len(stages))
    x = alt.X(
        "short:N", sort=list(periods), scale=alt.Scale(domain=list(periods)),
        axis=alt.Axis(title=None, labelAngle=0, labelFontSize=10, labelOverlap="greedy", labelPadding=4),
    )  # fmt: skip
    scale = across(end * 1.2)
    base = alt.Chart()
    bars = base.mark_bar(size=16, stroke=WON, strokeWidth=1.2).encode(
        x=x, y=alt.Y("height:Q", scale=scale, axis=None), href="href:N",
        color=alt.condition("datum.few", alt.value("transparent"), alt.value(WON)),
    )  # fmt: skip
    norm = base.transform_filter("isValid(datum.norm)").mark_rule(color=MUTED, strokeDash=[4, 3])
    at = {"x": x, "y": alt.Y("height:Q", scale=scale, axis=None), "text": "text:N"}
    words: dict[str, Any] = {"baseline": "bottom", "dy": -3, "fontSize": 11}
    # A halo keeps the figures readable where the norm's line crosses them.
    halo = base.mark_text(color=PAPER, stroke=PAPER, strokeWidth=4, **words)
    small = alt.layer(
        norm.encode(y=alt.Y("mean(norm):Q", scale=scale, axis=None)),
        bars,
        halo.encode(**at),
        base.mark_text(color=INK, **words).encode(**at),
    ).properties(width=(width(is_narrow, less=_AXIS) - (columns - 1) * _BETWEEN) // columns, height=_HEIGHT)
    header = alt.Header(
        title=None, labelAnchor="start", labelColor=INK, labelFontSize=13, labelFontWeight=600, labelLimit=250
    )
    facet = alt.Facet("stage:N", sort=list(stages), header=header, title=None)
    charts = small.facet(facet=facet, columns=columns, data=rows(shown), spacing=_BETWEEN)
    found: alt.FacetChart = charts.resolve_axis(x="independent")
    return found


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    days = UNKNOWN if row["median"] is None else f"{row['median']:,.0f}"
    return {
        "short": _short(row["period"]), "height": row["median"] or 0, "text": days,
        "few": row["completed"] < FEW, "told": f"{row['period']} {days_text(row['median'])}",
    }  # fmt: skip


def _short(period: str) -> str:
    return _CENTURY.sub(r"\1", period)


def _norm(shown: Sequence[Mapping[str, Any]], stage: str) -> str:
    norm = next((row["norm"] for row in shown if row["stage"] == stage), None)
    return f" (norm {days_text(norm)})" if norm else ""


def _finding(known: Sequence[Mapping[str, Any]], stages: Sequence[str]) -> str:
    """Where time changed the most, from the first to the last period that enough deals have left."""
    changes = []
    for stage in stages:
        sure = [row for row in known if row["stage"] == stage and not row["few"]]
        if len(sure) > 1:
            changes.append((abs(sure[-1]["median"] - sure[0]["median"]), stage, sure[0], sure[-1]))
    if not changes:
        return "Too few deals have left a stage in several periods to tell whether they stay longer"
    most, stage, first, last = max(changes, key=lambda change: change[0])
    if most < 1:
        return "Deals stay in each stage as long as they did"
    way = "longer" if last["median"] > first["median"] else "shorter"
    return (
        f"Deals stay {way} in {stage}: half have left after {days_text(last['median'])} in {last['period']}, "
        f"{days_text(first['median'])} in {first['period']}"
    )
