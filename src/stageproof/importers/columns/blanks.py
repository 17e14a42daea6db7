"""Words that stand for a blank cell."""

from __future__ import annotations

import polars as pl

BLANKS = frozenset(
    {
        "", "-", "--", "---", "–", "—", "none", "--none--", "-none-", "- none -", "-- none --", "(none)", "null",
        "(null)", "nil", "n/a", "#n/a", "n.a.", "n. a.", "select", "--select--", "-- select --", "- select -",
        "select...", "please select", "-- please select --", "(blank)", "blank", "\\n", "undefined",
    }
)  # fmt: skip
"""What people and systems write for nothing, in lower case. `Unknown` is a value, and `NA` a region."""

BLANK_VALUES = BLANKS | {"na", "unknown", "?", "0000-00-00", "0000-00-00 00:00:00"}
"""The same for dates, amounts, numbers and yes or no, where no word is a value."""


def blank_to_null(expr: pl.Expr, words: frozenset[str] = BLANKS) -> pl.Expr:
    """The trimmed text; null where it stands for nothing."""
    trimmed = expr.str.strip_chars()
    return pl.when(~trimmed.str.to_lowercase().is_in(sorted(words))).then(trimmed)


def value_text(column: pl.Series) -> pl.Series:
    """The cells of a column of values, trimmed; null where blank."""
    frame = column.cast(pl.String).to_frame("text")
    return frame.select(blank_to_null(pl.col("text"), BLANK_VALUES)).to_series()
