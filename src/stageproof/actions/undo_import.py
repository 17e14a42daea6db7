"""Undo of an import: what it brought is taken out and what it changed is as before; nothing is erased."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Max

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import VALUES, save_versions
from stageproof.actions.history import facts_of, names_changed, succeed
from stageproof.actions.import_facts import UNDONE
from stageproof.actions.permission import IMPORTS, demand
from stageproof.actions.take_back import called
from stageproof.actions.take_out import refuse_homeless
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import (
    Activity,
    CampaignVersion,
    Deal,
    DealVersion,
    EvidenceVersion,
    ImportRun,
    LeadVersion,
    RoleVersion,
    TargetVersion,
    Touch,
)
from stageproof.records.models.history import Version

_REST: tuple[tuple[type[Version], tuple[str, ...], str], ...] = (
    (EvidenceVersion, ("evidence",), "revoked"),
    (RoleVersion, ("deal_id", "contact_id", "role"), "removed"),
    (LeadVersion, ("lead",), "removed"),
    (CampaignVersion, ("name",), "removed"),
    (TargetVersion, ("owner_id", "team_id", "starts_on", "ends_on"), "removed"),
)
_BATCH = 500
NAMED = 5
"""How many of those that stand in the way are named."""


def undo_import(actor: Actor, run: int, *, now: dt.datetime) -> ImportRun:
    """The import undone, while nothing that it brought or changed has been changed since.

    People, teams, accounts and contacts that it added stay: others may refer to them by now.
    """
    demand(actor, IMPORTS, "undo an import")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        row = ImportRun.objects.select_for_update().filter(pk=run).first()
        if row is None:
            raise NotFound("import", str(run))
        if row.status != "committed" or row.first_seq is None or row.last_seq is None:
            says = "This import is not one that can be undone: it was not committed, or it changed nothing."
            raise Refused([Problem("nothing_to_undo", says, "Look at its record.", value=str(run))])
        span = (row.first_seq, row.last_seq)
        touched = sorted(set(DealVersion.objects.filter(seq__range=span).values_list("deal_id", flat=True)))
        _refuse_if_changed_since(touched, span)
        for model, grain, flag in _REST:
            _undo_versions(session, model, grain, flag, span, now)
        _undo_deals(session, touched, span[0], now)
        for happened in (Activity, Touch):
            # What was taken back before was known to be so since then.
            came = happened._default_manager.filter(seq__range=span, withdrawn_at__isnull=True)
            came.update(withdrawn_at=now)
        refuse_homeless()
        row.status, row.undone_at = "undone", now
        row.save()
        names_changed()
    return row


def _refuse_if_changed_since(touched: list[int], span: tuple[int, int]) -> None:
    """Refuses where a deal, or anything on it, or a lead or target was changed after the import."""
    later: set[str] = set()
    for start in range(0, len(touched), _BATCH):
        part = touched[start : start + _BATCH]
        for of_deal in (DealVersion, EvidenceVersion, RoleVersion, Activity):
            rows = of_deal._default_manager.filter(deal__in=part, seq__gt=span[1])
            later.update(rows.values_list("deal__key", flat=True))
    things = [
        (model, dict(zip(grain, thing, strict=True)))
        for model, grain, _ in _REST
        for thing in sorted(
            _things(model, grain, span) & _things(model, grain, (span[1] + 1, 2**62)), key=str
        )
    ]
    count = len(later) + len(things)
    if count:
        names = sorted(later)[:NAMED]
        names += sorted(called(_present(*thing)) for thing in things[: NAMED - len(names)])
        says = f"{count} of what came {'was' if count == 1 else 'were'} changed since: {', '.join(names)}."
        remedy = "Correct those by hand; an import is undone whole or not at all."
        raise Refused([Problem("changed_since_import", says, remedy, count=count)])


def _present(model: type[Version], thing: dict[str, Any]) -> Version:
    return model._default_manager.get(**thing, valid_to__isnull=True)


def _things(model: type[Version], grain: tuple[str, ...], span: tuple[int, int]) -> set[tuple[Any, ...]]:
    return set(model._default_manager.filter(seq__range=span).values_list(*grain))


def _undo_deals(session: Writing, touched: list[int], first: int, now: dt.datetime) -> None:
    """Takes out the deals that came, and gives those that were here the facts that they had."""
    for start in range(0, len(touched), _BATCH):
        part = touched[start : start + _BATCH]
        history = DealVersion.objects.filter(deal__in=part, seq__lt=first)
        before = dict(history.values_list("deal_id").annotate(Max("seq")))
        kept = {each.deal_id: each for each in DealVersion.objects.filter(seq__in=before.values())}
        deals = list(Deal.objects.filter(pk__in=part).order_by("id"))
        for deal in deals:
            was = kept.get(deal.pk)
            if was is None:
                deal.status = "deleted"
                continue
            if deal.stage != was.stage or deal.status != was.status:
                deal.stage_entered_at = _entered(deal, first)
            for name in VALUES:
                setattr(deal, name, getattr(was, name))
        save_versions(session, deals, change=UNDONE, at=now, note="import undone")


def _entered(deal: Deal, first: int) -> dt.datetime | None:
    """When the deal entered the stage in which it stood before a change."""
    entered, stage = None, None
    versions = DealVersion.objects.filter(deal=deal, seq__lt=first).order_by("valid_from", "seq")
    for at, name, status in versions.values_list("valid_from", "stage", "status"):
        if status == "open" and name != stage:
            entered, stage = at, name
        elif status != "open":
            stage = None
    return entered


def _undo_versions(
    session: Writing,
    model: type[Version],
    grain: tuple[str, ...],
    flag: str,
    span: tuple[int, int],
    now: dt.datetime,
) -> None:
    """Ends what came, and gives what was here before the values that it had."""
    came = model._default_manager.filter(seq__range=span)
    for row in came.filter(valid_to__isnull=True).order_by("seq"):
        same = {name: getattr(row, name) for name in grain}
        history = model._default_manager.filter(**same)
        was = history.filter(seq__lt=span[0]).order_by("-seq").first()
        if was is None:
            succeed(session, row, at=now, **{flag: True})
        else:
            succeed(session, row, at=now, **facts_of(was))
