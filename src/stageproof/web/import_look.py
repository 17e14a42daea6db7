"""A look at the files of an upload: what each sheet is, some of its rows, and what is to be put right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from stageproof.actions.import_deals import ImportResult
from stageproof.engine.problem import Problem, Refused
from stageproof.importers.accounting import Rejected
from stageproof.importers.corrections import put_right
from stageproof.importers.files import read_whole_sheets, recognised_sheet
from stageproof.importers.intake import MAX_VALUE_SHOWN
from stageproof.importers.mapping import Mapping
from stageproof.importers.rows import Sheet

SAMPLES = 3
LONGEST = 60
MOST_FIXES = 200
MOST_STAGES = 60


def look_at(paths: Sequence[Path], mapping: Mapping) -> dict[str, Any]:
    """Each sheet with its columns and some cells, and the stages that the files name; problems of files unread."""
    sheets: list[dict[str, Any]] = []
    stages: dict[str, int] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            for read in read_whole_sheets(path, mapping):
                sheets.append(_looked_at(put_right(read, mapping.of(read.name)), mapping, stages))
        except Refused as refused:
            problems += refused.problems
    counted = sorted(stages.items(), key=lambda pair: -pair[1])[:MOST_STAGES]
    return {"sheets": sheets, "stages": counted, "problems": [problem.as_dict() for problem in problems]}


def found_by(result: ImportResult) -> dict[str, Any]:
    """What a look found besides its record: the cells to put right, and the duplicates to decide."""
    return {
        "fixes": fixes(result.rejected, result.problems),
        "rejected": len(result.rejected),
        "changes_anything": result.changes_anything,
        "likely_accounts": [
            {"name": name, "here": twin.name, "why": twin.why} for name, twin in result.likely_accounts
        ],
        "likely_deals": [{"deal": one, "here": other} for one, other in result.likely_deals],
    }


def fixes(rejected: Iterable[Rejected], problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """The cells that can be put right: those of rejected rows, then those left out of rows that are taken.

    Cells of a column that say the same are one line with their `count`.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for each in rejected:
        problem = each.problem
        if problem.column and problem.row is not None:
            key = (problem.source, problem.column, problem.value, problem.code)
            # Cells cut short may differ further on, and blank ones are each to be filled in their own way.
            apart = not problem.value or len(problem.value) >= MAX_VALUE_SHOWN
            line = found.setdefault(
                (*key, str(problem.row)) if apart else key,
                {**_cell(problem), "taken": False, "count": 0, "cells": _row(each)},
            )
            line["count"] += 1
    places = {(each.problem.source, each.problem.row, each.problem.column) for each in rejected}
    for problem in problems:
        place = (problem.source, problem.row, problem.column)
        if problem.column and problem.row is not None and problem.value and place not in places:
            found[(*map(str, place), problem.code)] = {
                **_cell(problem), "taken": True, "count": problem.count, "cells": [],
            }  # fmt: skip
    return list(found.values())[:MOST_FIXES]


def _cell(problem: Problem) -> dict[str, Any]:
    names = ("code", "says", "remedy", "source", "row", "column", "value")
    return {name: getattr(problem, name) for name in names}


def _row(each: Rejected) -> list[str]:
    """The first filled cells of the row, to know it by."""
    named = zip(each.columns, each.cells, strict=False)
    return [_short(cell) for header, cell in named if cell.strip() and header != each.problem.column][:3]


def _looked_at(sheet: Sheet, mapping: Mapping, stages: dict[str, int]) -> dict[str, Any]:
    found = recognised_sheet(sheet.name, sheet.columns, mapping)
    by_place = {} if found is None else {at: name for name, at in found.columns.items()}
    columns = [
        {
            "header": header,
            "field": by_place.get(at, ""),
            "samples": _samples(sheet.frame.get_column(f"c{at}")),
        }
        for at, header in enumerate(sheet.columns)
    ]
    if found is not None and found.table in ("deals", "history", "versions") and "stage" in found.columns:
        cells = sheet.frame.get_column(f"c{found.columns['stage']}").str.strip_chars()
        for text, count in cells.filter(cells != "").value_counts().iter_rows():
            stages[text] = stages.get(text, 0) + count
    return {
        "source": sheet.name,
        "rows": sheet.rows_read,
        "table": found.table if found else None,
        "says": f"{found.shape.system} {found.shape.name}" if found else "",
        "columns": columns,
        "fields": list(found.shape.columns) if found else [],
    }


def _samples(cells: pl.Series) -> list[str]:
    filled = cells.drop_nulls().str.strip_chars()
    return [_short(cell) for cell in filled.filter(filled != "").unique(maintain_order=True).head(SAMPLES)]


def _short(cell: str) -> str:
    plain = " ".join(cell.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
