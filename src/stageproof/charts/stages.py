"""Open pipeline by stage: qualified solid, the rest drawn in the same hue."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from stageproof.charts.bars import BAR, ROW, across, fill, outline, parts_of, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK
from stageproof.charts.wording import short_text

BLANK = "(blank)"
_LABELS = 170


def stages_chart(by_stage: pl.DataFrame, *, currency: str) -> Drawing:
    """A bar per stage in the order of the table; amounts are minor units."""
    table = by_stage.with_columns(pl.col("stage").fill_null(BLANK))
    records = table.to_dicts()
    texts = [
        {"stage": row["stage"], "end": row["open_amount"], "text": _text(row, currency)} for row in records
    ]
    data = [{"stage": row["stage"], **part} for row in records for part in parts_of(row)]
    end = max([row["open_amount"] for row in records], default=0)

    def chart(is_narrow: bool) -> Picture:
        y = alt.Y(
            "stage:N",
            sort=[row["stage"] for row in records],
            axis=alt.Axis(title=None, labelPadding=8, labelLimit=100 if is_narrow else _LABELS),
        )
        scale = across(end * (1.95 if is_narrow else 1.36))
        bars = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1)
        labels = alt.Chart(rows(texts)).mark_text(align="left", dx=7, color=INK)
        start, end_of = (alt.X(f"{name}:Q", scale=scale, axis=None) for name in ("start", "end"))
        return alt.layer(
            bars.encode(x=start, x2="end:Q", y=y, color=fill(), stroke=outline()),
            labels.encode(x=end_of, y=y, text="text:N"),
        ).properties(width=width(is_narrow, less=110 if is_narrow else _LABELS), height={"step": ROW})

    return drawing(
        "stages",
        finding=_finding(records, currency),
        measure=f"Open amount by stage and how much of it is qualified, {currency}",
        description="; ".join(f"{text['stage']}: {text['text']}" for text in texts) + ".",
        chart=chart,
    )


def _text(row: dict[str, Any], currency: str) -> str:
    if not row["open_count"]:
        return "no deals"
    whole = short_text(row["open_amount"], currency)
    return f"{whole}, {short_text(row['qualified_amount'], currency)} qualified"


def _finding(records: list[dict[str, Any]], currency: str) -> str:
    """Where most of what is not qualified sits."""
    unproven = [(row["open_amount"] - row["qualified_amount"], row["stage"]) for row in records]
    amount, stage = max(unproven, default=(0, ""), key=lambda each: each[0])
    if amount <= 0:
        return "All that is open is qualified" if records else "No stage has a deal"
    whole = sum(each for each, _ in unproven)
    part = "All" if amount == whole else "Most"
    if amount * 2 > whole:
        return f"{part} of what is not qualified sits in {stage}: {short_text(amount, currency)}"
    return f"{stage} holds the most that is not qualified: {short_text(amount, currency)}"
