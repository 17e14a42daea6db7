"""Records of delimited text, one by one, with the fault of each bad one."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from stageproof.importers.limits import MAX_CELL

Fault = Literal["", "open_quote", "stray_quote", "bare_return", "long_cell", "endless_quote"]

_FAULTS: tuple[tuple[str, Fault], ...] = (
    ("unexpected end of data", "open_quote"),
    ("new-line character", "bare_return"),
    ("field larger", "long_cell"),
)

ENDLESS = ("open_quote", "endless_quote")


class Record(NamedTuple):
    """One record: cells of lines `start` up to `after`, or the text of a faulty line."""

    start: int
    after: int
    cells: list[str]
    fault: Fault


class _Feed:
    """Lines for the parser, which may be set back."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.at >= len(self.lines):
            raise StopIteration
        line = self.lines[self.at]
        self.at += 1
        return line


def records(lines: Sequence[str], delimiter: str) -> Iterator[Record]:
    """Each record in order; after a fault reading goes on at the next line, so that nothing is swallowed.

    `open_quote` is the last record: its quote is open where the lines end. `endless_quote` is the last too:
    its quote stays open beyond the limit of a cell, which no reading further will mend.
    """
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield from _records(_Feed(lines), delimiter)
    finally:
        csv.field_size_limit(before)


def _records(feed: _Feed, delimiter: str) -> Iterator[Record]:
    parser = csv.reader(feed, delimiter=delimiter, strict=True)
    while feed.at < len(feed.lines):
        start = feed.at
        try:
            cells = next(parser)
        except csv.Error as error:
            fault = _fault(error, feed.at - start)
            # A quote left open may have run over many good lines: they are read again, each for itself.
            feed.at = feed.at if fault in ENDLESS else start + 1
            yield Record(start, feed.at, [feed.lines[start].rstrip("\r\n")], fault)
            if fault in ENDLESS:
                return
        else:
            yield Record(start, feed.at, cells, "")


def _fault(error: csv.Error, lines: int) -> Fault:
    says = str(error)
    fault: Fault = next((name for text, name in _FAULTS if says.startswith(text)), "stray_quote")
    return "endless_quote" if fault == "long_cell" and lines > 1 else fault
