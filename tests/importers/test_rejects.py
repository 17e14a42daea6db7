"""Rejected rows are written whole, and harmless to a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageproof.engine.problem import Problem
from stageproof.importers.columns import bad_cells, read_dates
from stageproof.importers.rejects import harmless, rejects_csv, write_rejects
from stageproof.importers.sheet import read_sheets


@dataclass(frozen=True)
class Row:
    source: str
    columns: tuple[str, ...]
    row: int
    cells: tuple[str, ...]
    problem: Problem


REJECTED = [
    Row(
        "a.csv",
        ("Deal", "Amount"),
        3,
        ("=cmd()", "x"),
        Problem("unreadable_money", "This is not an amount.", "Write a number.", "a.csv", 3, "Amount", "x"),
    ),
    Row(
        "b.csv",
        ("Deal", "Owner"),
        9,
        ("B", "Jo", "extra"),
        Problem("too_many_cells", "Too many.", "Remove.", "b.csv", 9),
    ),
    Row(
        "b.csv",
        ("Deal", "Owner"),
        10,
        ("-5",),
        Problem("too_few_cells", "Too few.", "Add.", "b.csv", 10, value="-5"),
    ),
]


def test_rows_of_several_files_stand_under_their_headers(tmp_path: Path) -> None:
    write_rejects(tmp_path / "rejects.csv", REJECTED)
    content = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(content))) == [
        [
            "source",
            "row",
            "column",
            "value",
            "problem",
            "remedy",
            "Deal",
            "Amount",
            "Owner",
            "cell beyond the header 1",
        ],
        ["a.csv", "3", "Amount", "x", "This is not an amount.", "Write a number.", "'=cmd()", "x", "", ""],
        ["b.csv", "9", "", "", "Too many.", "Remove.", "B", "", "Jo", "extra"],
        ["b.csv", "10", "", "-5", "Too few.", "Add.", "-5", "", "", ""],
    ]
    assert rejects_csv(REJECTED).splitlines() == content.splitlines()


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\tx", " =1", "\u00a0=1", "\n+1", "＝1", "＋1", "－1", "＠A",
        "-", "--5", "-1e5x", "-A1",
    ],
)  # fmt: skip
def test_formulas_get_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "x", "-5", "-5.25", "-1,234.50", "a=b", "1+1", "'=1", "12-3"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


@given(st.text(max_size=10))
def test_no_cell_starts_a_formula(cell: str) -> None:
    written = harmless(cell)
    assert written in (cell, f"'{cell}")
    start = written.lstrip("".join(map(chr, range(33))) + "\u00a0\ufeff")[:1]
    assert start not in tuple("=+@＝＋－＠")
    assert start != "-" or written[1:2].isdigit()


def test_bad_cells_bring_the_whole_row_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("Deal,Close Date,Owner\nA,2025-01-31,Jo\nB,31/02/2025,Al\n\nC,never,Bo\n")
    for wanted in (None, lambda columns: {"Close Date"}):
        (sheet,) = read_sheets(path, wanted=wanted)
        column = read_dates(sheet.cells("Close Date"), order="dmy", zone="UTC", of_instant=False)
        rows = bad_cells(sheet, "Close Date", column.bad, "This is not a date.", "Write it as 2025-09-30.")
        assert [(each.row, each.cells) for each in rows] == [
            (3, ("B", "31/02/2025", "Al")),
            (5, ("C", "never", "Bo")),
        ]
        assert [str(each.problem) for each in rows] == [
            "deals.csv, row 3, column Close Date: This is not a date. Write it as 2025-09-30.",
            "deals.csv, row 5, column Close Date: This is not a date. Write it as 2025-09-30.",
        ]
        assert rows[1].problem.value == "never"
        none = bad_cells(sheet, "Close Date", pl.Series([False] * 3), "x", "y")
        assert none == []
