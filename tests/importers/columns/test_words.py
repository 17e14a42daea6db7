"""Columns of text, yes or no, and whole numbers."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.importers.columns import (
    BLANK_VALUES,
    BLANKS,
    blank_to_null,
    read_texts,
    read_whole,
    read_yes_no,
)


def texts(cells: list[str | None]) -> list[str | None]:
    values: list[str | None] = read_texts(pl.Series("Name", cells, dtype=pl.String)).to_list()
    return values


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  Acme \t Corp ", "Acme Corp"),
        ("one\r\n two \n\nthree", "one\ntwo\n\nthree"),
        ("one\rtwo", "one\ntwo"),
        ("Acme\u00a0Corp", "Acme Corp"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("\x1b[31mred\x00", "[31mred"),
        ("=1+1", "=1+1"),
        ("Unknown", "Unknown"),
        ("NA", "NA"),
        ("None of them", "None of them"),
    ],
)
def test_texts_are_tidied_and_nothing_more(cell: str, text: str) -> None:
    assert texts([cell, None]) == [text, None]


@pytest.mark.parametrize("word", sorted(BLANKS))
@pytest.mark.parametrize("spell", [str, str.upper, str.title])
def test_every_word_for_blank_is_null(word: str, spell: type[str]) -> None:
    cell = f" {spell(word)} "
    assert texts([cell, "x"]) == [None, "x"]
    frame = pl.DataFrame({"a": [cell, " x "]}, schema={"a": pl.String})
    assert frame.select(blank_to_null(pl.col("a"))).to_series().to_list() == [None, "x"]


@pytest.mark.parametrize("word", sorted(BLANK_VALUES))
def test_words_for_blank_are_no_bad_values(word: str) -> None:
    cells = pl.Series([word.upper(), "1"])
    for column in (read_yes_no(cells), read_whole(cells)):
        assert column.values.is_null().to_list() == [True, False]
        assert column.bad.to_list() == [False, False]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=5))
def test_tidying_twice_changes_nothing(cells: list[str]) -> None:
    once = texts(list(cells))
    assert texts(once) == once
    assert all(text is None or (unicodedata.is_normalized("NFC", text) and text) for text in once)


def test_many_texts_read_as_few() -> None:
    cells = ["Discovery", " Won ", "-", "a  b", None] * 1_000
    assert texts(list(cells)) == ["Discovery", "Won", None, "a b", None] * 1_000
    series = read_texts(pl.Series("Stage", cells, dtype=pl.String))
    assert series.name == "Stage"


def test_yes_and_no() -> None:
    cells = [
        "TRUE",
        "true",
        "Yes",
        "y",
        "1",
        "x",
        "ja",
        "FALSE",
        "no",
        "N",
        "0",
        "off",
        "maybe",
        "2",
        None,
        "",
    ]
    column = read_yes_no(pl.Series("Won", cells, dtype=pl.String))
    assert column.values.to_list() == [True] * 7 + [False] * 5 + [None] * 4
    assert column.bad.to_list() == [False] * 12 + [True, True, False, False]


def test_whole_numbers() -> None:
    cells = [
        "12",
        "+12",
        "-12",
        "12.0",
        "12.",
        "1,234",
        "1 234 567",
        "1.5",
        "1e3",
        "1,23",
        "9" * 19,
        "x",
        "",
        None,
    ]
    column = read_whole(pl.Series("Age", cells, dtype=pl.String))
    assert column.values.to_list() == [12, 12, -12, 12, 12, 1_234, 1_234_567] + [None] * 7
    assert column.bad.to_list() == [False] * 7 + [True] * 5 + [False] * 2
