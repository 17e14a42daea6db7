"""Accounts: the buying companies with what is open with them and what was won."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from stageproof.actions.accounts import create_account, edit_account, find_account
from stageproof.actions.directory import KEEPS
from stageproof.actions.permission import forbid, visible_deals
from stageproof.engine.frames import readable
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Account, Contact, Deal
from stageproof.web.answers import actor_of
from stageproof.web.as_of import moment_of
from stageproof.web.board import whole_number
from stageproof.web.deal_list import deal_list, visible
from stageproof.web.policy import EVERYONE, policy

ROWS = 100
FORM = ("name", "domain", "industry", "segment", "country", "employees")


@policy(*EVERYONE)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts as a page: those with deals by what is open, or all of them by name."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    text, every = request.GET.get("text", "").strip(), request.GET.get("all") == "1"
    sums = account_sums(visible(actor, moment, deal_list(moment.pipeline).deals))
    page = max(whole_number(request, "page", 1), 1)
    if every:
        found = Account.objects.filter(merged_into__isnull=True, name__icontains=text).order_by("name")
        count = found.count()
        named = list(
            found[(page - 1) * ROWS : page * ROWS].values("id", "name", "segment", "industry", "country")
        )
        known = {
            row["account"]: row
            for row in sums.filter(pl.col("account").is_in([each["name"] for each in named])).to_dicts()
        }
        rows = [{**NO_DEALS, **known.get(each["name"], {}), **each} for each in named]
    else:
        narrowed = (
            sums.filter(pl.col("account").str.to_lowercase().str.contains(text.casefold(), literal=True))
            if text
            else sums
        )
        count = narrowed.height
        here = narrowed.slice((page - 1) * ROWS, ROWS).to_dicts()
        known = _by_name([each["account"] for each in here])
        rows = [{**each, "name": each["account"], **known.get(each["account"], {})} for each in here]
    context = {
        "rows": rows, "count": count, "every": every, "text": text, "page_number": page,
        "pages": max((count + ROWS - 1) // ROWS, 1),
        "whole": sums.select(pl.col("open", "won", "deals").sum()).row(0, named=True),
        "may_create": moment.is_now and actor.role in KEEPS,
    }  # fmt: skip
    return render(request, "accounts.html", context)


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


def _by_name(names: list[str]) -> dict[str, dict[str, Any]]:
    fields = ("id", "name", "segment", "industry", "country")
    found = Account.objects.filter(name__in=names, merged_into__isnull=True).order_by("-id").values(*fields)
    return {each["name"]: each for each in found}


@policy(*EVERYONE)
@require_safe
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    """One account: its facts, its contacts, its deals."""
    request.place = "accounts"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    found = find_account(account_id)
    keys = list(Deal.objects.filter(visible_deals(actor), account=found).values_list("key", flat=True))
    deals = deal_list(moment.pipeline).deals.filter(pl.col("deal").is_in(keys))
    context = {
        "account": found,
        "contacts": Contact.objects.filter(account=found, merged_into__isnull=True).order_by("name"),
        "deals": readable(
            deals.sort("status", "value", descending=[False, True], nulls_last=True).drop("days_in_stage")
        ).to_dicts(),
        "sums": next(iter(account_sums(deals.with_columns(account=pl.lit(found.name))).to_dicts()), NO_DEALS),
        "may_edit": moment.is_now and actor.role in KEEPS,
    }
    return render(request, "account.html", context)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request: HttpRequest) -> HttpResponse:
    """Asks for a new account's facts, or creates it; a likely duplicate is shown before."""
    actor, problems = actor_of(request), []
    if actor.role not in KEEPS:
        raise forbid("create accounts")
    if request.method == "POST":
        try:
            made = create_account(
                actor,
                now=timezone.now(),
                facts=_facts(request),
                even_if_similar=request.POST.get("even_if_similar") == "on",
            )
            messages.success(request, f"{made.name} is in the accounts.")
            return redirect("account", made.pk)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, None, problems)


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_edit(request: HttpRequest, account_id: int) -> HttpResponse:
    """Asks for other facts of an account, or takes them."""
    actor, problems = actor_of(request), []
    if actor.role not in KEEPS:
        raise forbid("change accounts")
    found = find_account(account_id)
    if request.method == "POST":
        expected = request.POST.get("expected_version", "")
        try:
            edit_account(actor, found.pk, now=timezone.now(), changes=_facts(request),
                         expected_version=int(expected) if expected.isdigit() else None)  # fmt: skip
            messages.success(request, f"{found.name} is saved.")
            return redirect("account", found.pk)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, found, problems)


def _facts(request: HttpRequest) -> dict[str, Any]:
    facts: dict[str, Any] = {name: request.POST[name].strip() for name in FORM if name in request.POST}
    if "employees" in facts:
        text = facts["employees"]
        facts["employees"] = int(text) if text.isdigit() else text or None
    return facts


def _form(request: HttpRequest, found: Account | None, problems: list[Problem]) -> HttpResponse:
    given = request.POST.dict() or (
        {name: getattr(found, name) for name in FORM} if found else {"name": request.GET.get("name", "")}
    )
    context = {
        "account": found, "given": given, "problems": problems,
        "similar": any(problem.code == "likely_duplicate" for problem in problems),
    }  # fmt: skip
    return render(request, "account_form.html", context, status=422 if problems else 200)
