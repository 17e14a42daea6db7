"""Loading for the command line: files, mapping and definition into a book, with progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from stageproof.cli.files import read_text
from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.found_definition import found_definition, stages_without_place
from stageproof.engine.period import Calendar, check_zone
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.templates import NAMES, template
from stageproof.importers import import_files
from stageproof.importers.mapping import Mapping, read_mapping

TEMPLATE = "mid-market"
DATE_ORDERS = ("dmy", "mdy", "ymd")


@dataclass(frozen=True)
class Loaded:
    """A book, the definition it is held against, and what the import has to say."""

    book: Book
    definition: Definition
    definition_given: bool
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    rows: dict[str, Any]
    rejected: tuple[Any, ...]


def load(
    files: Sequence[Path],
    *,
    mapping: Path | None = None,
    definition: str | None = None,
    zone: str = "UTC",
    currency: str | None = None,
    date_order: str | None = None,
    encoding: str | None = None,
    calendar: Calendar | None = None,
) -> Loaded:
    """The book in the files under the definition given, else under the stages it came with."""
    wrong = [problem for problem in (check_zone(zone), _check_order(date_order)) if problem]
    if wrong:
        raise Refused(wrong)
    given = None if definition is None else definition_named(definition)
    chosen: Mapping | None = None if mapping is None else read_mapping(read_text(mapping))
    with progress_bar("Reading") as progress:
        imported = import_files(
            files,
            mapping=chosen,
            definition=given,
            zone=zone,
            date_order=date_order,
            encoding=encoding,
            currency=currency,
            calendar=calendar,
            progress=progress,
        )
    book = imported.book
    used = given or found_definition(book, template(TEMPLATE), order=imported.stage_order)
    notes = [*imported.gaps]
    problems = list(imported.problems)
    if given is None:
        problems += _without_place(book, imported.stage_order)
        notes.append(
            f"No definition was given: the stages are those of the files, the exit criteria those of the {TEMPLATE} "
            "template. Give yours with --definition."
        )
    return Loaded(
        book=book.with_definitions([replace(used, effective_from=None)]),
        definition=used,
        definition_given=given is not None,
        problems=tuple(problems),
        notes=tuple(notes),
        rows=imported.accounting.as_dict(),
        rejected=imported.rejected,
    )


def _without_place(book: Book, order: Sequence[str]) -> list[Problem]:
    """That the order of stages is a guess, on which what is qualified depends."""
    lost = stages_without_place(book, template(TEMPLATE), order=order)
    if not lost:
        return []
    says = f"Nothing tells where these stages stand among the others: {', '.join(lost)}. They are put by their names."
    remedy = "Say [stages] order = [...] in the mapping file, or give your definition with --definition."
    return [Problem("stage_order_unknown", says, remedy)]


def definition_named(name: str) -> Definition:
    """The definition in a file, or a template by its name."""
    if name in NAMES and not Path(name).exists():
        return template(name)
    return read_definition(read_text(Path(name)), source=name)


@contextmanager
def progress_bar(label: str) -> Iterator[Any]:
    """A bar on the error stream that appears where people are watching, and goes when done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda fraction: bar.update(task, completed=fraction)


def _check_order(order: str | None) -> Problem | None:
    if order is None or order in DATE_ORDERS:
        return None
    return Problem("unknown_date_order", f"'{order}' is not an order of day, month and year.",
                   f"Use one of: {', '.join(DATE_ORDERS)}.", value=order)  # fmt: skip
