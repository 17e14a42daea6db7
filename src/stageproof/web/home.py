"""Home: the page where work begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from stageproof.web.frame import places
from stageproof.web.policy import EVERYONE, policy

BEGINS = {"finance": "readings", "executive": "readings", "marketing": "funnel"}
"""The page that people of a role begin with; everyone else with the first of the navigation."""


@policy(*EVERYONE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The page that the person's work begins with: for who reads rather than sells, the readings."""
    found = {place.name: place.url for place in places(request)}
    wanted = BEGINS.get(getattr(request.user, "role", ""), "")
    return redirect(found.get(wanted) or next(iter(found.values())))
