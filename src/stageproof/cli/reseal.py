"""`stageproof reseal`: after a new key was put in front, secrets move under it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from stageproof.cli.deployment import Home, at_the_command_line, deployment
from stageproof.engine.counted import count_text

EXAMPLES = """
Examples:

  stageproof reseal

  STAGEPROOF_SECRET_KEY=new STAGEPROOF_OLD_SECRET_KEYS=old stageproof reseal
"""


def command(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Seal the secrets of second factors under the present key; exit 1 where some cannot be read any more."""
    with deployment(home):
        from django.utils import timezone

        from stageproof.actions.reseal import reseal_all

        done = reseal_all(at_the_command_line(), now=timezone.now())
    if as_json:
        typer.echo(json.dumps({"resealed": done.factors, "unreadable": list(done.unreadable)}))
    else:
        typer.echo(
            f"{count_text(done.factors, 'secret of a second factor is,secrets of second factors are')}"
            " under the present key."
        )
        for email in done.unreadable:
            typer.echo(
                f"No key opens a second factor of {email}: `stageproof user reset-factors {email}` removes it."
            )
    return 1 if done.unreadable else 0
