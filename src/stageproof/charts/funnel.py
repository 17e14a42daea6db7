"""Funnel: how many reach each step, and how many of the step before that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import BAR, GAP, ROW, across, label_room, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, QUALIFIED, WAIVED
from stageproof.charts.wording import opened, percent_text


def funnel_chart(steps: Sequence[Mapping[str, Any]], *, measure: str) -> Drawing | None:
    """A bar per step in the order given, leads lighter than deals; nothing where nobody came in.

    A step has `step`, `unit`, `count`, `rate` and `out`: how many left there, null where that is not followed; it may
    have an `href` that its bar leads to.
    """
    if not any(step["count"] for step in steps):
        return None
    data = [
        {"step": opened(step["step"]), "start": 0, "end": step["count"], "unit": step["unit"],
         "text": _text(step, "of the step before"), "short": _text(step),
         **({"href": step["href"]} if "href" in step else {})}
        for step in steps
    ]  # fmt: skip
    end = max(each["end"] for each in data)

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, end, is_narrow)

    return drawing(
        "funnel",
        finding=_finding(steps),
        measure=measure,
        description="; ".join(f"{each['step']}: {each['text']}" for each in data) + ".",
        chart=chart,
    )


def _chart(data: list[dict[str, Any]], end: int, is_narrow: bool) -> Picture:
    labels = label_room((each["step"] for each in data), is_narrow)
    axis = alt.Axis(title=None, labelPadding=8, labelLimit=labels)
    y = alt.Y("step:N", sort=[each["step"] for each in data], axis=axis)
    scale = across(end * (2.1 if is_narrow else 1.5))
    colour = alt.Color(
        "unit:N", scale=alt.Scale(domain=["lead", "deal"], range=[WAIVED, QUALIFIED]), legend=None
    )
    start, to = (alt.X(f"{name}:Q", scale=scale, axis=None) for name in ("start", "end"))
    more: dict[str, Any] = {"href": "href:N"} if "href" in data[0] else {}
    bars = alt.Chart(rows(data)).mark_bar(height=BAR).encode(x=start, x2="end:Q", y=y, color=colour, **more)
    texts = (
        alt.Chart(rows(data))
        .mark_text(align="left", dx=7, color=INK)
        .encode(x=to, y=y, text="short:N" if is_narrow else "text:N")
    )
    return alt.layer(bars, texts).properties(
        width=width(is_narrow, less=labels + GAP), height={"step": ROW - 4}
    )


def _text(step: Mapping[str, Any], of: str = "") -> str:
    parts = [f"{step['count']:,}"]
    if step["rate"] is not None:
        parts.append(f"{percent_text(step['rate'], places=0)} {of}".rstrip())
    if step["out"]:
        parts.append(f"{step['out']:,} left")
    return " · ".join(parts)


def _finding(steps: Sequence[Mapping[str, Any]]) -> str:
    """Where most leave, or where the least get through."""
    first, last = steps[0], steps[-1]
    leaving = [step for step in steps if step["out"]]
    if leaving:
        worst = max(leaving, key=lambda step: int(step["out"]))
        whole = sum(int(step["out"]) for step in leaving)
        noun = "leads" if worst["unit"] == "lead" else "deals"
        return f"Most leave at {worst['step']}: {worst['out']:,} {noun} of {whole:,} that left"
    return f"{last['count']:,} {last['step']} and {first['count']:,} {first['step']} in the period"
