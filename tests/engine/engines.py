"""The same book on every engine, and small books written as text."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest

from stageproof.engine.book import Book
from stageproof.engine.frames import collect, from_rows, is_day, is_instant, number
from stageproof.engine.tables import DEALS, TABLES

_DERIVED = ("valid_to", "until_on")
"""Columns that each engine must work out for itself."""


def on_engine(engine: str, book: Book) -> Book:
    """The book with its tables held by the engine."""
    native = _NATIVE[engine]
    tables = {name: native(_given(name, book)) for name in book.tables}
    return Book.build(
        **tables,
        definitions=book.definitions,
        currency=book.currency,
        zone=book.zone,
        calendar=book.calendar,
    )


def _given(name: str, book: Book) -> pl.DataFrame:
    """The table as given, with what only Polars can add: the local day of creation, rates as integers."""
    frame = collect(book.tables[name])
    if name != "deals":
        return frame.drop(_DERIVED, strict=False)
    extra = {"created_on", "recorded_at", "currency"}
    own = [column for column in frame.columns if DEALS.column(column) is None]
    return frame.select(column for column in frame.columns if column in book.fields | extra or column in own)


def _duckdb(frame: pl.DataFrame) -> Any:
    connection = _connection()
    name = f"t{next(_numbers)}"
    connection.register(name, frame.to_arrow())
    return connection.table(name)


def _ibis(frame: pl.DataFrame) -> Any:
    import ibis

    return ibis.memtable(frame)


def _pyspark(frame: pl.DataFrame) -> Any:
    return spark().createDataFrame(frame.to_arrow())


@cache
def _connection() -> Any:
    import duckdb

    return duckdb.connect()


@cache
def spark() -> Any:
    """The one Spark session of the test process; skips where there is no Java."""
    if shutil.which("java") is None:
        pytest.skip("PySpark needs a Java runtime on PATH")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]")
    for name, value in _SPARK.items():
        builder = builder.config(f"spark.{name}", value)
    return builder.getOrCreate()


# A dozen rows need neither compiled code nor plans that adapt; compiling would take most of the time.
_SPARK = {
    "ui.enabled": "false",
    "ui.showConsoleProgress": "false",
    "log.level": "ERROR",
    "sql.session.timeZone": "UTC",
    "sql.shuffle.partitions": "2",
    "sql.adaptive.enabled": "false",
    "sql.codegen.wholeStage": "false",
    "sql.codegen.factoryMode": "NO_CODEGEN",
    # Nor is anything asked often enough to be worth what the second compiler makes of it: with both, a session took twice
    # the time of the processors.
    # A plan of many joins holds a page for each, of which a small machine has not enough at their usual size.
    "driver.memory": "2g",
    "buffer.pageSize": "1m",
    "driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
_numbers = iter(range(10**9))
_NATIVE: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": lambda frame: frame.lazy(),
    "duckdb": _duckdb,
    "ibis": _ibis,
    "pyspark": _pyspark,
}
ENGINES = tuple(_NATIVE)
OTHERS = [
    pytest.param("duckdb"),
    pytest.param("ibis"),
    pytest.param("pyspark", marks=pytest.mark.spark),
]
"""Every engine but Polars, for `parametrize`."""


def table(name: str, text: str, **constant: Any) -> pl.LazyFrame:
    """A table of the engine from lines of words under a header; `-` is a blank, `_` a space."""
    header, *lines = [line.split() for line in text.strip().splitlines() if line.strip()]
    rows = [
        {**constant, **{key: _value(word, key) for key, word in zip(header, line, strict=True)}}
        for line in lines
    ]
    return from_rows(TABLES[name], rows)


def rates(text: str) -> pl.DataFrame:
    """Rates as `currency from_on rate` per line."""
    rows = [line.split() for line in text.strip().splitlines() if line.strip()]
    return pl.DataFrame(
        [(currency, number(dt.date.fromisoformat(day)), rate) for currency, day, rate in rows],
        schema={"currency": pl.String, "from_on": pl.Int64, "rate": pl.String},
        orient="row",
    )


def _value(word: str, name: str) -> Any:
    if word == "-":
        return None
    if is_instant(name):
        return dt.datetime.fromisoformat(word)
    if is_day(name):
        return dt.date.fromisoformat(word)
    return int(word) if word.lstrip("-").isdigit() else word.replace("_", " ")
