"""Bulk: many deals edited or moved, each answered for itself by the same rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.deals import apply_edit, apply_move, batches, locked_deal
from stageproof.actions.facts import check_edit
from stageproof.actions.gate import decide
from stageproof.actions.permission import Forbidden
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.stage_moves import Refusal
from stageproof.records.ledger import writing
from stageproof.records.models import Deal

MOST = 5_000


@dataclass(frozen=True)
class Outcome:
    """What became of one deal: `done`, `unchanged`, `refused`, `forbidden`, `not_found` or `conflict`."""

    deal: str
    status: str
    problems: tuple[Problem, ...] = ()
    seq: int | None = None
    version: int | None = None


def bulk_edit(
    actor: Actor,
    keys: Sequence[str],
    *,
    changes: Mapping[str, Any],
    now: dt.datetime,
    expected_versions: Mapping[str, int] | None = None,
) -> list[Outcome]:
    """The outcome of the edit for each deal, in the order given; refused whole where the facts are wrong."""
    problems = check_edit(changes) + _too_many(keys)
    if problems:
        raise Refused(problems)
    outcomes: dict[str, Outcome] = {}
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        for deal in _locked(actor, keys, expected_versions or {}, outcomes):
            seq = apply_edit(session, deal, changes, now=now)
            if seq is None:
                outcomes[deal.key] = Outcome(deal.key, "unchanged", version=deal.version)
            else:
                outcomes[deal.key] = Outcome(deal.key, "done", (), seq, deal.version)
    return [outcomes[key] for key in dict.fromkeys(keys)]


def bulk_move(
    actor: Actor,
    keys: Sequence[str],
    *,
    to: str,
    now: dt.datetime,
    reason: str = "",
    lost_reason: str = "",
    expected_versions: Mapping[str, int] | None = None,
) -> list[Outcome]:
    """The gate's answer for each deal, in the order given; those that it allows are moved."""
    problems = _too_many(keys)
    if problems:
        raise Refused(problems)
    outcomes: dict[str, Outcome] = {}
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        for deals in batches(_locked(actor, keys, expected_versions or {}, outcomes)):
            answers = decide(deals, to=to, now=now, reason=reason, lost_reason=lost_reason)
            for deal in deals:
                answer = answers[deal.key]
                if isinstance(answer, Refusal):
                    outcomes[deal.key] = Outcome(deal.key, "refused", tuple(answer.problems))
                else:
                    seq = apply_move(session, deal, answer, now=now)
                    outcomes[deal.key] = Outcome(deal.key, "done", (), seq, deal.version)
    return [outcomes[key] for key in dict.fromkeys(keys)]


def _locked(
    actor: Actor, keys: Sequence[str], expected: Mapping[str, int], outcomes: dict[str, Outcome]
) -> list[Deal]:
    """The deals that the actor may change; the outcome of the others is known."""
    found = []
    for key in dict.fromkeys(keys):
        try:
            found.append(locked_deal(actor, key, expected.get(key)))
        except NotFound as missing:
            outcomes[key] = Outcome(key, "not_found", (missing.problem,))
        except Forbidden as denied:
            outcomes[key] = Outcome(key, "forbidden", (denied.problem,))
        except Conflict as conflict:
            outcomes[key] = Outcome(key, "conflict", (conflict.problem,), version=conflict.version)
    return found


def _too_many(keys: Sequence[str]) -> list[Problem]:
    if len(keys) <= MOST:
        return []
    says = f"{len(keys):,} deals are more than the {MOST:,} that are changed at once."
    return [Problem("too_many_deals", says, "Choose fewer, or import the changes.", count=len(keys))]
