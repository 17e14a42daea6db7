"""Coverage ahead: what is open for this period and the next ones, against their targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stageproof.charts.bars import BAR, ROW, across, fill, outline, parts_of, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, TARGET
from stageproof.charts.wording import listed, period_text, ratio_text, short_text

_LABELS = 84
_PARTS = ("qualified", "unqualified")


def coverage_ahead_chart(records: Sequence[Mapping[str, Any]], *, currency: str) -> Drawing | None:
    """A bar per period with `closing_in`, qualified solid and the rest hatched, and a tick at its target.

    Records are rows of the measure, and may have an `href`; nothing where nothing is open in any of them.
    """
    whole = [
        {**row, "closing_in": period_text(row["closing_in"]), "end": max(row["open_amount"], 0),
         "unqualified_amount": row["open_amount"] - row["qualified_amount"], "text": _text(row, currency)}
        for row in records
    ]  # fmt: skip
    if not any(row["open_amount"] for row in whole):
        return None
    carried = ("closing_in", "href") if "href" in whole[0] else ("closing_in",)
    data = [
        {**{name: row[name] for name in carried}, **part} for row in whole for part in parts_of(row, _PARTS)
    ]
    end = max([row["end"] for row in whole] + [row["target"] or 0 for row in whole])
    texts = [{"closing_in": row["closing_in"], "end": max(row["end"], row["target"] or 0), "text": row["text"]}
             for row in whole]  # fmt: skip
    goals = [{"closing_in": row["closing_in"], "target": row["target"]} for row in whole if row["target"]]

    def chart(is_narrow: bool) -> Picture:
        y = alt.Y(
            "closing_in:N",
            sort=[row["closing_in"] for row in whole],
            axis=alt.Axis(title=None, labelPadding=8),
        )
        scale = across(end * (2.3 if is_narrow else 1.4))
        more: dict[str, Any] = {"href": "href:N"} if "href" in carried else {}
        bars = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1).encode(
            x=alt.X("start:Q", scale=scale, axis=None), x2="end:Q", y=y, color=fill(), stroke=outline(), **more
        )  # fmt: skip
        words = alt.Chart(rows(texts)).mark_text(align="left", dx=8, color=INK)
        layers: list[Any] = [bars, words.encode(x=alt.X("end:Q", scale=scale, axis=None), y=y, text="text:N")]
        if goals:
            tick = alt.Chart(rows(goals)).mark_tick(color=TARGET, opacity=1, thickness=3, size=BAR + 10)
            layers.append(tick.encode(x=alt.X("target:Q", scale=scale, axis=None), y=y))
        return alt.layer(*layers).properties(width=width(is_narrow, less=_LABELS), height={"step": ROW})

    return drawing(
        "ahead",
        finding=_finding(whole),
        measure=f"Open by close date, qualified solid, against the target of each period, {currency}",
        description="; ".join(f"{row['closing_in']}: {row['text']}" for row in whole) + ".",
        chart=chart,
    )


def _text(row: Mapping[str, Any], currency: str) -> str:
    words = f"{short_text(row['open_amount'], currency)} open, {short_text(row['qualified_amount'], currency)} qualified"
    return f"{words} · {ratio_text(row['nominal'])}" if row["nominal"] is not None else words


def _finding(whole: Sequence[Mapping[str, Any]]) -> str:
    """Where less is open than what is left of the target needs."""
    known = [row for row in whole if row["target"] is not None and row["needed"] is not None]
    short = [
        row["closing_in"]
        for row in known
        if row["remaining"] is not None and row["remaining"] < row["needed"]
    ]
    if not known:
        return "No target is set for these periods, or nothing was won yet to say what they need"
    if not short:
        return "Every period has the pipeline that its target still needs at the win rate so far"
    if len(short) == len(known):
        return "No period has the pipeline yet that its target still needs at the win rate so far"
    return f"Less is open than the win rate so far needs in {listed(short)}"
