"""Stage moves: the one gate. Whoever asks, through whichever door, is answered here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from stageproof.engine.book import Pipeline
from stageproof.engine.criteria import MET, UNVERIFIABLE, WAIVED, assess, assess_one
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.one_deal import OneDeal
from stageproof.engine.problem import Problem
from stageproof.engine.proof import FieldProof, leaves, remedy, sentence
from stageproof.engine.qualification import UNKNOWN_STAGE, stage_position

WON, LOST = "won", "lost"

Kind = Literal["forward", "skip", "backward", "reopen", "win", "lose"]


@dataclass(frozen=True)
class StageMove:
    """A move that the gate allows: what to record, and which criteria passed on a waiver."""

    deal: str
    kind: Kind
    from_stage: str | None
    from_status: str
    to_stage: str | None
    to_status: str
    waived: tuple[str, ...] = ()
    reason: str = ""
    definition_version: int | None = None


@dataclass(frozen=True)
class Refusal:
    """Every reason why a move is refused, each with its remedy."""

    deal: str
    to: str
    problems: tuple[Problem, ...]


def decide_stage_move(
    pipeline: Pipeline, *, deal: str, to: str, reason: str = "", lost_reason: str = ""
) -> StageMove | Refusal:
    """The move to record, or every reason to refuse it.

    `to` is a stage, `won` or `lost`. Forward, over several stages, winning and reopening need every exit criterion of
    every stage before the target met or waived at the pipeline's instant; moving back needs none; losing needs
    `lost_reason`, reopening `reason`.
    """
    return decide_stage_moves(pipeline, {deal: to}, reason=reason, lost_reason=lost_reason)[deal]


def decide_stage_moves(
    pipeline: Pipeline, moves: Mapping[str, str], *, reason: str = "", lost_reason: str = ""
) -> dict[str, StageMove | Refusal]:
    """The same gate for many deals in one pass: an answer per deal."""
    wanted = pipeline.deals.filter(nw.col("deal").is_in(list(moves)))
    answers: dict[str, StageMove | Refusal] = {}
    for definition, frame in _by_definition(pipeline, wanted):
        assessed = assess(pipeline, definition, frame.with_columns(position=stage_position(definition)))
        rows = collect(assessed.in_words("deal", "stage", "status", "position"))
        for row in rows.iter_rows(named=True):
            states = [(stage, criterion, row[name]) for stage, criterion, name in assessed.columns]
            answers[row["deal"]] = _decide(definition, row, states, moves[row["deal"]], reason, lost_reason)
    known = set(collect(wanted.select("deal"))["deal"])
    for deal, to in moves.items():
        if deal not in answers:
            answers[deal] = _refused(deal, to, _no_definition(deal) if deal in known else _no_deal(deal))
    return answers


def decide_one_stage_move(
    one: OneDeal, definition: Definition, *, to: str, reason: str = "", lost_reason: str = ""
) -> StageMove | Refusal:
    """The same gate for a deal in hand: no query is planned, so that one move costs next to nothing."""
    position = definition.position(one.deal["stage"])
    row = {**one.deal, "position": UNKNOWN_STAGE if position is None else position}
    states = assess_one(one.moment, definition, one.deal, one.in_force)
    return _decide(definition, row, states, to, reason, lost_reason)


def _by_definition(pipeline: Pipeline, deals: Lazy) -> list[tuple[Definition, Lazy]]:
    definitions = pipeline.definitions
    if len(definitions) == 1:
        return [(definitions[0], deals)]
    return [(each, deals.filter(nw.col("pipeline") == each.pipeline)) for each in definitions]


def _decide(
    definition: Definition,
    row: Mapping[str, Any],
    states: Sequence[tuple[Stage, Criterion, str]],
    to: str,
    reason: str,
    lost_reason: str,
) -> StageMove | Refusal:
    deal, status = row["deal"], row["status"]
    target = _target(definition, to)
    if target is None:
        return _refused(deal, to, _no_stage(definition, to))
    problems = _formal_problems(row, to, target, reason, lost_reason)
    waived: list[str] = []
    if to.lower() != LOST and (status != "open" or target > row["position"]):
        before = [each for each in states if (definition.position(each[0].name) or 0) < target]
        problems += [_unmet(stage, criterion, state) for stage, criterion, state in before if _blocks(state)]
        waived = [criterion.id for _, criterion, state in before if state == WAIVED]
    if problems:
        return Refusal(deal, to, tuple(problems))
    open_target = 0 <= target < len(definition.stages)
    return StageMove(
        deal=deal,
        kind=_kind(row, to, target),
        from_stage=row["stage"],
        from_status=status,
        to_stage=definition.stages[target].name if open_target and to.lower() != LOST else row["stage"],
        to_status=to.lower() if to.lower() in (WON, LOST) else "open",
        waived=tuple(waived),
        reason=lost_reason or reason,
        definition_version=definition.version,
    )


def _target(definition: Definition, to: str) -> int | None:
    """The position moved to: winning lies behind the last stage; losing anywhere."""
    if to.lower() == WON:
        return len(definition.stages)
    if to.lower() == LOST:
        return 0
    return definition.position(to)


def _kind(row: Mapping[str, Any], to: str, target: int) -> Kind:
    if to.lower() == WON:
        return "win"
    if to.lower() == LOST:
        return "lose"
    if row["status"] != "open":
        return "reopen"
    if target < row["position"]:
        return "backward"
    return "forward" if target == row["position"] + 1 else "skip"


def _formal_problems(
    row: Mapping[str, Any], to: str, target: int, reason: str, lost_reason: str
) -> list[Problem]:
    status = row["status"]
    problems = []
    if to.lower() == status or (
        status == "open" and to.lower() not in (WON, LOST) and target == row["position"]
    ):
        problems.append(
            Problem("already_there", f"The deal is already at {row['stage'] if status == 'open' else status}.",
                    "Choose another stage.", value=to)
        )  # fmt: skip
    if to.lower() == LOST and not lost_reason.strip():
        problems.append(
            Problem(
                "lost_reason_missing",
                "A lost deal needs a reason.",
                "Say why it was lost.",
                column="lost_reason",
            )
        )
    if status in (WON, LOST) and to.lower() in (WON, LOST) and to.lower() != status:
        problems.append(
            Problem("closed_deal", f"The deal is {status}.", "Reopen it to a stage first.", value=status)
        )
    elif status in (WON, LOST) and to.lower() != status and not reason.strip():
        problems.append(
            Problem("reason_missing", "Reopening a closed deal needs a reason.", "Say why it is open again.",
                    column="reason")
        )  # fmt: skip
    return problems


def _blocks(state: str) -> bool:
    return state not in (MET, WAIVED)


def _unmet(stage: Stage, criterion: Criterion, state: str) -> Problem:
    if state == UNVERIFIABLE:
        return Problem(
            "criterion_unverifiable",
            f"{stage.name}: {criterion.says}. Nothing here can show it: {sentence(criterion.proof)}.",
            remedy(criterion.proof) + _unless_rated(criterion),
            column=criterion.id,
        )
    return Problem(
        "criterion_unmet",
        f"{stage.name}: {criterion.says}. Missing: {sentence(criterion.proof)}.",
        remedy(criterion.proof),
        column=criterion.id,
    )


def _unless_rated(criterion: Criterion) -> str:
    """What else an amount may lack that nobody can compare."""
    asks = any(isinstance(each, FieldProof) and each.field == "amount" for each in leaves(criterion.proof))
    return "; where its currency has no rate of exchange, enter one" if asks else ""


def _refused(deal: str, to: str, problem: Problem) -> Refusal:
    return Refusal(deal, to, (problem,))


def _no_deal(deal: str) -> Problem:
    return Problem(
        "unknown_deal", f"There is no deal '{deal}' at this instant.", "Check its identifier.", value=deal
    )


def _no_definition(deal: str) -> Problem:
    return Problem(
        "no_definition", "No definition is in force for this deal's pipeline.",
        "Publish one with a date on or before today.", value=deal,
    )  # fmt: skip


def _no_stage(definition: Definition, to: str) -> Problem:
    names = ", ".join([*(stage.name for stage in definition.stages), WON, LOST])
    return Problem(
        "unknown_stage",
        f"There is no stage '{to}' in {definition.pipeline}.",
        f"Choose one of: {names}.",
        value=to,
    )


@dataclass(frozen=True)
class Waiver:
    """Permission to pass one criterion unmet: why, until when, by whom. Counted apart from what is met."""

    deal: str
    criterion: str
    reason: str
    granted_by: str
    expires_on: int


def decide_waiver(
    definition: Definition,
    *,
    deal: str,
    criterion: str,
    reason: str,
    granted_by: str,
    roles: Collection[str],
    day: int,
    expires_on: int | None,
) -> Waiver | Refusal:
    """The waiver to record, or every reason to refuse it. Days are days since 1970."""
    problems = []
    if not set(roles) & set(definition.waiver_roles):
        allowed = " or ".join(definition.waiver_roles)
        problems.append(
            Problem("waiver_not_allowed", f"A waiver takes the role of {allowed}.", "Ask one of them.")
        )
    if criterion not in {each.id for stage in definition.stages for each in stage.exit}:
        problems.append(
            Problem("unknown_criterion", f"There is no criterion '{criterion}' in {definition.pipeline}.",
                    "Choose one that the refusal names.", value=criterion)
        )  # fmt: skip
    if not reason.strip():
        problems.append(
            Problem("reason_missing", "A waiver needs a reason.", "Say why it may pass.", column="reason")
        )
    latest = day + definition.waiver_days
    if expires_on is None or not day <= expires_on <= latest:
        problems.append(
            Problem("waiver_expiry", "A waiver needs an expiry that lies ahead.",
                    f"Choose a day within the next {definition.waiver_days} days.", column="expires_on")
        )  # fmt: skip
    if problems or expires_on is None:
        return Refusal(deal, criterion, tuple(problems))
    return Waiver(deal, criterion, reason.strip(), granted_by, expires_on)
