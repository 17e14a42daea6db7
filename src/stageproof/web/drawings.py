"""Drawings of pages: kept once drawn; a page opens without those that are not, and asks for them one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from stageproof.actions.conflict import NotFound
from stageproof.charts.render import Drawing
from stageproof.engine.kept import Kept

KEPT = 128
"""How many drawings a process keeps, each a few hundred kilobytes at most."""

_drawn: Kept[Drawing | None] = Kept(KEPT)


@dataclass(frozen=True)
class Sketch:
    """A drawing by the name under which a page asks for it: what it is drawn from, how, and what is said where there
    is nothing to show."""

    name: str
    data: Any
    make: Callable[[], Drawing | None]
    nothing: str = ""

    @property
    def key(self) -> str:
        return json.dumps([self.name, self.data], sort_keys=True, default=str)

    @property
    def is_ready(self) -> bool:
        return self.key in _drawn

    @property
    def drawing(self) -> Drawing | None:
        """The drawing, drawn now where it was not yet; None where there is nothing to show."""
        return _drawn.get(self.key, self.make)


def asked_for(request: HttpRequest, sketches: Sequence[Sketch]) -> HttpResponse | None:
    """The one drawing that a page asks for once it is open; None where the page itself is asked for."""
    name = request.GET.get("drawing", "")
    if not name:
        return None
    found = next((each for each in sketches if each.name == name), None)
    if found is None:
        raise NotFound("drawing", name[:40])
    return render(request, "partials/drawing.html", {"sketch": found, "at_once": True})


def by_name(request: HttpRequest, sketches: Sequence[Sketch]) -> dict[str, Any]:
    """What a page's template needs: each drawing by its name, and whether to wait for them."""
    return {"sketches": {each.name: each for each in sketches}, "at_once": "drawings" in request.GET}
