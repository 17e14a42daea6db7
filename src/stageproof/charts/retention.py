"""Retention: per quarter what was up for renewal, what of it stayed, what is undecided, what went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import BAR, across, fill, outline, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK
from stageproof.charts.wording import percent_text, short_text

SHOWN = 8
"""How many quarters the chart shows at most: the last ones; the table beside it has all."""
KEY = (("won", "stayed"), ("unqualified", "undecided"), ("unverifiable", "went"))
"""The fills, and what they stand for here."""
_ROW = 32


def retention_chart(quarters: Sequence[Mapping[str, Any]], *, currency: str) -> Drawing | None:
    """A bar per quarter of renewal: retained, then open or awaited, then shrunk, lost or lapsed; minor units.

    A row may have an `href` that its bar leads to.
    """
    dated = [row for row in quarters if row["quarter"] is not None and row["due_amount"]][-SHOWN:]
    if not dated:
        return None
    data = [
        {"quarter": row["quarter"], **part, **({"href": row["href"]} if "href" in row else {})}
        for row in dated for part in _parts(row)
    ]  # fmt: skip
    texts = [
        {"quarter": row["quarter"], "end": row["due_amount"], "text": _text(row, currency)} for row in dated
    ]
    end = max(row["due_amount"] for row in dated)

    def chart(is_narrow: bool) -> Picture:
        y = alt.Y("quarter:N", sort=None, axis=alt.Axis(title=None, labelPadding=6))
        scale = across(end * (2.1 if is_narrow else 1.45))
        start, to = (alt.X(f"{name}:Q", scale=scale, axis=None) for name in ("start", "end"))
        bars = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1)
        more: dict[str, Any] = {"href": "href:N"} if "href" in data[0] else {}
        words = alt.Chart(rows(texts)).mark_text(align="left", dx=7, color=INK)
        return alt.layer(
            bars.encode(x=start, x2="end:Q", y=y, color=fill(), stroke=outline(), **more),
            words.encode(x=to, y=y, text="text:N"),
        ).properties(width=width(is_narrow, less=78), height={"step": _ROW})

    return drawing(
        "retention",
        finding=_finding(dated, currency),
        measure=f"Contracts by the quarter in which they are up for renewal, {currency}",
        description="; ".join(f"{text['quarter']}: {text['text']}" for text in texts) + ".",
        chart=chart,
    )


def _parts(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    amounts = (
        ("won", row["retained_amount"]),
        ("unqualified", row["open_amount"] + row["awaited_amount"]),
        ("unverifiable", row["shrunk_amount"] + row["lost_amount"] + row["lapsed_amount"]),
    )
    found, start = [], 0
    for part, amount in amounts:
        if amount > 0:
            found.append({"part": part, "start": start, "end": start + amount})
            start += amount
    return found


def _text(row: Mapping[str, Any], currency: str) -> str:
    kept = "" if row["gross"] is None else f", {percent_text(row['gross'], places=0)} kept"
    return f"{short_text(row['due_amount'], currency)} due{kept}"


def _finding(dated: Sequence[Mapping[str, Any]], currency: str) -> str:
    retained = sum(row["retained_amount"] for row in dated)
    gone = sum(row["shrunk_amount"] + row["lost_amount"] + row["lapsed_amount"] for row in dated)
    if not retained + gone:
        due = sum(row["due_amount"] for row in dated)
        return f"{short_text(due, currency)} is up for renewal, and nothing is decided yet"
    return f"{percent_text(retained / (retained + gone), places=0)} of the decided contracts' value stayed"
