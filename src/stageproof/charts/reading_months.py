"""By month: what of the open pipeline is to close, and what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import across, lead, led, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, LINE, QUALIFIED, WAIVED
from stageproof.charts.wording import period_text, short_text

_ROW, _BAR, _LABELS = 44, 20, 90


def months_chart(
    months: Sequence[Mapping[str, Any]], *, whole: str, part: str, says: Mapping[str, str], currency: str
) -> Drawing | None:
    """A light bar of `whole` per month and a solid one of `part` within it; nothing where no month has an amount.

    `months` have `month` and both columns in minor units, and may have an `href` that the bars lead to; `says` puts the
    two columns into words.
    """
    found = [row for row in months if (row[whole] or 0) > 0 or (row[part] or 0) > 0]
    if not found:
        return None
    data = [
        {"month": period_text(row["month"]), "whole": row[whole] or 0, "part": row[part] or 0,
         "right": max(row[whole] or 0, row[part] or 0), "text": _text(row, whole, part, says, currency), **led(row)}
        for row in found
    ]  # fmt: skip

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, is_narrow)

    best = max(found, key=lambda row: row[part] or 0)
    return drawing(
        "months",
        finding=f"{period_text(best['month'])} brings the most: {short_text(best[part] or 0, currency)} {says[part]}",
        measure=f"By month of the close date: {says[whole]} (light) and {says[part]} (solid), {currency}",
        description="; ".join(f"{row['month']}: {row['text']}" for row in data) + ".",
        chart=chart,
    )


def _chart(data: list[dict[str, Any]], is_narrow: bool) -> Picture:
    y = alt.Y("month:N", sort=[row["month"] for row in data], axis=alt.Axis(title=None, labelPadding=8))
    scale = across(max(row["right"] for row in data) * (2.1 if is_narrow else 1.36))
    base = alt.Chart(rows(data))
    x, more = alt.X("whole:Q", scale=scale, axis=None), lead(data)
    return alt.layer(
        base.mark_bar(height=_BAR, color=WAIVED, stroke=LINE).encode(x=x, y=y, **more),
        base.mark_bar(height=_BAR - 8, color=QUALIFIED).encode(
            x=alt.X("part:Q", scale=scale, axis=None), y=y, **more
        ),
        base.mark_text(align="left", dx=7, color=INK).encode(
            x=alt.X("right:Q", scale=scale, axis=None), y=y, text="text:N"
        ),
    ).properties(width=width(is_narrow, less=_LABELS), height={"step": _ROW})


def _text(row: Mapping[str, Any], whole: str, part: str, says: Mapping[str, str], currency: str) -> str:
    first, second = short_text(row[whole] or 0, currency), short_text(row[part] or 0, currency)
    return f"{first} {says[whole]}, {second} {says[part]}"
