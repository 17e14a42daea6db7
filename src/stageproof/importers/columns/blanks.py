"""Words that stand for a blank cell."""

from __future__ import annotations

import re

import polars as pl

BLANKS = frozenset(
    {
        "", "-", "--", "---", "–", "—", "none", "--none--", "-none-", "- none -", "-- none --", "(none)", "null",
        "(null)", "nil", "n/a", "#n/a", "n.a.", "n. a.", "select", "--select--", "-- select --", "- select -",
        "select...", "please select", "-- please select --", "(blank)", "blank", "\\n", "undefined",
    }
)  # fmt: skip
"""What people and systems write for nothing, in lower case. `Unknown` is a value, and `NA` a region."""

_ZERO_DATES = ("0000-00-00", "0000-00-00 00:00:00")
BLANK_VALUES = BLANKS | {"na", "unknown", "?", *_ZERO_DATES}
"""The same for dates, amounts, numbers and yes or no, where no word is a value."""

_LONGEST = max(len(word.encode()) for word in BLANK_VALUES)
_STARTS = "".join(sorted({word[0] for word in BLANK_VALUES - {"", *_ZERO_DATES}}))
_STARTS_BLANK = rf"(?i)^(?:[{re.escape(_STARTS)}]|0000|$)"


def blank_to_null(expr: pl.Expr, words: frozenset[str] = BLANKS) -> pl.Expr:
    """The trimmed text; null where it stands for nothing."""
    trimmed = expr.str.strip_chars()
    return pl.when(~trimmed.str.to_lowercase().is_in(sorted(words))).then(trimmed)


def without_blanks(texts: pl.Series, words: frozenset[str]) -> pl.Series:
    """The same for a column, faster: only what starts like a word for blank is looked at closely."""
    trimmed = _unescaped(texts.cast(pl.String).str.strip_chars())
    likely = trimmed.filter((trimmed.str.len_bytes() <= _LONGEST) & trimmed.str.contains(_STARTS_BLANK))
    spelled = [text for text in likely.unique() if text.lower() in words]
    if not spelled:
        return trimmed
    return trimmed.to_frame("text").select(pl.when(~pl.col("text").is_in(spelled)).then("text")).to_series()


def _unescaped(trimmed: pl.Series) -> pl.Series:
    """The texts without what keeps a spreadsheet from making numbers of them: ="00123" is 00123."""
    if not trimmed.str.starts_with('="').any():
        return trimmed
    return trimmed.str.replace(r'^="([^"]*)"$', "$1").str.strip_chars()


def value_text(column: pl.Series) -> pl.Series:
    """The cells of a column of values, trimmed; null where blank."""
    return without_blanks(column, BLANK_VALUES)
