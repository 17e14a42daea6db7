"""The bridge as a waterfall: opening, what came and went, closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import DOWN, INK, LINE, UP, WON
from stageproof.charts.wording import short_text

_ENDS = ("opening", "closing")
_ROW, _BAR, _LABELS = 28, 18, 120


def bridge_chart(
    lines: Sequence[Mapping[str, Any]],
    *,
    measure: str,
    currency: str,
    of: str = "pipeline",
    name: str = "bridge",
) -> Drawing:
    """A bar per line that moved anything, from opening to closing; `lines` have `line` and signed `amount`.

    Amounts are minor units, `of` is what they are of. A line may have an `href` that its bar leads to.
    """
    steps = _steps(lines, currency)
    span = [value for step in steps for value in (step["start"], step["end"])]
    low, high = min(0, *span), max(0, *span)

    def chart(is_narrow: bool) -> Picture:
        return _chart(steps, low, high, is_narrow)

    return drawing(
        name,
        finding=_finding(steps, currency, of),
        measure=measure,
        description="; ".join(f"{step['name']}: {step['text']}" for step in steps) + ".",
        chart=chart,
    )


def _steps(lines: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """One per bar: where it starts and ends; the running total carries from each to the next."""
    steps: list[dict[str, Any]] = []
    total = 0
    for line in lines:
        name, amount = line["line"], line["amount"]
        if name in _ENDS:
            start, end, kind, total = 0, amount, "end", amount
        elif amount:
            start, end, kind = total, total + amount, "up" if amount > 0 else "down"
            total = end
        else:
            continue
        sign = "+" if kind == "up" else ""
        text = f"{sign}{short_text(amount, currency)}"
        steps.append({"name": name.replace("_", " ").capitalize(), "start": start, "end": end, "kind": kind,
                      "text": text, "right": max(start, end), "amount": amount,
                      **({"href": line["href"]} if "href" in line else {})})  # fmt: skip
    return steps


def _chart(steps: list[dict[str, Any]], low: int, high: int, is_narrow: bool) -> Picture:
    y = alt.Y("name:N", sort=[step["name"] for step in steps], axis=alt.Axis(title=None, labelPadding=8))
    scale = alt.Scale(domain=[low, high + (high - low or 1) * (0.3 if is_narrow else 0.14)], nice=False)
    colours = alt.Scale(domain=["end", "up", "down"], range=[WON, UP, DOWN])
    base = alt.Chart(rows(steps))
    bars = base.mark_bar(height=_BAR).encode(
        x=alt.X("start:Q", scale=scale, axis=None),
        x2="end:Q",
        y=y,
        color=alt.Color("kind:N", scale=colours, legend=None),
        **({"href": "href:N"} if steps and "href" in steps[0] else {}),
    )
    labels = base.mark_text(align="left", dx=6, color=INK)
    zero = alt.Chart(rows([{"zero": 0}])).mark_rule(color=LINE)
    return alt.layer(
        zero.encode(x=alt.X("zero:Q", scale=scale, axis=None)),
        bars,
        labels.encode(x=alt.X("right:Q", scale=scale, axis=None), y=y, text="text:N"),
    ).properties(width=width(is_narrow, less=_LABELS), height={"step": _ROW})


def _finding(steps: Sequence[Mapping[str, Any]], currency: str, of: str) -> str:
    moves = [step for step in steps if step["kind"] != "end"]
    if not moves:
        return "Nothing moved"
    most = max(moves, key=lambda step: abs(step["amount"]))
    opening, closing = steps[0]["amount"], steps[-1]["amount"]
    way = "grew" if closing > opening else "shrank" if closing < opening else "stayed level"
    return (
        f"The {of} {way} from {short_text(opening, currency)} to {short_text(closing, currency)}; "
        f"the largest move was {most['name'].lower()}, {most['text']}"
    )
