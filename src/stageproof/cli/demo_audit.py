"""`stageproof demo --audit`: the audit of the demo company, a year before and after it took up the routine."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import typer
from rich.console import Console

from stageproof.audit.audit import audit
from stageproof.audit.report import report
from stageproof.audit.terminal import show
from stageproof.cli.files import write_text
from stageproof.demo.book import demo_company
from stageproof.demo.exports.hubspot import write_hubspot
from stageproof.demo.exports.pipedrive import write_pipedrive
from stageproof.demo.exports.salesforce import write_salesforce
from stageproof.demo.story import ENTERING, LAST_WEEK
from stageproof.engine.counted import count_text
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.money import Money

MOMENTS = (LAST_WEEK, ENTERING)
EXPORTS = {"salesforce": write_salesforce, "hubspot": write_hubspot, "pipedrive": write_pipedrive}


def audit_demo(out: Path, *, export: str | None = None, open_: bool = False) -> int:
    """Audits the demo company before it took up Monday's routine and three quarters after, and writes the reports."""
    console = Console()
    console.print("Simulating two years of Demo Company, day by day ...", highlight=False)
    tables = demo_company()
    book = tables.book()
    out.mkdir(parents=True, exist_ok=True)
    pages = []
    for moment in MOMENTS:
        pipeline = book.as_of(moment.on)
        period = book.calendar.containing(moment.starts_on, "quarter")
        found = audit(book, as_of=moment.on, definition=pipeline.definitions[0], period=period)
        console.rule(f"Demo Company as of {moment.on}, closing in {period.name}")
        show(found, console)
        won = bookings(book.as_of(moment.ends_on), period=period).row(0, named=True)
        console.print()
        became = f"What became of it: {period.name} closed at {Money(won['won_amount'], book.currency).short()} won"
        console.print(f"{became}, {count_text(won['won_count'], 'deal')}.", style="bold", highlight=False)
        page = out / f"demo-{period.name}.html"
        write_text(page, report(found))
        pages.append(page)
    if export is not None:
        if export not in EXPORTS:
            raise typer.BadParameter(f"there is no export '{export}'; use {', '.join(EXPORTS)}")
        EXPORTS[export](tables, out / export)
        console.print(f"\nWritten as a {export} export to {out / export}", highlight=False)
    console.print("\nReports: " + ", ".join(str(page) for page in pages), highlight=False)
    if open_ and sys.stdout.isatty():
        webbrowser.open(pages[-1].resolve().as_uri())
    return 0
