"""Runs one command and turns refusals into sentences and an exit code."""

from __future__ import annotations

import difflib
import functools
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

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
    code = DONE

    module = importlib.import_module(command.module)
    verb = module.command

    @functools.wraps(verb)
    def called(*args: Any, **kwargs: Any) -> None:
        nonlocal code
        code = verb(*args, **kwargs)

    app.command(name, epilog=module.EXAMPLES)(called)
    try:
        app(list(rest), prog_name=f"stageproof {name}")
    except Refused as refused:
        return refuse(refused.problems)
    except SystemExit as ended:
        # Wrong usage ends with 2, being interrupted with 1; a command that ran has its own code.
        return code if not ended.code else int(ended.code)
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


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
