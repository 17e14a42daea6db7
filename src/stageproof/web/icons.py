"""Icons, drawn on a grid of sixteen; kept as one drawing with a symbol each."""

from __future__ import annotations

import re
from importlib.resources import files

_SYMBOL = re.compile(r'<symbol id="(\w+)"[^>]*>(.*?)</symbol>')

ICONS: dict[str, str] = dict(
    _SYMBOL.findall(files("stageproof.web").joinpath("icons.svg").read_text("utf-8"))
)
"""The paths inside each icon's drawing, by name."""
