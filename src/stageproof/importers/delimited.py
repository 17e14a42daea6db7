"""Delimited text into rows: clean blocks at full speed, odd ones record by record.

A block that a regular expression (or, without quotes, a count of bytes) proves regular goes through Polars.
Any other is read by `records`, which names each bad row; the next block starts afresh. Both ways give the
same cells.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

import polars as pl

from stageproof.engine.problem import Problem, Refused
from stageproof.importers.encoding import Utf8Text
from stageproof.importers.limits import MAX_CELL, MAX_LINE
from stageproof.importers.records import ENDLESS, Record, records
from stageproof.importers.rows import empty_frame
from stageproof.importers.tally import Tally, is_blank

BLOCK = 32 * 1024**2
"""Bytes read at a time."""
_REPLACEMENT = "\ufffd"
_NUL = "\0"


class DelimitedReader:
    """Turns the text after a header into frames of the wanted columns."""

    def __init__(self, text: Utf8Text, delimiter: str, tally: Tally, positions: list[int], row: int) -> None:
        self._text = text
        self._delimiter = delimiter
        self._tally = tally
        self._positions = positions
        self._next_row = row
        self._schema = {f"c{at}": pl.String for at in range(tally.width)}
        mark = re.escape(delimiter)
        cell = rf'(?:"(?:[^"]|"")*"|[^"{mark}\r\n]*)'
        self._regular = rf"\A(?:{cell}(?:{mark}{cell}){{{tally.width - 1}}}\r?(?:\n|\z))*\z"

    def frames(self, pending: bytes, *, block: int, progress: Callable[[], None]) -> Iterator[pl.DataFrame]:
        """One frame per block, `pending` being what was read of the text already."""
        at_end = False
        while pending or not at_end:
            if not at_end:
                more = self._text.read(block)
                at_end = not more
                pending += more
            self._check_line(pending)
            end = len(pending) if at_end else _record_end(pending)
            if not end:
                continue
            frame = self._fast(pending[:end])
            if frame is None:
                frame, end = self._careful(pending[:end], at_end=at_end)
            yield frame
            pending = pending[end:]
            progress()

    def _fast(self, block: bytes) -> pl.DataFrame | None:
        """The block's rows if it is regular throughout."""
        if b"\0" in block or block.startswith(b"\xef\xbb\xbf"):
            return None
        if self._text.encoding != "utf-8" and _REPLACEMENT.encode() in block:
            return None
        if not block.endswith(b"\n"):
            # Where the file ends without a line end, Polars overlooks one cell too many that is blank.
            block += b"\n"
        quoted = b'"' in block
        returns = block.count(b"\r")
        if not quoted and returns and returns != block.count(b"\r\n"):
            return None
        try:
            if quoted and not _matches(block, self._regular):
                return None
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=self._schema,
                separator=self._delimiter,
                quote_char='"' if quoted else None,
                empty_string_is_null=False,
            )
        except pl.exceptions.PolarsError:
            return None
        length, longest = _lengths(frame)
        if longest > MAX_CELL:
            return None
        # Polars refuses a row with too many cells and fills up one with too few: then bytes are missing.
        marks = frame.height * self._tally.width + returns
        if not quoted and length + marks != len(block):
            return None
        return self._keep(self._numbered(frame))

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        start = self._next_row
        self._next_row += frame.height
        rows = pl.int_range(start, start + frame.height, dtype=pl.Int64, eager=True).alias("row")
        return frame.with_columns(rows)

    def _keep(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that hold anything, in the wanted columns."""
        names = list(self._schema)
        blank = frame.filter(pl.col("c0").str.strip_chars() == "")
        if blank.height:
            blank = blank.filter(pl.all_horizontal(pl.col(names).str.strip_chars() == ""))
        if blank.height:
            self._tally.blank += blank.height
            frame = frame.filter(~pl.col("row").is_in(blank["row"].implode()))
        for *cells, row in frame.tail(self._tally.tail.maxlen or 0).select(*names, "row").iter_rows():
            self._tally.tail.append((row, tuple(cells)))
        return frame.select(*(f"c{at}" for at in self._positions), "row")

    def _careful(self, block: bytes, *, at_end: bool) -> tuple[pl.DataFrame, int]:
        """The block's rows one by one, and how many bytes were read."""
        lines = io.BytesIO(block).readlines()
        texts = [_decoded(line) for line in lines]
        columns: list[list[str]] = [[] for _ in self._positions]
        rows: list[int] = []
        consumed = 0
        for record in records([text for text, _ in texts], self._delimiter):
            if record.fault == "open_quote" and not at_end:
                break
            consumed = record.after
            cells = self._accepted(record, [how for _, how in texts[record.start : record.after]])
            if cells is not None:
                rows.append(self._next_row)
                for column, at in zip(columns, self._positions, strict=True):
                    column.append(cells[at])
                self._tally.tail.append((self._next_row, tuple(cells)))
            self._next_row += 1
        frame = empty_frame(self._positions)
        if rows:
            data = {f"c{at}": column for at, column in zip(self._positions, columns, strict=True)}
            frame = pl.DataFrame({**data, "row": rows}, schema=frame.schema)
        return frame, sum(map(len, lines[:consumed]))

    def _accepted(self, record: Record, decoded: list[str]) -> list[str] | None:
        """The cells of a good record; a bad one goes to the tally."""
        tally, row, cells = self._tally, self._next_row, record.cells
        if record.fault in ENDLESS:
            raise Refused([open_quote(tally.source, row, cells[0])])
        if "bad" in decoded or (
            self._text.encoding != "utf-8" and any(_REPLACEMENT in cell for cell in cells)
        ):
            says = "The row has bytes that are no text in the encoding of the file."
            tally.reject(row, cells, "undecodable", says, "Save the file as UTF-8 and export it again.")
        elif record.fault:
            tally.reject(row, cells, record.fault, *_FAULTS[record.fault])
        elif is_blank(cells):
            tally.blank += 1
        elif any(_NUL in cell for cell in cells):
            says = "The row has a NUL byte in it."
            tally.reject(row, cells, "nul_byte", says, "Remove the byte, or export the file again.")
        elif len(cells) != tally.width:
            tally.reject_width(row, cells)
        else:
            if "cp1252" in decoded:
                tally.repaired.append(row)
            return cells
        return None

    def _check_line(self, pending: bytes) -> None:
        """Refuses a last line too long to wait for its end."""
        if len(pending) - pending.rfind(b"\n") > MAX_LINE:
            row = self._next_row + pending.count(b"\n")
            says = f"The line of row {row} or so is longer than {MAX_LINE // 1024**2} MiB."
            remedy = "This looks like no table; export it again with one row per line."
            raise Refused([Problem("line_too_long", says, remedy, self._tally.source, row)])


_FAULTS = {
    "stray_quote": (
        "A quote inside the cell is not doubled.",
        'Write "" for each quote inside a quoted cell.',
    ),
    "bare_return": (
        "The row has a bare carriage return outside quotes.",
        "Put quotes around the cell, or use one kind of line end throughout.",
    ),
    "long_cell": (
        f"A cell is longer than {MAX_CELL // 1024**2} MiB.",
        "Shorten the cell, or leave its column out of the export.",
    ),
}


def open_quote(source: str, row: int, text: str) -> Problem:
    """Says where the quote opens that never closes."""
    says = f"A quote opens in row {row} and never closes (a cell may be {MAX_CELL // 1024**2} MiB long)."
    remedy = "Close the quote, or double it where it belongs to the text."
    return Problem("unclosed_quote", says, remedy, source=source, row=row, value=text[:80])


def _decoded(line: bytes) -> tuple[str, str]:
    """The line as text, and how it was decoded: utf-8, cp1252 or bad."""
    try:
        return line.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace"), "bad"


def _record_end(pending: bytes) -> int:
    """Where the last whole record ends, as far as quotes tell; 0 without a line."""
    last = end = pending.rfind(b"\n") + 1
    odd = pending.count(b'"', 0, end) % 2
    while odd and end and last - end < MAX_CELL:
        before = pending.rfind(b"\n", 0, end - 1) + 1
        odd ^= pending.count(b'"', before, end) % 2
        end = before
    return last if odd or not end else end


def _matches(block: bytes, pattern: str) -> bool:
    """Whether the whole block is as the pattern says; its halves are looked at side by side."""
    half = _record_end(block[: len(block) // 2])
    parts = [
        pl.LazyFrame({"text": [part]}, schema={"text": pl.Binary}) for part in (block[:half], block[half:])
    ]
    fits = pl.col("text").cast(pl.String).str.contains(pattern)
    return all(frame.item() for frame in pl.collect_all([part.select(fits) for part in parts]))


def _lengths(frame: pl.DataFrame) -> tuple[int, int]:
    """Bytes of all cells, and of the longest."""
    if not frame.height:
        return 0, 0
    sizes = pl.all().str.len_bytes()
    total = pl.sum_horizontal(sizes.cast(pl.Int64).sum()).alias("total")
    return frame.select(total, pl.max_horizontal(sizes.max()).alias("longest")).row(0)
