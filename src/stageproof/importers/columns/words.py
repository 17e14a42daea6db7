"""Columns of text, of yes or no, and of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stageproof.importers.columns.blanks import BLANKS, value_text, without_blanks
from stageproof.importers.columns.distinct import by_distinct

_YES = (
    "true",
    "t",
    "yes",
    "y",
    "1",
    "1.0",
    "x",
    "on",
    "checked",
    "ja",
    "oui",
    "si",
    "sí",
    "sim",
    "wahr",
    "vrai",
    "✓",
)
_NO = ("false", "f", "no", "n", "0", "0.0", "off", "unchecked", "nein", "non", "não", "falsch", "faux")
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_GROUPED = r"^[+-]?\d{1,3}(?:[,' \u{a0}\u{202f}]\d{3})+$"
_WHOLE = r"^[+-]?\d{1,18}(?:\.0*)?$"


@dataclass(frozen=True)
class YesNoColumn:
    """Booleans, null where blank or bad; `bad` marks what is neither yes nor no."""

    values: pl.Series
    bad: pl.Series


@dataclass(frozen=True)
class WholeColumn:
    """Integers, null where blank or bad; `bad` marks what is no whole number."""

    values: pl.Series
    bad: pl.Series


def read_texts(column: pl.Series) -> pl.Series:
    """The cells trimmed, composed (NFC), with single spaces and their line breaks; null where blank."""
    texts = column.cast(pl.String).to_frame("text")
    return by_distinct(texts, _cleaned).to_series().alias(column.name)


def _cleaned(texts: pl.DataFrame) -> pl.DataFrame:
    text = texts.to_series()
    if text.str.contains(_CONTROLS + r"|\s\s|[\t\r\u{a0}]").any():
        text = text.str.replace_all("\r\n?", "\n").str.replace_all(_CONTROLS, "")
        text = text.str.replace_all(r"[^\S\n]+", " ").str.replace_all(r" ?\n ?", "\n")
    if (text.str.len_bytes() != text.str.len_chars()).any():
        text = text.str.normalize("NFC")
    return without_blanks(text, BLANKS).to_frame("text")


def read_yes_no(column: pl.Series) -> YesNoColumn:
    """True, false or null for each cell."""
    text = value_text(column).str.to_lowercase()
    frame = text.to_frame("text").with_columns(
        pl.when(pl.col("text").is_in(_YES))
        .then(True)
        .when(pl.col("text").is_in(_NO))
        .then(False)
        .alias("value")
    )
    values = frame.get_column("value").alias(column.name)
    return YesNoColumn(values, text.is_not_null() & values.is_null())


def read_whole(column: pl.Series) -> WholeColumn:
    """The whole number of each cell; `12.0` is one, `1.5` is not."""
    text = value_text(column)
    frame = text.to_frame("text").with_columns(
        pl.when(pl.col("text").str.contains(_GROUPED))
        .then(pl.col("text").str.replace_all(r"[^\d+-]", ""))
        .when(pl.col("text").str.contains(_WHOLE))
        .then(pl.col("text").str.replace(r"\..*$", ""))
        .str.strip_prefix("+")
        .cast(pl.Int64, strict=False)
        .alias("value")
    )
    values = frame.get_column("value").alias(column.name)
    return WholeColumn(values, text.is_not_null() & values.is_null())
