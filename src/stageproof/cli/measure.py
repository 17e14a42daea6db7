"""`stageproof measure`: any measure, over files, an exported book, a DuckDB file, a Spark cluster or a warehouse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.audit import (
    AsJson,
    AsOf,
    CurrencyCode,
    DateOrder,
    FileEncoding,
    KnownAt,
    MappingFile,
    OnePipeline,
    Zone,
    calendar_of,
)
from stageproof.cli.files import write_text
from stageproof.cli.loading import definition_named, load
from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import readable
from stageproof.engine.measures import MEASURES, Measure
from stageproof.engine.measures.asking import (
    OF_EVERY_PIPELINE,
    answer,
    arguments,
    find_measure,
    kind_of,
    takes,
)
from stageproof.engine.money import Money
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.period import check_zone
from stageproof.engine.problem import Problem, Refused
from stageproof.importers.warehouse import About, book_in_folder, book_in_tables

EXAMPLES = """
Examples:

  stageproof measure

  stageproof measure win_rate Opportunity.csv OpportunityHistory.csv --by owner

  stageproof measure coverage --book export/book --period 2026-Q2 --by owner --engine duckdb

  stageproof measure bookings deals.xlsx --period 2026-Q1 --calendar 4-4-5 --year-starts 2

  stageproof measure bridge --book export/book --start 2026-03-31 --as-of 2026-06-30 --engine spark --connect "local[4]"

  stageproof measure open_pipeline --engine ibis --connect postgres://reader@localhost/sales --definition rules.toml
"""


def command(
    name: Annotated[
        str | None, typer.Argument(help="The measure; without one, all are listed.", show_default=False)
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Exports of a CRM, read on Polars.", show_default=False)
    ] = None,
    book: Annotated[
        Path | None, typer.Option("--book", help="The folder of a book written by `stageproof export book`.")
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="Where it is computed: polars, duckdb, spark or ibis.")
    ] = "polars",
    connect: Annotated[
        str | None,
        typer.Option("--connect", help="A DuckDB file, a Spark master, or a warehouse's address for ibis."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    period: Annotated[str | None, typer.Option("--period", help="2026-Q2, 2026-06, FY2026.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Columns to group by, with commas.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="Of a bridge: the day it begins.")] = None,
    start_known_at: Annotated[
        str | None, typer.Option("--start-known-at", help="Of a bridge: open as the start was known then.")
    ] = None,
    mode: Annotated[str | None, typer.Option("--mode", help="Of a bridge: endpoints or events.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Of attribution: first, last, linear, w_shaped.")
    ] = None,
    of: Annotated[str | None, typer.Option("--of", help="Of attribution: won, open, qualified.")] = None,
    view: Annotated[str | None, typer.Option("--view", help="Of a funnel: period or cohort.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="What changes are measured from.")] = None,
    outcomes: Annotated[
        str | None, typer.Option("--outcomes", help="Of cycle length: won, lost, or both with a comma.")
    ] = None,
    days: Annotated[
        str | None, typer.Option("--days", help="Of the hand-over: within how many days a meeting is due.")
    ] = None,
    only: OnePipeline = None,
    definition: Annotated[
        list[str] | None,
        typer.Option(
            "--definition", help="A definition (TOML) or template, for tables and files; repeatable."
        ),
    ] = None,
    mapping: MappingFile = None,
    zone: Zone = "UTC",
    currency: CurrencyCode = None,
    date_order: DateOrder = None,
    encoding: FileEncoding = None,
    calendar: Annotated[
        str | None,
        typer.Option("--calendar", help="months, 4-4-5, 4-5-4 or 5-4-4. Default: the book's, else months."),
    ] = None,
    year_starts: Annotated[
        int | None,
        typer.Option(
            "--year-starts", min=1, max=12, help="The fiscal year's first month. Default: the book's, else 1."
        ),
    ] = None,
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Also write the table as CSV.")] = None,
) -> int:
    """Compute any measure where the data lies: the same figures on every engine."""
    if name is None:
        _list(Console())
        return 0
    measure = find_measure(name)
    if measure is None:
        says = f"There is no measure '{name}'."
        raise Refused([Problem("unknown_measure", says, f"Use one of: {', '.join(MEASURES)}.", value=name)])
    read = {
        "mapping": mapping,
        "zone": zone,
        "currency": currency,
        "date_order": date_order,
        "encoding": encoding,
    }
    loaded = _loaded(files or [], book, engine, connect, definition or [], calendar, year_starts, read)
    asked = {
        "period": period, "by": by, "start": start, "start_known_at": start_known_at, "mode": mode, "model": model,
        "of": of, "view": view, "since": since, "outcomes": outcomes, "days": days,
    }  # fmt: skip
    given = arguments(measure, asked, loaded.calendar)
    whole = loaded.as_of(as_of or loaded.span()[1], known_at)
    pipeline = whole if measure.name in OF_EVERY_PIPELINE else of_pipelines(whole, only)
    table = answer(measure, pipeline, given)
    if csv is not None:
        write_text(csv, _texts(table, pipeline.currency).write_csv())
    if as_json:
        typer.echo(json.dumps(document(measure, pipeline, table, period), indent=2, ensure_ascii=False))
    else:
        show(measure, pipeline, table, Console())
    return 0


def document(measure: Measure, pipeline: Pipeline, table: pl.DataFrame, period: str | None) -> dict[str, Any]:
    """The table in plain values, as the API gives it: money with its currency, unknown as null."""
    kinds = {column: kind_of(column, dtype) for column, dtype in table.schema.items()}
    return {
        "measure": measure.name,
        "says": measure.says,
        "formula": measure.formula,
        "as_of": pipeline.on.isoformat(),
        "definitions": [f"{each.pipeline} {each.version}" for each in pipeline.definitions],
        "currency": pipeline.currency,
        "period": period,
        "columns": [{"name": name, "kind": kind} for name, kind in kinds.items()],
        "rows": [
            {name: _value(value, kinds[name], pipeline.currency) for name, value in row.items()}
            for row in readable(table).iter_rows(named=True)
        ],
    }


def show(measure: Measure, pipeline: Pipeline, table: pl.DataFrame, console: Console) -> None:
    """Writes the table to the console, numbers to the right, whole."""
    console.print(f"[bold]{measure.name.replace('_', ' ')}[/bold] as of {pipeline.on}. {measure.says}")
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    texts = _texts(table, pipeline.currency)
    for name, dtype in table.schema.items():
        shown.add_column(name.replace("_", " "), justify="right" if dtype.is_numeric() else "left")
    for row in texts.iter_rows():
        shown.add_row(*("-" if value is None else value for value in row))
    console.print(shown)
    console.print(f"[dim]{measure.formula}; money in {pipeline.currency}[/dim]")


def _loaded(
    files: list[Path], folder: Path | None, engine: str, connect: str | None, rules: list[str],
    cut: str | None, year_starts: int | None, read: Mapping[str, Any],
) -> Book:  # fmt: skip
    """The book from where it lies; refused where two places were given, or none. `read` says how files are read."""
    if files and (folder or connect or engine != "polars"):
        says = "Files are read on Polars; a book or a connection is another place."
        raise Refused([Problem("two_places", says, "Give files, or --book, or --engine with --connect.")])
    calendar = calendar_of(cut or "months", year_starts or 1)
    if files:
        return load(files, definition=rules[0] if rules else None, calendar=calendar, **read).book
    if folder is not None:
        held = book_in_folder(folder, engine=engine, connect=connect)
        given = {"kind": cut, "year_starts": year_starts}
        asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return replace(held, calendar=replace(held.calendar, **asked))
    if connect is None:
        says = "There is nothing to measure."
        remedy = "Give files, --book FOLDER, or --engine with --connect."
        raise Refused([Problem("nothing_to_measure", says, remedy)])
    if (wrong := check_zone(read["zone"])) is not None:
        raise Refused([wrong])
    about = About(read["currency"], read["zone"], calendar, tuple(definition_named(each) for each in rules))
    return book_in_tables(engine, connect, about)


def _list(console: Console) -> None:
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("measure", "what it says", "takes"):
        shown.add_column(title)
    for measure in MEASURES.values():
        shown.add_row(measure.name, measure.says, ", ".join(takes(measure)))
    console.print(shown)


def _texts(table: pl.DataFrame, currency: str) -> pl.DataFrame:
    """The table as people read it, column by column; blank stays null."""
    kinds = {column: kind_of(column, dtype) for column, dtype in table.schema.items()}
    return pl.DataFrame(
        {
            name: pl.Series([_text(value, kinds[name], currency) for value in column], dtype=pl.String)
            for name, column in zip(table.columns, readable(table).iter_columns(), strict=True)
        }
    )


def _text(value: Any, kind: str, currency: str) -> str | None:
    if value is None:
        return None
    if kind == "money":
        return Money(int(value), currency).exact().rsplit(" ", 1)[0]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _value(value: Any, kind: str, currency: str) -> Any:
    if value is None:
        return None
    if kind == "money":
        return Money(int(value), currency).as_dict()
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
