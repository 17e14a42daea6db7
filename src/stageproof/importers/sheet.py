"""Files into sheets: texts with delimiters, and workbooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from stageproof.importers.encoding import HEAD, TEXT_PADDING
from stageproof.importers.limits import MAX_BYTES
from stageproof.importers.rows import RejectedRow, Sheet, Wanted, refusal
from stageproof.importers.text_sheet import read_text
from stageproof.importers.workbook import is_workbook, read_workbook

__all__ = ["RejectedRow", "Sheet", "read_sheets", "whole_rows"]


def read_sheets(
    path: Path,
    *,
    progress: Callable[[float], None] | None = None,
    wanted: Wanted | None = None,
    encoding: str | None = None,
) -> list[Sheet]:
    """The tables of a file: one of a text, one per filled visible tab of a workbook; `Refused` when none.

    `wanted` gets the headers of each and answers with those to keep in `frame`; `progress` gets the share
    read; `encoding` is that of a text that is not UTF-8.
    """
    head = _head(path)
    if is_workbook(path, head):
        sheets = read_workbook(path, wanted=wanted)
    else:
        sheets = [read_text(path, head, progress=progress, wanted=wanted, said=encoding)]
    if progress is not None:
        progress(1.0)
    return sheets


def whole_rows(sheet: Sheet, rows: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """All cells of some rows by row number, read from the file again where the frame lacks columns."""
    frame = sheet.frame
    names = [f"c{at}" for at in range(len(sheet.columns))]
    if not set(names) <= set(frame.columns):
        head = _head(sheet.path)
        if is_workbook(sheet.path, head):
            again = read_workbook(sheet.path, wanted=None)
            frame = next(each.frame for each in again if each.name == sheet.name)
        else:
            frame = read_text(sheet.path, head, only=rows, said=sheet.encoding).frame
    found = frame.filter(pl.col("row").is_in(list(rows))).select(*names, "row")
    return {row: tuple(cells) for *cells, row in found.iter_rows()}


def _head(path: Path) -> bytes:
    """The first bytes of a file fit to be read."""
    name = path.name
    try:
        if not path.exists():
            raise refusal("file_missing", f"There is no file “{path}”.", "Check the path.", name)
        if path.is_dir():
            raise refusal("directory", f"“{name}” is a directory.", "Name the files in it instead.", name)
        if not path.is_file():
            raise refusal("not_a_file", f"“{path}” is not a regular file.", "Save it as a file first.", name)
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        says = f"The file cannot be read: {error.strerror or error}."
        raise refusal("file_unreadable", says, "Check the path and its permissions.", name) from error
    if size > MAX_BYTES:
        says = f"The file has {size:,} bytes; the limit is {MAX_BYTES:,} (2 GiB)."
        raise refusal("file_too_large", says, "Split the export, for example by year.", name)
    if not head.strip(TEXT_PADDING):
        raise refusal("file_empty", "The file is empty.", "Export it again.", name)
    return head
