"""Rejected rows as a CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from stageproof.engine.problem import Problem

REASONS = ("source", "row", "column", "value", "problem", "remedy")

_FORMULA = re.compile(r"[\s\ufeff\x00-\x1f]*[=+\-@\t\r＝＋－＠]|[\t\r]")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


class Rejected(Protocol):
    """A row that was not taken, with the headers of its file."""

    @property
    def source(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def row(self) -> int: ...
    @property
    def cells(self) -> tuple[str, ...]: ...
    @property
    def problem(self) -> Problem: ...


def write_rejects(path: Path, rejected: Iterable[Rejected]) -> None:
    """The rejected rows as a file in UTF-8, with a byte order mark for spreadsheets."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(_lines(list(rejected)))


def rejects_csv(rejected: Iterable[Rejected]) -> str:
    """The same as text."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(_lines(list(rejected)))
    return text.getvalue()


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _lines(rejected: Sequence[Rejected]) -> Iterator[list[str]]:
    """A header and a line per row: the reasons first, then the cells under the headers of all files."""
    headers = list(dict.fromkeys(name for each in rejected for name in each.columns))
    widest = max((len(each.cells) - len(each.columns) for each in rejected), default=0)
    spare = [f"cell beyond the header {at}" for at in range(1, widest + 1)]
    yield [*REASONS, *map(harmless, headers), *spare]
    for each in rejected:
        problem = each.problem
        reasons = (each.source, str(each.row), problem.column, problem.value, problem.says, problem.remedy)
        named = dict(zip(each.columns, each.cells, strict=False))
        beyond = list(each.cells[len(each.columns) :])
        cells = [*(named.get(name, "") for name in headers), *beyond, *[""] * (widest - len(beyond))]
        yield [harmless(cell) for cell in (*reasons, *cells)]
