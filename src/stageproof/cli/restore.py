"""`stageproof restore`: a backup into an empty data folder or database, every table held to its checksum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stageproof.cli.deployment import Home
from stageproof.engine.counted import count_text

EXAMPLES = """
Examples:

  stageproof restore stageproof-2026-01-31.backup --home restored

  DATABASE_URL=postgresql://localhost/stageproof stageproof restore stageproof-2026-01-31.backup
"""


def command(
    file: Annotated[Path, typer.Argument(help="The backup.", show_default=False)],
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the manifest as JSON.")] = False,
) -> int:
    """Restore a backup where there is no database yet, on SQLite or PostgreSQL, and verify every table."""
    from stageproof.server import home as place

    folder = place.enter(home)
    from stageproof.server.backup import restore_backup

    manifest = restore_backup(file)
    if as_json:
        typer.echo(json.dumps({"home": str(folder), **manifest}, indent=2, sort_keys=True))
        return 0
    rows = sum(table["rows"] for table in manifest["tables"].values())
    typer.echo(
        f"{count_text(rows, 'row')} of {count_text(len(manifest['tables']), 'table')} restored and verified, in {folder}."
    )
    typer.echo("Everyone signs in again. Check it with: stageproof doctor")
    return 0
