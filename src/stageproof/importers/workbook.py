"""Excel workbooks into sheets, one per filled visible tab."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import fastexcel
import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.problem import Problem, Refused
from stageproof.importers.account import account_for
from stageproof.importers.layout import Layout, check_header, find_header, header_names
from stageproof.importers.limits import HEADER_SEARCH
from stageproof.importers.rows import Sheet, Wanted, refusal, wanted_positions
from stageproof.importers.tally import Tally
from stageproof.importers.workbook_survey import BROKEN, survey

_MIDNIGHT = r"^(\d{4}-\d{2}-\d{2}) 00:00:00$"
_SAMPLE = 200
_PARTS = ("xl/workbook.xml", "xl/workbook.bin")


def is_workbook(path: Path, head: bytes) -> bool:
    """Whether the file is an Excel workbook by its content, whatever its name."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(part in archive.NameToInfo for part in _PARTS)
    except (*BROKEN, OSError):
        return False


def read_workbook(path: Path, *, wanted: Wanted | None = None) -> list[Sheet]:
    """Each filled visible tab as a sheet; dates as ISO text, numbers without exponent."""
    _refuse_binary(path)
    errors = survey(path)
    try:
        frames = _visible_tabs(path)
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        says = "The workbook cannot be read; it is damaged or not an Excel workbook."
        raise refusal("bad_workbook", says, "Open it in Excel and save it again.", path.name) from error
    filled = [(name, frame) for name, frame in frames if frame.height and frame.width]
    if not filled:
        says = "The workbook has no visible tab with anything in it."
        raise refusal("file_empty", says, "Unhide the tab, or export it again.", path.name)
    return _usable(path, filled, wanted, _error_cells(path, errors))


def _refuse_binary(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        is_binary = "xl/workbook.xml" not in archive.NameToInfo
    if is_binary:
        says = "The file is a binary Excel workbook (.xlsb), whose cells cannot be looked at before it is opened."
        raise refusal("binary_workbook", says, "Save it as .xlsx or CSV.", path.name)


def _visible_tabs(path: Path) -> list[tuple[str, pl.DataFrame]]:
    reader = fastexcel.read_excel(path)
    tabs = []
    for name in reader.sheet_names:
        # Without a number of rows to skip, empty ones at the top would go missing and shift the row numbers.
        tab = reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        if tab.visible == "visible":
            tabs.append((name, _as_cells(pl.DataFrame(tab))))
    return tabs


def _as_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """The tab as text cells `c0`, `c1` ..., blank for none."""
    frame.columns = [f"c{at}" for at in range(frame.width)]
    if not frame.width:
        return frame
    return frame.select(pl.all().cast(pl.String).fill_null("").str.replace(_MIDNIGHT, "$1"))


def _error_cells(path: Path, count: int) -> list[Problem]:
    """A note where cells hold an error, for the reader of workbooks gives them as blank."""
    if not count:
        return []
    cells = count_text(count, "cell of the workbook holds,cells of the workbook hold")
    says = f"{cells} an error such as #DIV/0!, read as blank."
    return [Problem("error_cells", says, "Mend the formulas and save it again.", path.name, count=count)]


def _usable(
    path: Path, tabs: list[tuple[str, pl.DataFrame]], wanted: Wanted | None, problems: list[Problem]
) -> list[Sheet]:
    """The sheets of the tabs that hold a table; what is wrong with the others is noted on the first."""
    sheets: list[Sheet] = []
    for name, frame in tabs:
        try:
            sheets.append(_read_tab(path, f"{path.name}#{name}", frame, wanted))
        except Refused as refused:
            problems += refused.problems
    if not sheets:
        raise Refused(problems)
    sheets[0] = replace(sheets[0], problems=(*sheets[0].problems, *problems))
    return sheets


def _read_tab(path: Path, source: str, cells: pl.DataFrame, wanted: Wanted | None) -> Sheet:
    first = [tuple(map(str, row)) for row in cells.head(_SAMPLE).iter_rows()]
    at = find_header(first)
    if at is None:
        says = f"No row of the first {HEADER_SEARCH} looks like the header of a table."
        raise refusal("no_header", says, "Put the names of the columns into one row.", source)
    header = header_names(first[at])
    check_header(source, header)
    titles = tuple(text for row in first[:at] if (text := " ".join(row).strip()))
    layout = Layout("", header, at + 1, titles=titles)
    tally = Tally(source, len(header))
    body = cells.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row")).slice(at + 1)
    empty = pl.all_horizontal(pl.exclude("row").str.strip_chars() == "")
    body, tally.blank = body.filter(~empty), body.select(empty.sum()).item()
    for *row, number in body.tail(tally.tail.maxlen or 0).iter_rows():
        tally.tail.append((number, tuple(row)))
    kept = body.select(*(f"c{place}" for place in wanted_positions(header, wanted)), "row")
    return account_for(path, layout, kept, tally, encoding="utf-8")
