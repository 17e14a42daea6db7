"""`stageproof init`: the organisation, its first admin and the definition to start from."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from stageproof.cli.audit import CalendarKind, YearStarts
from stageproof.cli.deployment import Home, deployment
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.templates import NAMES

EXAMPLES = """
Examples:

  stageproof init

  stageproof init --name "Northwind" --owner "Ada Wong" --email ada@northwind.example --currency EUR

  echo "$PASSWORD" | stageproof init --name Northwind --owner "Ada Wong" --email ada@northwind.example --password-stdin
"""


def command(
    name: Annotated[str | None, typer.Option("--name", help="The organisation's name.")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="The pipeline owner, one person by name; the first admin.")
    ] = None,
    email: Annotated[str | None, typer.Option("--email", help="The pipeline owner's e-mail address.")] = None,
    zone: Annotated[
        str, typer.Option("--zone", help="The organisation's time zone, as Europe/Vienna.")
    ] = "UTC",
    currency: Annotated[str, typer.Option("--currency", help="The reporting currency.")] = "USD",
    template: Annotated[
        str, typer.Option("--template", help=f"The definition to start from: {', '.join(NAMES)}.")
    ] = "mid-market",
    calendar: CalendarKind = "months",
    year_starts: YearStarts = 1,
    week_starts: Annotated[
        int, typer.Option("--week-starts", min=0, max=6, help="The first day of the week; 0 is Monday.")
    ] = 0,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the owner's password from the input.")
    ] = False,
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Set up an organisation in an empty data folder; asks for what is not given."""
    name, owner, email = (
        _asked(name, "--name", "The organisation's name"),
        _asked(owner, "--owner", "The pipeline owner, by name"),
        _asked(email, "--email", "The pipeline owner's e-mail address"),
    )
    password = _password(password_stdin)
    with deployment(home, founded=False) as folder:
        from django.utils import timezone

        from stageproof.actions.organisation import set_up

        founded = set_up(
            name=name, zone=zone, currency=currency, owner_name=owner, owner_email=email, template=template,
            calendar_kind=calendar, year_starts=year_starts, week_starts=week_starts, password=password,
            now=timezone.now(),
        )  # fmt: skip
    if as_json:
        body = {"home": str(folder), "organisation": founded.organisation.name, "owner": founded.owner.email}
        typer.echo(json.dumps(body))
        return 0
    typer.echo(f"{founded.organisation.name} is set up in {folder}, owned by {founded.owner.name}.")
    if password is None:
        typer.echo(f"Set a password with: stageproof user password {founded.owner.email}")
    typer.echo("Start it with: stageproof serve")
    return 0


def _asked(given: str | None, option: str, question: str) -> str:
    """What was given, else what is typed; refused where nobody is there to type it."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Refused(
            [
                Problem(
                    "missing_option",
                    f"{option} is missing.",
                    f"Type {option} and {question[0].lower()}{question[1:]}.",
                    column=option,
                )
            ]
        )
    return str(typer.prompt(question))


def _password(from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return None
    return str(
        typer.prompt("A password of at least 12 characters", hide_input=True, confirmation_prompt=True)
    )
