"""The account of a sheet that was read: what was taken, put aside and noted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from stageproof.engine.problem import Problem, Refused
from stageproof.importers.layout import Layout
from stageproof.importers.rows import Sheet, refusal
from stageproof.importers.tally import TOTALS, Tally, is_footer


def account_for(
    path: Path,
    layout: Layout,
    frame: pl.DataFrame,
    tally: Tally,
    *,
    encoding: str,
    notes: Sequence[Problem] = (),
    partial: bool = False,
) -> Sheet:
    """The sheet; refused where no row is left, unless only part of it was asked for."""
    footers = tally.footers()
    if footers:
        frame = frame.filter(~pl.col("row").is_in(footers))
    frame = _without_repeats(_without_totals(frame, layout, tally), layout, tally)
    rejected = tuple(sorted(tally.rejected, key=lambda each: each.row))
    if not frame.height and not partial:
        _refuse_without_rows(tally)
    return Sheet(
        name=tally.source,
        columns=layout.header,
        frame=frame,
        encoding=encoding,
        delimiter=layout.delimiter,
        rows_read=frame.height + len(rejected),
        rejected=rejected,
        problems=(*notes, *_notes(layout, tally)),
        blank_rows=tally.blank,
        path=path,
    )


def _without_totals(frame: pl.DataFrame, layout: Layout, tally: Tally) -> pl.DataFrame:
    """The rows without those in the middle that sum others up; their cells are those read."""
    cells = [name for name in frame.columns if name != "row"]
    if cells[:1] != ["c0"] or not (lines := frame.filter(pl.col("c0").str.contains(TOTALS))).height:
        return frame
    found = {
        row: texts for *texts, row in lines.select(*cells, "row").rows() if is_footer(texts, width=len(cells))
    }
    for row, texts in found.items():
        at = dict(zip(cells, texts, strict=True))
        tally.reject_footer(row, [at.get(f"c{place}", "") for place in range(len(layout.header))])
    return frame.filter(~pl.col("row").is_in(list(found)))


def _without_repeats(frame: pl.DataFrame, layout: Layout, tally: Tally) -> pl.DataFrame:
    """The rows without those that say the header again."""
    places = [int(name[1:]) for name in frame.columns if name != "row"]
    if len(places) < 2:
        return frame
    again = frame.filter(
        pl.all_horizontal(pl.col(f"c{at}").str.strip_chars() == layout.header[at] for at in places)
    )["row"]
    for row in again:
        tally.reject_header(row, layout.header)
    return frame.filter(~pl.col("row").is_in(again.implode())) if len(again) else frame


def _refuse_without_rows(tally: Tally) -> None:
    data = [each for each in tally.rejected if each.problem.code != "footer"]
    if not data:
        says = "There is a header and no row under it."
        raise refusal("no_rows", says, "Export the table with its rows.", tally.source)
    count = len(data)
    says = f"Nothing is left: {'the only row was' if count == 1 else f'all {count:,} rows were'} rejected."
    first = Problem("nothing_left", says, "Mend them as said below.", tally.source, count=count)
    raise Refused([first, *(each.problem for each in data[:10])])


def _notes(layout: Layout, tally: Tally) -> list[Problem]:
    notes = []
    if layout.titles:
        above = "; ".join(layout.titles)[:200]
        says = f"The header was found in row {layout.row}; the lines above it are not data."
        notes.append(Problem("header_below", says, source=tally.source, row=layout.row, value=above))
    for at in (at for at, name in enumerate(layout.header, 1) if not name):
        says = f"Column {at} has no name and is left out."
        notes.append(Problem("unnamed_column", says, "Name it in the header.", tally.source, layout.row))
    if tally.repaired:
        says = "The row is not UTF-8, as the rest of the file is; it was read as Windows-1252."
        first, count = tally.repaired[0], len(tally.repaired)
        remedy = "Save the file as UTF-8 if letters look wrong."
        notes.append(Problem("mixed_encoding", says, remedy, tally.source, first, count=count))
    return notes
