"""Merge of two deals as a page: likely twins, the two side by side, and what becomes of each fact."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import find_deal
from stageproof.actions.merge_deals import FILLED, merge_deals
from stageproof.actions.permission import forbid, may_edit, visible_deals
from stageproof.engine.money import Money
from stageproof.engine.proof import field_label
from stageproof.records.models import Activity, Deal, EvidenceVersion, LeadVersion, RoleVersion
from stageproof.web.answers import actor_of
from stageproof.web.formats import day_text
from stageproof.web.merging import Fact, Merge, Side, merge_page
from stageproof.web.moves import place_of, version_given
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.undo import merged

SHOWN = 8
UNCHANGED = ("name", "pipeline", "stage", "status")
"""Facts that stay the winner's."""


@policy(*EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def deal_merge(request: HttpRequest, key: str) -> HttpResponse:
    """Asks which other deal is the same and which of the two goes on, or merges them."""
    actor = actor_of(request)
    this = find_deal(actor, key)
    if not may_edit(actor, this):
        raise forbid("change this deal")
    if request.method == "POST":
        done = merge_deals(
            actor, winner=request.POST.get("winner", ""), loser=request.POST.get("loser", ""),
            expected_version=version_given(request), now=timezone.now(),
        )  # fmt: skip
        return merged(request, "deal", done.deal.key, f"The two are one deal now: {done.deal.name}.")
    chosen = request.GET.get("with", "")
    if not chosen:
        return merge_page(request, Merge("deal", _side(this), _others(request, actor, this)))
    if chosen == key:
        raise NotFound("deal", chosen)
    other = find_deal(actor, chosen)
    kept, gone = (other, this) if request.GET.get("keep") == "other" else (this, other)
    merging = Merge(
        "deal", _side(this), [], kept=_side(kept), gone=_side(gone), facts=_facts(kept, gone),
        passes=_passes(gone), other=other.key, version=kept.version,
    )  # fmt: skip
    return merge_page(request, merging)


def _others(request: HttpRequest, actor: Actor, this: Deal) -> list[Side]:
    """Deals of the same account, the open ones first; or those whose name or identifier holds what was typed."""
    text = request.GET.get("q", "").strip()
    seen = Deal.objects.filter(visible_deals(actor)).exclude(status="deleted").exclude(pk=this.pk)
    if text:
        seen = seen.filter(Q(name__icontains=text) | Q(key__iexact=text))
    elif this.account_id is not None:
        seen = seen.filter(Q(account=this.account_id) | Q(name__iexact=this.name))
    else:
        seen = seen.filter(name__iexact=this.name)
    rows = seen.select_related("account").order_by("-amount", "id")[: SHOWN * 4]
    return [_side(each) for each in sorted(rows, key=lambda each: each.status != "open")[:SHOWN]]


def _side(deal: Deal) -> Side:
    worth = "no amount" if deal.amount is None else Money(deal.amount, deal.currency).exact()
    return Side(
        deal.key, deal.name, reverse("deal", args=[deal.key]), f"{deal.key}, {worth}, {place_of(deal)}"
    )


def _facts(kept: Deal, gone: Deal) -> list[Fact]:
    facts = []
    for name in (*UNCHANGED, *FILLED):
        one, other = _said(kept, name), _said(gone, name)
        # Money of another currency is not taken over.
        fits = name != "amount" or kept.currency == gone.currency
        taken = name in FILLED and getattr(kept, name) is None and getattr(gone, name) is not None and fits
        if one or other:
            facts.append(Fact(field_label(name), one, other, taken))
    return facts


def _said(deal: Deal, name: str) -> str:
    value: Any = getattr(deal, name)
    if value is None:
        return ""
    if name == "amount":
        return Money(value, deal.currency).exact()
    return day_text(value, None) if name.endswith("_on") else str(value)


def _passes(gone: Deal) -> list[tuple[str, int]]:
    present = {"deal": gone, "valid_to__isnull": True}
    evidence = EvidenceVersion.objects.filter(**present, revoked=False).exclude(kind="waiver")
    found = [
        ("piece of evidence,pieces of evidence", evidence.count()),
        ("role in the committee,roles in the committee", RoleVersion.objects.filter(**present, removed=False).count()),
        ("activity,activities", Activity.objects.filter(deal=gone, withdrawn_at__isnull=True).count()),
        ("lead", LeadVersion.objects.filter(**present, removed=False).count()),
    ]  # fmt: skip
    return [each for each in found if each[1]]
