"""Open pipeline by stage: qualified solid, the rest drawn in the same hue."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from stageproof.charts.bars import BAR, GAP, ROW, across, fill, label_room, lead, led, outline, parts_of, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK
from stageproof.charts.wording import short_text
from stageproof.engine.counted import count_text

BLANK = "(blank)"


def stages_chart(by_stage: pl.DataFrame, *, currency: str) -> Drawing:
    """A bar per stage in the order of the table: amounts in minor units, or counts where no deal has an amount.

    A row may have an `href` that its bar leads to.
    """
    records = by_stage.with_columns(pl.col("stage").fill_null(BLANK)).to_dicts()
    of = "amount" if any(row["open_amount"] for row in records) else "count"
    texts = [
        {"stage": row["stage"], "end": row[f"open_{of}"], "text": _text(row, of, currency)} for row in records
    ]
    data = [{"stage": row["stage"], **part, **led(row)} for row in records for part in parts_of(row, of=of)]
    end = max([row[f"open_{of}"] for row in records], default=0)

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, texts, end, is_narrow)

    unit = f"amount by stage and how much of it is qualified, {currency}"
    return drawing(
        "stages",
        finding=_finding(records, of, currency),
        measure=f"Open {unit}"
        if of == "amount"
        else "Open deals by stage and how many of them are qualified",
        description="; ".join(f"{text['stage']}: {text['text']}" for text in texts) + ".",
        chart=chart,
    )


def _chart(data: list[dict[str, Any]], texts: list[dict[str, Any]], end: int, is_narrow: bool) -> Picture:
    room = label_room((text["stage"] for text in texts), is_narrow)
    y = alt.Y(
        "stage:N",
        sort=[text["stage"] for text in texts],
        axis=alt.Axis(title=None, labelPadding=8, labelLimit=room),
    )
    scale = across(end * (2.15 if is_narrow else 1.36))
    start, end_of = (alt.X(f"{name}:Q", scale=scale, axis=None) for name in ("start", "end"))
    bars = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1)
    labels = alt.Chart(rows(texts)).mark_text(align="left", dx=7, color=INK)
    return alt.layer(
        bars.encode(x=start, x2="end:Q", y=y, color=fill(), stroke=outline(), **lead(data)),
        labels.encode(x=end_of, y=y, text="text:N"),
    ).properties(width=width(is_narrow, less=room + GAP), height={"step": ROW})


def _text(row: dict[str, Any], of: str, currency: str) -> str:
    if not row["open_count"]:
        return "no deals"
    if of == "count":
        return f"{count_text(row['open_count'], 'deal')}, {row['qualified_count']:,} qualified"
    whole = short_text(row["open_amount"], currency)
    return f"{whole}, {short_text(row['qualified_amount'], currency)} qualified"


def _finding(records: list[dict[str, Any]], of: str, currency: str) -> str:
    """Where most of what is not qualified sits."""
    unproven = [(row[f"open_{of}"] - row[f"qualified_{of}"], row["stage"]) for row in records]
    most, stage = max(unproven, default=(0, ""), key=lambda each: each[0])
    if most <= 0:
        return (
            "All that is open is qualified"
            if any(row["open_count"] for row in records)
            else "No stage has a deal"
        )
    whole = sum(each for each, _ in unproven)
    text = short_text(most, currency) if of == "amount" else count_text(most, "deal")
    if most * 2 > whole:
        return f"{'All' if most == whole else 'Most'} of what is not qualified sits in {stage}: {text}"
    return f"{stage} holds the most that is not qualified: {text}"
