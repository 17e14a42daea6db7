"""Deals that are here already: what the files say otherwise is taken, but for the stage, which the gate decides."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl
from django.db import connection

from stageproof.actions.deals import apply_move, save_versions
from stageproof.actions.gate import decide, definition_for
from stageproof.actions.import_history import custom_values
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_of, instant_of
from stageproof.engine.problem import Problem
from stageproof.engine.stage_moves import Refusal
from stageproof.records.bulk import rows_of
from stageproof.records.ledger import Writing
from stageproof.records.models import Deal

COMPARED = {
    "said_name": "name",
    **{
        name: name
        for name in (
            "account_id", "owner_id", "team_id", "amount", "currency", "close_on", "forecast_category", "source",
            "campaign", "segment", "product", "next_step", "next_step_on", "competitor", "lost_reason",
            "deal_type", "renews_on", "follows",
        )
    },
}  # fmt: skip
"""Columns of the files with the fact they are; a blank cell changes nothing."""
UNDONE = "undone"
ASKED = 10_000
"""How many deals a query may name."""


@dataclass(frozen=True)
class RefusedMove:
    """A move that the files ask for and the gate refuses, with every reason."""

    deal: str
    name: str
    to: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class FactChange:
    """A fact that the files say otherwise."""

    deal: str
    fact: str
    before: Any
    after: Any


@dataclass
class Compared:
    """The deals of the files beside those here: what is new, other, the same, or gone here."""

    new: pl.DataFrame
    other: pl.DataFrame
    unchanged: int = 0
    left_out: list[str] = field(default_factory=list)
    changes: list[FactChange] = field(default_factory=list)
    edits: dict[int, dict[str, Any]] = field(default_factory=dict)
    moves: list[_Move] = field(default_factory=list)
    deletions: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Move:
    id: int
    to: str
    lost_reason: str
    closed_on: dt.date | None


def here(keys: Sequence[str]) -> pl.DataFrame:
    """The deals of these keys that are here, with their facts in the engine's integers.

    `last` is how the last version of each came about.
    """
    columns = [str(field.column) for field in Deal._meta.concrete_fields]
    listed = ", ".join(f"d.{connection.ops.quote_name(name)}" for name in columns)
    sql = (
        f"SELECT {listed}, v.change FROM records_deal d"  # noqa: S608 - names of our own columns
        " JOIN records_dealversion v ON v.deal_id = d.id AND v.valid_to IS NULL WHERE d.key IN ({})"
    )
    rows = [row for start in range(0, len(keys), ASKED) for row in rows_of(sql, keys[start : start + ASKED])]
    at = columns.index("custom")
    if rows and isinstance(rows[0][at], dict):
        rows = [(*row[:at], json.dumps(row[at]), *row[at + 1 :]) for row in rows]
    texts = {str(field.column) for field in Deal._meta.concrete_fields if not _whole(field)}
    schema: dict[str, Any] = {name: pl.String if name in texts else pl.Int64 for name in columns}
    return pl.DataFrame(rows, schema={**schema, "last": pl.String}, orient="row")


def compare(
    present: pl.DataFrame, ours: pl.DataFrame, custom: Sequence[str], definitions: Sequence[Definition]
) -> Compared:
    """What the files say of deals beside what is here; nothing is written."""
    renamed = ours.rename({name: f"our_{name}" for name in ours.columns if name != "key"})
    both = present.join(renamed, left_on="deal", right_on="key", how="inner", maintain_order="left")
    found = Compared(
        present.join(ours, left_on="deal", right_on="key", how="anti", maintain_order="left"), both
    )
    gone = (pl.col("our_status") == "deleted") & (pl.col("our_last") != UNDONE)
    found.left_out = both.filter(gone, pl.col("status") != "deleted")["deal"].to_list()
    flags = {f"is_{name}": _differs(name, fact) for name, fact in COMPARED.items()}
    moved = pl.col("status").ne_missing(pl.col("our_status")) | pl.col("stage").ne_missing(
        pl.col("our_stage")
    )
    both = both.filter(~gone).with_columns(**flags)
    if not custom:
        both = both.filter(pl.any_horizontal(*flags, moved))
    customs = custom_values(both, custom)
    for row, values in zip(both.iter_rows(named=True), customs, strict=True):
        _compare_row(found, row, values, definitions)
    touched = {*found.edits, *(move.id for move in found.moves), *found.deletions}
    found.unchanged = found.other.height - len(found.left_out) - len(touched)
    return found


def take_facts(session: Writing, found: Compared, *, now: dt.datetime) -> None:
    """Saves the facts that are other, one version per deal, and takes out what the files have as deleted."""
    ids = list(found.edits)
    deals = [deal for batch in _loaded(ids) for deal in batch]
    for deal in deals:
        for name, value in found.edits[deal.pk].items():
            setattr(deal, name, value)
    if deals:
        save_versions(session, deals, change="imported", at=now)
    gone = [deal for batch in _loaded(found.deletions) for deal in batch]
    for deal in gone:
        deal.status = "deleted"
    if gone:
        save_versions(session, gone, change="deleted", at=now, note="deleted where it was imported from")


def ask_the_gate(
    session: Writing, found: Compared, *, now: dt.datetime, reason: str
) -> tuple[int, list[RefusedMove]]:
    """How many deals moved, and the moves that were refused."""
    moved = 0
    refused: list[RefusedMove] = []

    def question(move: _Move) -> tuple[str, str]:
        return move.to, move.lost_reason

    for (to, lost_reason), group in groupby(sorted(found.moves, key=question), key=question):
        wanted = {move.id: move for move in group}
        for deals in _loaded(list(wanted)):
            answers = decide(deals, to=to, now=now, reason=reason, lost_reason=lost_reason or reason)
            for deal in deals:
                answer = answers[deal.key]
                if isinstance(answer, Refusal):
                    refused.append(RefusedMove(deal.key, deal.name, to, tuple(answer.problems)))
                else:
                    apply_move(session, deal, answer, now=now, closed_on=wanted[deal.pk].closed_on)
                    moved += 1
    return moved, sorted(refused, key=lambda each: each.deal)


def _compare_row(
    found: Compared, row: dict[str, Any], custom: dict[str, str], definitions: Sequence[Definition]
) -> None:
    deal = row["our_id"]
    if row["status"] == "deleted":
        if row["our_status"] != "deleted":
            found.deletions.append(deal)
        return
    edits = {fact: _value(fact, row[name]) for name, fact in COMPARED.items() if row[f"is_{name}"]}
    kept = json.loads(row["our_custom"]) if custom else {}
    if custom and {**kept, **custom} != kept:
        edits["custom"] = {**kept, **custom}
    back = row["our_status"] == "deleted"
    if back:
        # An import that was undone and is made again: the deal arrives as if for the first time.
        edits |= {"status": row["status"], "stage": row["stage"]}
        edits |= {"stage_entered_at": instant_of(row["entered_at"])}
    if edits:
        found.edits[deal] = edits
        found.changes += [
            FactChange(row["deal"], fact, _value(fact, row.get(f"our_{fact}")), after)
            for fact, after in edits.items()
        ]
    to = None if back else _asked(row, definitions)
    if to is not None:
        closed = row["status"] != "open" and row["close_on"] is not None
        found.moves.append(
            _Move(deal, to, row["lost_reason"] or "", day_of(row["close_on"]) if closed else None)
        )


def _asked(row: dict[str, Any], definitions: Sequence[Definition]) -> str | None:
    """The stage, `won` or `lost` that the files have the deal at, where it is not there here."""
    if row["status"] != "open":
        return row["status"] if row["status"] != row["our_status"] else None
    if row["stage"] is None:
        return None
    definition = definition_for(definitions, row["our_pipeline"])
    same = row["stage"] == row["our_stage"] or (
        definition is not None
        and definition.position(row["stage"]) is not None
        and definition.position(row["stage"]) == definition.position(row["our_stage"])
    )
    return None if same and row["our_status"] == "open" else row["stage"]


def _differs(name: str, fact: str) -> pl.Expr:
    other = pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(f"our_{fact}"))
    if fact in ("close_on", "lost_reason"):
        # When and why a deal closed belongs to its closing, which the gate decides.
        other = other & ((pl.col("status") == "open") | (pl.col("our_status") != "open"))
    if fact == "lost_reason":
        other = other & (pl.col("status") == "lost") & (pl.col("our_status") == "lost")
    return other


def _value(fact: str, value: Any) -> Any:
    if value is not None and fact.endswith("_on"):
        return day_of(value)
    if value is not None and fact == "stage_entered_at" and isinstance(value, int):
        return instant_of(value)
    return value


def _loaded(ids: Sequence[int]) -> Iterator[list[Deal]]:
    for start in range(0, len(ids), 500):
        chosen = Deal.objects.select_related("account", "owner", "team").filter(
            pk__in=ids[start : start + 500]
        )
        yield list(chosen.order_by("id"))


def _whole(field: Any) -> bool:
    return bool(field.get_internal_type() not in ("CharField", "JSONField", "TextField"))
