"""A book whose tables stay where they are: Parquet in a folder, a DuckDB file, a Spark cluster, a warehouse.

Nothing is loaded here. The tables go to the engine as its own lazy frames, and the measures run there.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import KEYS, Book, Frame
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import Lazy
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.tables import FOREVER, TABLES

MANIFEST = "book.json"
ENGINES = ("polars", "duckdb", "spark", "ibis")


@dataclass(frozen=True)
class Place:
    """Where an engine finds tables: `parts` reads Parquet files, `table` one by name (None where it has none)."""

    parts: Callable[[list[str]], Frame]
    table: Callable[[str], Frame | None] | None = None


@dataclass(frozen=True)
class About:
    """What a book is besides its tables; the manifest of an exported folder says it."""

    currency: str | None = None
    zone: str = "UTC"
    calendar: Calendar = field(default_factory=Calendar)
    definitions: tuple[Definition, ...] = ()


def book_in_folder(folder: Path, *, engine: str = "polars", connect: str | None = None) -> Book:
    """The book that `stageproof export book` wrote, held by the engine."""
    manifest = _manifest(folder)
    place = connected(engine, connect)
    frames = {
        name: _closed(name, place.parts([str((folder / path).resolve()) for path in paths]))
        for name, paths in manifest["tables"].items()
        if paths
    }
    definitions = [read_definition(text) for text in manifest["definitions"]]
    about = About(
        manifest["currency"], manifest["zone"], Calendar(**manifest["calendar"]), tuple(definitions)
    )
    return _book(frames, about)


def book_in_tables(engine: str, connect: str, about: About) -> Book:
    """The book in the tables of a database or warehouse; they have the engine's names and columns."""
    place = connected(engine, connect)
    if place.table is None:
        says = f"The engine {engine} has no tables of its own to connect to."
        raise Refused([Problem("no_tables", says, "Give the folder of an exported book with --book.")])
    found = {name: frame for name in TABLES if (frame := place.table(name)) is not None}
    if "deals" not in found:
        names = ", ".join(TABLES)
        says = f"There is no table 'deals' at {_harmless(connect)}."
        raise Refused([Problem("no_deals_table", says, f"Name the tables: {names}.", value=engine)])
    return _book({name: _closed(name, frame) for name, frame in found.items()}, about)


def connected(engine: str, connect: str | None) -> Place:
    """The engine, connected; refused where it isn't known, isn't installed or can't be reached."""
    known: dict[str, Callable[[str | None], Place]] = {
        "polars": _polars,
        "duckdb": _duckdb,
        "spark": _spark,
        "ibis": _ibis,
    }
    if engine not in known:
        says = f"There is no engine '{engine}'."
        raise Refused([Problem("unknown_engine", says, f"Use one of: {', '.join(ENGINES)}.", value=engine)])
    try:
        return known[engine](connect)
    except Refused:
        raise
    except Exception as error:
        # Each engine has exceptions of its own; none of them is ours to know.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        says = f"{engine} cannot be reached at {_harmless(connect)}: {_without(connect, reason)}"
        remedy = "Check the address given with --connect, and that it can be reached from here."
        raise Refused([Problem("engine_unreachable", says, remedy, value=engine)]) from None


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        says = f"There is no readable '{MANIFEST}' in it, so it isn't an exported book."
        remedy = "Write one with `stageproof export book --out FOLDER`."
        raise Refused([Problem("not_a_book", says, remedy, source=str(folder))]) from None
    missing = [path for paths in found["tables"].values() for path in paths if not (folder / path).is_file()]
    if missing:
        says = f"The part '{missing[0]}' is missing, and {len(missing) - 1} more." if len(missing) > 1 else (
            f"The part '{missing[0]}' is missing."
        )  # fmt: skip
        raise Refused([Problem("part_missing", says, "Copy the whole folder.", source=str(folder))])
    return found


def _book(frames: Mapping[str, Frame], about: About) -> Book:
    return Book.build(
        **frames,
        definitions=about.definitions,
        currency=about.currency,
        zone=about.zone,
        calendar=about.calendar,
    )


def _closed(name: str, frame: Frame) -> Frame:
    """The table with each version closed by the next of the same thing, in the order of the changes."""
    lazy: Lazy = nw.from_native(frame).lazy()
    columns = lazy.collect_schema().names()
    if name in KEYS and "valid_to" not in columns:
        order = [each for each in ("valid_from", "recorded_at", "seq") if each in columns]
        following = nw.col("valid_from").shift(-1).over(*KEYS[name], order_by=order)
        lazy = lazy.with_columns(valid_to=nw.coalesce(following, nw.lit(FOREVER)))
    return lazy.drop("seq", strict=False).to_native()


def _polars(connect: str | None) -> Place:
    if connect is not None:
        says = "Polars runs in this process and connects to nothing."
        raise Refused([Problem("nothing_to_connect", says, "Leave out --connect.", value=connect)])
    return Place(lambda paths: pl.concat([pl.scan_parquet(path) for path in paths], how="diagonal_relaxed"))


def _duckdb(connect: str | None) -> Place:
    connection = _needed("duckdb", "duckdb").connect(*_file(connect), read_only=connect is not None)
    there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    there |= {row[0] for row in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    return Place(
        lambda paths: connection.read_parquet(paths, union_by_name=True),
        lambda name: connection.table(name) if name in there else None,
    )


def _spark(connect: str | None) -> Place:
    sql = _needed("pyspark.sql", "spark")
    # A cluster is named by its master; without one, all cores of this machine.
    builder = sql.SparkSession.builder.appName("stageproof").master(connect or "local[*]")
    for name, value in (("ui.showConsoleProgress", "false"), ("sql.session.timeZone", "UTC")):
        builder = builder.config(f"spark.{name}", value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return Place(
        lambda paths: session.read.option("mergeSchema", "true").parquet(*paths),
        lambda name: session.table(name) if session.catalog.tableExists(name) else None,
    )


def _ibis(connect: str | None) -> Place:
    backend = _needed("ibis", "ibis").connect(connect or "duckdb://")
    there = set(backend.list_tables())
    return Place(
        lambda paths: backend.read_parquet(paths, union_by_name=True),
        lambda name: backend.table(name) if name in there else None,
    )


def _needed(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        says = f"The engine {extra} is not installed."
        remedy = f"Install it with: pip install 'stageproof[{extra}]'"
        raise Refused([Problem("engine_not_installed", says, remedy, value=extra)]) from None


def _file(connect: str | None) -> Iterable[str]:
    if connect is None:
        return ()
    if not Path(connect).is_file():
        says = "There is no such file."
        raise Refused([Problem("file_missing", says, "Give the path of a DuckDB file.", source=connect)])
    return (connect,)


def _harmless(connect: str | None) -> str:
    """The address without what stands before the @, which may be a password."""
    if connect is None:
        return "this machine"
    scheme, _, rest = connect.rpartition("://")
    return f"{scheme}://{rest.rsplit('@', 1)[-1]}" if scheme else connect


def _without(connect: str | None, reason: str) -> str:
    return reason.replace(connect, _harmless(connect)) if connect else reason
