"""Open pipeline by source, owner or anything else of a reading: qualified solid, the rest in the same hue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import (
    BAR,
    GAP,
    ROW,
    across,
    fill,
    label_room,
    lead,
    led,
    led_together,
    outline,
    parts_of,
    rows,
)
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK
from stageproof.charts.wording import share_text, short_text

SHOWN = 8
"""How many groups have a bar of their own; the table beside it has all."""
BLANK = "(blank)"
_SUMS = ("amount", "qualified_amount", "waived_amount", "unverifiable_amount", "unqualified_amount")


def groups_chart(groups: Sequence[Mapping[str, Any]], key: str, *, currency: str) -> Drawing | None:
    """A bar per group, the largest first, the smallest together; nothing where no group has an amount.

    `groups` are rows of a reading's cut: the `key`, `amount` and the amounts per qualification, in minor units. A row
    may have an `href` that its bar leads to; that of the smallest together leads to all of theirs.
    """
    found = _largest([row for row in groups if row["amount"] > 0], key)
    if not found:
        return None
    texts = [{"group": row[key], "end": row["amount"], "text": _text(row, currency)} for row in found]
    data = [{"group": row[key], **part, **led(row)} for row in found for part in parts_of(row)]
    end = max(row["amount"] for row in found)

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, texts, end, is_narrow)

    return drawing(
        f"by-{key}",
        finding=_finding(found, key, currency),
        measure=f"Open amount by {key} and how much of it is qualified, {currency}",
        description="; ".join(f"{text['group']}: {text['text']}" for text in texts) + ".",
        chart=chart,
    )


def _largest(groups: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
    """The groups by amount; those that no bar is left for are added up."""
    ordered = sorted(groups, key=lambda row: -row["amount"])
    named = [{**row, key: BLANK if row[key] is None else str(row[key])} for row in ordered]
    if len(named) <= SHOWN:
        return named
    rest = named[SHOWN - 1 :]
    sums = {name: sum(row[name] or 0 for row in rest) for name in _SUMS}
    return [*named[: SHOWN - 1], {key: f"{len(rest)} others", **sums, **led_together(rest)}]


def _chart(data: list[dict[str, Any]], texts: list[dict[str, Any]], end: int, is_narrow: bool) -> Picture:
    room = label_room((text["group"] for text in texts), is_narrow)
    axis = alt.Axis(title=None, labelPadding=8, labelLimit=room)
    y = alt.Y("group:N", sort=[text["group"] for text in texts], axis=axis)
    scale = across(end * (2.15 if is_narrow else 1.36))
    start, end_of = (alt.X(f"{name}:Q", scale=scale, axis=None) for name in ("start", "end"))
    bars = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1)
    labels = alt.Chart(rows(texts)).mark_text(align="left", dx=7, color=INK)
    return alt.layer(
        bars.encode(x=start, x2="end:Q", y=y, color=fill(), stroke=outline(), **lead(data)),
        labels.encode(x=end_of, y=y, text="text:N"),
    ).properties(width=width(is_narrow, less=room + GAP), height={"step": ROW})


def _text(row: Mapping[str, Any], currency: str) -> str:
    return f"{short_text(row['amount'], currency)}, {share_text(row['qualified_amount'], row['amount'])} qualified"


def _finding(found: Sequence[Mapping[str, Any]], key: str, currency: str) -> str:
    """Which group holds the most that is proven."""
    best = max(found, key=lambda row: row["qualified_amount"])
    if best["qualified_amount"] <= 0:
        return f"No {key} has qualified pipeline"
    most = short_text(best["qualified_amount"], currency)
    return f"{best[key]} holds the most that is qualified: {most} of {short_text(best['amount'], currency)}"
