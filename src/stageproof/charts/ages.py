"""Days in stage against the norm, for the deals that are open."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from stageproof.charts.bars import GAP, ROW, across, label_room, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.stages import BLANK
from stageproof.charts.theme import INK, LATE, WON
from stageproof.charts.wording import days_text, listed

_THICK = 14


def ages_chart(by_stage: pl.DataFrame, *, factor: float) -> Drawing | None:
    """A bar per stage with its median age, a tick at its norm; nothing where no age is known.

    A median beyond `factor` times the norm is late.
    """
    known = by_stage.filter(~pl.col("age_median").is_null())
    if known.is_empty():
        return None
    records = [
        _record(row, factor) for row in known.with_columns(pl.col("stage").fill_null(BLANK)).to_dicts()
    ]
    late = [row["stage"] for row in records if row["late"]]
    end = max(max(row["days"], row["norm"] or 0) for row in records)

    def chart(is_narrow: bool) -> Picture:
        return _chart(records, end, is_narrow)

    return drawing(
        "ages",
        finding=_finding(records, late),
        measure=f"Median days of open deals in their stage; late is beyond {factor:g} times the norm",
        description="; ".join(f"{row['stage']}: {row['text']}" for row in records) + ".",
        chart=chart,
    )


def _record(row: dict[str, Any], factor: float) -> dict[str, Any]:
    days, norm = row["age_median"], row["norm_days"]
    late = bool(norm) and days > factor * norm
    text = f"{days_text(days)}{f' of {norm:,} d norm' if norm else ', no norm'}{' · late' if late else ''}"
    return {
        "stage": row["stage"],
        "days": days,
        "norm": norm,
        "end": max(days, norm or 0),
        "late": late,
        "text": text,
    }


def _chart(records: list[dict[str, Any]], end: float, is_narrow: bool) -> Picture:
    stages = [row["stage"] for row in records]
    room = label_room(stages, is_narrow)
    y = alt.Y("stage:N", sort=stages, axis=alt.Axis(title=None, labelPadding=8, labelLimit=room))
    scale = across(end * (2.1 if is_narrow else 1.36))
    base = alt.Chart(rows(records))
    colour = alt.condition("datum.late", alt.value(LATE), alt.value(WON))
    bars = base.mark_bar(height=_THICK).encode(
        x=alt.X("zero:Q", scale=scale, axis=None), x2="days:Q", y=y, color=colour
    )
    norms = base.transform_filter("isValid(datum.norm)").mark_tick(
        color=INK, opacity=1, thickness=3, size=_THICK + 10
    )
    labels = base.mark_text(align="left", dx=9, color=INK)
    return alt.layer(
        bars.transform_calculate(zero="0"),
        norms.encode(x=alt.X("norm:Q", scale=scale, axis=None), y=y),
        labels.encode(x=alt.X("end:Q", scale=scale, axis=None), y=y, text="text:N"),
    ).properties(width=width(is_narrow, less=room + GAP), height={"step": ROW})


def _finding(records: list[dict[str, Any]], late: list[str]) -> str:
    if not any(row["norm"] for row in records):
        return "How long open deals have been in their stage"
    if not late:
        return "In no stage is the median deal late"
    if len(late) > 3:
        where = "every stage" if len(late) == len(records) else f"{len(late)} of {len(records)} stages"
        return f"The median deal is late in {where}"
    return f"The median deal is late in {listed(late)}"
