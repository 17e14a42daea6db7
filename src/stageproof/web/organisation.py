"""Organisation: its name, zone, currency, calendar and pipeline owner."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from stageproof.actions.organisation import ORGANISATION, change_organisation
from stageproof.actions.permission import DEFINES
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Organisation, Person
from stageproof.web.answers import actor_of
from stageproof.web.beside import Beside
from stageproof.web.first_run import DAYS, MONTHS
from stageproof.web.policy import policy
from stageproof.web.settings_frame import show
from stageproof.web.sign_in import confirmed

KINDS = [
    ("months", "Calendar months"),
    ("4-4-5", "Weeks, 4-4-5"),
    ("4-5-4", "Weeks, 4-5-4"),
    ("5-4-4", "Weeks, 5-4-4"),
]


@policy(*DEFINES)
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def organisation(request: HttpRequest) -> HttpResponse:
    """Shows the organisation as a form, or changes it."""
    held = Organisation.objects.get()
    given: dict[str, Any] = {name: getattr(held, name) for name in ORGANISATION}
    given["pipeline_owner"] = held.pipeline_owner_id or ""
    problems: list[Problem] = []
    if request.method == "POST":
        given |= {name: request.POST[name] for name in ORGANISATION if name in request.POST}
        try:
            change_organisation(actor_of(request), changes=read(given), now=timezone.now())
            messages.success(request, "The organisation is saved.")
            return redirect("organisation")
        except Refused as refused:
            problems = list(refused.problems)
    beside = Beside(problems, ORGANISATION)
    context = {
        "given": given, "wrong": beside, "zones": sorted(available_timezones()), "months": MONTHS, "days": DAYS,
        "kinds": KINDS, "owners": owners(),
    }  # fmt: skip
    return show(request, "organisation.html", "organisation", context, beside.status)


def owners() -> list[tuple[int, str]]:
    """The people who may own the pipeline."""
    people = Person.objects.filter(is_active=True, role__in=DEFINES).order_by("name")
    return [(person.pk, person.name) for person in people]


def read(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed, as the verb takes it; what is no number or nobody is left for the verb to refuse."""
    owner = str(given["pipeline_owner"])
    return {
        **given,
        "year_starts": whole(given["year_starts"]),
        "week_starts": whole(given["week_starts"]),
        "pipeline_owner": Person.objects.filter(pk=owner).first() if small(owner) else None,
    }


def whole(value: object) -> int:
    """The number typed; -1, which no field takes, where it is none."""
    text = str(value)
    return int(text) if small(text) else -1


def small(text: str) -> bool:
    """Whether the text is a number that an identifier can have."""
    return text.isascii() and text.isdigit() and len(text) < 18
