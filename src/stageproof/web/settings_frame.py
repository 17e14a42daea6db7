"""The settings: which of them a person may open, and who changed what."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from stageproof.actions.permission import ADMINISTERS, DEFINES, SETS_TARGETS
from stageproof.actions.rates import SETS_RATES
from stageproof.records.models import Change
from stageproof.web.policy import EVERYONE, policy

TABS = (
    ("organisation", "Organisation", DEFINES),
    ("people", "People", ADMINISTERS),
    ("teams", "Teams", ADMINISTERS),
    ("targets", "Targets", SETS_TARGETS),
    ("rates", "Currencies", SETS_RATES),
    ("tokens", "API tokens", EVERYONE),
    ("changes", "Changes", ADMINISTERS),
)
SHOWN = 200


def tabs(request: HttpRequest) -> list[tuple[str, str]]:
    """The settings that the person may open, by route and label."""
    return [(name, label) for name, label, roles in TABS if request.user.role in roles]  # type: ignore[union-attr]


def show(
    request: HttpRequest, template: str, tab: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the settings under its tab."""
    request.place = "settings"  # type: ignore[attr-defined]
    return render(
        request, f"settings/{template}", {"tabs": tabs(request), "tab": tab, **context}, status=status
    )


@policy(*EVERYONE)
@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """The first of the settings that the person may open."""
    return redirect(tabs(request)[0][0])


@policy(*ADMINISTERS)
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Who changed what in the settings, the latest first."""
    found = Change.objects.order_by("-changed_at", "-id")
    text = request.GET.get("text", "").strip()
    if text:
        found = found.filter(which__icontains=text) | found.filter(actor__icontains=text)
    return show(request, "changes.html", "changes", {"changes": found[:SHOWN], "text": text})
