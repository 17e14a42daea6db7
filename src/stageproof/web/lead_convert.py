"""Converting a lead on its page: which account, which contact, what the deal is worth."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from stageproof.actions.accounts import find_account, likely_accounts
from stageproof.actions.contacts import find_contact, likely_contacts
from stageproof.actions.convert_lead import account_facts, contact_facts, convert_lead
from stageproof.actions.leads import WORKS_LEADS, find_lead
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import ROLES
from stageproof.records.models import Account, LeadVersion, Organisation, Person
from stageproof.records.models.accounts import HERE
from stageproof.records.tables import definitions_in_force
from stageproof.web.answers import actor_of
from stageproof.web.fields import account as account_named
from stageproof.web.fields import read_facts
from stageproof.web.policy import policy

FORM = ("name", "amount", "currency", "close_on", "owner", "next_step", "next_step_on")
NEW = "new"


@policy(*WORKS_LEADS)
@require_http_methods(["GET", "HEAD", "POST"])
def lead_convert(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Asks what the deal is, or makes it."""
    request.place = "leads"  # type: ignore[attr-defined]
    found, problems = find_lead(lead_id), []
    if request.method == "POST":
        try:
            return _converted(request, found)
        except Refused as refused:
            problems = list(refused.problems)
    accounts = likely_accounts(account_facts(found)) if found.account else []
    contacts = likely_contacts(contact_facts(found, None))
    given = request.POST.dict() or _first(found, accounts, contacts)
    context = {
        "lead": found, "given": given, "problems": problems,
        "wrong": {problem.column: problem for problem in problems if problem.column},
        "accounts": accounts, "contacts": contacts, "roles": ROLES,
        "owners": Person.objects.filter(is_active=True, role__in=("rep", "manager")).order_by("name"),
        "pipelines": [each.pipeline for each in definitions_in_force(timezone.now().date())],
        "account_names": Account.objects.filter(HERE).order_by("name").values_list(
            "name", flat=True)[:500],
        "unqualified": found.status != "qualified",
    }  # fmt: skip
    return render(request, "lead_convert.html", context, status=422 if problems else 200)


def _converted(request: HttpRequest, found: LeadVersion) -> HttpResponse:
    given = request.POST.dict()
    wrong: list[Problem] = []
    facts: dict[str, Any] = {}
    try:
        read = read_facts(given, list(FORM), Organisation.objects.get().currency)
        facts = {name: value for name, value in read.items() if value is not None}
    except Refused as refused:
        wrong += refused.problems
    contact = None
    try:
        chosen = given.get("account", "")
        if chosen.isdigit():
            facts["account"] = find_account(int(chosen))
        elif given.get("account_name", "").strip():
            facts["account"] = account_named(given["account_name"].strip())
        contact = find_contact(int(given["contact"])) if given.get("contact", "").isdigit() else None
    except Refused as refused:
        wrong += [
            Problem(each.code, each.says, each.remedy, column="account_name") for each in refused.problems
        ]
    if wrong:
        raise Refused(wrong)
    if given.get("pipeline"):
        facts["pipeline"] = given["pipeline"]
    expected = given.get("expected_version", "")
    done = convert_lead(
        actor_of(request), found.lead, facts=facts, now=timezone.now(), contact=contact,
        role=given.get("role") or None, reason=given.get("reason", ""),
        even_if_similar=NEW in (given.get("account"), given.get("contact")),
        expected_version=int(expected) if expected.isdigit() and len(expected) < 19 else None,
    )  # fmt: skip
    messages.success(request, f"{found.name} became the deal {done.deal.name}, in {done.deal.stage}.")
    return redirect("deal", done.deal.key)


def _first(found: LeadVersion, accounts: list[Any], contacts: list[Any]) -> dict[str, Any]:
    """What the form proposes: whoever is likely the same, else new ones."""
    sells = found.owner is not None and found.owner.role in ("rep", "manager")
    return {
        "name": found.account or found.name,
        "account": str(accounts[0].id) if accounts else NEW,
        "contact": str(contacts[0].id) if contacts else NEW,
        "owner": found.owner.name if found.owner and sells else "",
    }
