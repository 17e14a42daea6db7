"""`stageproof audit`: what in a CRM export is real."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from stageproof.audit.audit import Audit, audit
from stageproof.cli.files import json_text, read_text, write_text
from stageproof.cli.loading import Loaded, load
from stageproof.engine.money import minor_units
from stageproof.engine.period import Calendar, Period
from stageproof.engine.problem import Problem

EXAMPLES = """
Examples:

  stageproof audit Opportunity.csv OpportunityHistory.csv User.csv

  stageproof audit deals.xlsx --period 2025-Q4 --target 2500000 --html report.html

  stageproof audit exports/*.csv --definition pipeline.toml --as-of 2025-09-30 --json
"""

Files = Annotated[
    list[Path],
    typer.Argument(help="Exports: CSV, TSV, XLSX, JSON; several make one book.", show_default=False),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="How columns are to be read; `stageproof map` proposes one.")
]
DefinitionFile = Annotated[
    str | None,
    typer.Option(
        "--definition",
        help="The pipeline's definition (TOML), or a template: mid-market, smb, enterprise-meddic, expansion.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="The day, as 2025-09-30: its end. Default: the last day on which anything changed."
    ),
]
Zone = Annotated[str, typer.Option("--zone", help="The organisation's time zone.")]
CurrencyCode = Annotated[str | None, typer.Option("--currency", help="The reporting currency, as USD.")]
DateOrder = Annotated[
    str | None, typer.Option("--date-order", help="dmy, mdy or ymd, where the files cannot tell.")
]
FileEncoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Of texts that are not UTF-8: windows-1250, windows-1251, shift-jis ..."),
]
CalendarKind = Annotated[
    str,
    typer.Option(
        "--calendar", help="How a year is cut: by months, or by whole weeks as 4-4-5, 4-5-4 or 5-4-4."
    ),
]
YearStarts = Annotated[
    int, typer.Option("--year-starts", min=1, max=12, help="The month in which the fiscal year begins.")
]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="As it was known at the end of this day.")]
QuarterOrOther = Annotated[
    str | None, typer.Option("--period", help="As 2025-Q4. Default: the quarter of the day.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Of the board's: the day since which it tells what moved.")
]
OnePipeline = Annotated[
    str | None, typer.Option("--pipeline", help="One pipeline; without it, all of new business.")
]
Pipelines = Annotated[
    list[str] | None, typer.Option("--pipeline", help="Only this pipeline; may be repeated.")
]
Owners = Annotated[
    list[str] | None, typer.Option("--owner", help="Only this owner's deals; may be repeated.")
]
Teams = Annotated[list[str] | None, typer.Option("--team", help="Only this team's deals; may be repeated.")]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Only deals from this source; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON instead.")]


def command(
    files: Files,
    mapping: MappingFile = None,
    definition: DefinitionFile = None,
    as_of: AsOf = None,
    period: Annotated[
        str | None, typer.Option("--period", help="A period for coverage: 2025-Q4, 2025-11, FY2025.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="The target of the period, as 2500000.")
    ] = None,
    zone: Zone = "UTC",
    currency: CurrencyCode = None,
    date_order: DateOrder = None,
    encoding: FileEncoding = None,
    calendar: CalendarKind = "months",
    year_starts: YearStarts = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write the audit as JSON instead.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write the report, one self-contained page.")
    ] = None,
    deals: Annotated[
        Path | None, typer.Option("--deals", help="Also write every open deal with its findings as CSV.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", help="Also write the rejected rows with their problems as CSV."),
    ] = None,
) -> int:
    """Show what in a CRM export is real: nominal against qualified, against target."""
    loaded = load(
        files,
        mapping=mapping,
        definition=definition,
        zone=zone,
        currency=currency,
        date_order=date_order,
        encoding=encoding,
        calendar=calendar_of(calendar, year_starts),
    )
    loaded = replace(loaded, problems=(*loaded.problems, *_still_to_come(loaded, as_of)))
    found = audit_of(loaded, as_of=as_of, period=period, target=target)
    write_outputs(found, loaded, html=html, deals=deals, rejects=rejects)
    if as_json:
        from stageproof.audit.document import document

        typer.echo(json_text(document(found)))
    else:
        from stageproof.audit.terminal import show

        show(found, Console())
        for label, path in (("Report", html), ("Deals", deals), ("Rejected rows", rejects)):
            if path is not None:
                typer.echo(f"{label} written to {path}")
    return 0


def narrowed(
    *, owner: list[str] | None = None, team: list[str] | None = None, source: list[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """The columns in which deals are chosen, each with the values that were given."""
    given = {"owner": owner, "team": team, "source": source}
    return {column: tuple(values) for column, values in given.items() if values}


def calendar_of(kind: str, year_starts: int) -> Calendar:
    """The calendar of that kind; refused where there is none."""
    return Calendar(kind=kind, year_starts=year_starts)  # type: ignore[arg-type]  # the calendar says what is wrong


def _still_to_come(loaded: Loaded, as_of: str | None) -> list[Problem]:
    """That the audit is as of a day to come, because something in the files is dated so."""
    last = loaded.book.span()[1]
    if as_of is not None or last <= dt.datetime.now(ZoneInfo(loaded.book.zone)).date():
        return []
    says = f"The last change is dated {last}, which is still to come; the audit is as of that day."
    return [Problem("day_to_come", says, "Correct the date, or say --as-of.", value=last.isoformat())]


def audit_of(
    loaded: Loaded, *, as_of: str | None = None, period: str | None = None, target: str | None = None
) -> Audit:
    """The audit of what was loaded; a target without a period is taken for the quarter of the day."""
    book = loaded.book
    chosen: Period | None = book.calendar.period(period) if period else None
    if chosen is None and target:
        on: dt.date = book.as_of(as_of if as_of else book.span()[1]).on
        chosen = book.calendar.containing(on, "quarter")
    return audit(
        book,
        as_of=as_of,
        definition=loaded.definition,
        definition_given=loaded.definition_given,
        period=chosen,
        target=None
        if target is None
        else minor_units(target.replace(",", "").replace("_", ""), book.currency),
        problems=loaded.problems,
        notes=loaded.notes,
        rows=loaded.rows,
    )


def write_outputs(
    found: Audit, loaded: Loaded, *, html: Path | None, deals: Path | None, rejects: Path | None
) -> None:
    """Writes the files asked for, each whole or not at all, after everything has been computed."""
    pages = []
    if html is not None:
        from stageproof.audit.report import report

        pages.append((html, report(found)))
    if deals is not None:
        from stageproof.audit.deals_csv import deals_csv

        pages.append((deals, deals_csv(found)))
    if rejects is not None:
        from stageproof.importers.rejects import rejects_csv

        pages.append((rejects, rejects_csv(loaded.rejected)))
    for path, text in pages:
        write_text(path, text)


__all__ = ["audit_of", "calendar_of", "command", "narrowed", "read_text", "write_outputs"]
