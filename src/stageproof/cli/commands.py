"""The commands: name, where it lives, what it does. Help and dispatch both read this list."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One command: `module` is imported only when it is asked for."""

    name: str
    module: str
    says: str


COMMANDS = (
    Command("audit", "stageproof.cli.audit", "Show what in a CRM export is real"),
    Command("bridge", "stageproof.cli.bridge", "Show why the pipeline moved between two days"),
    Command("check", "stageproof.cli.check", "Check a pipeline definition"),
    Command("map", "stageproof.cli.map", "Propose how the columns of files are to be read"),
    Command("demo", "stageproof.cli.demo", "Audit the demo company and open the report"),
)

OVERVIEW = """\
Usage: stageproof COMMAND ...

A sales pipeline that has to prove itself.

Commands:
{commands}

Start with an export from your CRM:

  stageproof audit Opportunity.csv OpportunityHistory.csv
  stageproof audit deals.xlsx --period 2025-Q4 --target 2500000 --html report.html

`stageproof COMMAND --help` shows the options of one, with examples.
"""


def overview() -> str:
    """The help of the whole program."""
    width = max(len(command.name) for command in COMMANDS)
    lines = [f"  {command.name.ljust(width)}  {command.says}" for command in COMMANDS]
    return OVERVIEW.format(commands="\n".join(lines))
