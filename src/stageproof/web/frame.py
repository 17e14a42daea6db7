"""The frame around every page: navigation, the moment shown, and who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    ("Work", "today", "Today", "today"),
    ("Work", "board", "Board", "board"),
    ("Work", "pipeline", "Pipeline", "pipeline"),
    ("Work", "monday", "Monday", "monday"),
    ("Work", "reviews", "Reviews", "reviews"),
    ("Work", "leads", "Leads", "person"),
    ("Work", "accounts", "Accounts", "accounts"),
    ("Work", "campaigns", "Campaigns", "mail"),
    ("Work", "expansion", "Expansion", "expansion"),
    ("Figures", "readings", "Readings", "readings"),
    ("Figures", "forecast", "Forecast", "forecast"),
    ("Figures", "movement", "Movement", "movement"),
    ("Figures", "coverage", "Coverage", "coverage"),
    ("Figures", "velocity", "Velocity", "velocity"),
    ("Figures", "conversion", "Conversion", "conversion"),
    ("Figures", "funnel", "Funnel", "funnel"),
    ("Figures", "attribution", "Attribution", "attribution"),
    ("Setup", "definition", "Definition", "definition"),
    ("Setup", "imports", "Import", "imports"),
    ("Setup", "settings", "Settings", "settings"),
)
"""What the navigation offers: its group, the route's name, its label and icon; a route that is missing is left out."""
TIMELESS = ("Setup",)
"""The groups whose pages are of now, whatever day is shown."""


@dataclass(frozen=True)
class Place:
    """A page in the navigation."""

    group: str
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
        "places": grouped(request)
        if getattr(request, "user", None) and request.user.is_authenticated
        else {},
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
    for group, name, label, icon in PLACES:
        url = address_for(role, name)
        if url is not None:
            found.append(Place(group, name, label, icon, url))
    return found


def address_for(role: str | None, name: str, *given: str) -> str | None:
    """The address of a page; None where there is no such page, or this role may not open it."""
    try:
        url = reverse(name, args=given)
    except NoReverseMatch:
        return None
    return url if role in (policy_of(resolve(url).func, name) or ()) else None


def grouped(request: HttpRequest) -> dict[str, list[Place]]:
    """The same by the group's name, in order, each with the day that is shown."""
    moment = getattr(request, "moment", None)
    then = "" if moment is None else moment.query
    groups: dict[str, list[Place]] = {}
    for place in places(request):
        url = place.url if place.group in TIMELESS else place.url + then
        groups.setdefault(place.group, []).append(replace(place, url=url))
    return groups
