"""The deployment for the command line: Django set up on it, the one who acts, and its refusals as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stageproof.engine.problem import Refused

if TYPE_CHECKING:
    from stageproof.actions.actor import Actor

Home = Annotated[
    Path | None,
    typer.Option("--home", help="The data folder. Default: STAGEPROOF_HOME, else ./stageproof-data."),
]

LISTED = {
    "frozen reading": "`stageproof freeze --list` shows the numbers.",
    "import": "`stageproof import --list` shows the numbers.",
}
"""What to type for a number that there is."""


@contextmanager
def deployment(home: Path | None, *, founded: bool = True) -> Iterator[Path]:
    """The folder of the deployment, whose database is up to date; `founded` asks for an organisation in it."""
    from stageproof.server import home as place

    folder = place.enter(home)
    if founded:
        place.require_database()
    else:
        place.prepare()
    from django.db import DatabaseError

    from stageproof.actions.conflict import Conflict, NotFound
    from stageproof.actions.permission import Forbidden
    from stageproof.engine.problem import Problem

    try:
        yield folder
    except NotFound as answer:
        listed = LISTED.get(answer.what, answer.problem.remedy)
        raise Refused([replace(answer.problem, remedy=listed)]) from None
    except (Forbidden, Conflict) as answer:
        raise Refused([answer.problem]) from None
    except DatabaseError as error:
        says = (
            f"The database refused: {str(error).strip().splitlines()[0] if str(error).strip() else error!r}."
        )
        remedy = "Run `stageproof doctor`; if it finds nothing, try again."
        raise Refused([Problem("database_refused", says, remedy)]) from None


def at_the_command_line() -> Actor:
    """Who owns the machine: may do everything, and stands in the history as the system."""
    from stageproof.actions.actor import system

    return system("cli")
