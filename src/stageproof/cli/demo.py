"""`stageproof demo`: the demo company in a deployment of its own, to look around and break things in."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from stageproof.engine.counted import count_text
from stageproof.engine.problem import Problem, Refused

ROLES = ("rep", "manager", "pipeline owner", "marketing", "finance", "executive", "admin")
MARK = "demo-company.json"
"""The file that says that a folder is a demo's: only such a folder is ever emptied."""

EXAMPLES = """
Examples:

  stageproof demo

  stageproof demo --as rep --port 9000

  stageproof demo --audit --out demo --export salesforce
"""


def command(
    as_: Annotated[str, typer.Option("--as", help=f"Sign in as: {', '.join(ROLES)}.")] = "manager",
    audit: Annotated[
        bool, typer.Option("--audit", help="Only audit the company and write the reports.")
    ] = False,
    serve: Annotated[
        bool | None,
        typer.Option("--serve/--no-serve", help="Start the pages. Default: where someone is watching."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Load the company anew.")] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8000,
    home: Annotated[
        Path, typer.Option("--home", help="The data folder of the demo; empty, or a demo's.")
    ] = Path("out/demo-data"),
    out: Annotated[Path, typer.Option("--out", help="The folder to write the reports to.")] = Path("out"),
    export: Annotated[
        str | None,
        typer.Option("--export", help="Also write it as an export of: salesforce, hubspot, pipedrive."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
) -> int:
    """Try everything with the demo company; where nobody is watching, audit it, load it and end."""
    if as_ not in ROLES:
        says = f"There is no role '{as_}'."
        raise Refused([Problem("unknown_role", says, f"Use one of: {', '.join(ROLES)}.", value=as_)])
    watched = sys.stdout.isatty()
    if audit or export is not None or not watched:
        from stageproof.cli.demo_audit import audit_demo

        audit_demo(out, export=export, open_=open_ and audit)
        if audit or export is not None:
            return 0
    console = Console()
    mark = _loaded(home, fresh, console)
    _figures(console)
    if not (watched if serve is None else serve):
        console.print(
            f"Look around with: stageproof demo --serve --home {home}", highlight=False, soft_wrap=True
        )
        return 0
    return _served(mark, as_, port, open_, console)


def _loaded(home: Path, fresh: bool, console: Console) -> dict[str, Any]:
    """What the mark of the demo's folder says, loaded first where the folder is empty."""
    mark = home / MARK
    there = home.exists() and any(home.iterdir())
    if there and not mark.exists():
        says = "This folder holds something else than a demo."
        raise Refused([Problem("not_a_demo", says, "Choose an empty folder with --home.", source=str(home))])
    if there and fresh:
        shutil.rmtree(home)
    # A throwaway deployment is a file, whatever database the environment names.
    os.environ.pop("DATABASE_URL", None)
    from stageproof.server import home as place

    if there and not fresh:
        place.enter(home)
        place.require_database()
        known: dict[str, Any] = json.loads(mark.read_text())
        console.print(f"The demo as loaded on {known['loaded_on']}; --fresh loads it anew.", highlight=False)
        return known
    try:
        home.mkdir(parents=True, exist_ok=True)
        mark.touch(mode=0o600)
    except OSError as error:
        says = f"The folder cannot be used: {error.strerror or error}."
        raise Refused(
            [Problem("home_unusable", says, "Choose another with --home.", source=str(home))]
        ) from None
    return _load(home, mark, console)


def _load(home: Path, mark: Path, console: Console) -> dict[str, Any]:
    from stageproof.server import home as place

    console.print("Simulating two years of Demo Company, and loading every change ...", highlight=False)
    place.enter(home)
    place.prepare()
    from django.utils import timezone

    from stageproof.actions.load_demo import load_demo

    now = timezone.now()
    password = secrets.token_urlsafe(12)
    loaded = load_demo(now=now, password=password)
    known = {
        "loaded_on": now.date().isoformat(),
        "password": password,
        "people": {role: person.email for role, person in loaded.people.items()},
    }
    mark.write_text(json.dumps(known, indent=2))
    counts = ", ".join(f"{count:,} {name}" for name, count in loaded.counts.items())
    console.print(f"From {loaded.first_on} to {loaded.last_on}: {counts}.", highlight=False)
    return known


def _figures(console: Console) -> None:
    """The present quarter in three lines, as every page has it."""
    from django.utils import timezone

    from stageproof.engine.measures.coverage import coverage
    from stageproof.engine.measures.open_pipeline import open_pipeline
    from stageproof.engine.money import Money
    from stageproof.engine.narrowing import of_pipelines
    from stageproof.records.tables import pipeline_now

    pipeline = of_pipelines(pipeline_now(timezone.now()))
    book = pipeline.book
    period = book.calendar.containing(pipeline.on, "quarter")
    whole = open_pipeline(pipeline).row(0, named=True)
    row = coverage(pipeline, period=period).row(0, named=True)

    def money(amount: int | None) -> str:
        return "none" if amount is None else Money(amount, book.currency).short()

    console.print(
        f"\nOpen: {count_text(whole['open_count'], 'deal')}, {money(whole['open_amount'])};"
        f" qualified of it {money(whole['qualified_amount'])}.\n"
        f"{period.name}: {money(row['open_amount'])} open and {money(row['won_amount'])} won"
        f" against a target of {money(row['target'])}.\n"
        f"Coverage: {_ratio(row['nominal'])} nominal, {_ratio(row['qualified'])} qualified,"
        f" {_ratio(row['remaining'])} of what remains.\n",
        highlight=False,
    )


def _ratio(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _served(known: Mapping[str, Any], role: str, port: int, open_: bool, console: Console) -> int:
    """Serves the demo, with a link that signs in once."""
    from stageproof.records.models import Person
    from stageproof.server import logging, serve
    from stageproof.server.home import collect_static
    from stageproof.server.rehearsal import new_link

    listener = serve.bind("127.0.0.1", port)
    person = Person.objects.get(email=known["people"][role])
    link = serve.address(listener, "127.0.0.1") + new_link(person)
    collect_static()
    logging.configure("WARNING")
    console.print(
        f"Signed in as {person.name}, {role}, by this link, good once:\n\n  {link}\n",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"Others sign in with the password {known['password']}", highlight=False)
    for name, email in known["people"].items():
        console.print(f"  {name:<15} {email}", highlight=False)
    console.print("\nCtrl+C stops it.", highlight=False)
    if open_ and sys.stdout.isatty():
        webbrowser.open(link)
    return serve.run(listener)
