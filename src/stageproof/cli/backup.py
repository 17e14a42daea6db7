"""`stageproof backup`: the whole database as one file, while others go on working."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stageproof.cli.deployment import Home, deployment
from stageproof.engine.counted import count_text

EXAMPLES = """
Examples:

  stageproof backup stageproof-2026-01-31.backup

  stageproof restore stageproof-2026-01-31.backup --home elsewhere
"""


def command(
    file: Annotated[
        Path, typer.Argument(help="The file to write; not one that is there.", show_default=False)
    ],
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the manifest as JSON.")] = False,
) -> int:
    """Write a backup with a checksum of every table; it needs no pause and holds no open sessions."""
    with deployment(home):
        from django.utils import timezone

        from stageproof.server.backup import write_backup

        manifest = write_backup(file, now=timezone.now())
    if as_json:
        typer.echo(json.dumps(manifest, indent=2, sort_keys=True))
        return 0
    rows = sum(table["rows"] for table in manifest["tables"].values())
    typer.echo(
        f"{count_text(rows, 'row')} of {count_text(len(manifest['tables']), 'table')},"
        f" up to change {manifest['last_change']:,}: {file}"
    )
    return 0
