"""Deals: create, edit, move, win, lose, reopen. Every way in comes through here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.facts import EDITABLE, check_account_here, check_edit, check_facts, unknown_facts
from stageproof.actions.gate import decide
from stageproof.actions.permission import forbid, may_edit, visible_deals
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, instant_number, number
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.stage_moves import Refusal, StageMove
from stageproof.records.bulk import add_rows, execute_many, rows_of, update_rows
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Deal, DealVersion, Person
from stageproof.records.models.deals import FACTS
from stageproof.records.tables import definitions_in_force, organisation

BATCH = 500
_PRESENT = "SELECT deal_id, valid_from FROM records_dealversion WHERE deal_id IN ({}) AND valid_to IS NULL"
VALUES = tuple(field.attname for field in DealVersion._meta.concrete_fields if field.name in FACTS)

NO_DEALS = ("finance", "executive")
"""Roles that read deals and open none."""


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
    prepared = prepare_deal(actor, now=now, facts=facts)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        return open_deal(session, prepared, now=now)


def prepare_deal(actor: Actor, *, now: dt.datetime, facts: Mapping[str, Any]) -> Deal:
    """The deal to be, not saved yet; Refused with everything that is wrong with it."""
    if not actor.may_write or actor.role in NO_DEALS:
        raise forbid("create deals")
    problems = unknown_facts(facts, (*EDITABLE, "pipeline"))
    definition = _definition(facts.get("pipeline"), now, problems)
    values: dict[str, Any] = {
        "name": None,
        "currency": organisation().currency,
        "owner": actor.person,
        **{name: value for name, value in facts.items() if name in EDITABLE},
    }
    problems += check_facts(values)
    if problems or definition is None:
        raise Refused(problems)
    owner: Person | None = values.get("owner")
    return Deal(
        pipeline=definition.pipeline,
        stage=definition.stages[0].name,
        status="open",
        team=owner.team if owner else None,
        created_at=now,
        stage_entered_at=now,
        version=0,
        **values,
    )


def open_deal(session: Writing, deal: Deal, *, now: dt.datetime) -> Done:
    """Saves a prepared deal under a key of its own."""
    if problems := check_account_here(deal):
        raise Refused(problems)
    deal.key = _free_key(session)
    return Done(deal, save_version(session, deal, change="created", at=now))


def edit_deal(
    actor: Actor,
    key: str,
    *,
    now: dt.datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Done:
    """The deal with other facts; its stage and status change only through the gate."""
    problems = check_edit(changes)
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = locked_deal(actor, key, expected_version)
        if problems:
            raise Refused(problems)
        apply_edit(session, deal, changes, now=now)
    return Done(deal, session.ledger.last_seq)


def apply_edit(
    session: Writing, deal: Deal, changes: Mapping[str, Any], *, now: dt.datetime, change: str = "edited"
) -> int | None:
    """Saves the facts that differ, and gives the number of the change; None where none does."""
    changed = {name: value for name, value in changes.items() if getattr(deal, name) != value}
    if not changed:
        return None
    for name, value in changed.items():
        setattr(deal, name, value)
    if "account" in changed and (problems := check_account_here(deal)):
        raise Refused(problems)
    if "owner" in changed:
        deal.team = deal.owner.team if deal.owner else None
    return save_version(session, deal, change=change, at=now)


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
        deal = locked_deal(actor, key, expected_version)
        answer = decide([deal], to=to, now=now, reason=reason, lost_reason=lost_reason)[deal.key]
        if isinstance(answer, Refusal):
            raise Refused(answer.problems)
        seq = apply_move(session, deal, answer, now=now)
    return Done(deal, seq, answer)


def apply_move(
    session: Writing,
    deal: Deal,
    move: StageMove,
    *,
    now: dt.datetime,
    closed_on: dt.date | None = None,
) -> int:
    """Saves a move that the gate has allowed, and gives the number of the change.

    A closed deal closed today unless `closed_on` says when.
    """
    if move.to_status == "open" and (move.from_stage != move.to_stage or move.from_status != "open"):
        deal.stage_entered_at = now
    deal.stage, deal.status = move.to_stage, move.to_status
    if move.to_status in ("won", "lost"):
        deal.close_on = closed_on or day_at(now, organisation().zone)
        deal.lost_reason = move.reason if move.to_status == "lost" else None
    elif move.kind == "reopen":
        deal.lost_reason = None
    return save_version(session, deal, change=move.kind, at=now, note=move.reason)


def delete_deal(
    actor: Actor, key: str, *, now: dt.datetime, reason: str, expected_version: int | None = None
) -> Done:
    """The deal taken out of the pipeline; its history stays."""
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        deal = locked_deal(actor, key, expected_version)
        if not reason.strip():
            says = "Deleting a deal needs a reason."
            raise Refused([Problem("reason_missing", says, "Say why.", column="reason")])
        deal.status = "deleted"
        seq = save_version(session, deal, change="deleted", at=now, note=reason)
    return Done(deal, seq)


def save_version(session: Writing, deal: Deal, *, change: str, at: dt.datetime, note: str = "") -> int:
    """Saves the present row and its version together, and gives the number of the change.

    The version before ends where this one begins.
    """
    if deal.pk is not None:
        save_versions(session, [deal], change=change, at=at, note=note)
        return session.ledger.last_seq
    deal.version += 1
    deal.save()
    _add_versions(session, [deal], [instant_number(at)], change=change, note=note)
    return session.ledger.last_seq


def save_versions(
    session: Writing, deals: Sequence[Deal], *, change: str, at: dt.datetime, note: str = ""
) -> None:
    """The same for many deals of which each has a version already, numbered in their order."""
    last: dict[int, int] = {}
    for batch in batches(deals):
        last.update(rows_of(_PRESENT, [deal.pk for deal in batch]))
    # However fast the clock: two changes of one deal never begin together.
    begins = [max(instant_number(at), last[deal.pk] + 1) for deal in deals]
    for deal in deals:
        deal.version += 1
    update_rows(
        Deal,
        [*VALUES, "version", "stage_entered_at"],
        ((*_facts(deal), deal.version, number(deal.stage_entered_at), deal.pk) for deal in deals),
    )
    ends = ((since, deal.pk) for since, deal in zip(begins, deals, strict=True))
    execute_many("UPDATE records_dealversion SET valid_to = %s WHERE deal_id = %s AND valid_to IS NULL", ends)
    _add_versions(session, deals, begins, change=change, note=note)


def _add_versions(
    session: Writing, deals: Sequence[Deal], begins: Sequence[int], *, change: str, note: str
) -> None:
    add_rows(
        session,
        DealVersion,
        [*VALUES, "deal_id", "change", "note", "valid_from", "valid_to", "actor"],
        (
            (*_facts(deal), deal.pk, change, note[:500], since, None, session.actor)
            for deal, since in zip(deals, begins, strict=True)
        ),
    )


def _facts(deal: Deal) -> list[Any]:
    return [number(getattr(deal, name)) for name in VALUES]


def batches(deals: Sequence[Deal]) -> Iterator[Sequence[Deal]]:
    """The deals in parts that one query can name."""
    return (deals[start : start + BATCH] for start in range(0, len(deals), BATCH))


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


def locked_deal(actor: Actor, key: str, expected_version: int | None) -> Deal:
    """The deal, locked for a change that the actor may make and that nobody was faster to make."""
    deal = find_deal(actor, key, lock=True)
    if not may_edit(actor, deal):
        raise forbid("change this deal")
    if expected_version is not None and expected_version != deal.version:
        raise Conflict(key, expected_version, deal.version, history_since(deal, expected_version))
    return deal


def _free_key(session: Writing) -> str:
    """The number of the change that creates the deal, as its key; imported keys may look alike."""
    key = f"D{session.ledger.last_seq + 1}"
    while Deal.objects.filter(key=key).exists():
        key += "n"
    return key


def _definition(pipeline: Any, now: dt.datetime, problems: list[Problem]) -> Definition | None:
    zone = organisation().zone
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


__all__ = [
    "DAY",
    "EDITABLE",
    "Done",
    "apply_edit",
    "apply_move",
    "batches",
    "check_facts",
    "create_deal",
    "delete_deal",
    "edit_deal",
    "find_deal",
    "history_since",
    "locked_deal",
    "move_deal",
    "open_deal",
    "prepare_deal",
    "save_version",
    "save_versions",
]
