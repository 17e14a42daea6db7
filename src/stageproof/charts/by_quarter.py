"""By quarter: what was won, and the open deals that close in it."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from stageproof.charts.bars import BAR, PARTS, across, fill, outline, parts_of, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, PAPER, TARGET
from stageproof.charts.wording import short_text

SHOWN = 12
"""How many quarters the chart shows at most: the last ones; the table beside it has all."""
_HEIGHT = 220
_ROW = 28


def by_quarter_chart(
    by_period: pl.DataFrame, *, currency: str, target: int | None = None, period: str | None = None
) -> Drawing | None:
    """A bar per quarter, won below open by qualification; nothing where no quarter has an amount.

    `target` is that of the quarter named `period`. Amounts are minor units.
    """
    dated = by_period.filter(~pl.col("quarter").is_null())
    records = dated.tail(SHOWN).to_dicts()
    if not any(row["won_amount"] > 0 or row["open_amount"] > 0 for row in records):
        return None
    goals = (
        [{"quarter": period, "target": target}]
        if target and period in {r["quarter"] for r in records}
        else []
    )
    data = [{"quarter": row["quarter"], **part} for row in records for part in parts_of(row, PARTS)]
    texts = [_text(row, currency) for row in records]
    end = max([text["end"] for text in texts] + [goal["target"] for goal in goals if goal["target"]])

    def chart(is_narrow: bool) -> Picture:
        order = [row["quarter"] for row in records]
        return (_lying if is_narrow else _standing)(data, texts, goals, end, order)

    left_out = dated.height - len(records)
    earlier = f"; the last {SHOWN} of {dated.height} quarters" if left_out else ""
    return drawing(
        "quarters",
        finding=_finding(records, currency),
        measure=f"Won, and open by close date and qualification, {currency}{earlier}",
        description="; ".join(f"{text['quarter']}: {text['says']}" for text in texts) + ".",
        chart=chart,
    )


def _standing(
    data: list[dict[str, Any]],
    texts: list[dict[str, Any]],
    goals: list[dict[str, Any]],
    end: int,
    order: list[str],
) -> Picture:
    x = alt.X("quarter:N", sort=order, axis=alt.Axis(title=None, labelAngle=0, labelPadding=6))
    scale = across(end * 1.12)
    bar = min(52, 560 // len(order))
    y = alt.Y("start:Q", scale=scale, axis=None)
    layers = [
        alt.Chart(rows(data)).mark_bar(width=bar, strokeWidth=1).encode(
            x=x, y=y, y2="end:Q", color=fill(), stroke=outline()
        ),
        alt.Chart(rows(texts)).mark_text(baseline="bottom", dy=-5, color=INK).encode(
            x=x, y=alt.Y("end:Q", scale=scale, axis=None), text="text:N"
        ),
    ]  # fmt: skip
    inner = alt.Chart(rows(_inside(texts, end, 0.09))).mark_text(baseline="middle", color=PAPER)
    layers.append(inner.encode(x=x, y=alt.Y("middle:Q", scale=scale, axis=None), text="won:N"))
    if goals:
        tick = alt.Chart(rows(goals)).mark_tick(color=TARGET, opacity=1, thickness=3, size=bar + 14)
        layers.append(tick.encode(x=x, y=alt.Y("target:Q", scale=scale, axis=None)))
    return alt.layer(*layers).properties(width=width(False, less=8), height=_HEIGHT)


def _lying(
    data: list[dict[str, Any]],
    texts: list[dict[str, Any]],
    goals: list[dict[str, Any]],
    end: int,
    order: list[str],
) -> Picture:
    y = alt.Y("quarter:N", sort=order, axis=alt.Axis(title=None, labelPadding=6))
    scale = across(end * 1.22)
    x = alt.X("start:Q", scale=scale, axis=None)
    layers = [
        alt.Chart(rows(data)).mark_bar(height=BAR - 2, strokeWidth=1).encode(
            y=y, x=x, x2="end:Q", color=fill(), stroke=outline()
        ),
        alt.Chart(rows(texts)).mark_text(align="left", dx=6, color=INK).encode(
            y=y, x=alt.X("end:Q", scale=scale, axis=None), text="text:N"
        ),
    ]  # fmt: skip
    inner = alt.Chart(rows(_inside(texts, end, 0.22))).mark_text(align="center", color=PAPER)
    layers.append(inner.encode(y=y, x=alt.X("middle:Q", scale=scale, axis=None), text="won:N"))
    if goals:
        tick = alt.Chart(rows(goals)).mark_tick(color=TARGET, opacity=1, thickness=3, size=BAR + 6)
        layers.append(tick.encode(y=y, x=alt.X("target:Q", scale=scale, axis=None)))
    return alt.layer(*layers).properties(width=width(True, less=78), height={"step": _ROW})


def _inside(texts: list[dict[str, Any]], end: int, least: float) -> list[dict[str, Any]]:
    """What was won where something is open on top of it, and there is room for the words."""
    return [text for text in texts if text["won"] and text["middle"] * 2 > least * end]


def _text(row: dict[str, Any], currency: str) -> dict[str, Any]:
    won, opened = max(row["won_amount"], 0), max(row["open_amount"], 0)
    says = [f"{short_text(won, currency)} won"] if won else []
    if opened:
        says.append(
            f"{short_text(opened, currency)} open, {short_text(row['qualified_amount'], currency)} qualified"
        )
    return {
        "quarter": row["quarter"],
        "end": won + opened,
        "text": short_text(won + opened, currency) if won + opened else "",
        "says": ", ".join(says) or "nothing",
        "won": short_text(won, currency) if won and opened else "",
        "middle": won / 2,
    }


def _finding(records: list[dict[str, Any]], currency: str) -> str:
    best = max(records, key=lambda row: row["won_amount"])
    if best["won_amount"] <= 0:
        return "Nothing was won in these quarters"
    return f"The best quarter was {best['quarter']}, with {short_text(best['won_amount'], currency)} won"
