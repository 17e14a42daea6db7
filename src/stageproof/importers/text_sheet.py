"""A text with delimiters into a sheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from stageproof.engine.problem import Problem, Refused
from stageproof.importers.account import account_for
from stageproof.importers.delimited import BLOCK, DelimitedReader, open_quote
from stageproof.importers.encoding import HEAD, LETTERS, NAMES, Utf8Text, binary_kind, detect, is_old_mac
from stageproof.importers.layout import Layout, check_header, find_layout
from stageproof.importers.limits import HEADER_SEARCH
from stageproof.importers.records import ENDLESS
from stageproof.importers.rows import Sheet, Wanted, empty_frame, refusal, wanted_positions
from stageproof.importers.tally import Tally

_EXPORT_AS = "Export the table as CSV in UTF-8, or save it as an Excel workbook (.xlsx)."


def read_text(
    path: Path,
    head: bytes,
    *,
    progress: Callable[[float], None] | None = None,
    wanted: Wanted | None = None,
    only: Sequence[int] | None = None,
    block: int = BLOCK,
    said: str | None = None,
) -> Sheet:
    """The table of a text file, `head` being its first bytes; with the rows of `only` where given.

    `said` is its encoding where it is neither UTF-8 nor UTF-16, and nobody need guess.
    """
    source = path.name
    if kind := binary_kind(head):
        raise refusal("binary_file", f"The file is {kind}, not a table.", _EXPORT_AS, source)
    if path.suffix.lower() == ".json":
        raise refusal("json_file", "The file is JSON, not a table.", _EXPORT_AS, source)
    encoding, skip = detect(head, said)
    size = max(path.stat().st_size, 1)
    with Utf8Text(path, encoding, skip=skip, old_mac=is_old_mac(head, encoding)) as text:
        start = text.read(HEAD)
        layout, offset = _layout(source, start, whole=text.taken >= size, tabs=path.suffix.lower() == ".tsv")
        tally = Tally(source, len(layout.header))
        positions = wanted_positions(layout.header, wanted)

        def report() -> None:
            if progress is not None:
                progress(min(text.taken / size, 1.0))

        reader = DelimitedReader(text, layout.delimiter, tally, positions, layout.row + 1)
        frames = [empty_frame(positions)]
        for frame in reader.frames(start[offset:], block=block, progress=report):
            frames.append(frame if only is None else frame.filter(pl.col("row").is_in(list(only))))
    whole = pl.concat(frames, rechunk=False)
    notes = [_guessed(source, encoding)] if said is None and encoding in NAMES else []
    return account_for(path, layout, whole, tally, encoding=encoding, notes=notes, partial=only is not None)


def _layout(source: str, start: bytes, *, whole: bool, tabs: bool) -> tuple[Layout, int]:
    """The layout of a text, and how many bytes its header ends after."""
    known = start if whole else start[: start.rfind(b"\n") + 1]
    lines = io.BytesIO(known).readlines()
    layout = find_layout([line.decode("utf-8", "replace") for line in lines], tabs_likely=tabs)
    if layout.fault_row is not None:
        text = lines[min(layout.fault_row, len(lines)) - 1].decode("utf-8", "replace").strip()
        if layout.fault in ENDLESS:
            raise Refused([open_quote(source, layout.fault_row, text)])
        says = f"Row {layout.fault_row}, at or before the header, has a quote that is not doubled."
        raise refusal("bad_header", says, "Write the names of the columns without quotes.", source)
    if not layout.header:
        says = f"No row of the first {HEADER_SEARCH} looks like the header of a table."
        raise refusal("no_header", says, "Put the names of the columns into the first row.", source)
    check_header(source, layout.header)
    return layout, sum(map(len, lines[: layout.lines]))


def _guessed(source: str, encoding: str) -> Problem:
    says = f"The file is not UTF-8; it was read as {NAMES[encoding]}, {LETTERS[encoding]}."
    remedy = (
        'If letters look wrong, name its encoding: --encoding, encoding = "..." in the mapping file, or "Letters" on '
        "the import page; windows-1250 for Polish or Czech, windows-1254 for Turkish. Or save it as UTF-8."
    )
    return Problem("encoding_guessed", says, remedy, source=source)
