"""Accounts: the buying companies with what is open with them and what was won."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.accounts import ACCOUNTS, merge_accounts
from stageproof.actions.actor import Actor
from stageproof.actions.directory import KEEPS, MERGES
from stageproof.actions.permission import visible_deals
from stageproof.actions.seeing import scope
from stageproof.engine.frames import instant_of, readable
from stageproof.engine.money import Money
from stageproof.records.models import Account, Contact, ContactVersion, Deal, DealVersion, Organisation
from stageproof.web import directory
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.board import whole_number
from stageproof.web.cards import what_of
from stageproof.web.deal_list import deal_list, visible
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
SHOWN = ("id", "name", "segment", "industry", "country")


@policy(*EVERYONE)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts as a page: those with deals by what is open, or all of them by name."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    text, every = request.GET.get("text", "").strip(), request.GET.get("all") == "1"
    page = max(whole_number(request, "page", 1), 1)
    sums = sums_seen(actor, moment)
    found = rows_of(sums, text, every=every)
    context = {
        "rows": with_ids(found.slice((page - 1) * ROWS, ROWS)), "count": found.height, "every": every, "text": text,
        "page_number": page, "pages": max((found.height + ROWS - 1) // ROWS, 1), "tab": "all" if every else "deals",
        "whole": found.select(pl.col("open", "qualified", "won", "deals", "open_deals").sum()).row(0, named=True),
        "may_create": moment.is_now and actor.role in KEEPS, "may_merge": actor.role in MERGES,
    }  # fmt: skip
    return render(request, "accounts.html", context)


@policy(*EVERYONE)
@require_safe
def accounts_export(request: HttpRequest) -> HttpResponseBase:
    """The accounts that the page lists, all of them, as CSV or XLSX."""
    actor, moment = actor_of(request), moment_of(request)
    sums = sums_seen(actor, moment)
    found = rows_of(sums, request.GET.get("text", "").strip(), every=request.GET.get("all") == "1")
    currency = Organisation.objects.get().currency
    facts = pl.DataFrame(
        list(Account.objects.filter(merged_into__isnull=True).order_by("-id").values_list(*EXPORTED)),
        schema=list(EXPORTED), orient="row", infer_schema_length=None,
    ).unique("name", keep="last", maintain_order=True)  # fmt: skip
    money = [
        pl.Series(name, [Money(value, currency).decimal for value in found[name]])
        for name in ("open", "qualified", "won")
    ]
    frame = (
        found.select("name", "deals", "open_deals")
        .with_columns(*money, currency=pl.lit(currency))
        .join(facts, on="name", how="left", maintain_order="left")
    )
    name = f"accounts-{moment.on.isoformat()}"
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


EXPORTED = ("name", "domain", "industry", "segment", "country", "employees", "external_id")


def sums_seen(actor: Actor, moment: Moment) -> pl.DataFrame:
    """What is open and won per account among the deals that the actor sees, worked out once per instant."""
    return moment.pipeline.remember(
        f"account sums {scope(actor)}",
        lambda: account_sums(visible(actor, moment, deal_list(moment.pipeline).deals)),
    )


def rows_of(sums: pl.DataFrame, text: str, *, every: bool) -> pl.DataFrame:
    """The accounts with deals by what is open, or with `every` all of them by name; whose name holds the text."""
    found = sums.rename({"account": "name"})
    if every:
        there = (
            Account.objects.filter(merged_into__isnull=True)
            .order_by("name", "id")
            .values_list("name", flat=True)
        )
        names = pl.DataFrame({"name": list(there)}, schema={"name": pl.String}).unique(maintain_order=True)
        found = names.join(found, on="name", how="left", maintain_order="left").with_columns(
            pl.col(column).fill_null(0) for column in NO_DEALS
        )
    if text:
        found = found.filter(pl.col("name").str.to_lowercase().str.contains(text.casefold(), literal=True))
    return found


def with_ids(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows with the id and facts of each account; of two of one name those of the older."""
    here = Account.objects.filter(name__in=rows["name"].to_list(), merged_into__isnull=True)
    known = {each["name"]: each for each in here.order_by("-id").values(*SHOWN)}
    return [{**row, **known.get(row["name"], {})} for row in rows.to_dicts()]


NO_DEALS = {"deals": 0, "open_deals": 0, "open": 0, "qualified": 0, "won": 0}


def account_sums(deals: pl.DataFrame) -> pl.DataFrame:
    """Per account with deals: how many, what is open, what of that is qualified, what was won."""
    is_open = pl.col("status") == "open"
    return (
        deals.filter(pl.col("account").is_not_null())
        .group_by("account")
        .agg(
            deals=pl.len(),
            open_deals=is_open.sum(),
            open=pl.col("value").filter(is_open).sum(),
            qualified=pl.col("value").filter(is_open & (pl.col("qualification") == "qualified")).sum(),
            won=pl.col("value").filter(pl.col("status") == "won").sum(),
        )
        .sort("open", "won", "account", descending=[True, True, False])
    )


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
    open_first = (pl.col("status") != "open").alias("closed")
    listed = readable(
        deals.sort(open_first, "value", descending=[False, True], nulls_last=True).drop("days_in_stage")
    ).to_dicts()
    context = {
        "account": row, "shown": shown,
        "contacts": _contacts(row, moment),
        "deals": [{**each, "what": what_of(each["name"] or each["deal"], each["account"] or "")} for each in listed],
        "sums": next(iter(account_sums(deals.with_columns(account=pl.lit(row.name))).to_dicts()), NO_DEALS),
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
        here = Contact.objects.filter(account=row, merged_into__isnull=True)
        return list(here.order_by("name").values("id", *facts))
    then = ContactVersion.objects.filter(in_force(moment), account=row, merged_into__isnull=True)
    return [
        {"id": each["contact_id"], **{name: each[name] for name in facts}}
        for each in then.order_by("name").values("contact_id", *facts)
    ]


def in_force(moment: Moment) -> Q:
    """Which versions held at the moment."""
    at = instant_of(moment.pipeline.at)
    return Q(valid_from__lte=at) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))


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
