"""Columns of text into values: dates, instants, amounts, whole numbers, yes or no."""

from __future__ import annotations

from stageproof.importers.columns.amounts import AmountColumn, read_amounts
from stageproof.importers.columns.blanks import BLANK_VALUES, BLANKS, blank_to_null
from stageproof.importers.columns.cells import bad_cells
from stageproof.importers.columns.dates import DateColumn, Order, read_dates
from stageproof.importers.columns.words import (
    WholeColumn,
    YesNoColumn,
    read_texts,
    read_whole,
    read_yes_no,
)

__all__ = [
    "BLANKS",
    "BLANK_VALUES",
    "AmountColumn",
    "DateColumn",
    "Order",
    "WholeColumn",
    "YesNoColumn",
    "bad_cells",
    "blank_to_null",
    "read_amounts",
    "read_dates",
    "read_texts",
    "read_whole",
    "read_yes_no",
]
