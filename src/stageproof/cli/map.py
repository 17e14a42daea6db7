"""`stageproof map`: how the columns of files would be read, as a mapping to correct and keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stageproof.cli.audit import FileEncoding
from stageproof.cli.files import write_text
from stageproof.importers.mapping import propose

EXAMPLES = """
Examples:

  stageproof map deals.csv products.csv

  stageproof map deals.csv --out mapping.toml

  stageproof audit deals.csv --mapping mapping.toml
"""


def command(
    files: Annotated[list[Path], typer.Argument(help="The files to look at.", show_default=False)],
    encoding: FileEncoding = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the mapping here instead.")] = None,
) -> int:
    """Propose how the columns of files are to be read."""
    text = propose(files, encoding)
    if out is None:
        typer.echo(text)
    else:
        write_text(out, text)
        typer.echo(f"Mapping written to {out}")
    return 0
