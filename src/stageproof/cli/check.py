"""`stageproof check`: whether a pipeline definition holds up, and what changed since another version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from stageproof.cli.files import read_text
from stageproof.engine.counted import count_text
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.definition_changes import compare
from stageproof.engine.definition_check import check_definition
from stageproof.engine.ideal_customer import sentences
from stageproof.engine.proof import sentence
from stageproof.engine.templates import NAMES, template

EXAMPLES = """
Examples:

  stageproof check pipeline.toml

  stageproof check pipeline.toml --against last-year.toml

  stageproof check mid-market
"""


def command(
    definition: Annotated[
        str, typer.Argument(help="A definition (TOML), or a template's name.", show_default=False)
    ],
    against: Annotated[
        str | None, typer.Option("--against", help="Another version, to compare with.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> int:
    """Check a pipeline definition: stages, exit criteria, owner; and compare two versions."""
    found = named(definition)
    warnings = check_definition(found)
    changes = [] if against is None else compare(named(against), found)
    if as_json:
        body = {
            "pipeline": found.pipeline,
            "owner": found.owner,
            "version": found.version,
            "stages": [stage.name for stage in found.stages],
            "warnings": [problem.as_dict() for problem in warnings],
            "changes": [{"kind": change.kind, "says": change.says} for change in changes],
        }
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
        return 0
    typer.echo(
        f"{found.pipeline}, version {found.version}, owned by {found.owner}: {count_text(len(found.stages), 'stage')}"
    )
    for stage in found.stages:
        norm = f", usually {count_text(stage.norm_days, 'day')}" if stage.norm_days else ""
        typer.echo(f"\n{stage.name}{norm}")
        for criterion in stage.exit:
            typer.echo(f"  {criterion.says}\n    proof: {sentence(criterion.proof)}")
    if found.ideal_customer is not None:
        typer.echo("\nIdeal customer")
        for line in sentences(found.ideal_customer):
            typer.echo(f"  {line}")
    typer.echo()
    for problem in warnings:
        typer.echo(f"Warning: {problem}")
    if not warnings:
        typer.echo("No warnings.")
    if against is not None:
        typer.echo(f"\nChanges since {against}:")
        for change in changes:
            typer.echo(f"  {change.says}")
        if not changes:
            typer.echo("  none")
    return 0


def named(name: str) -> Definition:
    """The definition in a file, or a template by its name."""
    if name in NAMES and not Path(name).exists():
        return template(name)
    return read_definition(read_text(Path(name)), source=name)
