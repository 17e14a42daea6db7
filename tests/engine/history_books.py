"""Small books for tests, and the same book on every engine that is installed."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from stageproof.engine.book import Book
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import collect, from_rows
from stageproof.engine.hygiene_rules import HygieneRules
from stageproof.engine.proof import EvidenceProof, FieldProof, NextStepProof, RoleProof
from stageproof.engine.tables import TABLES

ENGINES = ("polars", "duckdb", "ibis", pytest.param("pyspark", marks=pytest.mark.spark))
STAGES = ("Discovery", "Qualification", "Proposal", "Negotiation")
_SPARK: list[Any] = []


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
    engine: str = "polars",
    **others: Any,
) -> Book:
    """A book of rows per table on the engine; `definitions` default to the bare four stages."""
    settings = {key: others.pop(key) for key in ("currency", "zone", "calendar") if key in others}
    tables = {
        name: on_engine(from_rows(TABLES[name], [dict(row) for row in rows]).collect(), engine)
        for name, rows in {"deals": deals, **others}.items()
        if rows is not None
    }
    return Book.build(**tables, definitions=[bare()] if definitions is None else definitions, **settings)


def on_engine(table: pl.DataFrame, engine: str) -> Any:
    """The table as a native frame of the engine; skips where that is not installed."""
    if engine == "polars":
        return table.lazy()
    if engine == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        connection = duckdb_connection(duckdb)
        name = f"t{len(_NAMES)}"
        _NAMES.append(name)
        connection.register(f"{name}_arrow", table.to_arrow())
        connection.execute(f"create table {name} as select * from {name}_arrow")
        return connection.table(name)
    if engine == "ibis":
        return pytest.importorskip("ibis").memtable(table)
    return spark().createDataFrame(table.to_arrow())


_NAMES: list[str] = []
_CONNECTIONS: list[Any] = []


def duckdb_connection(duckdb: Any) -> Any:
    if not _CONNECTIONS:
        _CONNECTIONS.append(duckdb.connect())
    return _CONNECTIONS[0]


def spark() -> Any:
    """One local session for the whole test process."""
    if not shutil.which("java"):
        pytest.skip("no java on PATH")
    sql = pytest.importorskip("pyspark.sql")
    if not _SPARK:
        builder = sql.SparkSession.builder.master("local[1]")
        for key, value in {
            "spark.ui.enabled": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "2",
            "spark.log.level": "ERROR",
        }.items():
            builder = builder.config(key, value)
        _SPARK.append(builder.getOrCreate())
    return _SPARK[0]


def rows(table: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The rows, or those columns of them, as tuples."""
    return (table.select(columns) if columns else table).rows()


def rows_of(frame: Any, *columns: str) -> list[tuple[Any, ...]]:
    """The collected rows of a lazy frame in a fixed order."""
    table = collect(frame)
    return sorted(rows(table, *(columns or table.columns)), key=lambda row: tuple(str(cell) for cell in row))
