"""The look of charts: colours by meaning, which the page's style sheet turns into light and dark."""

from __future__ import annotations

from typing import Any

# A renderer knows only fixed colours: these stand for custom properties and are replaced in what it drew.
INK = "#000001"
MUTED = "#000002"
LINE = "#000003"
QUALIFIED = "#000010"
WAIVED = "#000011"
UNVERIFIABLE = "#000012"
UNQUALIFIED = "#000013"
WON = "#000014"
TARGET = "#000015"
LATE = "#000016"
UP = "#000017"
DOWN = "#000018"
PAPER = "#000019"

PROPERTIES = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    QUALIFIED: "--qualified",
    WAIVED: "--waived",
    WON: "--won",
    TARGET: "--target",
    LATE: "--late",
    UP: "--up",
    DOWN: "--down",
    PAPER: "--paper",
}
PATTERNS = {UNQUALIFIED: "hatched", UNVERIFIABLE: "dotted"}
"""Fills that are drawn, not coloured, so that they differ in print and for every eye."""

QUALIFICATION_COLOURS = {
    "qualified": QUALIFIED,
    "waived": WAIVED,
    "unverifiable": UNVERIFIABLE,
    "unqualified": UNQUALIFIED,
}

PRINTED = {
    "--ink": "#1b1f27", "--muted": "#565b63", "--line": "#dadce0", "--paper": "#ffffff", "--qualified": "#2063b0",
    "--waived": "#99c2ed", "--hatch-back": "#e7f1fc", "--dots-back": "#eceff1", "--won": "#454e5b",
    "--target": "#8e3510", "--late": "#cb6620", "--up": "#207e5d", "--down": "#c25237",
}  # fmt: skip
"""The properties on paper, where no style sheet reaches: the light ones of the pages, as fixed colours."""

WIDE, NARROW = 890, 340
"""Widths in pixels: for a page, and for a phone."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LABEL = 12


def config() -> dict[str, Any]:
    """What all charts share: no frame, quiet axes, readable labels."""
    return {
        "background": "transparent",
        # The drawing carries its own title and description; the marks stay silent.
        "aria": False,
        "font": "Arial",
        "padding": {"left": 0, "right": 4, "top": 4, "bottom": 2},
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK,
            "labelFontSize": LABEL,
            "labelLimit": 220,
            "titleColor": MUTED,
            "titleFontSize": LABEL,
            "titleFontWeight": "normal",
            "domain": False,
            "ticks": False,
            "grid": False,
        },
        "text": {"fontSize": LABEL, "color": INK},
    }
