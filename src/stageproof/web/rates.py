"""Currencies: what each is worth in the reporting currency, from which day."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from stageproof.actions.rates import SETS_RATES, remove_rate, set_rate
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import CampaignVersion, Deal, Organisation, RateVersion, TargetVersion
from stageproof.web.answers import actor_of
from stageproof.web.beside import Beside
from stageproof.web.policy import policy
from stageproof.web.settings_frame import show
from stageproof.web.undo import offered, undo_url

FIELDS = ("currency", "from_on", "rate")


@policy(*SETS_RATES)
@require_http_methods(["GET", "HEAD", "POST"])
def rates(request: HttpRequest) -> HttpResponse:
    """The rates by currency and day, or a new one."""
    reporting = Organisation.objects.get()
    given = {"from_on": day_at(timezone.now(), reporting.zone).isoformat()}
    problems: list[Problem] = []
    if request.method == "POST":
        given = request.POST.dict()
        try:
            row = set_rate(
                actor_of(request),
                currency=given.get("currency", ""),
                from_on=_day(given.get("from_on", "")),
                rate=given.get("rate", ""),
                correct=given.get("correct") == "on",
                now=timezone.now(),
            )
            messages.success(request, f"The rate of {row.currency} is saved.")
            return redirect("rates")
        except Refused as refused:
            problems = list(refused.problems)
    beside = Beside(problems, FIELDS)
    present_rates = RateVersion.objects.filter(valid_to__isnull=True, removed=False)
    known = set(present_rates.values_list("currency", flat=True))
    used = set(Deal.objects.exclude(status="deleted").values_list("currency", flat=True).distinct())
    for priced in (CampaignVersion, TargetVersion):
        present = priced._default_manager.filter(valid_to__isnull=True, removed=False)
        used.update(present.exclude(currency=None).values_list("currency", flat=True).distinct())
    context = {
        "rates": RateVersion.objects.order_by("currency", "-from_on", "-seq"), "given": given, "wrong": beside,
        "without": sorted(used - known - {reporting.currency}),
        "there": any(problem.code == "rate_already_set" for problem in problems),
    }  # fmt: skip
    return show(request, "rates.html", "rates", context, beside.status)


@policy(*SETS_RATES)
@require_POST
def rate_remove(request: HttpRequest, rate: int) -> HttpResponse:
    """Takes a rate out that was entered for a wrong day; what it was stays known."""
    row = remove_rate(actor_of(request), rate, now=timezone.now())
    text = f"The rate of {row.currency} from {row.from_on} is out; the one before it holds on."
    offered(request, text, undo_url(row.seq))
    return redirect("rates")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        problem = Problem("unreadable_date", f"'{text[:40]}' is not a day.", "Write it as 2025-09-30.",
                          column="from_on", value=text[:40])  # fmt: skip
        raise Refused([problem]) from None
