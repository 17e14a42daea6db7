"""The survey of a workbook before it is read: how large it is unpacked, and how far its cells are apart.

Whatever reads a workbook makes room for every cell up to the last one. One cell at the end of an otherwise empty sheet
is enough to ask for more than any machine has, and a reader that is refused its room takes the whole process with it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import IO

from stageproof.importers.limits import MAX_BYTES, MAX_COLUMNS
from stageproof.importers.rows import refusal

ROOMY_CELLS = 1_000_000
"""Up to how many cells a sheet may have room for, however few are filled."""
SPARSE = 20
"""Beyond that, how many cells there may be room for per filled one."""
PACKED = 200
"""How many times its size a workbook may be unpacked, once that is more than `ROOMY_BYTES`."""
ROOMY_BYTES = 64 * 1024**2
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What the standard library raises where an archive is not one."""
_PIECE = 1024**2
# A row's place has digits only; a cell's has letters before them.
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_ERROR = b' t="e"'
_LONGEST = 64


def survey(path: Path) -> int:
    """How many cells hold an error; refused where reading the workbook would take more than it is worth."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_size(path, sum(part.file_size for part in parts))
            errors = 0
            for part in parts:
                # Read to its end, each part is also held to the size and checksum that it claims.
                with archive.open(part) as opened:
                    errors += _surveyed(path, part.filename, opened)
            return errors
    except (*BROKEN, OSError) as error:
        says = "The workbook cannot be read; it is damaged or not an Excel workbook."
        raise refusal("bad_workbook", says, "Open it in Excel and save it again.", path.name) from error


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        says = f"The workbook unpacks to {size:,} bytes; the limit is {MAX_BYTES:,} (2 GiB)."
        raise refusal("file_too_large", says, "Save it as CSV, or split it.", path.name)
    packed = path.stat().st_size
    if size > ROOMY_BYTES and size > PACKED * packed:
        says = f"The workbook unpacks to {size:,} bytes, {size // packed:,} times its size."
        raise refusal("file_too_large", says, "Save it as CSV.", path.name)


def _surveyed(path: Path, name: str, part: IO[bytes]) -> int:
    errors = places = rows = columns = 0
    before = b""
    while piece := part.read(_PIECE):
        piece = before + piece
        # What begins in the tail is looked at again, whole, with the next piece.
        found = [each.groups() for each in _PLACE.finditer(piece, 0, len(piece))]
        if found:
            letters, digits = zip(*found, strict=True)
            places += len(found)
            rows = max(rows, *(int(each[:_LONGEST]) for each in set(digits)))
            columns = max(columns, *(_number(each) for each in set(letters)))
        errors += piece.count(_ERROR) - before.count(_ERROR)
        before = piece[-_LONGEST:]
    room = rows * columns
    if room > SPARSE * places and (room > ROOMY_CELLS or columns > MAX_COLUMNS):
        says = f"In {Path(name).stem} the last cell is in row {rows:,} and column {columns:,}, though few are filled."
        raise refusal(
            "stray_cell", says, "Delete the rows and columns behind the table, or save it as CSV.", path.name
        )
    return errors


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8].upper():
        number = number * 26 + letter - 64
    return number
