"""`stageproof doctor`: whether the stored records are whole, in order and unaltered."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from stageproof.cli.deployment import Home, deployment
from stageproof.engine.counted import count_text

EXAMPLES = """
Examples:

  stageproof doctor

  stageproof doctor --json
"""


def command(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Check every invariant of the stored records; exit 1 where one is broken."""
    with deployment(home):
        from stageproof.records.doctor import doctor

        found = doctor(readings=True)
    if as_json:
        body = {
            "changes": found.changes,
            "deals": found.deals,
            "sound": not found.problems,
            "problems": [problem.as_dict() for problem in found.problems],
        }
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        for problem in found.problems:
            typer.echo(f"Wrong: {problem}")
        verdict = (
            "all is sound"
            if not found.problems
            else f"{count_text(len(found.problems), 'thing is,things are')} wrong"
        )
        typer.echo(f"{count_text(found.changes, 'change')}, {count_text(found.deals, 'deal')}: {verdict}.")
    return 1 if found.problems else 0
