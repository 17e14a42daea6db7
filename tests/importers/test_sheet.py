"""Clean files of every layout are read as they are."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.problem import Refused
from stageproof.importers.delimited import DelimitedReader
from stageproof.importers.encoding import HEAD
from stageproof.importers.rows import Sheet
from stageproof.importers.sheet import read_sheets, whole_rows
from stageproof.importers.text_sheet import read_text

HEADER = ("Deal", "Stage", "Amount")
ROWS = [("Acme", "Discovery", "1200"), ("Zoë & Söhne", "Proposal", "90")]


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def only(path: Path, **options: object) -> Sheet:
    (sheet,) = read_sheets(path, **options)  # type: ignore[arg-type]
    return sheet


def rows_of(sheet: Sheet) -> list[tuple[object, ...]]:
    return sheet.frame.rows()


def codes(sheet: Sheet) -> list[str]:
    return [problem.code for problem in sheet.problems]


def text_of(delimiter: str = ",", end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in (HEADER, *ROWS)) + end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_and_line_end(tmp_path: Path, delimiter: str, end: str) -> None:
    sheet = only(written(tmp_path / "deals.csv", text_of(delimiter, end)))
    assert sheet.delimiter == delimiter
    assert sheet.columns == HEADER
    assert rows_of(sheet) == [(*ROWS[0], 2), (*ROWS[1], 3)]
    assert (sheet.rows_read, sheet.rejected, sheet.problems, sheet.blank_rows) == (2, (), (), 0)


@pytest.mark.parametrize(
    ("codec", "bom", "encoding"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_every_encoding(tmp_path: Path, codec: str, bom: bytes, encoding: str) -> None:
    sheet = only(written(tmp_path / "deals.csv", bom + text_of(end="\r\n").encode(codec)))
    assert (sheet.encoding, sheet.columns) == (encoding, HEADER)
    assert rows_of(sheet) == [(*ROWS[0], 2), (*ROWS[1], 3)]
    assert codes(sheet) == (["encoding_guessed"] if encoding == "cp1252" else [])


def test_old_mac_line_ends_in_utf_16(tmp_path: Path) -> None:
    sheet = only(written(tmp_path / "deals.csv", text_of(end="\r").encode("utf-16")))
    assert rows_of(sheet) == [(*ROWS[0], 2), (*ROWS[1], 3)]


def test_a_file_without_a_last_line_end(tmp_path: Path) -> None:
    assert rows_of(only(written(tmp_path / "a.csv", "Deal,Amount\nA,1\nB,2"))) == [
        ("A", "1", 2),
        ("B", "2", 3),
    ]


def test_the_delimiter_is_not_the_mark_inside_cells(tmp_path: Path) -> None:
    decimals = "Deal;Amount;Won\n" + "".join(f"A{at};{at},50;{at},25\n" for at in range(30))
    assert only(written(tmp_path / "a.csv", decimals)).delimiter == ";"
    lists = "Deal,Contacts\n" + "".join(f"A{at},x;y;z;w\n" for at in range(30))
    assert only(written(tmp_path / "b.csv", lists)).delimiter == ","


def test_a_separator_line_decides(tmp_path: Path) -> None:
    sheet = only(written(tmp_path / "a.csv", "sep=;\r\nDeal;Note\r\nA;1,2,3\r\n"))
    assert (sheet.delimiter, sheet.columns) == (";", ("Deal", "Note"))
    assert rows_of(sheet) == [("A", "1,2,3", 3)]


def test_formulas_are_kept_as_text(tmp_path: Path) -> None:
    cells = ["=1+1", "+A1", "@SUM(1)", '=HYPERLINK("http://x","y")', "-2"]
    lines = io.StringIO()
    csv.writer(lines).writerows([["Deal", "Note"], *[[f"D{at}", cell] for at, cell in enumerate(cells)]])
    sheet = only(written(tmp_path / "a.csv", lines.getvalue()))
    assert sheet.cells("Note").to_list() == cells


def test_lines_above_the_header_are_named(tmp_path: Path) -> None:
    report = "Pipeline by owner\nAs of 2025-01-31\n\nDeal,Stage,Amount,Close Date\nA,Discovery,1,2025-03-01\nB,Won,2,\n"
    sheet = only(written(tmp_path / "report.csv", report))
    assert sheet.columns == ("Deal", "Stage", "Amount", "Close Date")
    assert rows_of(sheet) == [("A", "Discovery", "1", "2025-03-01", 5), ("B", "Won", "2", "", 6)]
    (note,) = sheet.problems
    assert (note.code, note.row, note.value) == ("header_below", 4, "Pipeline by owner; As of 2025-01-31")


def test_padded_titles_are_not_the_header(tmp_path: Path) -> None:
    sheet = only(written(tmp_path / "a.csv", "Report:,Pipeline,,\n,,,\nDeal,Stage,Amount,Owner\nA,X,1,Jo\n"))
    assert sheet.columns == ("Deal", "Stage", "Amount", "Owner")
    assert rows_of(sheet) == [("A", "X", "1", "Jo", 4)]


def test_footers_of_a_report_are_rejected_with_the_reason(tmp_path: Path) -> None:
    report = (
        '"Deal","Stage","Amount"\n"A","Won","10"\n"Total","Open","5"\n"Grand Totals (2 records)","","15"\n\n'
        '"Pipeline report"\n"Copyright (c) 2000-2025 salesforce.com, inc. All rights reserved."\n'
        '"Confidential Information - Do Not Distribute"\n'
    )
    sheet = only(written(tmp_path / "report.csv", report))
    assert rows_of(sheet) == [("A", "Won", "10", 2), ("Total", "Open", "5", 3)]
    found = [(each.row, each.cells[0][:12], each.problem.code) for each in sheet.rejected]
    assert found == [
        (4, "Grand Totals", "footer"),
        (6, "Pipeline rep", "too_few_cells"),
        (7, "Copyright (c", "footer"),
        (8, "Confidential", "footer"),
    ]
    assert (sheet.rows_read, sheet.blank_rows) == (6, 1)


def test_a_full_footer_is_found_when_few_columns_are_wanted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Deal,Owner,Amount\nA,Jo,10\nGrand Total,,10\n")
    sheet = only(path, wanted=lambda columns: {"Amount"})
    assert rows_of(sheet) == [("10", 2)]
    assert sheet.rejected[0].cells == ("Grand Total", "", "10")


def test_blank_rows_are_counted_and_keep_their_number(tmp_path: Path) -> None:
    sheet = only(written(tmp_path / "a.csv", "Deal,Amount\n\nA,1\n,\n  , \nB,2\n\n\n"))
    assert rows_of(sheet) == [("A", "1", 3), ("B", "2", 6)]
    assert (sheet.blank_rows, sheet.rows_read) == (5, 2)


def test_a_record_over_several_lines_is_one_row(tmp_path: Path) -> None:
    sheet = only(written(tmp_path / "a.csv", 'Deal,Note\nA,"one\ntwo, ""three"""\nB,x\n'))
    assert rows_of(sheet) == [("A", 'one\ntwo, "three"', 2), ("B", "x", 3)]


def test_wanted_columns_only(tmp_path: Path) -> None:
    seen: list[tuple[str, ...]] = []

    def wanted(columns: tuple[str, ...]) -> set[str]:
        seen.append(columns)
        return {"Amount", "Deal", "No such"}

    sheet = only(written(tmp_path / "deals.csv", text_of()), wanted=wanted)
    assert seen == [HEADER]
    assert sheet.frame.columns == ["c0", "c2", "row"]
    assert sheet.cells("Amount").to_list() == ["1200", "90"]
    assert whole_rows(sheet, [3]) == {3: ROWS[1]}


def test_columns_without_a_name_are_noted(tmp_path: Path) -> None:
    sheet = only(written(tmp_path / "a.csv", "Deal,,Amount,\nA,x,1,\nB,y,2,\n"))
    assert sheet.columns == ("Deal", "", "Amount", "")
    assert [str(problem) for problem in sheet.problems] == [
        "a.csv, row 1: Column 2 has no name and is left out. Name it in the header.",
        "a.csv, row 1: Column 4 has no name and is left out. Name it in the header.",
    ]


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    shares: list[float] = []
    only(written(tmp_path / "deals.csv", text_of()), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    deals = book.active
    assert deals is not None
    deals.title = "Deals"
    deals["B3"], deals["C3"], deals["D3"] = "Deal", "Amount", "Close Date"
    deals.append([None, "007", 12345678901234.5, dt.date(2024, 2, 29)])
    deals.append([])
    deals.append([None, "=1+1", 0.1 + 0.2, dt.datetime(2024, 3, 1, 9, 30)])
    deals.append([None, "x", 1e21, "31/02/2024"])
    people = book.create_sheet("People")
    people.append(["Name", "Team"])
    people.append(["Jo", "East"])
    book.create_sheet("Empty")
    hidden = book.create_sheet("Hidden")
    hidden.append(["Name", "Team"])
    hidden.append(["Ghost", "None"])
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def test_a_workbook_gives_a_sheet_per_visible_tab(tmp_path: Path) -> None:
    deals, people = read_sheets(workbook(tmp_path / "book.xlsx"))
    assert (deals.name, people.name) == ("book.xlsx#Deals", "book.xlsx#People")
    at = deals.position("Deal")
    assert deals.columns[at : at + 3] == ("Deal", "Amount", "Close Date")
    assert deals.frame.select(f"c{at}", f"c{at + 1}", f"c{at + 2}", "row").rows() == [
        ("007", "12345678901234.5", "2024-02-29", 4),
        ("", "0.3", "2024-03-01 09:30:00", 6),
        ("x", "1000000000000000000000", "31/02/2024", 7),
    ]
    assert deals.blank_rows == 1
    assert people.frame.rows() == [("Jo", "East", 2)]


def test_a_workbook_is_known_by_its_content(tmp_path: Path) -> None:
    assert [sheet.name for sheet in read_sheets(workbook(tmp_path / "deals.csv"))] == [
        "deals.csv#Deals",
        "deals.csv#People",
    ]


def test_errors_of_formulas_are_noted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    deals = book.active
    assert deals is not None
    for row in (["Deal", "Amount"], ["A", "#DIV/0!"], ["B", "#N/A"], ["C", 3]):
        deals.append(row)
    book.save(tmp_path / "book.xlsx")
    sheet = only(tmp_path / "book.xlsx")
    assert sheet.frame.rows() == [("A", "", 2), ("B", "", 3), ("C", "3", 4)]
    assert [(note.code, note.count) for note in sheet.problems] == [("error_cells", 2)]


def test_whole_rows_of_a_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path / "book.xlsx")
    _, people = read_sheets(path, wanted=lambda columns: {"Team"})
    assert people.frame.columns == ["c1", "row"]
    assert whole_rows(people, [2]) == {2: ("Jo", "East")}


CELL = st.text(
    st.one_of(
        st.sampled_from(",;\"\n\r\t| '=é€\U0001f600\u00a0\u2028"),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), width=st.integers(2, 4), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, width: int, quoting: int
) -> None:
    rows = data.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    # A first cell without letters keeps footers and blank rows out of the comparison.
    rows = [["#", *row] for row in rows]
    header = ["Key", *(f"Column {at}" for at in "ABCD"[:width])]
    # With "\n" alone the writer leaves a bare carriage return unquoted, which says something else.
    end = "\r\n" if quoting == csv.QUOTE_MINIMAL else "\n"
    lines = io.StringIO(newline="")
    csv.writer(lines, quoting=quoting, lineterminator=end).writerows([header, *rows])  # type: ignore[arg-type]
    path = tmp_path_factory.mktemp("round") / "a.csv"
    path.write_bytes(lines.getvalue().encode())
    size = data.draw(st.sampled_from([1, 7, 64, 1 << 20]))
    sheet = read_text(path, path.read_bytes()[:HEAD], block=size)
    assert sheet.columns == tuple(header)
    assert sheet.rejected == ()
    assert rows_of(sheet) == [(*row, at) for at, row in enumerate(rows, 2)]


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(st.text(st.sampled_from('ab,"\r\n \t\0é'), max_size=12), min_size=1, max_size=8),
    size=st.sampled_from([1, 5, 1 << 20]),
)
def test_every_row_is_accounted_for_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], size: int
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "a.csv"
    path.write_text("One,Two,Three\nx,y,z\n" + "\n".join(lines) + "\n", encoding="utf-8", newline="")

    def read(block: int) -> Sheet | tuple[str, ...]:
        try:
            return read_text(path, path.read_bytes()[:HEAD], block=block)
        except Refused as refused:
            return tuple(map(str, refused.problems))

    small, large = read(size), read(1 << 24)
    if isinstance(small, tuple) or isinstance(large, tuple):
        assert small == large
        return
    assert small.frame.rows() == large.frame.rows()
    assert small.rejected == large.rejected
    assert small.blank_rows == large.blank_rows
    assert small.rows_read == small.frame.height + len(small.rejected)
    numbers = sorted([*small.frame["row"], *(each.row for each in small.rejected)])
    assert len(set(numbers)) == len(numbers)
    header = next((note.row or 1 for note in small.problems if note.code == "header_below"), 1)
    assert numbers[-1] <= header + small.rows_read + small.blank_rows


@settings(max_examples=200, deadline=None)
@given(
    body=st.sampled_from(["ab,\n", 'ab,"\n', 'a,"\r\n', "a,\r\n é", '"",\n a', "a\n"]).flatmap(
        lambda letters: st.text(st.sampled_from(letters), min_size=1, max_size=30)
    ),
    width=st.integers(1, 3),
)
def test_the_fast_way_and_the_careful_way_agree(
    tmp_path_factory: pytest.TempPathFactory, body: str, width: int
) -> None:
    path = tmp_path_factory.mktemp("ways") / "a.csv"
    path.write_bytes((",".join(["One", "Two", "Three"][:width]) + "\n" + body).encode())

    def read() -> tuple[object, ...]:
        try:
            sheet = read_text(path, path.read_bytes())
        except Refused as refused:
            return tuple(map(str, refused.problems))
        return sheet.columns, sheet.frame.rows(), sheet.rejected, sheet.blank_rows, sheet.rows_read

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DelimitedReader, "_fast", lambda reader, block: None)
        careful = read()
    assert read() == careful


def data_folder() -> Path:
    folder = Path(os.environ.get("STAGEPROOF_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"No real data at {folder}; set STAGEPROOF_DATA to read it.")
    return folder


def test_real_exports_lose_no_row() -> None:
    checked = 0
    for path in sorted(data_folder().glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
        if len(lines) < 2 or any(len(row) != len(lines[0]) for row in lines):
            continue
        sheet = only(path)
        assert sheet.columns == tuple(cell.strip() for cell in lines[0]), path
        assert sheet.frame.drop("row").rows() == [tuple(row) for row in lines[1:]], path
        checked += 1
    assert checked > 20
