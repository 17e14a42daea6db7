"""Corrections: cells of a sheet put right before anything is read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from stageproof.importers.mapping import FileMapping
from stageproof.importers.rows import Sheet


def put_right(sheet: Sheet, said: FileMapping) -> Sheet:
    """The sheet with the texts and cells that the mapping corrects; a single cell wins over a text."""
    columns = []
    for header in dict.fromkeys((*said.values, *said.cells)):
        name = f"c{sheet.columns.index(header)}" if header in sheet.columns else ""
        if name not in sheet.frame.columns:
            continue
        cell = pl.col(name)
        if texts := said.values.get(header):
            cell = _replaced(cell.str.strip_chars(), texts, cell)
        if rows := said.cells.get(header):
            cell = _replaced(pl.col("row"), rows, cell)
        columns.append(cell.alias(name))
    return replace(sheet, frame=sheet.frame.with_columns(columns)) if columns else sheet


def _replaced(key: pl.Expr, pairs: Mapping[Any, str], otherwise: pl.Expr) -> pl.Expr:
    """What the pairs say of the key; else what is there."""
    old, new = list(pairs), list(pairs.values())
    return key.replace_strict(old, pl.Series(new, dtype=pl.String), default=otherwise, return_dtype=pl.String)
