"""Time in stage: by when half and nine in ten have left, against the norm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import GAP, ROW, across, label_room, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, MUTED, WON
from stageproof.charts.wording import days_text

_THICK = 14


def stays_chart(records: Sequence[Mapping[str, Any]], *, measure: str) -> Drawing | None:
    """A bar per stage to the median with a line on to the ninth decile, and a tick at its norm.

    Records have `stage`, `median`, `p90`, `norm` and `deals`; nothing where no median is known.
    """
    data = [
        {
            **row,
            "end": row["p90"] or row["median"],
            "text": _text(row),
            "short": f"{days_text(row['median'])}, {days_text(row['p90'])}",
        }
        for row in records
        if row["median"] is not None
    ]
    if not data:
        return None
    end = max(max(row["end"], row["norm"] or 0) for row in data)

    def chart(is_narrow: bool) -> Picture:
        room = label_room((row["stage"] for row in data), is_narrow)
        y = alt.Y(
            "stage:N",
            sort=[row["stage"] for row in data],
            axis=alt.Axis(title=None, labelPadding=8, labelLimit=room),
        )
        scale = across(end * (2.3 if is_narrow else 1.4))
        base = alt.Chart(rows(data)).transform_calculate(zero="0")
        more: dict[str, Any] = {"href": "href:N"} if "href" in data[0] else {}
        bars = base.mark_bar(height=_THICK, color=WON).encode(
            x=alt.X("zero:Q", scale=scale, axis=None), x2="median:Q", y=y, **more
        )
        tail = base.mark_rule(color=MUTED, strokeWidth=2).encode(
            x=alt.X("median:Q", scale=scale, axis=None), x2="end:Q", y=y
        )
        norms = base.transform_filter("isValid(datum.norm)").mark_tick(
            color=INK, opacity=1, thickness=3, size=_THICK + 10
        )
        words = base.transform_calculate(right="max(datum.end, datum.norm || 0)").mark_text(
            align="left", dx=9, color=INK
        )
        return alt.layer(
            tail,
            bars,
            norms.encode(x=alt.X("norm:Q", scale=scale, axis=None), y=y),
            words.encode(
                x=alt.X("right:Q", scale=scale, axis=None), y=y, text="short:N" if is_narrow else "text:N"
            ),
        ).properties(width=width(is_narrow, less=room + GAP), height={"step": ROW})

    slow = max(data, key=lambda row: row["median"])
    return drawing(
        "stays",
        finding=f"Deals stay longest in {slow['stage']}: half have left after {days_text(slow['median'])}",
        measure=measure,
        description="; ".join(f"{row['stage']}: {row['text']}" for row in data) + ".",
        chart=chart,
    )


def _text(row: Mapping[str, Any]) -> str:
    tail = f", nine in ten by {days_text(row['p90'])}" if row["p90"] is not None else ""
    norm = f", norm {row['norm']:,} d" if row["norm"] else ""
    return f"{days_text(row['median'])}{tail}{norm}"
