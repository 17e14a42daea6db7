"""Answers to what a verb does not do: refused, forbidden, not found, changed meanwhile; each as a page or a dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.permission import Forbidden, forbid
from stageproof.engine.problem import Problem, Refused

_log = structlog.get_logger("stageproof.web")


def actor_of(request: HttpRequest) -> Actor:
    """The person signed in, at the door of the pages."""
    return Actor(request.user, "page")  # type: ignore[arg-type]


def wants_part(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for, to be put into the one that is open."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


class AnswersMiddleware:
    """Turns what verbs raise into answers: 422 with every problem, 403, 404, 409 with what changed, and 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Who reloads what a button sent to asks for a page that is none; a browser would show a blank one.
        if response.status_code == 405 and "text/html" in request.headers.get("Accept", ""):
            return no_page(request, response)
        return response

    def process_exception(self, request: HttpRequest, raised: Exception) -> HttpResponse | None:
        return answer(request, raised)


def answer(request: HttpRequest, raised: Exception) -> HttpResponse | None:
    """The answer to what a verb raised; None for anything that is no answer but a bug."""
    match raised:
        case Refused():
            return wrong(request, "This cannot be done yet", raised.problems, status=422)
        case Forbidden():
            return wrong(request, "This is not yours to do", [raised.problem], status=403)
        case NotFound():
            return wrong(request, "There is nothing here", [raised.problem], status=404)
        case Conflict():
            return wrong(request, "Someone was quicker", [raised.problem], status=409, changed=raised.changed)
        case OperationalError() | InterfaceError():
            return out_of_reach(request)
    return None


def out_of_reach(request: HttpRequest) -> HttpResponse | None:
    """503: the database is away, locked or full; None where not even a page can be drawn without it."""
    _log.warning("database_away", path=request.path)
    says = "The database does not answer just now, perhaps because much is being written."
    asks = request.method in ("GET", "HEAD")
    remedy = (
        "Try again in a moment." if asks else "Look whether your change came through, and else try again."
    )
    problem = Problem("database_away", says, remedy)
    again = request.get_full_path() if asks else ""
    try:
        response = wrong(request, "Just a moment", [problem], status=503, again=again)
    except (OperationalError, InterfaceError):
        return None
    response["Retry-After"] = "5"
    return response


def wrong(
    request: HttpRequest, title: str, problems: Sequence[Problem], *, status: int, **more: Any
) -> HttpResponse:
    """A page, or its part, that says what is wrong and what to do next."""
    template = "partials/wrong.html" if wants_part(request) else "wrong.html"
    context = {"title": title, "problems": problems, "status": status, "back": came_from(request), **more}
    return in_dialog(request, render(request, template, context, status=status))


def in_dialog(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response, which opens in the dialog where only a part of the page was asked for."""
    if wants_part(request):
        response["HX-Retarget"], response["HX-Reswap"], response["HX-Reselect"] = (
            "#dialog",
            "innerHTML",
            "unset",
        )
    return response


def came_from(request: HttpRequest) -> str:
    """The page of ours that the person came from; the first page otherwise."""
    given = request.POST.get("next") or request.GET.get("next") or ""
    # Browsers drop tabs and line breaks and turn slashes, so that "/<tab>/elsewhere" leads elsewhere.
    ours = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if ours else "/"


def closed_to(request: HttpRequest) -> HttpResponse:
    """The answer to a person whose role may not open a page."""
    return wrong(request, "This page is not yours to open", [forbid("open this page").problem], status=403)


def no_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer where something can be sent to, but nothing be opened."""
    says = "Nothing can be opened at this address: it is where a button of another page sends to."
    problem = Problem("not_found", says, "Start from the navigation.", value=request.path)
    said = wrong(request, "There is no page here", [problem], status=405)
    said["Allow"] = response.get("Allow", "")
    return said


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer where no page is."""
    problem = Problem(
        "not_found", "There is no page at this address.", "Start from the navigation.", value=request.path
    )
    return wrong(request, "There is nothing here", [problem], status=404)
