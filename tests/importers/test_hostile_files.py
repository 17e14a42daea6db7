"""Hostile files are refused whole, or taken in part with every bad row named."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from stageproof.engine.problem import Problem, Refused
from stageproof.importers import limits
from stageproof.importers.rows import Sheet
from stageproof.importers.sheet import read_sheets


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path: Path) -> Problem:
    with pytest.raises(Refused) as caught:
        read_sheets(path)
    return caught.value.problems[0]


def taken(path: Path) -> Sheet:
    (sheet,) = read_sheets(path)
    return sheet


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("deals.csv", "Deal,Amount\nA,1\n")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "file_empty", "The file is empty."),
        (b"\xef\xbb\xbf\r\n \n", "file_empty", "The file is empty."),
        (b"Deal,Amount\n", "no_rows", "There is a header and no row under it."),
        (b"Deal,Amount\n\n,\n", "no_rows", "There is a header and no row under it."),
        (b"Deal,Amount\nGrand Totals\n", "no_rows", "There is a header and no row under it."),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "binary_file", "The file is a PNG picture, not a table."),
        (b"%PDF-1.7\nabc", "binary_file", "The file is a PDF document, not a table."),
        (b"PAR1" + bytes(9), "binary_file", "The file is a Parquet file, not a table."),
        (gzip.compress(b"Deal,Amount\nA,1\n", mtime=0), "binary_file", "The file is a GZIP archive, not a table."),
        (archive(), "binary_file", "The file is a ZIP archive, not a table."),
        (bytes(range(256)) * 8, "binary_file", "The file is a binary file, not a table."),
        (bytes(5000) + b"Deal", "binary_file", "The file is a binary file, not a table."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
            "binary_file",
            "The file is an old Excel workbook (.xls) or one with a password, not a table.",
        ),
        (
            b'Deal,Amount\nA,1\nB,"2\nC,3\n',
            "unclosed_quote",
            "A quote opens in row 3 and never closes (a cell may be 1 MiB long).",
        ),
        (b'"Deal,Amount\nA,1\n', "unclosed_quote", "A quote opens in row 1 and never closes (a cell may be 1 MiB long)."),
        (
            b"Deal,Amount,deal ,Owner,Amount,Amount\nA,1,2,3,4,5\n",
            "duplicate_headers",
            "The header has the same name more than once: “Deal” in columns 1 and 3;"
            " “Amount” in columns 2, 5 and 6.",
        ),
        (
            b"Deal,Amount\nA\nB,1,2\n",
            "nothing_left",
            "Nothing is left: all 2 rows were rejected.",
        ),
        (b'De"al,"Amo"unt"\nA,1\n', "bad_header", "Row 1, at or before the header, has a quote that is not doubled."),
    ],
)  # fmt: skip
def test_refused_whole(tmp_path: Path, content: bytes, code: str, says: str) -> None:
    problem = refused(written(tmp_path / "deals.csv", content))
    assert (problem.code, problem.says, problem.source) == (code, says, "deals.csv")
    assert problem.remedy


def test_refused_by_what_the_path_is(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    assert refused(missing).says == f"There is no file “{missing}”."
    assert refused(tmp_path).code == "directory"
    assert refused(Path("/dev/null")).code == "not_a_file"
    assert (
        refused(written(tmp_path / "deals.json", '[{"deal": "A", "amount": 1}]\n[1, 2]\n')).code
        == "json_file"
    )
    assert refused(tmp_path / ("x" * 300)).code == "file_unreadable"


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as file:
        file.writestr("xl/workbook.xml", "<nonsense")
    assert refused(tmp_path / "a.xlsx").code == "bad_workbook"
    cut = written(tmp_path / "b.xlsx", (tmp_path / "a.xlsx").read_bytes()[:40])
    assert refused(cut).code == "binary_file"


def test_ten_thousand_columns_are_refused_with_the_limit(tmp_path: Path) -> None:
    header = ",".join(f"Column {at}" for at in range(10_000))
    problem = refused(written(tmp_path / "wide.csv", f"{header}\n{',' * 9_999}\n{'1,' * 9_999}1\n"))
    assert problem.says == "The file has 10,000 columns; the limit is 2,000."


def test_two_thousand_columns_are_read(tmp_path: Path) -> None:
    header = ",".join(f"Column {at}" for at in range(2_000))
    rows = "\n".join(",".join([f'"{row}"', *["x"] * 1_999]) for row in range(3))
    sheet = taken(written(tmp_path / "wide.csv", f"{header}\n{rows}\n"))
    assert sheet.frame.shape == (3, 2_001)
    assert sheet.cells("Column 0").to_list() == ["0", "1", "2"]


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(b"Deal,Amount\nA,1\n")
        file.truncate(limits.MAX_BYTES + 1)
    assert refused(path).says == "The file has 2,147,483,649 bytes; the limit is 2,147,483,648 (2 GiB)."


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "line.csv", b"Deal,Amount\nA,1\n" + b"x" * (limits.MAX_LINE + 2 * 1024**2))
    assert refused(path).says == "The line of row 3 or so is longer than 16 MiB."


def test_a_cell_beyond_the_limit_is_rejected(tmp_path: Path) -> None:
    long = "x" * (limits.MAX_CELL + 1)
    sheet = taken(written(tmp_path / "a.csv", f'Deal,Note\nA,1\nB,"{long}"\nC,3\n'))
    assert sheet.frame.rows() == [("A", "1", 2), ("C", "3", 4)]
    assert [(each.row, each.problem.code) for each in sheet.rejected] == [(3, "long_cell")]


def test_a_quote_open_beyond_the_limit_is_named_where_it_opens(tmp_path: Path) -> None:
    rows = "".join(f"{at},x\n" for at in range(300_000))
    problem = refused(written(tmp_path / "a.csv", f'Deal,Note\nA,1\nB,"2\n{rows}'))
    assert (problem.code, problem.row) == ("unclosed_quote", 3)


RAGGED = b"""Deal,Stage,Amount
A,Won,1
B,Won
C,Won,3,extra
D,Won,4
E,"Wo"n,5
F,W\0n,6
G,"say ""hi"" twice",7
"""


def test_bad_rows_are_named_and_the_others_taken(tmp_path: Path) -> None:
    sheet = taken(written(tmp_path / "a.csv", RAGGED))
    assert sheet.frame.rows() == [("A", "Won", "1", 2), ("D", "Won", "4", 5), ("G", 'say "hi" twice', "7", 8)]
    assert [(each.row, each.cells, each.problem.code, each.problem.says) for each in sheet.rejected] == [
        (3, ("B", "Won"), "too_few_cells", "The row has 2 cells, the header 3."),
        (4, ("C", "Won", "3", "extra"), "too_many_cells", "The row has 4 cells, the header 3."),
        (6, ('E,"Wo"n,5',), "stray_quote", "A quote inside the cell is not doubled."),
        (7, ("F", "W\0n", "6"), "nul_byte", "The row has a NUL byte in it."),
    ]
    assert sheet.rows_read == 7


def test_a_short_row_does_not_hide_behind_a_long_one(tmp_path: Path) -> None:
    sheet = taken(written(tmp_path / "a.csv", "Deal,Stage,Amount\nA,Won\nB,Won,2,3\nC,Won,4\n"))
    assert sheet.frame.rows() == [("C", "Won", "4", 4)]
    assert [each.row for each in sheet.rejected] == [2, 3]


def test_a_quote_left_open_swallows_no_good_row(tmp_path: Path) -> None:
    sheet = taken(written(tmp_path / "a.csv", 'Deal,Amount\n"A,1\nB,2\nC,3\n"D",4\nE,5\n'))
    assert [row[0] for row in sheet.frame.rows()] == ["B", "C", "D", "E"]
    assert [(each.row, each.problem.code) for each in sheet.rejected] == [(2, "stray_quote")]


def test_lines_of_another_encoding_are_read_and_noted(tmp_path: Path) -> None:
    lines = ["Deal,Owner", "Zoë,Ana", *[f"D{at},x" for at in range(5)]]
    content = "\n".join(lines).encode() + b"\nM\xfcller,Bo\nG\xf6tz,Cy\n"
    sheet = taken(written(tmp_path / "a.csv", content))
    assert sheet.encoding == "utf-8"
    assert sheet.cells("Deal").to_list() == ["Zoë", "D0", "D1", "D2", "D3", "D4", "Müller", "Götz"]
    (note,) = sheet.problems
    assert (note.code, note.row, note.count) == ("mixed_encoding", 8, 2)


def test_bytes_of_no_encoding_reject_the_row(tmp_path: Path) -> None:
    utf_8 = taken(written(tmp_path / "a.csv", "Deal,Owner\nZoë,Ana\n".encode() + b"B\x81\xff,Bo\nC,Cy\n"))
    assert [(each.row, each.problem.code) for each in utf_8.rejected] == [(3, "undecodable")]
    assert utf_8.cells("Deal").to_list() == ["Zoë", "C"]
    cp1252 = taken(written(tmp_path / "b.csv", b"Deal,Owner\nZo\xeb,Ana\nB\x81,Bo\nC,Cy\n"))
    assert [(each.row, each.problem.code) for each in cp1252.rejected] == [(3, "undecodable")]
    assert cp1252.cells("Deal").to_list() == ["Zoë", "C"]
    lone_surrogate = b"\x00\xd8,\0x\0\n\0"
    content = "\ufeffDeal,Owner\nA,B\n".encode("utf-16-le") + lone_surrogate
    wide = taken(written(tmp_path / "c.csv", content))
    assert [(each.row, each.problem.code) for each in wide.rejected] == [(3, "undecodable")]


def test_a_bare_carriage_return_rejects_the_row(tmp_path: Path) -> None:
    sheet = taken(written(tmp_path / "a.csv", "Deal,Owner\nA\rB,x\nC,y\n"))
    assert sheet.frame.rows() == [("C", "y", 3)]
    assert sheet.rejected[0].problem.code == "bare_return"


def test_too_many_bad_rows_refuse_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stageproof.importers.tally.MAX_REJECTED", 10)
    problem = refused(written(tmp_path / "a.csv", "Deal,Owner\nA,x\n" + "B\n" * 11))
    assert problem.code == "too_many_rejects"
    assert problem.says.startswith(
        "More than 10 rows or 64 MiB of rejected rows cannot be read; the first is row 3."
    )


def test_one_bad_tab_is_noted_on_the_good_one(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Deal", "Amount"])
    sheet.append(["A", 1])
    book.create_sheet("Twice").append(["Deal", "Deal"])
    book.save(tmp_path / "a.xlsx")
    good = taken(tmp_path / "a.xlsx")
    assert good.name == "a.xlsx#Sheet"
    assert [(note.code, note.source) for note in good.problems] == [("duplicate_headers", "a.xlsx#Twice")]


def spoiled(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """A small workbook with a piece of one of its parts changed."""
    book = pytest.importorskip("openpyxl").Workbook()
    for row in (("Deal ID", "Amount"), ("D1", 100), ("D2", 200)):
        book.active.append(row)
    plain = io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            held = source.read(name)
            assert name != part or old in held
            made.writestr(name, held.replace(old, new, 1) if name == part else held)
    return path


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("place", "row", "column"),
    [
        (b'r="XFD1048576"', "1,048,576", "16,384"),
        (b'r="B1048576"', "1,048,576", "2"),
        (b'r="XFD30"', "30", "16,384"),
        (b"r = 'ZZ99999'", "99,999", "702"),
        (b'r="A99999999999"', "99,999,999,999", "2"),
    ],
)
def test_a_cell_far_away_from_the_others_is_named_before_room_is_made_for_it(
    tmp_path: Path, place: bytes, row: str, column: str
) -> None:
    problem = refused(spoiled(tmp_path / "a.xlsx", SHEET, b'r="B3"', place))
    assert problem.code == "stray_cell"
    assert f"row {row} and column {column}, though few are filled" in problem.says


def test_a_cell_a_little_away_is_read(tmp_path: Path) -> None:
    sheet = taken(spoiled(tmp_path / "a.xlsx", SHEET, b'r="B3"', b'r="B900"'))
    assert [row[0] for row in sheet.frame.rows()] == ["D1", "D2", ""]


def test_a_workbook_that_unpacks_to_two_hundred_times_its_size_is_refused(tmp_path: Path) -> None:
    bomb = b"<si><t>" + b" " * 70 * 1024**2 + b"</t></si>"
    path = spoiled(tmp_path / "a.xlsx", "docProps/app.xml", b"<Prop", bomb + b"<Prop")
    assert path.stat().st_size < 200_000
    problem = refused(path)
    assert problem.code == "file_too_large"
    assert "times its size" in problem.says


def test_a_part_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = spoiled(tmp_path / "a.xlsx", SHEET, b"<sheetData>", b"<sheetData>" + b" " * 5_000)
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(SHEET).file_size
    held = path.read_bytes()
    assert held.count(size.to_bytes(4, "little")) >= 2
    path.write_bytes(held.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    assert refused(path).code == "bad_workbook"


def test_a_binary_workbook_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsb", "w") as file:
        file.writestr("xl/workbook.bin", b"\x83\x01\x00")
    problem = refused(tmp_path / "a.xlsb")
    assert (problem.code, problem.remedy) == ("binary_workbook", "Save it as .xlsx or CSV.")


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_an_archive_that_is_cut_or_turned_anywhere_is_refused_or_read(tmp_path: Path, at: int) -> None:
    held = bytearray(spoiled(tmp_path / "a.xlsx", SHEET, b"<sheetData>", b"<sheetData>").read_bytes())
    end = held.rfind(b"PK\x01\x02") + at % 300
    held[min(end, len(held) - 1)] ^= 0xFF
    path = written(tmp_path / "b.xlsx", bytes(held))
    try:
        read = read_sheets(path)
    except Refused as answer:
        codes = {problem.code for problem in answer.problems}
        if not codes <= {"bad_workbook", "binary_file", "binary_workbook", "file_empty", "no_header"}:
            raise
    else:
        assert read[0].name == "b.xlsx#Sheet"
