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
    Command("reading", "stageproof.cli.reading", "Read the pipeline as one of its readers does"),
    Command("measure", "stageproof.cli.measure", "Compute any measure, on any engine"),
    Command("check", "stageproof.cli.check", "Check a pipeline definition"),
    Command("map", "stageproof.cli.map", "Propose how the columns of files are to be read"),
    Command("demo", "stageproof.cli.demo", "Try everything with the demo company"),
    Command("init", "stageproof.cli.init", "Set up an organisation"),
    Command("serve", "stageproof.cli.serve", "Serve the pages and the API"),
    Command("import", "stageproof.cli.import_", "Import deals with their history"),
    Command("freeze", "stageproof.cli.freeze", "Freeze the readings, and compare them with now"),
    Command("export", "stageproof.cli.export", "Export any table, or all of them"),
    Command("user", "stageproof.cli.user", "Add, disable and list people"),
    Command("doctor", "stageproof.cli.doctor", "Check that the stored records are sound"),
    Command("reseal", "stageproof.cli.reseal", "Seal secrets under a new key"),
    Command("backup", "stageproof.cli.backup", "Write a backup with checksums"),
    Command("restore", "stageproof.cli.restore", "Restore a backup into an empty data folder"),
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
