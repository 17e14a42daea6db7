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
    frame, named_once = _without_totals(frame, layout, tally)
    frame = _without_repeats(frame, layout, tally)
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
        problems=(*notes, *_notes(layout, tally), *([_groups(layout, tally)] if named_once else [])),
        blank_rows=tally.blank,
        path=path,
    )


def _groups(layout: Layout, tally: Tally) -> Problem:
    says = "Each group is named on its first row alone; the rows below are taken to be of it, up to its sum."
    return Problem("groups_named_once", says, source=tally.source, column=layout.header[0])


def _without_totals(frame: pl.DataFrame, layout: Layout, tally: Tally) -> tuple[pl.DataFrame, bool]:
    """The rows without those in the middle that sum others up; their cells are those read.

    Where a report names each group but once, above its sum, its rows below bear the name too, which is told.
    """
    cells = [name for name in frame.columns if name != "row"]
    if cells[:1] != ["c0"] or not frame["c0"].str.contains(TOTALS).any():
        return frame, False
    said = pl.coalesce(_filled("c0"), _filled(cells[min(1, len(cells) - 1)])).str.contains(TOTALS)
    found = {
        row: texts
        for *texts, row in frame.filter(said).select(*cells, "row").rows()
        if is_footer([text for at, text in enumerate(texts) if at or text.strip()], width=len(cells))
    }
    for row, texts in found.items():
        at = dict(zip(cells, texts, strict=True))
        tally.reject_footer(row, [at.get(f"c{place}", "") for place in range(len(layout.header))])
    return _named_once(frame.with_columns(pl.col("row").is_in(list(found)).alias("_sum")))


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name))


def _named_once(frame: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Without the rows of sums; whether names of groups stand only on the first row of each, then filled down."""
    begins = pl.col("_sum").shift(1, fill_value=True) & ~pl.col("_sum")
    kept = frame.with_columns(begins.alias("_begins")).filter(~pl.col("_sum"))
    named = _filled("c0").is_not_null()
    groups = kept["_begins"].sum()
    once = 0 < groups < kept.height and bool(kept.select((named == pl.col("_begins")).all()).item())
    filled = kept.with_columns(_filled("c0").forward_fill().alias("c0")) if once else kept
    return filled.drop("_sum", "_begins"), once


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
