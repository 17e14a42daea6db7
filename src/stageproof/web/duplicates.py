"""Duplicates: accounts, contacts and deals that are likely the same, to be compared, merged, or said to be two."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.apart import allow_same, keep_apart
from stageproof.actions.directory import MERGES
from stageproof.actions.duplicates import Pair, Word, duplicates
from stageproof.actions.permission import may_edit, visible_deals
from stageproof.engine.money import Money
from stageproof.records.models import Account, Apart, Contact, Deal
from stageproof.web.answers import actor_of, came_from, wants_part
from stageproof.web.board import whole_number
from stageproof.web.formats import counted, day_text
from stageproof.web.moves import place_of
from stageproof.web.policy import EVERYONE, policy

ROWS = 100
SORTS = ("likelihood", "name")


@dataclass(frozen=True)
class Side:
    """One of two: what it is addressed by, its name, its page, and what tells it apart."""

    id: str
    name: str
    url: str
    more: str
    editable: bool


@dataclass(frozen=True)
class Line:
    """A pair as the table shows it."""

    one: Side
    other: Side
    likelihood: str
    why: str

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.one, self.other

    @property
    def editable(self) -> bool:
        return self.one.editable and self.other.editable


@policy(*EVERYONE)
@require_safe
def account_duplicates(request: HttpRequest) -> HttpResponse:
    """Accounts that are likely the same, in pairs."""
    return _page(request, "account")


@policy(*EVERYONE)
@require_safe
def contact_duplicates(request: HttpRequest) -> HttpResponse:
    """Contacts that are likely the same, in pairs."""
    return _page(request, "contact")


@policy(*EVERYONE)
@require_safe
def deal_duplicates(request: HttpRequest) -> HttpResponse:
    """Open deals that are likely the same, in pairs."""
    return _page(request, "deal")


def _page(request: HttpRequest, word: Word) -> HttpResponse:
    request.place = "pipeline" if word == "deal" else "accounts"  # type: ignore[attr-defined]
    actor = actor_of(request)
    pairs = duplicates(actor, word)
    sort = request.GET.get("sort", "")
    sort = sort if sort.removeprefix("-") in SORTS else "-likelihood"
    pairs = _in_order(word, pairs, sort)
    pages = max((len(pairs) + ROWS - 1) // ROWS, 1)
    page = min(max(whole_number(request, "page", 1), 1), pages)
    context = {
        "word": word, "count": len(pairs), "rows": lines_of(actor, word, pairs[(page - 1) * ROWS : page * ROWS]),
        "page_number": page, "pages": pages, "first_row": (page - 1) * ROWS + 1, "sort": sort,
        "last_row": min(page * ROWS, len(pairs)), "apart": _apart(actor, word),
    }  # fmt: skip
    return render(request, "duplicates.html", context)


def _in_order(word: Word, pairs: Sequence[Pair], sort: str) -> list[Pair]:
    """The pairs as they are asked for; by name those of one name the likeliest first."""
    if sort.endswith("likelihood"):
        return list(pairs) if sort.startswith("-") else list(reversed(pairs))
    names = dict(_MODELS[word]._default_manager.values_list("pk", "name"))
    return sorted(pairs, key=lambda pair: names.get(pair.one, "").casefold(), reverse=sort.startswith("-"))


def lines_of(actor: Actor, word: Word, pairs: Sequence[Pair]) -> list[Line]:
    """The pairs with what the table shows of both."""
    sides = _SIDES[word](actor, Q(pk__in={pk for pair in pairs for pk in (pair.one, pair.other)}))
    return [
        Line(sides[pair.one], sides[pair.other], pair.likelihood, ", ".join(pair.why))
        for pair in pairs
        if pair.one in sides and pair.other in sides
    ]


def _account_sides(actor: Actor, which: Q) -> dict[int, Side]:
    found, rows = {}, list(Account.objects.filter(which))
    seen = Deal.objects.filter(visible_deals(actor), account__in=rows).exclude(status="deleted")
    deals = dict(seen.values_list("account_id").annotate(Count("id")))
    for row in rows:
        more = ", ".join(filter(None, (row.domain, row.country, counted(deals.get(row.pk, 0), "deal"))))
        found[row.pk] = _side(row, "account", more, actor)
    return found


def _contact_sides(actor: Actor, which: Q) -> dict[int, Side]:
    rows = Contact.objects.filter(which).select_related("account")
    return {
        row.pk: _side(
            row,
            "contact",
            ", ".join(filter(None, (row.title, row.account.name if row.account else None, row.email))),
            actor,
        )
        for row in rows
    }


def _side(row: Account | Contact, word: str, more: str, actor: Actor) -> Side:
    may = actor.may_write and actor.role in MERGES
    return Side(str(row.pk), row.name, reverse(word, args=[row.pk]), more, may)


def _deal_sides(actor: Actor, which: Q) -> dict[int, Side]:
    found = {}
    for row in Deal.objects.filter(which).select_related("account", "owner"):
        worth = "no amount" if row.amount is None else Money(row.amount, row.currency).exact()
        closes = f"closes {day_text(row.close_on, None)}" if row.close_on else ""
        owner = row.owner.name if row.owner else ""
        more = ", ".join(
            filter(
                None,
                (row.key, row.account.name if row.account else None, worth, place_of(row), closes, owner),
            )
        )
        found[row.pk] = Side(row.key, row.name, reverse("deal", args=[row.key]), more, may_edit(actor, row))
    return found


def _apart(actor: Actor, word: Word) -> list[dict[str, Any]]:
    """What was said to be two, the last first, with the names that both have now."""
    rows = list(Apart.objects.filter(word=word).order_by("-said_at")[:ROWS])
    ids = {text for row in rows for text in (row.one, row.other)}
    which = Q(key__in=ids) if word == "deal" else Q(pk__in=[int(text) for text in ids])
    known = {each.id: each for each in _SIDES[word](actor, which).values()}
    return [
        {"one": known[row.one], "other": known[row.other], "said_by": row.said_by, "said_at": row.said_at}
        for row in rows
        if row.one in known and row.other in known
    ]


@policy(*EVERYONE)
@require_POST
def duplicates_apart(request: HttpRequest) -> HttpResponse:
    """Remembers that two are not the same."""
    given = request.POST
    word, one, other = given.get("what", ""), given.get("one", ""), given.get("other", "")
    keep_apart(actor_of(request), word, one, other, now=timezone.now())
    undo = {"url": reverse("duplicates_together"), "values": {"what": word, "one": one, "other": other}}
    return _said(request, word, "They are two, and no longer listed here.", undo)


@policy(*EVERYONE)
@require_POST
def duplicates_together(request: HttpRequest) -> HttpResponse:
    """Forgets that two were said not to be the same."""
    given = request.POST
    word = given.get("what", "")
    allow_same(actor_of(request), word, given.get("one", ""), given.get("other", ""), now=timezone.now())
    return _said(request, word, "They may be the same, and are listed again if they look so.", None)


def _said(request: HttpRequest, word: str, text: str, undo: Mapping[str, Any] | None) -> HttpResponse:
    if wants_part(request):
        events = {"toast": {"text": text, "undo": undo}, "list-changed": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(events)})
    messages.success(request, text)
    back = came_from(request)
    return redirect(f"{word}_duplicates") if back == "/" else redirect(back)


_MODELS: Mapping[str, Any] = {"account": Account, "contact": Contact, "deal": Deal}
_SIDES: Mapping[str, Any] = {"account": _account_sides, "contact": _contact_sides, "deal": _deal_sides}
