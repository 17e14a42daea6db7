"""`stageproof user`: who may sign in."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.deployment import Home, at_the_command_line, deployment
from stageproof.engine.problem import Problem, Refused

if TYPE_CHECKING:
    from stageproof.records.models import Person

ACTIONS = ("list", "add", "disable", "enable", "password", "reset-factors")
EXAMPLES = """
Examples:

  stageproof user list

  stageproof user add ann@northwind.example --name "Ann Archer" --role rep --team East

  stageproof user disable ann@northwind.example

  stageproof user password ann@northwind.example

  stageproof user reset-factors ann@northwind.example
"""


def command(
    action: Annotated[str, typer.Argument(help=f"One of: {', '.join(ACTIONS)}.", show_default=False)],
    email: Annotated[str | None, typer.Argument(help="The person's e-mail address.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The person's name, for add.")] = None,
    role: Annotated[str, typer.Option("--role", help="The person's role, for add.")] = "rep",
    team: Annotated[str | None, typer.Option("--team", help="The person's team, for add.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the input.")
    ] = False,
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Add, disable, enable and list people, set passwords, and take away second factors that were lost."""
    if action not in ACTIONS:
        says = f"There is no '{action}' for people."
        raise Refused([Problem("unknown_action", says, f"Use one of: {', '.join(ACTIONS)}.", value=action)])
    if action != "list" and email is None:
        raise Refused(
            [
                Problem(
                    "missing_email",
                    "It is not said who.",
                    f"Type it: `stageproof user {action} ann@northwind.example`.",
                )
            ]
        )
    with deployment(home):
        if action == "list":
            _list(as_json)
        elif action == "add":
            _say(*_add(email or "", name, role, team, password_stdin), as_json)
        elif action == "password":
            _say(*_password(email or "", password_stdin), as_json)
        elif action == "reset-factors":
            _say(*_reset(email or ""), as_json)
        else:
            _say(*_let_in(email or "", action == "enable"), as_json)
    return 0


def _add(
    email: str, name: str | None, role: str, team: str | None, from_stdin: bool
) -> tuple[dict[str, Any], str]:
    """Invites the person; with a password at hand the invitation is accepted at once."""
    from django.db import transaction
    from django.utils import timezone

    from stageproof.actions.invitations import accept_invitation, invite
    from stageproof.records.models import Team

    now = timezone.now()
    found = None if team is None else Team.objects.filter(name__iexact=team).first()
    if team is not None and found is None:
        names = ", ".join(Team.objects.order_by("name").values_list("name", flat=True)) or "none is there yet"
        raise Refused([Problem("unknown_team", f"There is no team '{team}'.", f"Use one of: {names}.")])
    password = _typed(from_stdin)
    with transaction.atomic():
        _, key = invite(at_the_command_line(), email=email, name=name or "", role=role, team=found, now=now)
        person = None if password is None else accept_invitation(key, password=password, now=now)
    if person is not None:
        return _plain(person), f"{person.name} may sign in as {person.email}, {person.role}."
    body = {"email": email, "invitation": key}
    return (
        body,
        f"{name} is invited for a week. Send this link, shown only now: (your address)/invitation#{key}",
    )


def _password(email: str, from_stdin: bool) -> tuple[dict[str, Any], str]:
    from django.utils import timezone

    from stageproof.actions.passwords import set_password

    person = _found(email)
    password = _typed(from_stdin)
    if password is None:
        says = "There is no password to set."
        raise Refused([Problem("missing_password", says, "Type it, or give it with --password-stdin.")])
    set_password(at_the_command_line(), person.pk, password=password, now=timezone.now())
    return _plain(person), f"{person.name} has a new password; open sessions have ended."


def _reset(email: str) -> tuple[dict[str, Any], str]:
    from django.utils import timezone

    from stageproof.actions.sign_ins import reset_factors

    person = reset_factors(at_the_command_line(), _found(email).pk, now=timezone.now())
    says = f"{person.name} signs in with the password alone until a second factor is turned on; sessions have ended."
    return _plain(person), says


def _let_in(email: str, active: bool) -> tuple[dict[str, Any], str]:
    from django.utils import timezone

    from stageproof.actions.people import change_person

    person = _found(email)
    changed = change_person(
        at_the_command_line(), person.pk, changes={"is_active": active}, now=timezone.now()
    )
    says = "may sign in again." if active else "is shut out: sessions and tokens have ended."
    return _plain(changed), f"{changed.name} {says}"


def _list(as_json: bool) -> None:
    from stageproof.records.models import Person

    people = [_plain(each) for each in Person.objects.select_related("team").order_by("name")]
    if as_json:
        typer.echo(json.dumps(people, indent=2, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("Name", "E-mail", "Role", "Team", ""):
        table.add_column(title)
    for each in people:
        row = (each["name"], each["email"], each["role"], each["team"] or "")
        table.add_row(*row, "" if each["active"] else "shut out")
    Console().print(table)


def _found(email: str) -> Person:
    from stageproof.records.models import Person

    person = Person.objects.select_related("team").filter(email=email.strip().casefold()).first()
    if person is None:
        says = f"Nobody here has the address {email}."
        raise Refused([Problem("unknown_person", says, "See `stageproof user list`.", value=email)])
    return person


def _typed(from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return None
    return str(typer.prompt("Password, at least 12 characters", hide_input=True, confirmation_prompt=True))


def _plain(person: Person) -> dict[str, Any]:
    return {
        "name": person.name, "email": person.email, "role": person.role,
        "team": person.team.name if person.team else None, "active": person.is_active,
    }  # fmt: skip


def _say(body: dict[str, Any], sentence: str, as_json: bool) -> None:
    typer.echo(json.dumps(body, ensure_ascii=False) if as_json else sentence)
