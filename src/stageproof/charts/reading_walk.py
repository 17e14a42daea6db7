"""The walk of finance: from the nominal pipeline to what is expected of it, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import GAP, label_room, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import DOWN, INK, LINE, UP, WON
from stageproof.charts.wording import short_text

_ROW, _BAR = 28, 18


def walk_chart(steps: Sequence[Mapping[str, Any]], *, finding: str, currency: str) -> Drawing:
    """A bar per line of the statement: `title`, `sign` (1 adds, -1 takes away, 0 is what it comes to), `amount`.

    Amounts are minor units.
    """
    bars = _bars(steps, currency)
    high = max((bar["right"] for bar in bars), default=1)
    low = min((bar["left"] for bar in bars), default=0)

    def chart(is_narrow: bool) -> Picture:
        return _chart(bars, min(low, 0), high or 1, is_narrow)

    return drawing(
        "walk",
        finding=finding,
        measure=f"From the open pipeline to what is expected, {currency}",
        description="; ".join(f"{bar['name']}: {bar['text']}" for bar in bars) + ".",
        chart=chart,
    )


def _bars(steps: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Where each bar starts and ends; a sum stands on the ground, a step where the one before ended."""
    bars: list[dict[str, Any]] = []
    total = 0
    for at, step in enumerate(steps):
        sign, amount = step["sign"], step["amount"] or 0
        stands = at == 0 or sign == 0
        start, end = (0, amount) if stands else (total, total + sign * amount)
        total = end
        kind = "end" if stands else "up" if sign > 0 else "down"
        mark = "" if stands or not amount else "+" if sign > 0 else "−"
        bars.append(
            {"name": step["title"], "start": start, "end": end, "kind": kind, "left": min(start, end),
             "right": max(start, end), "text": f"{mark}{short_text(amount, currency)}"}
        )  # fmt: skip
    return bars


def _chart(bars: list[dict[str, Any]], low: int, high: int, is_narrow: bool) -> Picture:
    room = label_room((bar["name"] for bar in bars), is_narrow)
    axis = alt.Axis(title=None, labelPadding=8, labelLimit=room)
    y = alt.Y("name:N", sort=[bar["name"] for bar in bars], axis=axis)
    scale = alt.Scale(domain=[low, high + (high - low) * (0.34 if is_narrow else 0.14)], nice=False)
    colours = alt.Scale(domain=["end", "up", "down"], range=[WON, UP, DOWN])
    base = alt.Chart(rows(bars))
    drawn = base.mark_bar(height=_BAR).encode(
        x=alt.X("start:Q", scale=scale, axis=None),
        x2="end:Q",
        y=y,
        color=alt.Color("kind:N", scale=colours, legend=None),
    )
    labels = base.mark_text(align="left", dx=6, color=INK)
    zero = alt.Chart(rows([{"zero": 0}])).mark_rule(color=LINE)
    return alt.layer(
        zero.encode(x=alt.X("zero:Q", scale=scale, axis=None)),
        drawn,
        labels.encode(x=alt.X("right:Q", scale=scale, axis=None), y=y, text="text:N"),
    ).properties(width=width(is_narrow, less=room + GAP), height={"step": _ROW})
