"""The frame around every page: navigation, the moment shown, and who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, resolve, reverse
from django.utils import timezone

from stageproof.engine.period import day_at
from stageproof.records.tables import organisation_if_any
from stageproof.web.policy import policy_of

THEMES = ("light", "dark")
PLACES = (
    ("today", "Today", "today"),
    ("board", "Board", "board"),
    ("pipeline", "Pipeline", "pipeline"),
    ("monday", "Monday", "monday"),
    ("reviews", "Reviews", "reviews"),
    ("readings", "Readings", "readings"),
    ("movement", "Movement", "movement"),
    ("forecast", "Forecast", "forecast"),
    ("leads", "Leads", "person"),
    ("funnel", "Funnel", "funnel"),
    ("attribution", "Attribution", "star"),
    ("campaigns", "Campaigns", "mail"),
    ("expansion", "Expansion", "expansion"),
    ("accounts", "Accounts", "accounts"),
    ("definition", "Definition", "definition"),
    ("imports", "Import", "imports"),
    ("settings", "Settings", "settings"),
)
"""What the navigation offers, in order: the route's name, its label and its icon; a route that is missing is left out."""


@dataclass(frozen=True)
class Place:
    """A page in the navigation."""

    name: str
    label: str
    icon: str
    url: str


def frame(request: HttpRequest) -> dict[str, Any]:
    """The template context of the frame around a page.

    A view puts the `Moment` it shows on the request as `moment`, and the navigation's name of its page as `place`.
    """
    organisation = organisation_if_any()
    zone = organisation.zone if organisation else "UTC"
    theme = request.COOKIES.get("theme", "")
    return {
        "organisation": organisation,
        "zone": zone,
        "currency": organisation.currency if organisation else "USD",
        "today": day_at(timezone.now(), zone),
        # A request that was refused at the gate of the server never got as far as having a user.
        "places": places(request) if getattr(request, "user", None) and request.user.is_authenticated else [],
        "here": getattr(request, "place", ""),
        "moment": getattr(request, "moment", None),
        "theme": theme if theme in THEMES else "",
        "folded": request.COOKIES.get("nav") == "folded",
    }


def places(request: HttpRequest) -> list[Place]:
    """The pages that exist and that the person may open, for the navigation and the palette."""
    return _places_of(getattr(request.user, "role", None), get_script_prefix(), settings.ROOT_URLCONF)


@lru_cache(maxsize=64)
def _places_of(role: str | None, _prefix: str, _routes: str) -> list[Place]:
    # Where pages are follows from the prefix and the routes, which hardly ever change while a process lives.
    found = []
    for name, label, icon in PLACES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        if role in (policy_of(resolve(url).func, name) or ()):
            found.append(Place(name, label, icon, url))
    return found
