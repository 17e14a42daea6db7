"""`stageproof bridge`: why the pipeline moved between two days."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.audit import (
    AsJson,
    CalendarKind,
    CurrencyCode,
    DateOrder,
    DefinitionFile,
    FileEncoding,
    KnownAt,
    MappingFile,
    OnePipeline,
    Owners,
    Teams,
    YearStarts,
    Zone,
    calendar_of,
    narrowed,
)
from stageproof.cli.deployment import Home, deployment
from stageproof.cli.loading import load
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import instant_number, instant_of, readable
from stageproof.engine.measures import MEASURES
from stageproof.engine.measures.asking import bridged
from stageproof.engine.measures.bridge import Bridge, Mode
from stageproof.engine.money import Money
from stageproof.engine.narrowing import of_pipelines
from stageproof.engine.problem import Problem, Refused

EXAMPLES = """
Examples:

  stageproof bridge Opportunity.csv OpportunityHistory.csv --from 2025-06-30 --to 2025-09-30

  stageproof bridge *.csv --from 2025-06-30 --to 2025-09-30 --mode events --owner "Ann Meyer"

  stageproof bridge --from 2026-03-31 --to 2026-06-30 --start-known-at 2026-03-31 --qualified
"""


def command(
    from_: Annotated[
        str, typer.Option("--from", help="The day before, as 2025-06-30: its end.", show_default=False)
    ],
    to: Annotated[
        str, typer.Option("--to", help="The day after, as 2025-09-30: its end.", show_default=False)
    ],
    files: Annotated[
        list[Path],
        typer.Argument(help="Exports of a CRM; without any, the data folder's deals.", show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    mode: Annotated[
        str, typer.Option("--mode", help="endpoints: one line per deal; events: every change.")
    ] = "endpoints",
    qualified: Annotated[
        bool, typer.Option("--qualified", help="Of what is qualified alone, not of all that is open.")
    ] = False,
    known_at: KnownAt = None,
    start_known_at: Annotated[
        str | None,
        typer.Option("--start-known-at", help="Open as the start was known then; what came late is a line."),
    ] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="Only deals that close in it, as 2025-Q4.")
    ] = None,
    pipeline: OnePipeline = None,
    owner: Owners = None,
    team: Teams = None,
    mapping: MappingFile = None,
    definition: DefinitionFile = None,
    zone: Zone = "UTC",
    currency: CurrencyCode = None,
    date_order: DateOrder = None,
    encoding: FileEncoding = None,
    calendar: CalendarKind = "months",
    year_starts: YearStarts = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Show why the pipeline moved between two days, to the cent."""
    if files and home is not None:
        raise typer.BadParameter("give files, or --home for the deals of a data folder")
    if mode not in get_args(Mode):
        problem = Problem(
            "unknown_mode", f"There is no mode '{mode}'.", "Use endpoints or events.", value=mode
        )
        raise Refused([problem])
    if files:
        book = load(
            files, mapping=mapping, definition=definition, zone=zone, currency=currency, date_order=date_order,
            encoding=encoding, calendar=calendar_of(calendar, year_starts),
        ).book  # fmt: skip
        whole = book.as_of(to, known_at)
        start = instant_of(book.instant(from_))
        start_known = instant_of(book.instant(start_known_at)) if start_known_at else None
    else:
        whole, start, start_known = _in_folder(home, from_, to, known_at, start_known_at)
    if instant_number(start) > whole.at:
        problem = Problem("days_reversed", f"{from_} comes after {to}.", "Give the earlier day with --from.")
        raise Refused([problem])
    found = bridged(
        MEASURES["qualified_bridge" if qualified else "bridge"], of_pipelines(whole, pipeline),
        {
            "start": start, "start_known_at": start_known, "mode": mode,
            "period": whole.book.calendar.period(period) if period else None,
            "where": narrowed(owner=owner, team=team),
        },
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(document(found, from_, to, mode), indent=2, ensure_ascii=False))
    else:
        show(found, from_, to, Console())
    return 0


def document(found: Bridge, start: str, end: str, mode: str) -> dict[str, Any]:
    """The bridge in plain values, with the deals behind each line."""

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        amounts = {
            name: Money(row[name], found.currency).as_dict()
            for name in row
            if name == "amount" and row[name] is not None
        }
        return {
            **{name: v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()},
            **amounts,
        }

    return {
        "from": start,
        "to": end,
        "mode": mode,
        "currency": found.currency,
        "lines": [plain(row) for row in found.lines.iter_rows(named=True)],
        "deals": [plain(row) for row in readable(found.deals).iter_rows(named=True)],
    }


def show(found: Bridge, start: str, end: str, console: Console) -> None:
    """Writes the bridge to the console: opening, each line, closing."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(f"{start} to {end}")
    table.add_column("deals", justify="right")
    table.add_column(found.currency, justify="right")
    for row in found.lines.iter_rows(named=True):
        end_line = row["line"] in ("opening", "closing")
        if not end_line and not row["count"] and not row["amount"]:
            continue
        amount = Money(row["amount"], found.currency).exact().rsplit(" ", 1)[0]
        table.add_row(
            row["line"].replace("_", " "), f"{row['count']:,}", amount, style="bold" if end_line else ""
        )
    console.print(table)


def _in_folder(
    home: Path | None, start: str, end: str, known_at: str | None, start_known_at: str | None
) -> tuple[Pipeline, dt.datetime, dt.datetime | None]:
    """The end's pipeline in a data folder, the start, and when that was known."""
    with deployment(home):
        from stageproof.web.as_of import moment_at

        known = instant_of(moment_at(start_known_at).pipeline.at) if start_known_at else None
        return moment_at(end, known_at).pipeline, instant_of(moment_at(start).pipeline.at), known
