"""The parts of a sheet: rows of text under a header, with every row accounted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from stageproof.engine.problem import Problem, Refused

Wanted = Callable[[tuple[str, ...]], set[str]]
"""From the headers of a sheet, those whose cells are needed."""


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not taken, as it was written, and why."""

    row: int
    cells: tuple[str, ...]
    problem: Problem


@dataclass(frozen=True)
class Sheet:
    """One table of a file.

    `frame` has the cells as text in `c0`, `c1` ... (those wanted, in the order of `columns`) and in `row` the
    number that a spreadsheet shows: the first line of the file is row 1, blank lines count, and a record
    whose cells hold line breaks is one row. `rows_read` = rows of `frame` + `rejected`; `blank_rows` come on
    top.
    """

    name: str
    columns: tuple[str, ...]
    frame: pl.DataFrame
    encoding: str
    delimiter: str
    rows_read: int
    rejected: tuple[RejectedRow, ...]
    problems: tuple[Problem, ...]
    blank_rows: int = 0
    path: Path = Path()

    def position(self, header: str) -> int:
        """Where the column stands, from 0; a header that is not there is a bug."""
        return self.columns.index(header)

    def cells(self, header: str) -> pl.Series:
        """The cells of a column, as text."""
        return self.frame.get_column(f"c{self.position(header)}")


def wanted_positions(columns: tuple[str, ...], wanted: Wanted | None) -> list[int]:
    """The positions of the columns to keep."""
    if wanted is None:
        return list(range(len(columns)))
    names = wanted(columns)
    return [at for at, name in enumerate(columns) if name in names]


def empty_frame(positions: list[int]) -> pl.DataFrame:
    """No rows, with the columns of a sheet's frame."""
    return pl.DataFrame(schema={**{f"c{at}": pl.String for at in positions}, "row": pl.Int64})


def refusal(code: str, says: str, remedy: str, source: str) -> Refused:
    """The refusal of a whole file or sheet, to be raised."""
    return Refused([Problem(code, says, remedy, source=source)])
