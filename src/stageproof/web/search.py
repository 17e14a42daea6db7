"""Search and the command palette: deals, accounts and people by name, pages and actions."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.deals import NO_DEALS
from stageproof.actions.freeze_reading import frozen_readings
from stageproof.actions.seeing import seen
from stageproof.charts.wording import period_text
from stageproof.records.models import Account, CampaignVersion, Contact
from stageproof.records.models.accounts import HERE
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.deal_list import deal_list, holding, visible
from stageproof.web.frame import address_for, places
from stageproof.web.lead_list import LeadFilters, lead_list
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.saved_views import PAGES, views_of

MANY, FEW = 50, 6
FURTHER = (
    ("reading", "sales", "Sales reading", "readings"),
    ("reading", "marketing", "Marketing reading", "readings"),
    ("reading", "finance", "Finance reading", "readings"),
    ("reading", "board", "Board reading", "readings"),
    ("reading", "reconciliation", "Reconciliation", "readings"),
    ("contacts", "", "Contacts", "person"),
    ("account_duplicates", "", "Duplicate accounts", "accounts"),
    ("targets", "", "Targets", "coverage"),
    ("organisation", "", "Organisation", "settings"),
    ("people", "", "People and invitations", "person"),
    ("teams", "", "Teams", "person"),
    ("rates", "", "Currencies and exchange rates", "settings"),
    ("tokens", "", "API tokens", "command"),
    ("changes", "", "Changes to the settings", "clock"),
    ("account_settings", "", "Your account", "settings"),
    ("account_change_password", "", "Your password", "settings"),
    ("mfa_index", "", "Your second factor and passkeys", "settings"),
)
"""The pages that the navigation has no room for: route, what it is given, label and icon."""
MEANT = {
    "Board": "kanban cards stages drag",
    "Pipeline": "deals opportunities table list",
    "Leads": "inbound prospects",
    "Accounts": "companies customers",
    "Contacts": "people buyers",
    "Campaigns": "marketing cost spend",
    "Expansion": "renewals contracts retention churn",
    "Readings": "reports frozen freeze",
    "Sales reading": "monday forecast",
    "Finance reading": "forecast cfo",
    "Board reading": "forecast investors",
    "Movement": "bridge changes slipped pushed waterfall",
    "Coverage": "targets quota gap",
    "Velocity": "speed cycle",
    "Conversion": "win rate cycle slippage stages",
    "Funnel": "leads hand-over response",
    "Attribution": "sources first touch last roi",
    "Definition": "stages exit criteria rules ideal customer",
    "Import": "upload csv excel salesforce hubspot pipedrive",
    "People and invitations": "users invite roles",
    "Targets": "quota",
}
"""Other words by which people look for a page."""
SHOWN = ("deal", "name", "account", "stage", "status")


@dataclass(frozen=True)
class Hit:
    """Something found: what it is, its name, what tells it apart, and where it is."""

    icon: str
    name: str
    more: str
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `more` says that there is more than is shown."""

    label: str
    hits: list[Hit]
    more: bool = False


@policy(*EVERYONE)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What was found as a page."""
    moment = moment_of(request)
    text = request.GET.get("q", "").strip()
    groups = []
    if text:
        pages = Group("Pages", [hit for hit in pages_for(request) if fits(text, hit.name)])
        groups = [each for each in (pages, *found(actor_of(request), moment, text, MANY)) if each.hits]
    count, some = sum(len(each.hits) for each in groups), any(each.more for each in groups)
    context = {"text": text, "groups": groups, "count": count, "some": some}
    return render(request, "search.html", context)


@policy(*EVERYONE)
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """Pages and actions that fit what was typed, then what was found."""
    actor, moment = actor_of(request), moment_of(request)
    text = request.GET.get("q", "").strip()
    groups = [Group("Go to and do", [hit for hit in commands(request, actor) if fits(text, hit.name)])]
    if len(text) > 1:
        groups += found(actor, moment, text, FEW)
    return render(
        request, "partials/palette.html", {"groups": [each for each in groups if each.hits], "text": text}
    )


def commands(request: HttpRequest, actor: Actor) -> list[Hit]:
    """Every page and action that the person has."""
    hits = pages_for(request)
    if actor.may_write and actor.role not in NO_DEALS:
        hits.append(Hit("plus", "New deal", "Action", reverse("deal_new")))
        hits.append(Hit("plus", "New lead", "Action", reverse("lead_new")))
        hits.append(Hit("plus", "New account", "Action", reverse("account_new")))
        hits.append(Hit("plus", "New contact", "Action", reverse("contact_new")))
    if actor.person is not None:
        mine = urlencode({"owner": actor.person.name})
        hits.append(Hit("person", "My open deals", "Pipeline", f"{reverse('pipeline')}?{mine}"))
    for word in ("deal", "account", "contact"):
        hits.append(Hit("search", f"Duplicate {word}s", "Likely the same", reverse(f"{word}_duplicates")))
    hits.append(Hit("clock", "Merged and taken out", "With the way back", reverse("taken_out")))
    hits.append(Hit("risk", "Deals at risk", "Board", f"{reverse('board')}?risk=any"))
    hits.append(Hit("export", "Export the open pipeline", "CSV", f"{reverse('pipeline_export')}?format=csv"))
    for page in PAGES:
        hits += [Hit("star", view.name, f"View of the {page}", view.url) for view in views_of(actor, page)]
    return hits


def pages_for(request: HttpRequest) -> list[Hit]:
    """Every page that the person may open, those of the navigation first."""
    hits = [Hit(each.icon, each.label, "Page", each.url) for each in places(request)]
    role = getattr(request.user, "role", None)
    for route, given, label, icon in FURTHER:
        url = address_for(role, route, *filter(None, [given]))
        if url is not None:
            hits.append(Hit(icon, label, "Page", url))
    return hits


def fits(text: str, name: str) -> bool:
    """Whether every word typed begins a word of the name, or one by which people mean it."""
    words = f"{name} {MEANT.get(name, '')}".casefold().split()
    return all(any(word.startswith(typed) for word in words) for typed in text.casefold().split())


def found(actor: Actor, moment: Moment, text: str, count: int) -> list[Group]:
    """Deals, accounts and people whose names hold the text."""
    groups = [deals_named(actor, moment, text, count)]
    companies = Account.objects.filter(HERE, name__icontains=text).order_by("name")[: count + 1]
    hits = [
        Hit("accounts", each.name, each.segment or each.industry, reverse("account", args=[each.pk]))
        for each in companies
    ]
    groups.append(Group("Accounts", hits[:count], len(hits) > count))
    people = Contact.objects.filter(HERE, name__icontains=text).select_related("account")
    hits = [
        Hit("person", each.name, ", ".join(filter(None, (each.title, each.account.name if each.account else ""))),
            reverse("contact", args=[each.pk]))
        for each in people.order_by("name")[: count + 1]
    ]  # fmt: skip
    groups.append(Group("People", hits[:count], len(hits) > count))
    groups += [leads_named(actor, moment, text, count), *kept_under(actor, text, count)]
    return [each for each in groups if each.hits]


def kept_under(actor: Actor, text: str, count: int) -> list[Group]:
    """Campaigns, and frozen readings for whom may open them, whose names hold the text."""
    held = CampaignVersion.objects.filter(valid_to__isnull=True, removed=False, name__icontains=text)
    named = held.order_by("-starts_on", "name").values_list("name", "source")[: count + 1]
    hits = [Hit("mail", name, source, reverse("campaign", args=[name])) for name, source in named]
    kept = [each for each in frozen_readings(actor) if text.casefold() in each.name.casefold()]
    frozen = [
        Hit(
            "clock",
            each.name,
            f"Frozen, {period_text(each.period)}",
            reverse("frozen_reading", args=[each.pk, "board"]),
        )
        for each in kept
    ]
    return [
        Group("Campaigns", hits[:count], len(hits) > count),
        Group("Frozen readings", frozen[:count], len(frozen) > count),
    ]


def leads_named(actor: Actor, moment: Moment, text: str, count: int) -> Group:
    """Leads whose name, company, mail or identifier holds the text, the latest first."""
    listed = lead_list(seen(actor, moment.pipeline))
    rows = (
        []
        if listed is None
        else LeadFilters(text=text).apply(moment.pipeline, listed).head(count + 1).to_dicts()
    )
    hits = [
        Hit("person", each["name"] or each["lead"], ", ".join(filter(None, (each["account"], each["status"]))),
            reverse("lead", args=[each["lead"]]) + moment.query)
        for each in rows
    ]  # fmt: skip
    return Group("Leads", hits[:count], len(hits) > count)


def deals_named(actor: Actor, moment: Moment, text: str, count: int) -> Group:
    """Deals whose name, account or identifier holds the text, open ones first, then the largest."""
    every = visible(actor, moment, deal_list(moment.pipeline).deals)
    deals = every.filter(holding(text, every)).select(SHOWN)
    first = (pl.col("status") != "open").alias("closed")
    rows = deals.sort(first, maintain_order=True).head(count + 1).to_dicts()
    hits = [
        Hit("board", each["name"] or each["deal"],
            ", ".join(filter(None, (each["account"], each["stage"] if each["status"] == "open" else each["status"]))),
            reverse("deal", args=[each["deal"]]) + moment.query)
        for each in rows
    ]  # fmt: skip
    return Group("Deals", hits[:count], len(hits) > count)
