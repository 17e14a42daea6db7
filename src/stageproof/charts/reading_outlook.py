"""The outlook: what is won and what is expected on top of it, with its interval, against the target."""

from __future__ import annotations

from typing import Any

import altair as alt

from stageproof.charts.bars import rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, MUTED, PAPER, QUALIFIED, TARGET, WON
from stageproof.charts.wording import short_text

_BAR, _HEIGHT = 34, 104


def outlook_chart(
    *,
    won: int,
    forecast: int,
    low: int | None,
    high: int | None,
    target: int | None,
    period: str,
    currency: str,
) -> Drawing:
    """One bar: won below, expected on top of it, `low` to `high` drawn, the target as a line. Minor units."""
    end = max(won, forecast, high or 0, target or 0, 1)

    def chart(is_narrow: bool) -> Picture:
        return _chart(won, forecast, low, high, target, end, is_narrow, currency)

    told = [f"won {short_text(won, currency)}", f"forecast {short_text(forecast, currency)}"]
    if low is not None and high is not None:
        told.append(f"80% between {short_text(low, currency)} and {short_text(high, currency)}")
    told.append("no target is set" if target is None else f"target {short_text(target, currency)}")
    return drawing(
        "outlook",
        finding=_finding(forecast, low, high, target, currency),
        measure=f"Won so far and expected in {period}, {currency}; the line is the 80% interval",
        description="; ".join(told) + ".",
        chart=chart,
    )


def _chart(
    won: int, forecast: int, low: int | None, high: int | None, target: int | None, end: int, is_narrow: bool,
    currency: str,
) -> Picture:  # fmt: skip
    scale = alt.Scale(domain=[0, end * (1.2 if is_narrow else 1.08)], nice=False)
    parts = [
        {"part": "won", "start": 0, "end": won},
        {"part": "expected", "start": won, "end": max(forecast, won)},
    ]
    colours = alt.Scale(domain=["won", "expected"], range=[WON, QUALIFIED])
    bars = alt.Chart(rows(parts)).mark_bar(height=_BAR).encode(
        x=alt.X("start:Q", scale=scale, axis=None), x2="end:Q", y=alt.value(52),
        color=alt.Color("part:N", scale=colours, legend=None),
    )  # fmt: skip
    layers: list[Any] = [bars]
    least = end * (0.3 if is_narrow else 0.16)
    inside = [
        {"at": (start + stop) / 2, "text": f"{short_text(stop - start, currency)} {name}"}
        for name, start, stop in (("won", 0, won), ("expected", won, max(forecast, won)))
        if stop - start > least
    ]
    layers.append(_text(inside, scale, 52, PAPER, "middle"))
    if low is not None and high is not None:
        span = alt.Chart(rows([{"low": low, "high": high}]))
        layers.append(
            span.mark_rule(color=INK, strokeWidth=2).encode(
                x=alt.X("low:Q", scale=scale, axis=None), x2="high:Q", y=alt.value(80)
            )
        )
        ends = alt.Chart(rows([{"at": low}, {"at": high}]))
        layers.append(
            ends.mark_tick(color=INK, thickness=2, size=10, opacity=1).encode(
                x=alt.X("at:Q", scale=scale, axis=None), y=alt.value(80)
            )
        )
        told = f"{short_text(low, currency)} to {short_text(high, currency)}"
        layers.append(_text([{"at": (low + high) / 2, "text": told}], scale, 96, INK, "middle"))
    if target is not None:
        goal = alt.Chart(rows([{"at": target}]))
        layers.append(
            goal.mark_rule(color=TARGET, strokeWidth=3).encode(
                x=alt.X("at:Q", scale=scale, axis=None), y=alt.value(24), y2=alt.value(72)
            )
        )
        layers.append(
            _text(
                [{"at": target, "text": f"Target {short_text(target, currency)}"}],
                scale,
                14,
                TARGET,
                "middle",
            )
        )
    else:
        layers.append(_text([{"at": 0, "text": "No target is set"}], scale, 14, MUTED, "left"))
    return alt.layer(*layers).properties(width=width(is_narrow, less=8), height=_HEIGHT)


def _text(data: list[dict[str, Any]], scale: alt.Scale, y: int, colour: str, align: str) -> Any:
    mark = alt.Chart(rows(data)).mark_text(
        align="center" if align == "middle" else "left", baseline="middle", color=colour
    )
    return mark.encode(x=alt.X("at:Q", scale=scale, axis=None), y=alt.value(y), text="text:N")


def _finding(forecast: int, low: int | None, high: int | None, target: int | None, currency: str) -> str:
    """Whether the target lies below, above or within what is likely."""
    amount = short_text(forecast, currency)
    if not target:
        return f"The forecast is {amount}; no target is set"
    gap = short_text(abs(forecast - target), currency)
    if low is not None and low >= target:
        return f"The forecast of {amount} is above target by {gap}, and so is its whole interval"
    if high is not None and high < target:
        return f"The forecast of {amount} misses the target by {gap}, and so does its whole interval"
    way = "above" if forecast >= target else "below"
    return f"The forecast of {amount} is {gap} {way} the target, which lies within its interval"
