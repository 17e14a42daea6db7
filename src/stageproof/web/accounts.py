"""Accounts: the buying companies with what is open with them and what was won."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.accounts import ACCOUNTS, merge_accounts
from stageproof.actions.directory import KEEPS, MERGES
from stageproof.actions.permission import visible_deals
from stageproof.engine.frames import readable
from stageproof.engine.money import Money
from stageproof.engine.narrowing import expansion_pipelines
from stageproof.records.models import Account, Contact, ContactVersion, Deal, DealVersion, Organisation
from stageproof.records.models.accounts import HERE
from stageproof.web import directory
from stageproof.web.account_list import FACTS, NO_DEALS, account_sums, in_force, table_of
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.board import whole_number
from stageproof.web.cards import what_of
from stageproof.web.deal_list import deal_list
from stageproof.web.directory import Field, Pages
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.policy import EVERYONE, policy

ROWS = 100
FIELDS = (
    Field("name", "Name", 255, wide=True),
    Field("domain", "Domain", 255),
    Field("industry", "Industry", 120),
    Field("segment", "Segment", 120),
    Field("country", "Country", 120),
    Field("employees", "Employees", 9, "number"),
)
LABELS = {field.name: field.label for field in FIELDS} | {"external_id": "Identifier elsewhere"}


@policy(*EVERYONE)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts as a page: those with deals by what is open, or all of them by name."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    table = table_of(actor, moment, request.GET.dict())
    count = table.accounts.height
    pages = max((count + ROWS - 1) // ROWS, 1)
    page = min(max(whole_number(request, "page", 1), 1), pages)
    expansions = expansion_pipelines(moment.pipeline)
    context = {
        "table": table, "rows": table.accounts.slice((page - 1) * ROWS, ROWS).to_dicts(), "count": count,
        "page_number": page, "pages": pages, "first_row": (page - 1) * ROWS + 1, "last_row": min(page * ROWS, count),
        "tab": "all" if table.every else "deals", "filters": table.filters, "filtered": table.filtered,
        "expansion": expansions[0] if len(expansions) == 1 else "", "has_expansion": bool(expansions),
        "may_create": moment.is_now and actor.role in KEEPS, "may_merge": actor.role in MERGES,
    }  # fmt: skip
    return render(request, "accounts.html", context)


@policy(*EVERYONE)
@require_safe
def accounts_export(request: HttpRequest) -> HttpResponseBase:
    """The accounts that the page lists, all of them in its order, as CSV or XLSX."""
    moment = moment_of(request)
    found = table_of(actor_of(request), moment, request.GET.dict()).accounts
    currency = Organisation.objects.get().currency
    money = [
        pl.Series(name, [Money(value, currency).decimal for value in found[name]])
        for name in ("open_new", "qualified", "open_expansion", "won")
    ]
    frame = found.select("name", "deals", "open_deals").with_columns(*money, currency=pl.lit(currency))
    frame = frame.rename({"open_new": "open_new_business"})
    frame = frame.with_columns(found.select(name for name in FACTS if name != "name"))
    name = f"accounts-{moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


@policy(*EVERYONE)
@require_safe
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    """One account: its facts, its contacts, its deals, and what was changed of it."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    row, shown = directory.shown_at(Account, account_id, moment)
    deals = deal_list(moment.pipeline).deals.filter(
        pl.col("deal").is_in(_keys(row, moment, visible_deals(actor)))
    )
    expansions = expansion_pipelines(moment.pipeline)
    open_first = (pl.col("status") != "open").alias("closed")
    listed = readable(
        deals.sort(open_first, "value", descending=[False, True], nulls_last=True).drop("days_in_stage")
    ).to_dicts()
    context = {
        "account": row, "shown": shown,
        "contacts": _contacts(row, moment),
        "deals": [{**each, "what": what_of(each["name"] or each["deal"], each["account"] or "")} for each in listed],
        "sums": next(iter(account_sums(deals.with_columns(account=pl.lit(row.name)), expansions).to_dicts()), NO_DEALS),
        "expansion": expansions[0] if len(expansions) == 1 else "", "has_expansion": bool(expansions),
        "may_edit": moment.is_now and actor.role in KEEPS, "may_merge": moment.is_now and actor.role in MERGES,
        "history": directory.history(row, moment, LABELS, may_merge=actor.role in MERGES),
    }  # fmt: skip
    return render(request, "account.html", context)


def _keys(row: Account, moment: Moment, seen: Q) -> list[str]:
    """The deals of the account at the moment, of those that are seen."""
    deals = Deal.objects.filter(seen)
    if moment.is_now:
        return list(deals.filter(account=row).values_list("key", flat=True))
    then = DealVersion.objects.filter(in_force(moment), account=row)
    return list(deals.filter(pk__in=then.values("deal_id")).values_list("key", flat=True))


def _contacts(row: Account, moment: Moment) -> list[dict[str, Any]]:
    """The people of the account at the moment, by name."""
    facts = ("name", "title", "email")
    if moment.is_now:
        here = Contact.objects.filter(HERE, account=row)
        return list(here.order_by("name").values("id", *facts))
    then = ContactVersion.objects.filter(HERE, in_force(moment), account=row)
    return [
        {"id": each["contact_id"], **{name: each[name] for name in facts}}
        for each in then.order_by("name").values("contact_id", *facts)
    ]


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new account's facts, or creates it."""
    return directory.new(request, PAGES)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_edit(request: HttpRequest, account_id: int) -> HttpResponse:
    """Asks for other facts of an account, or takes them."""
    return directory.edit(request, PAGES, account_id)


@policy(*EVERYONE)
@require_POST
def account_remove(request: HttpRequest, account_id: int) -> HttpResponse:
    """Takes an account out; its history stays."""
    return directory.remove(request, PAGES, account_id)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_merge(request: HttpRequest, account_id: int) -> HttpResponse:
    """Asks which other account is the same, shows both, or merges them."""
    return directory.merge(request, PAGES, account_id)


def _read(request: HttpRequest) -> dict[str, Any]:
    names = [field.name for field in FIELDS]
    facts: dict[str, Any] = {name: request.POST[name].strip() for name in names if name in request.POST}
    if "employees" in facts:
        text = facts["employees"]
        facts["employees"] = int(text) if text.isdecimal() else text or None
    return facts


def _passes(row: Account) -> list[tuple[str, int]]:
    deals = Deal.objects.filter(account=row).exclude(status="deleted").aggregate(Count("id"))["id__count"]
    return [("deal", deals), ("contact", Contact.objects.filter(account=row).count())]


PAGES: Pages[Account] = Pages(
    ACCOUNTS,
    FIELDS,
    read=_read,
    begins=lambda request: {"name": request.GET.get("name", "")},
    another="this is another company",
    passes=_passes,
    merge=merge_accounts,
)
