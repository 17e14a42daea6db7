"""`stageproof freeze`: the readings of an instant, kept under a name; and those kept, as they were and beside now."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stageproof.cli.audit import (
    AsJson,
    KnownAt,
    Owners,
    Pipelines,
    QuarterOrOther,
    Since,
    Sources,
    Teams,
    narrowed,
)
from stageproof.cli.deployment import Home, at_the_command_line, deployment
from stageproof.cli.files import json_text
from stageproof.cli.reading import (
    RECONCILIATION,
    check_reader,
    figures_table,
    lines_table,
    moved_table,
    titled,
)
from stageproof.engine.readings import Figure, Line

if TYPE_CHECKING:
    from stageproof.records.models import FrozenReading

EXAMPLES = """
Examples:

  stageproof freeze "Board in April" --period 2026-Q2

  stageproof freeze "End of March" --as-of 2026-03-31 --since 2025-12-31 --team East

  stageproof freeze --list

  stageproof freeze --show 3 --reader finance

  stageproof freeze --compare 3 --json
"""
ENDS = {
    "then": "then", "altered": "altered", "late_arrivals": "late", "rates": "rates", "definition": "rules",
    "events": "events", "now": "now",
}  # fmt: skip
"""A line then and now and what lies between, as columns are headed."""


def command(
    name: Annotated[
        str | None, typer.Argument(help="What the frozen reading is called.", show_default=False)
    ] = None,
    period: QuarterOrOther = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day, as 2026-03-31: its end. Default: now.")
    ] = None,
    known_at: KnownAt = None,
    since: Since = None,
    pipeline: Pipelines = None,
    owner: Owners = None,
    team: Teams = None,
    source: Sources = None,
    listed: Annotated[bool, typer.Option("--list", help="List what is frozen instead.")] = False,
    show: Annotated[
        int | None, typer.Option("--show", help="Show the frozen reading of this number instead.")
    ] = None,
    reader: Annotated[
        str, typer.Option("--reader", help="Whose of it to show; also reconciliation.")
    ] = "board",
    compare: Annotated[
        int | None, typer.Option("--compare", help="Say why the one of this number is not the same now.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Freeze all four readings under a name, or list, show and compare what is frozen."""
    asked = [name is not None, listed, show is not None, compare is not None]
    if asked.count(True) != 1:
        raise typer.BadParameter("give a name to freeze under, or one of --list, --show and --compare")
    check_reader(reader, None)
    where = narrowed(owner=owner, team=team, source=source)
    with deployment(home):
        if name is not None:
            words = {"period": period, "as_of": as_of, "known_at": known_at, "since": since}
            _freeze(name, as_json, pipelines=pipeline, where=where, **words)
        elif show is not None:
            _show(show, reader, as_json)
        elif compare is not None:
            _compare(compare, as_json)
        else:
            _list(as_json)
    return 0


def _freeze(name: str, as_json: bool, **words: Any) -> None:
    from django.utils import timezone

    from stageproof.actions.freeze_reading import freeze_reading
    from stageproof.api.frozen_readings import FrozenShown, frozen_shown
    from stageproof.web.as_of import asked_at

    asked = asked_at(**words)
    row = freeze_reading(at_the_command_line(), name=name, asked=asked, now=timezone.now())
    if as_json:
        typer.echo(FrozenShown(**frozen_shown(row)).model_dump_json(indent=2))
    else:
        typer.echo(
            f"'{row.name}' is frozen as number {row.pk}: it will show these figures whenever it is opened."
        )


def _list(as_json: bool) -> None:
    from stageproof.actions.freeze_reading import frozen_readings
    from stageproof.api.frozen_readings import FrozenShown, frozen_shown

    rows = frozen_readings(at_the_command_line())
    if as_json:
        shown = [FrozenShown(**frozen_shown(row)).model_dump(mode="json") for row in rows]
        typer.echo(json_text({"items": shown}))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "name", "as of", "period", "frozen by"):
        table.add_column(title)
    for row in rows:
        table.add_row(str(row.pk), row.name, _minute(row), row.period, row.actor)
    Console(markup=False).print(table if rows else "Nothing is frozen yet.")


def _show(number: int, reader: str, as_json: bool) -> None:
    from stageproof.actions.freeze_reading import body_as_frozen, frozen_reading
    from stageproof.api.frozen_readings import FrozenWhole, whole_shown

    row = frozen_reading(at_the_command_line(), number)
    whole = FrozenWhole(**whole_shown(row))
    if as_json:
        typer.echo(whole.model_dump_json(indent=2))
        return
    console, body = Console(markup=False), body_as_frozen(row)
    console.print(_headline(row, reader, body["head"]["definitions"]), style="bold")
    if reader == RECONCILIATION:
        console.print(lines_table([Line(**each) for each in body["statement"]["lines"]], row.currency))
    else:
        shown = body["readings"][reader]
        console.print(figures_table([Figure(**each) for each in shown["figures"].values()], row.currency))
        if reader == "board" and row.since is not None:
            console.print()
            console.print(moved_table(shown["tables"]["bridge"], row.currency))
    says = "still gives the same to the cent." if whole.unchanged else "does not give the same any more."
    console.print(f"The history {says}", style="" if whole.unchanged else "red")


def _compare(number: int, as_json: bool) -> None:
    from django.utils import timezone

    from stageproof.actions.freeze_reading import frozen_reading
    from stageproof.api.frozen_readings import Comparison, comparison_shown

    row = frozen_reading(at_the_command_line(), number)
    found = Comparison(**comparison_shown(row, timezone.now()))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    table = titled(row.currency, *ENDS.values())
    for line in found.lines:
        cells = [getattr(line, column) for column in ENDS]
        table.add_row(line.title, *("-" if cell is None else f"{Decimal(cell.amount):,}" for cell in cells))
    console = Console(markup=False)
    console.print(f"'{row.name}' as of {_minute(row)}, and why it is not the same now", style="bold")
    console.print(table)


def _headline(row: FrozenReading, reader: str, definitions: list[dict[str, Any]]) -> str:
    rules = ", ".join(f"{each['pipeline']} {each['version']}" for each in definitions) or "no definition"
    return f"'{row.name}': {reader} as of {_minute(row)}, {row.period}, {rules}, frozen by {row.actor}"


def _minute(row: FrozenReading) -> str:
    return f"{row.as_of:%Y-%m-%d %H:%M} UTC"
