"""Deals: create, edit, move, win, lose, reopen. Every way in comes through here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.gate import decide
from stageproof.actions.permission import forbid, may_edit, visible_deals
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, instant_number, instant_of
from stageproof.engine.money import is_currency
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.stage_moves import Refusal, StageMove
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Account, Deal, DealVersion, Organisation, Person
from stageproof.records.models.deals import CATEGORIES, FACTS
from stageproof.records.tables import definitions_in_force

EDITABLE = (
    "name", "account", "owner", "amount", "currency", "close_on", "forecast_category", "source", "campaign",
    "segment", "product", "next_step", "next_step_on", "competitor", "lost_reason", "custom",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """A change that was made: the deal as it now stands, and the number of the change."""

    deal: Deal
    seq: int
    move: StageMove | None = None


def find_deal(actor: Actor, key: str, *, lock: bool = False) -> Deal:
    """The deal of this key that the actor may see; NotFound otherwise."""
    deals = Deal.objects.select_for_update(of=("self",)) if lock else Deal.objects
    found = deals.select_related("account", "owner", "team").filter(visible_deals(actor), key=key)
    deal: Deal | None = found.exclude(status="deleted").first()
    if deal is None:
        raise NotFound("deal", key)
    return deal


def create_deal(actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any]) -> Done:
    """A new deal in the first stage of its pipeline; the owner is the actor unless said otherwise."""
    if not actor.may_write or actor.role in ("finance", "executive"):
        raise forbid("create deals")
    problems = _unknown_facts(facts)
    definition = _definition(facts.get("pipeline"), now, problems)
    organisation = Organisation.objects.get()
    values: dict[str, Any] = {
        "currency": organisation.currency,
        "owner": actor.person,
        **{name: value for name, value in facts.items() if name in EDITABLE},
    }
    problems += check_facts(values)
    if not str(values.get("name") or "").strip():
        problems.append(Problem("missing_name", "A deal needs a name.", "Give it one.", column="name"))
    if problems or definition is None:
        raise Refused(problems)
    owner: Person | None = values.get("owner")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = Deal(
            key=f"D{session.ledger.last_seq + 1}",
            pipeline=definition.pipeline,
            stage=definition.stages[0].name,
            status="open",
            team=owner.team if owner else None,
            created_at=now,
            stage_entered_at=now,
            version=0,
            **values,
        )
        version = save_version(session, deal, change="created", at=now)
    return Done(deal, version.seq)


def edit_deal(
    actor: Actor,
    key: str,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Done:
    """The deal with other facts; its stage and status change only through the gate."""
    problems = _unknown_facts(changes) + check_facts(changes)
    if problems:
        raise Refused(problems)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = _locked(actor, key, expected_version)
        changed = {name: value for name, value in changes.items() if getattr(deal, name) != value}
        if not changed:
            return Done(deal, session.ledger.last_seq)
        for name, value in changed.items():
            setattr(deal, name, value)
        if "owner" in changed:
            deal.team = deal.owner.team if deal.owner else None
        version = save_version(session, deal, change="edited", at=now)
    return Done(deal, version.seq)


def move_deal(
    actor: Actor,
    key: str,
    *,
    to: str,
    now: dt.datetime,
    expected_version: int | None = None,
    reason: str = "",
    lost_reason: str = "",
) -> Done:
    """The deal moved to a stage, `won` or `lost`; Refused with every unmet criterion where the gate says no."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = _locked(actor, key, expected_version)
        answer = decide([deal], to=to, now=now, reason=reason, lost_reason=lost_reason)[deal.key]
        if isinstance(answer, Refusal):
            raise Refused(answer.problems)
        version = apply_move(session, deal, answer, now=now)
    return Done(deal, version.seq, answer)


def apply_move(session: Writing, deal: Deal, move: StageMove, *, now: dt.datetime) -> DealVersion:
    """Saves a move that the gate has allowed: the present row, and its version."""
    if move.to_status == "open" and (move.from_stage != move.to_stage or move.from_status != "open"):
        deal.stage_entered_at = now
    deal.stage, deal.status = move.to_stage, move.to_status
    if move.to_status in ("won", "lost"):
        deal.close_on = day_at(now, Organisation.objects.get().zone)
        deal.lost_reason = move.reason if move.to_status == "lost" else None
    elif move.kind == "reopen":
        deal.lost_reason = None
    return save_version(session, deal, change=move.kind, at=now, note=move.reason)


def delete_deal(
    actor: Actor, key: str, *, now: dt.datetime, reason: str, expected_version: int | None = None
) -> Done:
    """The deal taken out of the pipeline; its history stays."""
    if not reason.strip():
        raise Refused(
            [Problem("reason_missing", "Deleting a deal needs a reason.", "Say why.", column="reason")]
        )
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = _locked(actor, key, expected_version)
        deal.status = "deleted"
        version = save_version(session, deal, change="deleted", at=now, note=reason)
    return Done(deal, version.seq)


def save_version(
    session: Writing, deal: Deal, *, change: str, at: dt.datetime, note: str = ""
) -> DealVersion:
    """Saves the present row and its version together; the version before ends where this one begins."""
    at = _after_last(deal, at)
    deal.version += 1
    deal.save()
    DealVersion.objects.filter(deal=deal, valid_to__isnull=True).update(valid_to=at)
    version = DealVersion(
        deal=deal, change=change, note=note[:500], valid_from=at, recorded_at=session.recorded_at,
        **{name: getattr(deal, name) for name in FACTS},
    )  # fmt: skip
    session.add([version])
    return version


def check_facts(facts: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with values given for a deal."""
    problems = []
    amount, currency = facts.get("amount"), facts.get("currency")
    if amount is not None and amount < 0:
        problems.append(
            _wrong("amount", amount, "An amount cannot be negative.", "Give what the deal is worth.")
        )
    if currency is not None and not is_currency(currency):
        problems.append(
            _wrong("currency", currency, "This is not a currency.", "Use a code such as USD or EUR.")
        )
    category = facts.get("forecast_category")
    if category is not None and category not in CATEGORIES:
        problems.append(
            _wrong(
                "forecast_category",
                category,
                "There is no such forecast category.",
                f"Use {', '.join(CATEGORIES)}.",
            )
        )
    for name in (
        "name",
        "source",
        "campaign",
        "segment",
        "product",
        "next_step",
        "competitor",
        "lost_reason",
    ):
        limit = Deal._meta.get_field(name).max_length
        text = facts.get(name)
        if text is not None and len(text) > limit:
            problems.append(
                _wrong(name, text[:40] + "...", f"This is longer than {limit} characters.", "Shorten it.")
            )
        if text is not None and "\x00" in text:
            problems.append(_wrong(name, "", "This holds a NUL character.", "Remove it."))
    for name, kind in (("account", Account), ("owner", Person)):
        value = facts.get(name)
        if value is not None and not isinstance(value, kind):
            problems.append(_wrong(name, value, f"There is no such {name}.", "Choose an existing one."))
    return problems


def history_since(deal: Deal, version: int) -> list[dict[str, Any]]:
    """What changed after a version of the deal: who, when, and which facts."""
    versions = list(DealVersion.objects.filter(deal=deal).order_by("seq"))
    later: list[dict[str, Any]] = []
    for before, after in zip(versions[version - 1 :], versions[version:], strict=False):
        fields = [name for name in FACTS if getattr(before, name) != getattr(after, name)]
        later.append(
            {
                "actor": after.actor,
                "at": after.recorded_at.isoformat(),
                "fields": fields,
                "change": after.change,
            }
        )
    return later


def _locked(actor: Actor, key: str, expected_version: int | None) -> Deal:
    deal = find_deal(actor, key, lock=True)
    if not may_edit(actor, deal):
        raise forbid("change this deal")
    if expected_version is not None and expected_version != deal.version:
        raise Conflict(key, expected_version, deal.version, history_since(deal, expected_version))
    return deal


def _after_last(deal: Deal, at: dt.datetime) -> dt.datetime:
    """Later than the last change, however fast the clock: two changes of one deal never begin together."""
    if deal.pk is None:
        return at
    last = (
        DealVersion.objects.filter(deal=deal, valid_to__isnull=True)
        .values_list("valid_from", flat=True)
        .first()
    )
    return at if last is None or last < at else instant_of(instant_number(last) + 1)


def _definition(pipeline: Any, now: dt.datetime, problems: list[Problem]) -> Definition | None:
    zone = Organisation.objects.get().zone
    on = day_at(now, zone)
    in_force = {each.pipeline: each for each in definitions_in_force(on)}
    if pipeline is None and in_force:
        return next(iter(in_force.values()))
    found = in_force.get(str(pipeline))
    if found is None:
        names = ", ".join(in_force) or "none is published yet"
        problems.append(
            Problem(
                "unknown_pipeline",
                f"There is no pipeline '{pipeline}'.",
                f"Use one of: {names}.",
                column="pipeline",
            )
        )
    return found


def _unknown_facts(facts: Mapping[str, Any]) -> list[Problem]:
    unknown: Sequence[str] = [name for name in facts if name not in (*EDITABLE, "pipeline")]
    return [
        Problem(
            "not_editable", f"'{name}' cannot be set here.",
            "Stage and status change by moving the deal." if name in ("stage", "status") else "Leave it out.",
            column=name,
        )
        for name in unknown
    ]  # fmt: skip


def _wrong(name: str, value: Any, says: str, remedy: str) -> Problem:
    return Problem(f"wrong_{name}", says, remedy, column=name, value=str(value))


__all__ = ["DAY", "Done", "create_deal", "edit_deal", "find_deal", "move_deal"]
