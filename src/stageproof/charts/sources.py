"""Sources: what each brought in won revenue, and what of its open pipeline is qualified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import BAR, GAP, ROW, across, fill, label_room, outline, parts_of, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK
from stageproof.charts.wording import percent_text, short_text

SHOWN = 12
"""How many bars the chart shows at most: the largest ones, and the others together as the last."""


def sources_chart(
    table: Sequence[Mapping[str, Any]], *, by: str, measure: str, currency: str, others: str = ""
) -> Drawing | None:
    """A bar per source or campaign: won, then open and qualified; amounts in minor units. Nothing where all is zero.

    A row may have an `href` that its bar leads to; that of the others is `others`.
    """
    ranked = sorted(table, key=lambda row: (-(row["won_amount"] + row["qualified_amount"]), row[by]))
    shown = _largest([row for row in ranked if row["won_amount"] + row["qualified_amount"] > 0], by, others)
    if not shown:
        return None
    data = [
        {"name": row[by], **part, **({"href": row["href"]} if "href" in row else {})}
        for row in shown for part in parts_of(row, ("won", "qualified"))
    ]  # fmt: skip
    texts = [
        {"name": row[by], "end": max(row["won_amount"], 0) + max(row["qualified_amount"], 0),
         "text": _text(row, currency)}
        for row in shown
    ]  # fmt: skip
    end = max(text["end"] for text in texts)

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, texts, end, is_narrow)

    whole = sum(row["won_amount"] for row in table)
    best = max(table, key=lambda row: int(row["won_amount"]))
    finding = (
        f"{best[by]} brought {percent_text(best['won_amount'] / whole, places=0)} of the won revenue: "
        f"{short_text(best['won_amount'], currency)} of {short_text(whole, currency)}"
        if whole > 0
        else f"Nothing was won; {shown[0][by]} holds the most qualified pipeline"
    )
    return drawing(
        "sources", finding=finding, measure=measure,
        description="; ".join(f"{text['name']}: {text['text']}" for text in texts) + ".", chart=chart,
    )  # fmt: skip


def _largest(ranked: Sequence[Mapping[str, Any]], by: str, others: str) -> list[Mapping[str, Any]]:
    if len(ranked) <= SHOWN:
        return list(ranked)
    rest = ranked[SHOWN - 1 :]
    sums = {name: sum(row[name] for row in rest) for name in ("won_amount", "qualified_amount")}
    return [*ranked[: SHOWN - 1], {by: f"{len(rest)} others", "href": others, **sums}]


def _chart(data: list[dict[str, Any]], texts: list[dict[str, Any]], end: int, is_narrow: bool) -> Picture:
    labels = label_room((text["name"] for text in texts), is_narrow)
    axis = alt.Axis(title=None, labelPadding=8, labelLimit=labels)
    y = alt.Y("name:N", sort=[text["name"] for text in texts], axis=axis)
    scale = across(end * (2.2 if is_narrow else 1.45))
    start, to = (alt.X(f"{name}:Q", scale=scale, axis=None) for name in ("start", "end"))
    bars = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1)
    more: dict[str, Any] = {"href": "href:N"} if "href" in data[0] else {}
    words = alt.Chart(rows(texts)).mark_text(align="left", dx=7, color=INK)
    return alt.layer(
        bars.encode(x=start, x2="end:Q", y=y, color=fill(), stroke=outline(), **more),
        words.encode(x=to, y=y, text="text:N"),
    ).properties(width=width(is_narrow, less=labels + GAP), height={"step": ROW})


def _text(row: Mapping[str, Any], currency: str) -> str:
    won, qualified = short_text(row["won_amount"], currency), short_text(row["qualified_amount"], currency)
    return f"{won} won, {qualified} qualified"
