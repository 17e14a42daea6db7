"""Offline: the page that stands in for any other while the server cannot be reached, and the worker that shows it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.web.policy import PUBLIC, policy


@policy(*PUBLIC)
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown instead of a page that cannot be had; it holds nothing of anybody."""
    return render(request, "offline.html")


@policy(*PUBLIC)
@require_safe
def offline_worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps that page; it has to be served at the root, for it answers for all pages below."""
    return render(request, "offline_worker.js", content_type="text/javascript; charset=utf-8")
