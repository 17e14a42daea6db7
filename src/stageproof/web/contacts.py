"""Contacts: the people at the buyers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.accounts import find_account
from stageproof.actions.actor import Actor
from stageproof.actions.contacts import CONTACTS, merge_contacts
from stageproof.actions.directory import KEEPS, MERGES, with_merged
from stageproof.actions.permission import visible_deals
from stageproof.engine.frames import instant_of
from stageproof.records.models import Activity, Contact, ContactVersion, Deal, LeadVersion, RoleVersion
from stageproof.web import directory
from stageproof.web.account_list import in_force
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.board import whole_number
from stageproof.web.contact_list import contacts_of
from stageproof.web.directory import Field, Pages
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.fields import account as account_named
from stageproof.web.policy import EVERYONE, policy

ROWS = 100
SHOWN = 50
FIELDS = (
    Field("name", "Name", 255, wide=True),
    Field("account", "Account", 255, "account", wide=True),
    Field("title", "Title", 200),
    Field("email", "Mail", 254, "email"),
    Field("phone", "Phone", 60),
)
LABELS = {field.name: field.label for field in FIELDS} | {"external_id": "Identifier elsewhere"}


@policy(*EVERYONE)
@require_safe
def contacts(request: HttpRequest) -> HttpResponse:
    """The contacts as a table, with when each was last seen to take part."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    table = contacts_of(actor, moment, request.GET.dict())
    count = table.contacts.count()
    pages = max((count + ROWS - 1) // ROWS, 1)
    page = min(max(whole_number(request, "page", 1), 1), pages)
    context = {
        "table": table, "rows": list(table.rows((page - 1) * ROWS, page * ROWS)), "count": count, "tab": "contacts",
        "page_number": page, "pages": pages, "first_row": (page - 1) * ROWS + 1, "last_row": min(page * ROWS, count),
        "may_create": moment.is_now and actor.role in KEEPS, "may_merge": actor.role in MERGES,
    }  # fmt: skip
    return render(request, "contacts.html", context)


@policy(*EVERYONE)
@require_safe
def contacts_export(request: HttpRequest) -> HttpResponseBase:
    """The contacts that the page lists, all of them in its order, as CSV or XLSX."""
    moment = moment_of(request)
    rows = list(contacts_of(actor_of(request), moment, request.GET.dict()).rows())
    texts = ("name", "account", "title", "email", "phone", "external_id")
    columns = {name: [str(each[name] or "") for each in rows] for name in texts}
    last = [each["touched_at"].date() if each["touched_at"] else None for each in rows]
    frame = pl.DataFrame({**columns, "last_touch": pl.Series(last, dtype=pl.Date)})
    name = f"contacts-{moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


def _seen(actor: Actor) -> Q:
    """Activities of no deal, or of one that the actor sees."""
    seen = Deal.objects.filter(visible_deals(actor)).exclude(status="deleted")
    return Q(deal__isnull=True) | Q(deal__in=seen)


@policy(*EVERYONE)
@require_safe
def contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    """One contact: who it is, in which deals with which roles, what they last did, and what was changed of it."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    row, shown = directory.shown_at(Contact, contact_id, moment)
    at = instant_of(moment.pipeline.at)
    seen = Deal.objects.filter(visible_deals(actor)).exclude(status="deleted")
    roles = RoleVersion.objects.filter(in_force(moment), contact=row, removed=False, deal__in=seen)
    people = _people(row, moment)
    activities = (
        Activity.objects.filter(
            _seen(actor), contact__in=people, happened_at__lte=at, withdrawn_at__isnull=True
        )
        .select_related("deal")
        .order_by("-happened_at")[:SHOWN]
    )
    took_part = dict(
        Activity.objects.filter(
            contact__in=people, deal__in=seen, happened_at__lte=at, withdrawn_at__isnull=True
        )
        .values_list("deal_id")
        .annotate(Max("happened_at"))
    )
    context = {
        "contact": row, "shown": shown, "activities": activities,
        "roles": _roles(list(roles.select_related("deal")), took_part),
        "touched_at": activities[0].happened_at if activities else None,
        "may_edit": moment.is_now and actor.role in KEEPS, "may_merge": moment.is_now and actor.role in MERGES,
        "history": directory.history(row, moment, LABELS, may_merge=actor.role in MERGES),
    }  # fmt: skip
    return render(request, "contact.html", context)


def _people(row: Contact, moment: Moment) -> list[int]:
    """The contact and whoever had become part of it by the moment."""
    if moment.is_now:
        return with_merged(Contact, row.pk)
    merged = ContactVersion.objects.filter(in_force(moment), merged_into=row)
    return [row.pk, *merged.values_list("contact_id", flat=True)]


def _roles(roles: list[RoleVersion], took_part: dict[int | None, dt.datetime]) -> list[dict[str, Any]]:
    """The roles with when the contact last took part in each deal, as stated or as activities show; the latest first."""
    rows = [
        {"deal": each.deal, "role": each.role,
         "at": max(filter(None, (each.engaged_at, took_part.get(each.deal_id))), default=None)}
        for each in roles
    ]  # fmt: skip
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(rows, key=lambda row: (row["deal"].status == "open", row["at"] or never), reverse=True)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new contact's facts, or creates it."""
    return directory.new(request, PAGES)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Asks for other facts of a contact, or takes them."""
    return directory.edit(request, PAGES, contact_id)


@policy(*EVERYONE)
@require_POST
def contact_remove(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Takes a contact out; its history stays."""
    return directory.remove(request, PAGES, contact_id)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_merge(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Asks which other contact is the same, shows both, or merges them."""
    return directory.merge(request, PAGES, contact_id)


def _read(request: HttpRequest) -> dict[str, Any]:
    names = [field.name for field in FIELDS]
    facts: dict[str, Any] = {name: request.POST[name].strip() for name in names if name in request.POST}
    if "account" in facts:
        facts["account"] = account_named(facts["account"]) if facts["account"] else None
    return facts


def _begins(request: HttpRequest) -> dict[str, Any]:
    asked = request.GET.get("account", "")
    return {"account": find_account(int(asked)).name} if asked.isdigit() else {}


def _passes(row: Contact) -> list[tuple[str, int]]:
    roles = RoleVersion.objects.filter(contact=row, valid_to__isnull=True, removed=False).count()
    leads = LeadVersion.objects.filter(contact=row, valid_to__isnull=True, removed=False).count()
    people = with_merged(Contact, row.pk)
    happened = Activity.objects.filter(contact__in=people, withdrawn_at__isnull=True).count()
    return [
        ("role in a committee,roles in committees", roles),
        ("lead", leads),
        ("activity,activities", happened),
    ]


PAGES: Pages[Contact] = Pages(
    CONTACTS,
    FIELDS,
    read=_read,
    begins=_begins,
    another="this is someone else",
    passes=_passes,
    merge=merge_contacts,
)
