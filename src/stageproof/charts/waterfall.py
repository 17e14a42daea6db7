"""Waterfalls: bars from where the one before ended, sums on the ground; one of them, or a small one per group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import GAP, label_room, rows
from stageproof.charts.render import Picture, width
from stageproof.charts.theme import DOWN, INK, LINE, UP, WON

ACROSS = 3
"""How many small ones stand side by side on a page; on a phone they stand below each other."""
_ROW, _BAR = 28, 18
_SMALL_ROW, _SMALL_BAR, _BETWEEN = 20, 12, 18

Bar = dict[str, Any]
"""`name`, `start`, `end`, `right` (the larger of both), `kind` (end, up or down) and its figure as `text`."""


def waterfall(bars: Sequence[Bar], is_narrow: bool) -> Picture:
    """One waterfall."""
    room = label_room((bar["name"] for bar in bars), is_narrow)
    layers = _layers(list(bars), room, _BAR, _ends(bars, 0.34 if is_narrow else 0.14))
    return alt.layer(*layers, data=rows(list(bars))).properties(
        width=width(is_narrow, less=room + GAP), height={"step": _ROW}
    )


def waterfalls(bars: Sequence[Bar], groups: Sequence[str], is_narrow: bool) -> Picture:
    """One small waterfall per group, all on one scale and with the same rows; each bar has its `group`."""
    room = label_room((bar["name"] for bar in bars), is_narrow=True)
    across = 1 if is_narrow else ACROSS
    layers = _layers(list(bars), room, _SMALL_BAR, _ends(bars, 0.4))
    small = alt.layer(*layers).properties(
        width=(width(is_narrow, less=room + GAP) - (across - 1) * _BETWEEN) // across,
        height={"step": _SMALL_ROW},
    )
    header = alt.Header(
        title=None, labelAnchor="start", labelColor=INK, labelFontSize=13, labelFontWeight=600, labelLimit=250
    )
    return small.facet(
        facet=alt.Facet("group:N", sort=list(groups), header=header, title=None),
        columns=across, data=rows(list(bars)), spacing=_BETWEEN,
    )  # fmt: skip


def _ends(bars: Sequence[Bar], more: float) -> list[float]:
    """Where the scale begins and ends, with room for the figure behind the longest bar."""
    span = [value for bar in bars for value in (bar["start"], bar["end"])]
    low, high = min(0, *span, 0), max(0, *span, 0)
    return [low, high + (high - low or 1) * more]


def _layers(bars: list[Bar], room: int, thick: int, ends: list[float]) -> list[Any]:
    names = list(dict.fromkeys(bar["name"] for bar in bars))
    y = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, labelPadding=8, labelLimit=room))
    scale = alt.Scale(domain=ends, nice=False)
    colours = alt.Scale(domain=["end", "up", "down"], range=[WON, UP, DOWN])
    base = alt.Chart()
    zero = base.mark_rule(color=LINE).encode(x=alt.X(datum=0, type="quantitative", scale=scale, axis=None))
    drawn = base.mark_bar(height=thick).encode(
        x=alt.X("start:Q", scale=scale, axis=None),
        x2="end:Q",
        y=y,
        color=alt.Color("kind:N", scale=colours, legend=None),
        **({"href": "href:N"} if bars and "href" in bars[0] else {}),
    )
    figures = base.mark_text(align="left", dx=6, color=INK)
    return [zero, drawn, figures.encode(x=alt.X("right:Q", scale=scale, axis=None), y=y, text="text:N")]
