"""Contacts: the people at the buyers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.accounts import find_account
from stageproof.actions.contacts import create_contact, edit_contact, find_contact
from stageproof.actions.directory import KEEPS
from stageproof.actions.permission import forbid, visible_deals
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Activity, Contact, Deal, RoleVersion
from stageproof.web.answers import actor_of
from stageproof.web.fields import account as account_named
from stageproof.web.policy import EVERYONE, policy

FORM = ("name", "title", "email", "phone")
SHOWN = 50


@policy(*EVERYONE)
@require_safe
def contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    """One contact: who it is, in which deals with which roles, and what they last did."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor = actor_of(request)
    found = find_contact(contact_id)
    seen = Deal.objects.filter(visible_deals(actor)).exclude(status="deleted")
    roles = RoleVersion.objects.filter(contact=found, valid_to__isnull=True, removed=False, deal__in=seen)
    activities = (
        Activity.objects.filter(contact=found, deal__in=seen).select_related("deal").order_by("-happened_at")
    )
    context = {
        "contact": found,
        "roles": roles.select_related("deal").order_by("-engaged_at"),
        "activities": activities[:SHOWN],
        "may_edit": actor.role in KEEPS,
    }
    return render(request, "contact.html", context)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new contact's facts, or creates it; a likely duplicate is shown before."""
    actor, problems = actor_of(request), []
    if actor.role not in KEEPS:
        raise forbid("create contacts")
    if request.method == "POST":
        try:
            made = create_contact(
                actor,
                now=timezone.now(),
                facts=_facts(request),
                even_if_similar=request.POST.get("even_if_similar") == "on",
            )
            messages.success(request, f"{made.name} is in the contacts.")
            return redirect("contact", made.pk)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, None, problems)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Asks for other facts of a contact, or takes them."""
    actor, problems = actor_of(request), []
    if actor.role not in KEEPS:
        raise forbid("change contacts")
    found = find_contact(contact_id)
    if request.method == "POST":
        expected = request.POST.get("expected_version", "")
        try:
            edit_contact(actor, found.pk, now=timezone.now(), changes=_facts(request),
                         expected_version=int(expected) if expected.isdigit() else None)  # fmt: skip
            messages.success(request, f"{found.name} is saved.")
            return redirect("contact", found.pk)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, found, problems)


def _facts(request: HttpRequest) -> dict[str, Any]:
    facts: dict[str, Any] = {name: request.POST[name].strip() for name in FORM if name in request.POST}
    if "account" in request.POST:
        facts["account"] = (
            account_named(request.POST["account"].strip()) if request.POST["account"].strip() else None
        )
    return facts


def _form(request: HttpRequest, found: Contact | None, problems: list[Problem]) -> HttpResponse:
    given: dict[str, Any] = request.POST.dict()
    if not given and found:
        given = {name: getattr(found, name) for name in FORM} | {
            "account": found.account.name if found.account else ""
        }
    elif not given and request.GET.get("account", "").isdigit():
        given = {"account": find_account(int(request.GET["account"])).name}
    context = {
        "contact": found, "given": given, "problems": problems,
        "similar": any(problem.code == "likely_duplicate" for problem in problems),
    }  # fmt: skip
    return render(request, "contact_form.html", context, status=422 if problems else 200)
