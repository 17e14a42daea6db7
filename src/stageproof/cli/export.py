"""`stageproof export`: any table, or all of them, as CSV or Parquet; or the book, for other engines."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stageproof.cli.deployment import Home, deployment
from stageproof.engine.problem import Problem, Refused

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("csv", "parquet")
BOOK = "book"
EXAMPLES = """
Examples:

  stageproof export deals

  stageproof export all --format parquet --out export

  stageproof export book --out warehouse/book
"""


def command(
    table: Annotated[str, typer.Argument(help="A table's name, all, or book.", show_default=False)],
    format_: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("export"),
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write what was written as JSON.")] = False,
) -> int:
    """Export any table, or all of them: whole, with names beside ids, and nothing secret.

    `book` writes the tables that measures are computed from, as Parquet, and on the next run only what is new.
    """
    if format_ not in FORMATS:
        says = f"There is no format '{format_}'."
        raise Refused([Problem("unknown_format", says, f"Use one of: {', '.join(FORMATS)}.", value=format_)])
    with deployment(home):
        from stageproof.actions.export_tables import export_table, named_tables
        from stageproof.records.snapshot import snapshot

        if table == BOOK:
            return _book(out, as_json)
        wanted = named_tables(table)
        _folder(out)
        written = []
        with snapshot():
            for name in wanted:
                path = out / f"{name}.{format_}"
                write = _csv if format_ == "csv" else _parquet
                written.append(
                    {"table": name, "file": str(path), "rows": _written(path, write, export_table(name))}
                )
    if as_json:
        typer.echo(json.dumps(written, indent=2))
    else:
        for each in written:
            typer.echo(f"{each['rows']:>9,}  {each['file']}")
    return 0


def _book(out: Path, as_json: bool) -> int:
    """What was added to the book in the folder, and up to which change it reaches."""
    from stageproof.actions.export_book import export_book

    try:
        written = export_book(out)
    except OSError as error:
        raise Refused([_cannot_write(out, error)]) from None
    if as_json:
        typer.echo(json.dumps(asdict(written), indent=2))
        return 0
    for name, rows in written.rows.items():
        typer.echo(f"{rows:>9,}  {name}")
    how = "written anew" if written.afresh else "brought up to date"
    typer.echo(f"The book in {out} is {how}, up to change {written.until:,}.")
    return 0


def _written(path: Path, write: Any, parts: Iterator[pl.DataFrame]) -> int:
    """The rows written; a reader never sees half a file."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            unfinished = Path(folder) / path.name
            rows: int = write(unfinished, parts)
            unfinished.replace(path)
    except OSError as error:
        raise Refused([_cannot_write(path, error)]) from None
    return rows


def _csv(path: Path, parts: Iterator[pl.DataFrame]) -> int:
    rows = 0
    with path.open("wb") as file:
        for part in parts:
            harmless_texts(part).write_csv(
                file, include_header=file.tell() == 0, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"
            )
            rows += part.height
    return rows


def _parquet(path: Path, parts: Iterator[pl.DataFrame]) -> int:
    import polars as pl

    frame = pl.concat(parts)
    frame.write_parquet(path)
    return frame.height


def harmless_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with an apostrophe before every text and name that a spreadsheet would run as a formula."""
    import polars as pl

    from stageproof.importers.rejects import harmless

    columns = []
    for name in (name for name, dtype in frame.schema.items() if dtype == pl.String):
        texts = frame[name].drop_nulls().unique()
        changed = {text: safe for text in texts if (safe := harmless(text)) != text}
        if changed:
            columns.append(pl.col(name).replace(changed))
    return frame.with_columns(columns).rename({name: harmless(name) for name in frame.columns})


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused([_cannot_write(path, error)]) from None


def _cannot_write(path: Path, error: OSError) -> Problem:
    says = f"It cannot be written: {error.strerror or error}."
    return Problem("cannot_write", says, "Choose a folder that exists and is yours.", source=str(path))
