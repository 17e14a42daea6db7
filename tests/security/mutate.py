"""Mutations: valid files and bodies, spoiled at random where their structure is, so that they get past the first look."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

import xlsxwriter

CELLS = [
    "", " ", "0", "-1", "1e309", "-1e-309", "NaN", "Infinity", "1,234.56", "1.234,56", "9" * 400, "0x1F", "½", "１２３",
    "-0", "+5", "(5)", "5-", "€ 5", "1/0", "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "0001-01-01",
    "31/12/2026", "13/13/2026", "2026-06-01T25:61:61Z", "2026-06-01T00:00:00+99:99", "1e5", "=1+1", "@SUM(A1)",
    "=cmd|'/c calc'!A0", "<script>", "'; DROP TABLE deals; --", "{{7*7}}", "../../etc/passwd", "\u202eabc", "a\u0300",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\x00", "\x1a", "\x7f", "\ufeff", "\u2028",
    "x" * 5_000, '"', "'", ",", ";", "\t", "\n", "\r", "true", "null", "None", "#N/A", "EUR", "XXX", "X1", "X2",
    "Won", "Lost", "Prospecting", "Closed Won", "Ann Archer", "(none)", "-" * 300, "9223372036854775808", "1" + "0" * 18,
]  # fmt: skip
HEADERS = [
    "Deal ID", "Deal Name", "Amount", "Currency", "Stage", "Close Date", "Created Date", "Owner", "Account", "Won",
    "Is deleted", "Type", "Probability", "Next Step", "Lead Source", "Close Date", "", "Column", "Old Value", "At",
]  # fmt: skip
ROWS = [
    ["Deal ID", "Deal Name", "Account", "Amount", "Currency", "Stage", "Created Date", "Close Date", "Owner", "Type"],
    *(
        [f"X{at}", f"Deal {at}", f"Account {at % 5}", f"{at * 1000}.50", "EUR" if at % 3 else "USD",
         ("Prospecting", "Closed Won", "Closed Lost")[at % 3], f"2026-0{at % 9 + 1}-1{at % 9}",
         f"2026-1{at % 3}-0{at % 9 + 1}", ("Ann Archer", "Otto Orr")[at % 2], "New Business"]
        for at in range(1, 13)
    ),
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**64, -(2**63), 10**400, 1e308, 5e-324, "", " ", [], {}, [[]], [None],
    {"": None}, *CELLS,
]  # fmt: skip
Chance = random.Random


def bytes_spoiled(chance: Chance, data: bytes, most: int = 4) -> bytes:
    """The bytes with a few bits turned, and pieces lost, doubled, swapped or put in."""
    held = bytearray(data)
    for _ in range(chance.randint(1, most)):
        if not held:
            break
        at = chance.randrange(len(held))
        length = chance.choice((1, 1, 2, 4, 16, 200))
        match chance.randrange(6):
            case 0:
                held[at] ^= 1 << chance.randrange(8)
            case 1:
                del held[at : at + length]
            case 2:
                held[at:at] = held[at : at + length]
            case 3:
                held[at:at] = chance.choice(
                    (b"\x00", b"\xff\xfe", b'"', b"\r", b"\n", b",", b"\xf0\x9f", b"\x1a\x04")
                )
            case 4:
                held[at:] = b"" if chance.random() < 0.3 else held[at:]
            case _:
                other = chance.randrange(len(held))
                held[at : at + length], held[other : other + length] = (
                    held[other : other + length],
                    held[at : at + length],
                )
    return bytes(held)


def rows_spoiled(chance: Chance) -> list[list[str]]:
    """The table with cells, headers, rows and columns spoiled."""
    rows = [list(row) for row in ROWS[: chance.randint(1, len(ROWS))]]
    for _ in range(chance.randint(1, 4)):
        row = chance.choice(rows)
        match chance.randrange(9):
            case 0 | 1 | 2:
                if row:
                    row[chance.randrange(len(row))] = chance.choice(CELLS)
            case 3:
                if rows[0]:
                    rows[0][chance.randrange(len(rows[0]))] = chance.choice(HEADERS)
            case 4:
                del row[chance.randint(0, len(row)) :]
            case 5:
                row += [chance.choice(CELLS)] * chance.choice((1, 3, 40))
            case 6:
                rows.insert(chance.randint(0, len(rows)), [chance.choice(CELLS)] * chance.randint(0, 12))
            case 7:
                rows += [list(chance.choice(rows)) for _ in range(chance.choice((1, 5, 200)))]
            case _:
                place = chance.randrange(12)
                for each in rows:
                    del each[place : place + 1]
        rows = rows or [[]]
    return rows


def csv(chance: Chance) -> bytes:
    """A delimited file: its cells, its quotes, its delimiter, its encoding, then its bytes."""
    delimiter = chance.choice(",,,,;\t|:")
    ending = chance.choice(("\n", "\n", "\r\n", "\r", "\n\n", "\n\r"))
    quoting = chance.choice((_quoted, _quoted, _quoted, _unquoted, _ill_quoted))
    text = ending.join(
        delimiter.join(quoting(cell, delimiter) for cell in row) for row in rows_spoiled(chance)
    )
    encoding = chance.choice(
        ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32")
    )
    data = text.encode(encoding, "replace")
    return bytes_spoiled(chance, data) if chance.random() < 0.5 else data


def _quoted(cell: str, delimiter: str) -> str:
    odd = any(each in cell for each in (delimiter, '"', "\n", "\r"))
    return '"' + cell.replace('"', '""') + '"' if odd else cell


def _unquoted(cell: str, _delimiter: str) -> str:
    return cell


def _ill_quoted(cell: str, _delimiter: str) -> str:
    return f'"{cell}' if len(cell) % 5 == 0 else f'{cell}"x'


def workbook(rows: list[list[str]]) -> bytes:
    """The rows as a workbook."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_numbers": True, "nan_inf_to_errors": True}
    )
    sheet = book.add_worksheet("Deals")
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write_string(at, place, cell) if cell.startswith("=") else sheet.write(at, place, cell)
    book.close()
    return out.getvalue()


PLAIN = workbook(ROWS)
_PLACES = [
    "A1",
    "XFD1",
    "A1048576",
    "XFD1048576",
    "F20000",
    "ZZZZ9",
    "A0",
    "A99999999999",
    "A-1",
    "1A",
    "",
    "É1",
    "A1:B2",
]
_PARTS: list[tuple[bytes, list[bytes]]] = [
    (b't="s"', [b't="n"', b't="b"', b't="e"', b't="d"', b't="str"', b't="inlineStr"', b't="zz"', b't=""', b""]),
    (b"<v>", [b"<v>99999", b"<v>-", b"<v></v><v>", b"<v><v>", b"<f>1+1</f><v>", b"<v>1e999", b"<v>&#0;", b"<v>\xff"]),
    (b"</c>", [b"", b"</c></c>", b"</row>", b"<c/></c>"]),
    (b"<sheetData>", [b"<sheetData><sheetData>", b"<sheetData/>", b"<!--", b"<![CDATA[", b"<sheetData><row r='9'>"]),
    (b"<?xml", [b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><?xml", b"\xff\xfe<?xml", b"<?xml?>"]),
    (b"count=", [b'count="4294967295" x=', b'count="-1" x=', b'count="abc" x=', b"x="]),
    (b"<si>", [b"<si><t>&a;</t></si><si>", b"<si/>", b"<si><r><t>x</t></r></si>" * 50 + b"<si>"]),
    (b'sheetId="1"', [b'sheetId="-1"', b'sheetId="1" state="hidden"', b'sheetId="1" state="veryHidden"']),
    (b"worksheets/sheet1.xml", [b"worksheets/none.xml", b"../../../etc/passwd", b"/xl/workbook.xml", b"workbook.xml"]),
    (b'r:id="rId1"', [b'r:id="rId9"', b'r:id=""', b""]),
    (b"<dimension", [b'<dimension ref="A1:XFD1048576"/><x', b'<dimension ref="B9:A1"/><x', b"<dimension/><x"]),
    (b"1.50", [b"46000", b"1e400", b"-1", b"2958466", b"NaN", b"0.1e-400"]),
]  # fmt: skip
_BOMB = b"<si><t>" + b" " * 90 * 1024**2 + b"</t></si>"


def xlsx(chance: Chance) -> bytes:
    """A workbook: its cells, its parts as text, which parts there are, then the bytes of the archive."""
    kind = chance.randrange(10)
    if kind < 2:
        data = workbook([row[:60] for row in rows_spoiled(chance)[:40]])
    elif kind < 9:
        data = _repacked(chance)
    else:
        data = PLAIN
    return bytes_spoiled(chance, data) if kind == 9 or chance.random() < 0.15 else data


def _repacked(chance: Chance) -> bytes:
    out = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(PLAIN))
    spoiled = set(chance.sample(source.namelist(), chance.randint(1, 3))) | {
        chance.choice(("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"))
    }
    packing = chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    with zipfile.ZipFile(out, "w", packing) as made:
        for name in source.namelist():
            part = source.read(name)
            if name not in spoiled:
                made.writestr(name, part)
                continue
            match chance.randrange(12):
                case 0:
                    continue
                case 1:
                    made.writestr(name.upper(), part)
                case 2:
                    made.writestr(name, bytes_spoiled(chance, part))
                case 3:
                    made.writestr(name, b"")
                # Stored as it is, it would be a large file like any other, and may take what it is worth of memory.
                case 4 if chance.random() < 0.1 and packing == zipfile.ZIP_DEFLATED:
                    made.writestr(name, part.replace(b"<si>", _BOMB + b"<si>", 1))
                case 5 | 6:
                    made.writestr(name, _placed(chance, part))
                case _:
                    made.writestr(name, _parts_spoiled(chance, part))
    return out.getvalue()


def _placed(chance: Chance, part: bytes) -> bytes:
    old = chance.choice((b'r="A1"', b'r="B2"', b'r="J13"', b'r="2"', b'r="13"'))
    return part.replace(old, f'r="{chance.choice(_PLACES)}"'.encode(), chance.choice((1, 1, 100)))


def _parts_spoiled(chance: Chance, part: bytes) -> bytes:
    for _ in range(chance.randint(1, 2)):
        there = [(old, new) for old, new in _PARTS if old in part]
        if not there:
            return bytes_spoiled(chance, part)
        old, new = chance.choice(there)
        pieces = part.split(old)
        at = chance.randrange(1, len(pieces))
        part = old.join(pieces[:at]) + chance.choice(new) + old.join(pieces[at:])
    return part


def json_file(chance: Chance) -> bytes:
    """A file of records in JSON: its values, its shape, then its bytes."""
    header, *rows = ROWS
    records: Any = [dict(zip(header, row, strict=True)) for row in rows[: chance.randint(1, 12)]]
    shape = chance.randrange(4)
    body = (
        records if shape < 2 else {"data": records, "success": True} if shape == 2 else {"results": records}
    )
    data = json_body(chance, body)
    if chance.random() < 0.2:
        data = b"\n".join(json.dumps(each).encode() for each in records)
    return bytes_spoiled(chance, data) if chance.random() < 0.3 else data


def json_body(chance: Chance, body: Any) -> bytes:
    """A valid body with some of its values, names and depths spoiled."""
    body = json.loads(json.dumps(body))
    for _ in range(chance.randint(1, 3)):
        body = _spoiled(chance, body)
    text = json.dumps(body, ensure_ascii=chance.random() < 0.5)
    match chance.randrange(30):
        case 0:
            text = text.replace("1", "1" * 5_000, 1)
        case 1:
            text = text.replace("{", '{"a":1,"a":2,', 1)
        case 2:
            text = "[" * 50_000 + text + "]" * 50_000
        case 3:
            text = text.replace('"', '\\ud800"', 1) if chance.random() < 0.5 else text[: len(text) // 2]
        case 4:
            text = text.replace(":", ":NaN,", 1)
        case 5:
            text = text.replace('":"', '":"\\ud83d', 1)
    return text.encode("utf-8", "surrogatepass")


def _spoiled(chance: Chance, node: Any) -> Any:
    """The value with one place in it changed."""
    if isinstance(node, dict) and node and chance.random() < 0.85:
        name = chance.choice(list(node))
        match chance.randrange(8):
            case 0:
                return {key: value for key, value in node.items() if key != name}
            case 1:
                return {**node, str(chance.choice(CELLS)): chance.choice(VALUES)}
            case 2:
                return {**node, name: node}
        return {**node, name: _spoiled(chance, node[name])}
    if isinstance(node, list) and node and chance.random() < 0.85:
        at = chance.randrange(len(node))
        match chance.randrange(5):
            case 0:
                return node[:at]
            case 1:
                return node * chance.choice((2, 50))
        return [*node[:at], _spoiled(chance, node[at]), *node[at + 1 :]]
    return chance.choice(VALUES)


KINDS: dict[str, Callable[[Chance], bytes]] = {"csv": csv, "xlsx": xlsx, "json": json_file}
