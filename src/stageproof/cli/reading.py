"""`stageproof reading`: what one reader needs of the pipeline, or the statement that ties all readings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.audit import (
    AsJson,
    AsOf,
    CalendarKind,
    CurrencyCode,
    DateOrder,
    DefinitionFile,
    FileEncoding,
    Files,
    KnownAt,
    MappingFile,
    Owners,
    Pipelines,
    QuarterOrOther,
    Since,
    Sources,
    Teams,
    YearStarts,
    Zone,
    calendar_of,
    narrowed,
)
from stageproof.cli.files import json_text
from stageproof.cli.loading import load
from stageproof.engine.book import Book
from stageproof.engine.frames import instant_of
from stageproof.engine.money import Money
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings import (
    READERS,
    Figure,
    Head,
    Line,
    Reading,
    Statement,
    Where,
    read,
    reconciliation,
)
from stageproof.engine.readings.document import reading_document, statement_document

RECONCILIATION = "reconciliation"
EXAMPLES = """
Examples:

  stageproof reading board Opportunity.csv OpportunityHistory.csv --period 2025-Q3

  stageproof reading finance deals.xlsx --as-of 2025-08-31 --json

  stageproof reading reconciliation exports/*.csv --period 2025-Q3 --owner "Ann Meyer"
"""
_UNITS = {"ratio": 2, "days": 1}


def command(
    reader: Annotated[
        str, typer.Argument(help=f"Whose: {', '.join(READERS)}; or {RECONCILIATION}.", show_default=False)
    ],
    files: Files,
    period: QuarterOrOther = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    since: Since = None,
    pipeline: Pipelines = None,
    owner: Owners = None,
    team: Teams = None,
    source: Sources = None,
    mapping: MappingFile = None,
    definition: DefinitionFile = None,
    zone: Zone = "UTC",
    currency: CurrencyCode = None,
    date_order: DateOrder = None,
    encoding: FileEncoding = None,
    calendar: CalendarKind = "months",
    year_starts: YearStarts = 1,
    as_json: AsJson = False,
) -> int:
    """Read the pipeline as sales, marketing, finance or the board does, or see how the four tie."""
    check_reader(reader, since)
    loaded = load(
        files, mapping=mapping, definition=definition, zone=zone, currency=currency, date_order=date_order,
        encoding=encoding, calendar=calendar_of(calendar, year_starts),
    )  # fmt: skip
    where = narrowed(owner=owner, team=team, source=source)
    found = _read(loaded.book, reader, period, as_of, known_at, since, where, pipeline)
    if as_json:
        plain = reading_document(found) if isinstance(found, Reading) else statement_document(found)
        typer.echo(json_text(plain))
    elif isinstance(found, Reading):
        show(found, Console())
    else:
        show_statement(found, Console())
    return 0


def show(reading: Reading, console: Console) -> None:
    """Writes the figures to the console, and of the board's what moved."""
    console.print(_headline(reading.reader, reading.head), style="bold")
    console.print(figures_table(reading.figures, reading.head.currency))
    if reading.bridge is not None:
        console.print()
        console.print(moved_table(reading.bridge.lines.iter_rows(named=True), reading.head.currency))


def show_statement(statement: Statement, console: Console) -> None:
    """Writes the lines and whether every check comes out even."""
    console.print(_headline(RECONCILIATION, statement.head), style="bold")
    console.print(lines_table(statement.lines, statement.head.currency))
    uneven = [check for check in statement.checks if check.difference]
    console.print(f"{len(statement.checks) - len(uneven)} of {len(statement.checks)} checks come out even.")
    for check in uneven:
        console.print(
            f"{check.says} {_amount(check.difference, statement.head.currency)} apart.", style="red"
        )


def figures_table(figures: Iterable[Figure], currency: str) -> Table:
    """A reading's figures, each with its deals and its interval."""
    table = titled("", "deals", "", "80%, model-based")
    for each in figures:
        value = _shown(each, each.value, currency)
        interval = ""
        if each.low is not None and each.high is not None:
            low, high = (_shown(each, side, currency) for side in (each.low, each.high))
            interval = f"{low} to {high}"
        table.add_row(each.title, "" if each.count is None else f"{each.count:,}", value, interval)
    return table


def moved_table(lines: Iterable[Mapping[str, Any]], currency: str) -> Table:
    """The lines of a bridge on which anything moved, between its ends."""
    table = titled("What moved", "deals", currency)
    for row in lines:
        if row["count"] or row["line"] in ("opening", "closing"):
            amount = _amount(row["amount"], currency)
            table.add_row(row["line"].replace("_", " ").capitalize(), f"{row['count']:,}", amount)
    return table


def lines_table(lines: Iterable[Line], currency: str) -> Table:
    """The lines of the statement, each with its sign."""
    table = titled("", "deals", currency)
    for each in lines:
        amount = "" if each.amount is None else _amount(each.amount, currency)
        sign = {1: "+ ", -1: "\u2212 ", 0: "= "}[each.sign]
        table.add_row(
            sign + each.title, "" if each.count is None else f"{each.count:,}", amount,
            style="" if each.sign else "bold",
        )  # fmt: skip
    return table


def check_reader(reader: str, since: str | None) -> None:
    known = (*READERS, RECONCILIATION)
    problems = []
    if reader not in known:
        says = f"There is no reading for '{reader[:40]}'."
        problems.append(
            Problem("unknown_reader", says, f"Use one of: {', '.join(known)}.", value=reader[:40])
        )
    if since is not None and reader != "board":
        says = "Only the board's reading tells what moved since a day."
        problems.append(
            Problem("takes_no_since", says, "Leave --since out, or read the board's.", column="since")
        )
    if problems:
        raise Refused(problems)


def _read(
    book: Book, reader: str, period: str | None, as_of: str | None, known_at: str | None, since: str | None,
    where: Where, pipelines: list[str] | None,
) -> Reading | Statement:  # fmt: skip
    pipeline = book.as_of(as_of or book.span()[1], known_at)
    chosen = book.calendar.period(period) if period else book.calendar.containing(pipeline.on, "quarter")
    if reader == RECONCILIATION:
        return reconciliation(pipeline, period=chosen, where=where, pipelines=pipelines)
    earlier = None if since is None else book.as_of(since, known_at)
    return read(pipeline, reader, period=chosen, where=where, pipelines=pipelines, since=earlier)  # type: ignore[arg-type]


def _headline(name: str, head: Head) -> str:
    on: dt.date = day_at(instant_of(head.as_of), head.zone)
    rules = ", ".join(f"{each.pipeline} {each.version}" for each in head.definitions) or "no definition"
    known = "" if head.known_at is None else f", known at {day_at(instant_of(head.known_at), head.zone)}"
    return f"{name.capitalize()} as of {on}{known}, {head.period.name}, {rules}"


def _shown(figure: Figure, value: int | float | None, currency: str) -> str:
    if value is None:
        return "unknown"
    if figure.unit in ("money", "per_day"):
        return _amount(round(value), currency)
    return f"{value:,.{_UNITS.get(figure.unit, 0)}f}"


def _amount(amount: int, currency: str) -> str:
    return Money(amount, currency).exact().rsplit(" ", 1)[0]


def titled(first: str, *others: str) -> Table:
    """An empty table: the first column to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first)
    for each in others:
        table.add_column(each, justify="right")
    return table
