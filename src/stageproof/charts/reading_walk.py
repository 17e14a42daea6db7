"""The walk of finance: from the nominal pipeline to what is expected of it, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stageproof.charts.bars import led
from stageproof.charts.render import Drawing, Picture, drawing
from stageproof.charts.waterfall import waterfall
from stageproof.charts.wording import short_text


def walk_chart(steps: Sequence[Mapping[str, Any]], *, finding: str, currency: str) -> Drawing:
    """A bar per line of the statement: `title`, `sign` (1 adds, -1 takes away, 0 is what it comes to), `amount`.

    Amounts are minor units. A step may have an `href` that its bar leads to.
    """
    bars = _bars(steps, currency)

    def chart(is_narrow: bool) -> Picture:
        return waterfall(bars, is_narrow)

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
            {"name": step["title"], "start": start, "end": end, "kind": kind, "right": max(start, end),
             "text": f"{mark}{short_text(amount, currency)}", **led(step)}
        )  # fmt: skip
    return bars
