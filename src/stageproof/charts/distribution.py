"""A distribution: how many deals lie in each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import across, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, WON
from stageproof.engine.counted import count_text

_ROW, _BAR, _LABELS = 24, 16, 120


def distribution_chart(
    records: Sequence[Mapping[str, Any]], *, name: str, finding: str, measure: str
) -> Drawing | None:
    """A bar per record with `took` and `deals`, and optionally `href`; nothing where no deal was counted."""
    data = [{**row, "text": f"{row['deals']:,}"} for row in records]
    end = max([row["deals"] for row in data], default=0)
    if not end:
        return None

    def chart(is_narrow: bool) -> Picture:
        y = alt.Y("took:N", sort=[row["took"] for row in data], axis=alt.Axis(title=None, labelPadding=8))
        scale = across(end * (1.2 if is_narrow else 1.08))
        base = alt.Chart(rows(data)).transform_calculate(zero="0")
        more: dict[str, Any] = {"href": "href:N"} if "href" in data[0] else {}
        bars = base.mark_bar(height=_BAR, color=WON)
        words = base.mark_text(align="left", dx=6, color=INK)
        x = alt.X("deals:Q", scale=scale, axis=None)
        return alt.layer(
            bars.encode(x=alt.X("zero:Q", scale=scale, axis=None), x2="deals:Q", y=y, **more),
            words.encode(x=x, y=y, text="text:N"),
        ).properties(width=width(is_narrow, less=_LABELS), height={"step": _ROW})

    described = "; ".join(f"{row['took']}: {count_text(row['deals'], 'deal')}" for row in data)
    return drawing(name, finding=finding, measure=measure, description=f"{described}.", chart=chart)
