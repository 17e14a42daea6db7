"""Cells that cannot be read, as rejected rows."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stageproof.engine.problem import Problem
from stageproof.importers.rows import RejectedRow, Sheet
from stageproof.importers.sheet import whole_rows

_SHOWN = 80


def bad_cells(
    sheet: Sheet, column_name: str, mask: pl.Series, says: str, remedy: str, *, code: str = "unreadable_cell"
) -> list[RejectedRow]:
    """One rejected row per cell of the mask, with all cells of the row as the file has them."""
    position = sheet.columns.index(column_name)
    rows = sheet.frame.filter(mask.fill_null(False)).get_column("row").to_list()
    whole: Mapping[int, tuple[str, ...]] = whole_rows(sheet, rows) if rows else {}
    return [
        RejectedRow(
            row,
            whole[row],
            Problem(code, says, remedy, sheet.name, row, column_name, whole[row][position][:_SHOWN]),
        )
        for row in rows
    ]
