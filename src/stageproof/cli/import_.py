"""`stageproof import`: what files would change, and with --commit the change itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.audit import DateOrder, FileEncoding, Files, MappingFile
from stageproof.cli.deployment import Home, at_the_command_line, deployment
from stageproof.cli.files import read_text, write_text
from stageproof.cli.loading import progress_bar
from stageproof.engine.counted import count_text

if TYPE_CHECKING:
    from stageproof.actions.import_deals import ImportResult

EXAMPLES = """
Examples:

  stageproof import Opportunity.csv OpportunityHistory.csv

  stageproof import deals.xlsx --mapping mapping.toml --commit

  stageproof import --list

  stageproof import --undo 12
"""

COUNTS = (
    ("created", "deals are new"), ("updated", "deals change"), ("moved", "deals move"),
    ("deleted", "deals are deleted"), ("unchanged", "deals stay as they are"), ("versions", "versions of deals"),
    ("roles", "roles"), ("evidence", "pieces of evidence"), ("activities", "activities"), ("leads", "leads"),
    ("targets", "targets"), ("touches", "touches"),
)  # fmt: skip


def command(
    files: Files = [],  # noqa: B006 - typer copies it
    commit: Annotated[
        bool, typer.Option("--commit", help="Make the change; without it nothing is kept.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List the imports with their numbers instead, the latest first.")
    ] = False,
    undo: Annotated[
        int | None, typer.Option("--undo", help="Undo the import of this number instead.")
    ] = None,
    mapping: MappingFile = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="The pipeline of deals whose file does not say.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="The reason for deals that reopen or are lost.")
    ] = "",
    currency: Annotated[
        str | None, typer.Option("--currency", help="The currency of amounts whose file does not say.")
    ] = None,
    date_order: DateOrder = None,
    encoding: FileEncoding = None,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Write the rejected rows with their problems as CSV.")
    ] = None,
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Import deals with their history from CRM exports or spreadsheets: look first, then --commit."""
    if [bool(files), listed, undo is not None].count(True) != 1:
        raise typer.BadParameter("name the files to import, or give one of --list and --undo")
    with deployment(home):
        if listed:
            return _list(as_json)
        if undo is not None:
            return _undo(undo, as_json)
        result = _read(files, commit, mapping, pipeline, reason, currency, date_order, encoding)
    if rejects is not None:
        from stageproof.importers.rejects import rejects_csv

        write_text(rejects, rejects_csv(result.rejected))
    if as_json:
        body = {"committed": commit, "run": result.run.pk if result.run else None, **result.summary()}
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False, default=str))
    else:
        _show(result, commit)
    return 0


def _read(
    files: list[Path], commit: bool, mapping: Path | None, pipeline: str | None, reason: str,
    currency: str | None, date_order: str | None, encoding: str | None,
) -> ImportResult:  # fmt: skip
    from django.utils import timezone

    from stageproof.actions.import_deals import Options, commit_import, preview_import
    from stageproof.importers.mapping import read_mapping

    options = Options(
        mapping=None if mapping is None else read_mapping(read_text(mapping)),
        pipeline=pipeline, currency=currency, date_order=date_order, encoding=encoding, reason=reason,
    )  # fmt: skip
    verb = commit_import if commit else preview_import
    with progress_bar("Reading") as progress:
        return verb(at_the_command_line(), files, now=timezone.now(), options=options, progress=progress)


def _list(as_json: bool) -> int:
    from stageproof.records.models import ImportRun

    rows = ImportRun.objects.filter(committed_at__isnull=False).select_related("person").order_by("-pk")
    if as_json:
        names = ("status", "created_at", "committed_at", "undone_at", "files", "summary")
        items = [{"run": row.pk, **{name: getattr(row, name) for name in names}} for row in rows]
        typer.echo(json.dumps({"items": items}, indent=2, ensure_ascii=False, default=str))
        return 0
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "imported", "", "by", "files"):
        table.add_column(title)
    for row in rows:
        by = row.person.email if row.person else "system"
        named = ", ".join(each["name"] for each in row.files)
        table.add_row(str(row.pk), f"{row.committed_at:%Y-%m-%d %H:%M} UTC", row.status, by, named)
    Console(markup=False).print(table if rows else "Nothing has been imported yet.")
    return 0


def _undo(run: int, as_json: bool) -> int:
    from django.utils import timezone

    from stageproof.actions.undo_import import undo_import

    row = undo_import(at_the_command_line(), run, now=timezone.now())
    typer.echo(
        json.dumps({"run": row.pk, "status": row.status}) if as_json else f"Import {row.pk} is undone."
    )
    return 0


def _show(result: ImportResult, committed: bool) -> None:
    for name, says in COUNTS:
        if (count := getattr(result, name)) > 0:
            typer.echo(f"{count:>9,}  {says}")
    for kind, names in result.added.items():
        typer.echo(f"{len(names):>9,}  {kind} are new")
    for each in result.refused[:20]:
        typer.echo(f"Not moved: {each.deal} to {each.to}")
        for problem in each.problems:
            typer.echo(f"  {problem}")
    if len(result.refused) > 20:
        typer.echo(f"{len(result.refused) - 20} more were not moved; see --json.")
    for problem in result.problems:
        typer.echo(f"Note: {problem}")
    if result.rejected:
        typer.echo(
            f"{count_text(len(result.rejected), 'row was,rows were')} rejected; --rejects FILE writes what and why."
        )
    if committed:
        typer.echo(f"Imported as number {result.run.pk if result.run else '?'}; --undo takes it back.")
    else:
        typer.echo("Nothing was changed. Add --commit to do it.")
