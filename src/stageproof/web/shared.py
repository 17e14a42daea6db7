"""Shared: one reading of a frozen one for whoever has its link, and nothing else."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from stageproof.actions.freeze_reading import body_as_frozen
from stageproof.actions.share_reading import open_shared
from stageproof.records.models import SharedLink
from stageproof.web.policy import PUBLIC, policy
from stageproof.web.reading_drawings import draw
from stageproof.web.reading_papers import paper_of
from stageproof.web.readings import as_pdf

LIMITS = {"shared": "60/m/ip"}
"""How often one address may open links: whoever guesses gets nowhere, whoever reads does not notice."""


@policy(*PUBLIC)
@never_cache
@require_safe
@sensitive_variables()
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The reading that a link shows; the same answer for a link that never was, has expired or was revoked."""
    link = _opened(request, token)
    if isinstance(link, HttpResponse):
        return link
    body = body_as_frozen(link.frozen)
    context = {"paper": paper_of(body, link.reader, draw), "row": link.frozen, "link": link, "pdf": "pdf"}
    return _private(render(request, "shared.html", context))


@policy(*PUBLIC)
@never_cache
@require_safe
@sensitive_variables()
def shared_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The same as PDF."""
    link = _opened(request, token)
    if isinstance(link, HttpResponse):
        return link
    body = body_as_frozen(link.frozen)
    paper = paper_of(body, link.reader, draw)
    name = f"{link.reader}-{body['head']['on']}"
    return _private(as_pdf(request, paper, body["head"], timezone.now(), name=name, frozen=link.frozen.name))


@sensitive_variables()
def _opened(request: HttpRequest, token: str) -> SharedLink | HttpResponse:
    if not ratelimit.consume(request, app="stageproof", action="shared", config=LIMITS, limit_get=True):
        return _private(render(request, "429.html", status=429))
    link = open_shared(token, now=timezone.now())
    return _private(render(request, "shared_ended.html", status=404)) if link is None else link


def _private(response: HttpResponse) -> HttpResponse:
    """Told to nobody: the address is the key."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
