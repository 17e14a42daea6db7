"""Runs one command and turns refusals into sentences and an exit code."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

import click
import typer

from stageproof.cli.commands import COMMANDS
from stageproof.engine.problem import Problem, Refused

DONE, REFUSED, WRONG_USAGE = 0, 1, 2


def run(arguments: Sequence[str]) -> int:
    """The exit code of the command named by the first argument."""
    name, *rest = arguments
    command = next((each for each in COMMANDS if each.name == name), None)
    if command is None:
        return _unknown(name)
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    app.command(name)(importlib.import_module(command.module).command)
    try:
        result = app(list(rest), prog_name=f"stageproof {name}", standalone_mode=False)
    except Refused as refused:
        return refuse(refused.problems)
    except click.exceptions.Abort:
        return _stopped()
    except click.ClickException as error:
        error.show()
        return WRONG_USAGE
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return int(result) if isinstance(result, int) else DONE


def refuse(problems: Sequence[Problem]) -> int:
    """Writes every reason to the error stream and gives the exit code of a refusal."""
    for problem in problems:
        sys.stderr.write(f"Refused: {problem}\n")
    return REFUSED


def _unknown(name: str) -> int:
    near = difflib.get_close_matches(name, [each.name for each in COMMANDS], n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    sys.stderr.write(f"There is no command '{name}'.{hint} See stageproof --help.\n")
    return WRONG_USAGE


def _stopped() -> int:
    sys.stderr.write("Stopped. Nothing was written.\n")
    return REFUSED
