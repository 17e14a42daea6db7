"""`stageproof bridge`: why the pipeline moved between two days."""

from __future__ import annotations

import json
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.audit import CurrencyCode, DateOrder, Files, MappingFile, YearStarts, Zone
from stageproof.cli.loading import load
from stageproof.engine.frames import readable
from stageproof.engine.measures.bridge import Bridge, Mode, bridge
from stageproof.engine.money import Money
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Problem, Refused

EXAMPLES = """
Examples:

  stageproof bridge Opportunity.csv OpportunityHistory.csv --from 2025-06-30 --to 2025-09-30

  stageproof bridge *.csv --from 2025-06-30 --to 2025-09-30 --mode events --owner "Ann Meyer"
"""


def command(
    files: Files,
    from_: Annotated[
        str, typer.Option("--from", help="The day before, as 2025-06-30: its end.", show_default=False)
    ],
    to: Annotated[
        str, typer.Option("--to", help="The day after, as 2025-09-30: its end.", show_default=False)
    ],
    mode: Annotated[
        str, typer.Option("--mode", help="endpoints: one line per deal; events: every change.")
    ] = "endpoints",
    period: Annotated[
        str | None, typer.Option("--period", help="Only deals that close in it, as 2025-Q4.")
    ] = None,
    owner: Annotated[
        list[str] | None, typer.Option("--owner", help="Only this owner's deals; may be repeated.")
    ] = None,
    team: Annotated[
        list[str] | None, typer.Option("--team", help="Only this team's deals; may be repeated.")
    ] = None,
    mapping: MappingFile = None,
    zone: Zone = "UTC",
    currency: CurrencyCode = None,
    date_order: DateOrder = None,
    year_starts: YearStarts = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Show why the pipeline moved between two days, to the cent."""
    if mode not in get_args(Mode):
        problem = Problem(
            "unknown_mode", f"There is no mode '{mode}'.", "Use endpoints or events.", value=mode
        )
        raise Refused([problem])
    loaded = load(
        files, mapping=mapping, zone=zone, currency=currency, date_order=date_order,
        calendar=Calendar(year_starts=year_starts),
    )  # fmt: skip
    book = loaded.book
    if book.instant(from_) > book.instant(to):
        raise Refused(
            [Problem("days_reversed", f"{from_} comes after {to}.", "Give the earlier day with --from.")]
        )
    where = {name: wanted for name, wanted in (("owner", owner), ("team", team)) if wanted}
    chosen = book.calendar.period(period) if period else None
    found = bridge(book, from_, to, mode=mode, period=chosen, where=where or None)  # type: ignore[arg-type]
    if as_json:
        typer.echo(json.dumps(document(found, from_, to, mode, book.currency), indent=2, ensure_ascii=False))
    else:
        show(found, from_, to, book.currency, Console())
    return 0


def document(found: Bridge, start: str, end: str, mode: str, currency: str) -> dict[str, Any]:
    """The bridge in plain values, with the deals behind each line."""

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        amounts = {
            name: Money(row[name], currency).as_dict()
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
        "currency": currency,
        "lines": [plain(row) for row in found.lines.iter_rows(named=True)],
        "deals": [plain(row) for row in readable(found.deals).iter_rows(named=True)],
    }


def show(found: Bridge, start: str, end: str, currency: str, console: Console) -> None:
    """Writes the bridge to the console: opening, each line, closing."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(f"{start} to {end}")
    table.add_column("deals", justify="right")
    table.add_column(currency, justify="right")
    for row in found.lines.iter_rows(named=True):
        end_line = row["line"] in ("opening", "closing")
        if not end_line and not row["count"] and not row["amount"]:
            continue
        amount = Money(row["amount"], currency).exact().rsplit(" ", 1)[0]
        table.add_row(
            row["line"].replace("_", " "), f"{row['count']:,}", amount, style="bold" if end_line else ""
        )
    console.print(table)
