"""One deal in full: criteria, evidence, committee, what happened, and its versions."""

from __future__ import annotations

from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import find_deal
from stageproof.api.deal_shapes import deal_shown, rows_shown
from stageproof.api.moment import Moment, shown
from stageproof.api.paging import USUAL, by_id
from stageproof.api.shapes import as_money, ref
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import instant_of
from stageproof.records.models import Activity, Contact, Deal, DealVersion, EvidenceVersion, RoleVersion
from stageproof.web.one_deal import DealAt, deal_at

SHOWN = USUAL
"""How many activities, versions, pieces of evidence a deal in full shows; the rest comes by their own lists."""


def in_full(actor: Actor, key: str, moment: Moment) -> dict[str, Any]:
    """Everything about a deal at a moment; NotFound where it did not exist then, or is not for the actor."""
    stored, pipeline = find_deal(actor, key), moment.pipeline
    at = _deal_at(pipeline, key)
    if at is None:
        raise NotFound("deal", key)
    facts = deal_shown(stored) if moment.is_now else _then(at, pipeline)
    return {
        **facts,
        **shown(moment),
        "value": as_money(at.row["value"], pipeline.currency),
        "next_stage": at.next_stage,
        "criteria": _criteria(at),
        "evidence": _evidence_at(stored, pipeline, moment),
        "roles": _roles_at(stored, at),
        "activities": [
            activity_shown(row)
            for row in activities_at(stored, moment).order_by("-happened_at", "-seq")[:SHOWN]
        ],
        "versions": versions_of(stored, None, SHOWN, moment)["items"],
    }


def _deal_at(pipeline: Pipeline, key: str) -> DealAt | None:
    if pipeline.known_at is None:
        return deal_at(pipeline.book, key, pipeline.at)
    return deal_at(pipeline.book, key, pipeline.at, pipeline.known_at)


def _then(at: DealAt, pipeline: Pipeline) -> dict[str, Any]:
    (facts,) = rows_shown([at.row], reporting=pipeline.currency, is_now=False)
    return {**facts, "custom": {}}


def _criteria(at: DealAt) -> list[dict[str, Any]]:
    return [
        {
            "stage": step.stage.name, "place": step.place, "criterion": each.criterion.id, "says": each.criterion.says,
            "asks": each.sentence, "state": each.state, "remedy": each.remedy,
        }
        for step in at.steps
        for each in step.criteria
    ]  # fmt: skip


def _in_force(rows: Any, moment: Moment) -> Any:
    """The versions that held at the moment, as far as they were known by then."""
    if moment.is_now:
        return rows.filter(valid_to__isnull=True)
    at, known = instant_of(moment.pipeline.at), moment.pipeline.known_at
    if known is not None:
        rows = rows.filter(recorded_at__lte=instant_of(known))
    return rows.filter(valid_from__lte=at)


def _latest(rows: Any, *grain: str) -> list[Any]:
    """The last version of each thing, of those that began by the moment."""
    found = {}
    for row in rows.order_by("valid_from", "seq"):
        found[tuple(getattr(row, name) for name in grain)] = row
    return list(found.values())


def _evidence_at(deal: Deal, pipeline: Pipeline, moment: Moment) -> list[dict[str, Any]]:
    rows = _latest(
        _in_force(EvidenceVersion.objects.filter(deal=deal).select_related("deal"), moment), "evidence"
    )
    there = [row for row in rows if not row.revoked]
    return [evidence_shown(row) for row in sorted(there, key=lambda row: row.seq, reverse=True)[:SHOWN]]


def _roles_at(deal: Deal, at: DealAt) -> list[dict[str, Any]]:
    """The committee, with the last engagement that activities show, too."""
    held = RoleVersion.objects.filter(deal=deal).order_by("seq")
    ids = dict(held.values_list("contact__name", "contact_id"))
    return [
        {
            "contact": {"id": ids.get(row["contact"]), "name": row["contact"]}, "role": row["role"],
            "title": row.get("title") or None, "engaged_at": row["engaged_at"],
        }
        for row in at.table("roles")[:SHOWN]
    ]  # fmt: skip


def activities_at(deal: Deal, moment: Moment | None = None) -> Any:
    """What happened on a deal, by a moment where one is given."""
    rows = Activity.objects.filter(deal=deal, withdrawn_at__isnull=True).select_related(
        "contact", "owner", "deal"
    )
    if moment is None or moment.is_now:
        return rows
    known = moment.pipeline.known_at
    rows = rows.filter(happened_at__lte=instant_of(moment.pipeline.at))
    return rows if known is None else rows.filter(recorded_at__lte=instant_of(known))


def activity_shown(row: Activity) -> dict[str, Any]:
    """An activity as a body has it."""
    return {
        "activity": row.key, "deal": row.deal.key if row.deal else None, "kind": row.kind, "side": row.side,
        "direction": row.direction, "subject": row.subject, "contact": ref(row.contact),
        "owner": row.owner.name if row.owner else None, "happened_at": row.happened_at, "actor": row.actor,
        "door": row.door, "recorded_at": row.recorded_at,
    }  # fmt: skip


def evidence_shown(row: EvidenceVersion) -> dict[str, Any]:
    """A piece of evidence as a body has it."""
    names = ("evidence", "kind", "criterion", "what", "given_by", "side", "given_at", "expires_on", "located_at",
             "verified_by", "revoked", "actor", "door", "recorded_at")  # fmt: skip
    return {"deal": row.deal.key, **{name: getattr(row, name) for name in names}}


def role_shown(row: RoleVersion) -> dict[str, Any]:
    """A role as a body has it."""
    contact: Contact = row.contact
    return {
        "contact": ref(contact), "role": row.role, "title": contact.title or None, "engaged_at": row.engaged_at,
    }  # fmt: skip


def versions_of(deal: Deal, cursor: str | None, limit: int, moment: Moment | None = None) -> dict[str, Any]:
    """Part of the versions of a deal, the latest first; `number` is the deal's version at each."""
    rows = DealVersion.objects.filter(deal=deal).select_related("owner")
    if moment is not None and not moment.is_now:
        rows = rows.filter(valid_from__lte=instant_of(moment.pipeline.at))
        if moment.pipeline.known_at is not None:
            rows = rows.filter(recorded_at__lte=instant_of(moment.pipeline.known_at))
    numbers = {seq: number for number, seq in enumerate(_seqs(deal), start=1)}
    return by_id(
        rows, cursor, limit, lambda row: _version(row, numbers[row.seq]), field="seq", newest_first=True
    )


def _seqs(deal: Deal) -> list[int]:
    return list(DealVersion.objects.filter(deal=deal).order_by("seq").values_list("seq", flat=True))


def _version(row: DealVersion, number: int) -> dict[str, Any]:
    names = ("seq", "change", "note", "actor", "door", "valid_from", "valid_to", "recorded_at", "name", "stage",
             "status", "close_on", "forecast_category")  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        "number": number,
        "amount": as_money(row.amount, row.currency),
        "owner": row.owner.name if row.owner else None,
    }
