"""Rates with their intervals: a dot where the share lies, a line for how far few deals may be from the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import GAP, label_room, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, LINE, MUTED, QUALIFIED
from stageproof.charts.wording import percent_text

_ROW = 30
FEW = 20
"""Below so many deals a rate is drawn hollow: it may be chance."""


def rates_chart(
    records: Sequence[Mapping[str, Any]],
    *,
    name: str,
    finding: str,
    measure: str,
    marks: Sequence[tuple[str, float, float]] = (),
) -> Drawing | None:
    """A line and a dot per record with `label`, `rate`, `low`, `high`, `count` and optionally `href`, on a scale of 0
    to 1; nothing where no rate is known.

    `marks` are ranges others report: label, from and to, drawn behind the row of that label as a direction only.
    """
    data = [
        {**row, "text": _text(row), "few": row["count"] < FEW} for row in records if row["rate"] is not None
    ]
    if not data:
        return None
    order = [row["label"] for row in data]
    ranges = [{"label": label, "from": low, "to": high} for label, low, high in marks if label in order]

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, order, ranges, is_narrow)

    described = "; ".join(f"{row['label']}: {row['text']}" for row in data)
    return drawing(name, finding=finding, measure=measure, description=f"{described}.", chart=chart)


def _chart(
    data: list[dict[str, Any]], order: list[str], ranges: list[dict[str, Any]], is_narrow: bool
) -> Picture:
    room = label_room(order, is_narrow)
    y = alt.Y("label:N", sort=order, axis=alt.Axis(title=None, labelPadding=8, labelLimit=room))
    # Room for the words behind the highest dot.
    scale = alt.Scale(domain=[0, 1.9 if is_narrow else 1.32], nice=False)
    base = alt.Chart(rows(data))
    grid = alt.Chart(rows([{"at": each / 4} for each in range(5)])).mark_rule(color=LINE)
    layers: list[Any] = [grid.encode(x=alt.X("at:Q", scale=scale, axis=None))]
    if ranges:
        behind = alt.Chart(rows(ranges)).mark_bar(height=20, color=LINE)
        layers.append(behind.encode(x=alt.X("from:Q", scale=scale, axis=None), x2="to:Q", y=y))
    line = base.mark_rule(color=MUTED, strokeWidth=2)
    layers.append(line.encode(x=alt.X("low:Q", scale=scale, axis=None), x2="high:Q", y=y))
    dot: dict[str, Any] = {"x": alt.X("rate:Q", scale=scale, axis=None), "y": y}
    if "href" in data[0]:
        dot["href"] = "href:N"
    layers.append(
        base.mark_point(size=110, filled=True, opacity=1, stroke=QUALIFIED, strokeWidth=2).encode(
            color=alt.condition("datum.few", alt.value("transparent"), alt.value(QUALIFIED)), **dot
        )
    )
    words = base.mark_text(align="left", dx=10, color=INK)
    layers.append(words.encode(x=alt.X("high:Q", scale=scale, axis=None), y=y, text="text:N"))
    return alt.layer(*layers).properties(width=width(is_narrow, less=room + GAP), height={"step": _ROW})


def _text(row: Mapping[str, Any]) -> str:
    return f"{percent_text(row['rate'], 0)} of {row['count']:,}"
