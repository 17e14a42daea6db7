"""How a table is laid out: the delimiter of a text, and where the header is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil

from stageproof.importers.limits import HEADER_SEARCH, MAX_COLUMNS
from stageproof.importers.records import Fault, Record, records
from stageproof.importers.rows import refusal

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 200
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_NUMBER_OR_DATE = re.compile(r"[\s$€£¥₹(+-]*\d[\d\s.,:/'%TZ+-]*[)€%]?\s*")


@dataclass(frozen=True)
class Layout:
    """Where a table's rows begin: `row` is the header's row, `lines` the lines of text up to its end.

    `titles` are the rows above the header. `fault_row` is a faulty record found before any header.
    """

    delimiter: str
    header: tuple[str, ...] = ()
    row: int = 0
    lines: int = 0
    titles: tuple[str, ...] = ()
    fault: Fault = ""
    fault_row: int | None = None


def find_layout(lines: Sequence[str], *, tabs_likely: bool = False) -> Layout:
    """The layout that the first lines agree on; the header is empty where there is none."""
    first = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if first:
        read = list(islice(records(lines[1:], first[1]), _SAMPLE))
        return _layout(read, first[1], skipped=1)
    read_as = {mark: list(islice(records(lines, mark), _SAMPLE)) for mark in DELIMITERS}
    scores = {mark: _score(read) for mark, read in read_as.items()}
    if tabs_likely and scores["\t"] > 0:
        best = "\t"
    else:
        best = max(DELIMITERS, key=lambda mark: scores[mark])
    return _layout(read_as[best], best, skipped=0)


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row is the header: the first as filled as the body whose cells are texts."""
    width = _usual_width(rows)
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    searched = range(min(len(rows), HEADER_SEARCH))
    texts = [at for at in searched if not any(_NUMBER_OR_DATE.fullmatch(cell) for cell in rows[at])]
    # Titles fill a cell or two. Headers may have gaps, or be years: the strictest rule that a row meets
    # holds.
    for candidates, share in ((texts, 0.75), (texts, 0.5), (searched, 0.5)):
        least = max(1, min(2, width), ceil(width * share))
        found = next((at for at in candidates if filled[at] >= least), None)
        if found is not None:
            return found
    return None


def header_names(cells: Sequence[str]) -> tuple[str, ...]:
    """The headers as written, without a byte order mark and the space around them."""
    return tuple(cell.strip().strip("\ufeff").strip() for cell in cells)


def check_header(source: str, header: Sequence[str]) -> None:
    """Refuses too many columns, and two of one name."""
    if len(header) > MAX_COLUMNS:
        says = f"The file has {len(header):,} columns; the limit is {MAX_COLUMNS:,}."
        raise refusal("too_many_columns", says, "Export the columns that you need.", source)
    places: dict[str, list[int]] = {}
    for at, name in enumerate(header, 1):
        if name:
            places.setdefault(name.casefold(), []).append(at)
    twice = [
        f"“{header[found[0] - 1]}” in columns {', '.join(map(str, found[:-1]))} and {found[-1]}"
        for found in places.values()
        if len(found) > 1
    ]
    if twice:
        says = f"The header has the same name more than once: {'; '.join(twice[:10])}."
        raise refusal("duplicate_headers", says, "Rename or remove all but one of each.", source)


def _layout(read: Sequence[Record], delimiter: str, *, skipped: int) -> Layout:
    whole = [at for at, record in enumerate(read) if not record.fault]
    found = find_header([read[at].cells for at in whole])
    at = len(read) if found is None else whole[found]
    faulty = next((number for number, record in enumerate(read[:at]) if record.fault), None)
    if faulty is not None:
        return Layout(delimiter, fault=read[faulty].fault, fault_row=faulty + 1 + skipped)
    if found is None:
        return Layout(delimiter)
    titles = tuple(text for record in read[:at] if (text := " ".join(record.cells).strip()))
    return Layout(delimiter, header_names(read[at].cells), at + 1 + skipped, read[at].after + skipped, titles)


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    # Of two equally frequent widths the wider is the table's; titles and footers are narrow.
    return max(widths, key=lambda width: (widths[width], width), default=0)


def _score(read: Sequence[Record]) -> float:
    """How well the rows agree on a width above one, weighed with that width."""
    rows = [record.cells for record in read if any(cell.strip() for cell in record.cells)]
    width = _usual_width(rows)
    if width < 2:
        return 0.0
    agreeing = sum(1 for row in rows if len(row) == width) / len(rows)
    # A mark that is only in cells (lists, decimal commas) is missing from the header, most files' first row.
    led = 1.0 if len(rows[0]) == width else 0.1
    return led * agreeing**4 * (width - 1)
