"""Bars: what the charts of amounts share, qualified solid and the rest drawn in the same hue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import altair as alt

from stageproof.charts.theme import LABEL, MUTED, QUALIFICATION_COLOURS, QUALIFIED, WAIVED, WON
from stageproof.engine.qualification import QUALIFICATIONS

BAR, ROW = 20, 36
"""Height of a bar and of its row in pixels."""
_LETTER = 0.8 * LABEL
"""What the renderer, which knows no fonts, takes a letter to be wide."""
GAP = 10
"""Between the labels left of the bars and the plot."""
_LEAST, _MOST = 48, {True: 144, False: 240}

LONGEST = 6_000
"""How long an address may be at most; servers and browsers take about 8,000."""

PARTS = ("won", *QUALIFICATIONS)
_FILLS = {"won": WON, **QUALIFICATION_COLOURS}
_STROKES = {
    "won": WON,
    "qualified": QUALIFIED,
    "waived": WAIVED,
    "unverifiable": MUTED,
    "unqualified": QUALIFIED,
}


def parts_of(
    row: Mapping[str, Any], parts: tuple[str, ...] = QUALIFICATIONS, *, of: str = "amount"
) -> list[dict[str, Any]]:
    """One value per part of a bar, from where it starts to where it ends, leaving out what is nothing."""
    found, start = [], 0
    for part in parts:
        amount = row[f"{part}_{of}"] or 0
        if amount > 0:
            found.append({"part": part, "start": start, "end": start + amount})
            start += amount
    return found


def fill() -> alt.Color:
    """The fill of a part of a bar."""
    scale = alt.Scale(domain=list(PARTS), range=[_FILLS[part] for part in PARTS])
    return alt.Color("part:N", scale=scale, legend=None)


def outline() -> alt.Stroke:
    """The outline of a part of a bar: drawn fills need an edge."""
    scale = alt.Scale(domain=list(PARTS), range=[_STROKES[part] for part in PARTS])
    return alt.Stroke("part:N", scale=scale, legend=None)


def led(row: Mapping[str, Any]) -> dict[str, str]:
    """Where a row's bar leads to; nothing where its rows lead nowhere."""
    return {"href": row["href"]} if "href" in row else {}


def led_together(rest: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Where one bar for several rows leads to: what any of their addresses asks for; nowhere where that is too long."""
    if not all(row.get("href") for row in rest):
        return {"href": ""} if any("href" in row for row in rest) else {}
    place, _, _ = rest[0]["href"].partition("?")
    asked = [
        pair for row in rest for pair in parse_qsl(row["href"].partition("?")[2], keep_blank_values=True)
    ]
    address = f"{place}?{urlencode(list(dict.fromkeys(asked)))}"
    return {"href": address if len(address) <= LONGEST else ""}


def lead(data: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The encoding by which bars lead where their rows say."""
    return {"href": "href:N"} if data and "href" in data[0] else {}


def rows(data: list[dict[str, Any]]) -> alt.Data:
    """The rows as inline data; numbers stay below what a drawing can show exactly."""
    return alt.Data(values=data)  # type: ignore[no-untyped-call]


def label_room(labels: Iterable[str], is_narrow: bool) -> int:
    """The pixels that the labels left of the bars may take: the longest fits, unless it would leave too little."""
    longest = max(map(len, labels), default=0)
    return min(max(int(longest * _LETTER) + 1, _LEAST), _MOST[is_narrow])


def across(domain_end: float) -> alt.Scale:
    """A scale from zero with room for the label behind the longest bar."""
    return alt.Scale(domain=[0, domain_end or 1], nice=False, zero=True)
