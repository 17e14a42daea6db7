"""Apart: two that look the same and are not, said once and remembered; and the way back from that."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import find_deal
from stageproof.actions.directory import MERGES, find
from stageproof.actions.permission import demand, forbid, may_edit
from stageproof.actions.wrong import one_of, wrong
from stageproof.engine.problem import Refused
from stageproof.records.models import Account, Apart, Contact, Deal

WORDS = ("account", "contact", "deal")


def keep_apart(actor: Actor, word: str, one: str, other: str, *, now: dt.datetime) -> Apart:
    """That these two are not the same, however alike they look; they are no longer listed as duplicates."""
    low, high, called = _both(actor, word, one, other)
    with transaction.atomic():
        row, fresh = Apart.objects.get_or_create(
            word=word, one=low, other=high, defaults={"said_by": actor.name, "said_at": now}
        )
        if fresh:
            note_change(
                actor, what="duplicates", which=called, fields={"the same": ("not said", "no")}, now=now
            )
    return row


def allow_same(actor: Actor, word: str, one: str, other: str, *, now: dt.datetime) -> None:
    """That these two may be the same after all; they are listed again if they look so."""
    low, high, called = _both(actor, word, one, other)
    with transaction.atomic():
        gone, _ = Apart.objects.filter(word=word, one=low, other=high).delete()
        if gone:
            note_change(
                actor, what="duplicates", which=called, fields={"the same": ("no", "not said")}, now=now
            )


def apart_pairs(word: str) -> set[tuple[int, int]]:
    """The pairs that were said to be two, by row id, the lesser first."""
    pairs = Apart.objects.filter(word=word).values_list("one", "other")
    if word != "deal":
        return {(min(ids), max(ids)) for pair in pairs if len(ids := tuple(map(int, pair))) == 2}
    keys = {key for pair in pairs for key in pair}
    known = dict(Deal.objects.filter(key__in=keys).values_list("key", "pk"))
    both = [(known[one], known[other]) for one, other in pairs if one in known and other in known]
    return {(min(pair), max(pair)) for pair in both}


def _both(actor: Actor, word: str, one: str, other: str) -> tuple[str, str, str]:
    """What the two are kept under, the lesser text first, and both their names; whoever may merge them may say so."""
    if problems := one_of("what", word, WORDS, "kind of duplicate"):
        raise Refused(problems)
    if word == "deal":
        deals = [find_deal(actor, key) for key in (one, other)]
        if not all(may_edit(actor, each) for each in deals):
            raise forbid("change these deals")
        found = [(each.key, each.name) for each in deals]
    else:
        demand(actor, MERGES, f"merge {word}s")
        found = [_entry(word, text) for text in (one, other)]
    (low, name), (high, again) = sorted(found)
    if low == high:
        raise Refused([wrong("other", other, "These are one already.", "Choose two.")])
    return low, high, f"{name} and {again}"


def _entry(word: str, text: str) -> tuple[str, str]:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(word, text)
    row = find(Account, int(text)) if word == "account" else find(Contact, int(text))
    return str(row.pk), row.name
