"""Home: the page where work begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from stageproof.web.frame import places
from stageproof.web.policy import EVERYONE, policy


@policy(*EVERYONE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page of the navigation."""
    return redirect(places(request)[0].url)
