"""Coverage against target: what is claimed, what of it is proven, what is won."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from stageproof.charts.bars import BAR, ROW, across, fill, outline, parts_of, rows
from stageproof.charts.render import Drawing, Picture, drawing, width
from stageproof.charts.theme import INK, MUTED, PAPER, TARGET
from stageproof.charts.wording import ratio_text, short_text

_LABELS = 116


def coverage_chart(
    opened: Mapping[str, Any], cover: Mapping[str, Any], *, won_amount: int, period: str, currency: str
) -> Drawing:
    """Bars of the period's open, qualified and won amounts against the target, if one is set.

    `opened` is the period's row of `open_pipeline`, `cover` its row of `coverage`; amounts are minor units.
    """
    target = cover["target"] or 0
    claimed, real = opened["open_amount"], opened["qualified_amount"]
    bars = [
        ("Open, as claimed", parts_of(opened), claimed, cover["nominal"]),
        ("Of it qualified", parts_of(opened, ("qualified",)), real, cover["qualified"]),
        ("Won so far", parts_of({"won_amount": won_amount}, ("won",)), won_amount, None),
    ]
    texts = [
        {"bar": name, "end": amount, "text": _text(amount, ratio, currency)}
        for name, _, amount, ratio in bars
    ]
    data = [{"bar": name, **part} for name, parts, _, _ in bars for part in parts]
    end = max(claimed, won_amount, target, 1)

    def chart(is_narrow: bool) -> Picture:
        return _chart(data, texts, target, end, is_narrow, currency)

    described = "; ".join(f"{text['bar']}: {text['text']}" for text in texts)
    against = f"; target {short_text(target, currency)}" if target else "; no target is set"
    return drawing(
        "coverage",
        finding=_finding(claimed, real, target, cover, currency),
        measure=f"Open amount closing in {period}, {currency}",
        description=f"{described}{against}.",
        chart=chart,
    )


def _chart(
    data: list[dict[str, Any]],
    texts: list[dict[str, Any]],
    target: int,
    end: int,
    is_narrow: bool,
    currency: str,
) -> Picture:
    order = [text["bar"] for text in texts]
    y = alt.Y("bar:N", sort=order, axis=alt.Axis(title=None, labelPadding=8))
    # Labels stand behind their bars, so the scale ends where the longest bar leaves room for one.
    room = 1.42 if is_narrow else 1.16
    x = alt.X("start:Q", scale=across(end * room), axis=None)
    parts = alt.Chart(rows(data)).mark_bar(height=BAR, strokeWidth=1)
    layers: list[alt.Chart] = [parts.encode(x=x, x2="end:Q", y=y, color=fill(), stroke=outline())]
    end_of = alt.X("end:Q", scale=across(end * room), axis=None)
    if target:
        goal = alt.Chart(rows([{"end": target, "text": f"Target {short_text(target, currency)}"}]))
        layers.append(goal.mark_rule(color=TARGET, strokeWidth=2, strokeDash=[5, 3]).encode(x=end_of))
        # Near the right edge the word stands before the line, lest it be cut.
        before = target > 0.8 * end * room
        word = goal.mark_text(
            baseline="bottom", dy=-2, color=MUTED, align="right" if before else "left", dx=-5 if before else 5
        )
        layers.append(word.encode(x=end_of, y=alt.value(0), text="text:N"))
    labels = alt.Chart(rows(texts)).encode(x=end_of, y=y, text="text:N")
    # A halo keeps the figures readable where the target's line crosses them.
    layers.append(
        labels.mark_text(color=PAPER, stroke=PAPER, strokeWidth=5, align="left", dx=7, fontWeight=600)
    )
    layers.append(labels.mark_text(color=INK, align="left", dx=7, fontWeight=600))
    return alt.layer(*layers).properties(width=width(is_narrow, less=_LABELS), height={"step": ROW})


def _text(amount: int, ratio: float | None, currency: str) -> str:
    return short_text(amount, currency) + (f" · {ratio_text(ratio)}" if ratio is not None else "")


def _finding(claimed: int, real: int, target: int, cover: Mapping[str, Any], currency: str) -> str:
    if not claimed:
        return "Nothing is open for the period"
    if not target or cover["nominal"] is None:
        if real == claimed:
            return f"All of the {short_text(claimed, currency)} open is qualified"
        return f"{short_text(real, currency)} of {short_text(claimed, currency)} open is qualified"
    if real == claimed:
        return f"All that is open is qualified: {ratio_text(cover['qualified'])} of the target"
    held, said = ratio_text(cover["qualified"]), ratio_text(cover["nominal"])
    return f"Qualified pipeline covers {held} of the target, not the {said} claimed"
