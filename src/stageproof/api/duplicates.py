"""Duplicates: accounts, contacts and deals that are likely the same, and those that were said not to be."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from stageproof.actions.apart import allow_same, keep_apart
from stageproof.actions.duplicates import Word, duplicates
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, cursor_of, place_of
from stageproof.api.shapes import Given, Limit, Page, answers
from stageproof.records.models import Account, Contact, Deal
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Duplicates"])


class OneOf(BaseModel):
    """One of two: what it is addressed by (the id of an account or contact, the key of a deal), and its name."""

    id: str
    name: str


class LikelyPair(BaseModel):
    """Two that are likely the same, the older one first, and every sign of it."""

    one: OneOf
    other: OneOf
    likelihood: Literal["almost certain", "likely", "possible"]
    why: list[str]


class Both(Given):
    """Two of a kind, each by its id or key."""

    one: str = Field(max_length=120)
    other: str = Field(max_length=120)


class Said(BaseModel):
    """Whether the two may be listed as likely the same."""

    apart: bool


@router.get("/duplicates/{what}", response=answers(Page[LikelyPair]))
@policy(*EVERYONE)
def likely_pairs(request: HttpRequest, what: Word, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The pairs among what the caller sees that nobody has said are two, the likeliest first."""
    begin = max(place_of(cursor, [int])[0], 0) if cursor else 0
    pairs = duplicates(actor(request), what)
    part = pairs[begin : begin + limit]
    sides = _sides(what, {pk for each in part for pk in (each.one, each.other)})
    items = [
        {
            "one": sides[each.one],
            "other": sides[each.other],
            "likelihood": each.likelihood,
            "why": list(each.why),
        }
        for each in part
        if each.one in sides and each.other in sides
    ]
    return {"items": items, "next": cursor_of(begin + limit) if len(pairs) > begin + limit else None}


@router.post("/duplicates/{what}/apart", response=answers(Said))
@policy(*EVERYONE)
def pair_apart(request: HttpRequest, what: Word, given: Both) -> Any:
    """Remembers that two are not the same."""
    keep_apart(actor(request), what, given.one, given.other, now=timezone.now())
    return {"apart": True}


@router.post("/duplicates/{what}/together", response=answers(Said))
@policy(*EVERYONE)
def pair_together(request: HttpRequest, what: Word, given: Both) -> Any:
    """Forgets that two were said not to be the same."""
    allow_same(actor(request), what, given.one, given.other, now=timezone.now())
    return {"apart": False}


def _sides(what: Word, pks: set[int]) -> dict[int, dict[str, str]]:
    if what == "deal":
        rows = Deal.objects.filter(pk__in=pks).values_list("pk", "key", "name")
        return {pk: {"id": key, "name": name} for pk, key, name in rows}
    model: Any = Account if what == "account" else Contact
    return {
        pk: {"id": str(pk), "name": name}
        for pk, name in model.objects.filter(pk__in=pks).values_list("pk", "name")
    }
