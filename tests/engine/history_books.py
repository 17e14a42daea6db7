"""Small books for tests: deals as paths through stages, and two definitions to hold them against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from stageproof.engine.book import Book
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import collect, from_rows
from stageproof.engine.hygiene_rules import HygieneRules
from stageproof.engine.proof import EvidenceProof, FieldProof, NextStepProof, RoleProof
from stageproof.engine.tables import TABLES

STAGES = ("Discovery", "Qualification", "Proposal", "Negotiation")


def at(text: str) -> dt.datetime:
    """An instant in UTC from `2025-03-01` (its beginning) or `2025-03-01T12:00`."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def definition(**changes: Any) -> Definition:
    """Four stages; three criteria with ids pain, buyer, step."""
    pain = Criterion("pain", "The buyer named a problem", EvidenceProof("pain", "buyer", within_days=90))
    buyer = Criterion(
        "buyer", "The economic buyer is engaged", RoleProof("economic_buyer", engaged_within_days=30)
    )
    step = Criterion("step", "A next step is dated", NextStepProof(14))
    price = Criterion("price", "The amount is known", FieldProof("amount", present=True))
    stages = (
        Stage("Discovery", (pain, buyer), norm_days=20, quiet_days=10, aliases=("Disco",)),
        Stage("Qualification", (step,), norm_days=20, quiet_days=14),
        Stage("Proposal", (price,), norm_days=20, quiet_days=14),
        Stage("Negotiation", (), norm_days=20, quiet_days=30),
    )
    given = {"pipeline": "New business", "owner": "ada@example.com", "stages": stages, **changes}
    return Definition(**given)


def bare(rules: HygieneRules | None = None, norm_days: int | None = None) -> Definition:
    """The four stages without criteria."""
    stages = tuple(Stage(name, norm_days=norm_days, quiet_days=14) for name in STAGES)
    return Definition("New business", "ada@example.com", stages, rules=rules or HygieneRules())


def path(deal: str, *moves: tuple[str, str], **facts: Any) -> list[dict[str, Any]]:
    """Versions of a deal from (day or instant, stage or status) pairs; a third dict in a move changes facts."""
    rows: list[dict[str, Any]] = []
    state: dict[str, Any] = {
        "deal": deal, "stage": None, "status": "open", "owner": "Ann", "amount": 1000, "currency": "USD",
        "source": "Web", "close_on": day("2025-12-31"), **facts,
    }  # fmt: skip
    state.setdefault("created_at", at(moves[0][0]))
    for move in moves:
        when, where = move[0], move[1]
        if where in ("won", "lost", "deleted"):
            state = {**state, "status": where, "close_on": at(when).date()}
        else:
            state = {**state, "status": "open", "stage": where or None}
        state = {**state, **(move[2] if len(move) > 2 else {})}  # type: ignore[misc]
        rows.append({**state, "valid_from": at(when)})
    return rows


def book(
    deals: Sequence[Mapping[str, Any]],
    *,
    definitions: Iterable[Definition] | None = None,
    **others: Any,
) -> Book:
    """A book of rows per table; `definitions` default to the bare four stages."""
    settings = {key: others.pop(key) for key in ("currency", "zone", "calendar") if key in others}
    tables = {
        name: from_rows(TABLES[name], [dict(row) for row in listed])
        for name, listed in {"deals": deals, **others}.items()
        if listed is not None
    }
    return Book.build(**tables, definitions=[bare()] if definitions is None else definitions, **settings)


def rows(table: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The rows, or those columns of them, as tuples."""
    return (table.select(columns) if columns else table).rows()


def rows_of(frame: Any, *columns: str) -> list[tuple[Any, ...]]:
    """The collected rows of a lazy frame in a fixed order."""
    table = collect(frame)
    return sorted(rows(table, *(columns or table.columns)), key=lambda row: tuple(str(cell) for cell in row))
