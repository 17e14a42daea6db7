"""First run: one page that makes the organisation, and the way there until it is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from stageproof.actions.organisation import set_up
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.templates import NAMES, template
from stageproof.records.models import Organisation
from stageproof.web.beside import Beside
from stageproof.web.policy import PUBLIC, policy
from stageproof.web.sign_in import enter

MONTHS = [(number, dt.date(2000, number, 1).strftime("%B")) for number in range(1, 13)]
DAYS = list(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")))
LABELS = {
    "mid-market": "Mid-market", "smb": "Small businesses", "enterprise-meddic": "Enterprise, with MEDDIC",
    "expansion": "Customers: renewal and expansion",
}  # fmt: skip
USUAL = {"currency": "USD", "zone": "UTC", "year_starts": "1", "week_starts": "0", "template": "mid-market"}
FIELDS = ("name", "zone", "currency", "year_starts", "week_starts", "owner_name", "owner_email", "password")
ANSWERS_BEFORE = ("first_run", "healthz", "readyz", "metrics")


class FirstRunMiddleware:
    """Leads every page to the first run for as long as there is no organisation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.url_name in ANSWERS_BEFORE or request.path.startswith("/api/"):
            return None
        # Whoever is signed in has an organisation, so that pages at work pay nothing for this.
        if request.user.is_authenticated or Organisation.objects.exists():
            return None
        return redirect("first_run")


@policy(*PUBLIC)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Asks for the organisation and its first admin, or makes them and signs the admin in."""
    if Organisation.objects.exists():
        raise Http404
    given: dict[str, str] = {**USUAL, **request.POST.dict()}
    problems: list[Problem] = []
    if request.method == "POST":
        try:
            founded = set_up(
                name=given.get("name", ""),
                zone=given["zone"],
                currency=given["currency"],
                owner_name=given.get("owner_name", ""),
                owner_email=given.get("owner_email", ""),
                password=given.get("password", ""),
                year_starts=_number(given["year_starts"]),
                week_starts=_number(given["week_starts"]),
                template=given["template"],
                now=timezone.now(),
                door="page",
            )
            enter(request, founded.owner)
            return redirect("home")
        except Refused as refused:
            problems = list(refused.problems)
    beside = Beside(problems, FIELDS)
    context = {
        "given": given, "wrong": beside, "templates": {name: (LABELS.get(name, name), template(name)) for name in NAMES},
        "zones": sorted(available_timezones()), "months": MONTHS, "days": DAYS,
    }  # fmt: skip
    return render(request, "first_run.html", context, status=beside.status)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1
