"""CSV that leaves here: no cell and no heading of it runs in a spreadsheet, and negative numbers stay numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from stageproof.cli.export import harmless_texts
from stageproof.importers.rejects import harmless
from stageproof.web.exports import as_csv

RUNS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", "\u00a0=1", "\ufeff=1", "\x00=1", "\u2003\t@x",
    "＝1+1", "＋1", "－1+1", "＠x", "=cmd|'/c calc'!A0", '=HYPERLINK("https://evil.example")', "-2+3+cmd", "--1", "\tx",
]  # fmt: skip
STAYS = [
    "-1",
    "-1,234.56",
    "-0",
    "1e5",
    "12",
    "a=b",
    "x-1",
    "Ann Archer",
    "",
    "2026-06-30",
    "ann@northwind.example",
]


def page(frame: pl.DataFrame, _folder: Path) -> bytes:
    return b"".join(as_csv(frame, "x").streaming_content)  # type: ignore[arg-type]


def command(frame: pl.DataFrame, folder: Path) -> bytes:
    with (folder / "x.csv").open("wb") as file:
        harmless_texts(frame).write_csv(file)
    return (folder / "x.csv").read_bytes()


DOORS = {"page": page, "command": command}


@pytest.mark.parametrize("door", DOORS)
def test_every_cell_and_heading_that_would_run_is_made_text(door: str, tmp_path: Path) -> None:
    write: Callable[[pl.DataFrame, Path], bytes] = DOORS[door]
    frame = pl.DataFrame({"deal": RUNS + STAYS, "=1+1": RUNS + STAYS, "@x": ["y"] * len(RUNS + STAYS)})
    rows = list(csv.reader(io.StringIO(write(frame, tmp_path).decode(), newline="")))
    assert rows[0] == ["deal", "'=1+1", "'@x"]
    for at, text in enumerate(RUNS, 1):
        assert rows[at][:2] == [f"'{text}"] * 2, text
    for at, text in enumerate(STAYS, 1 + len(RUNS)):
        assert rows[at][:2] == [text] * 2, text


def test_a_cell_is_made_harmless_once() -> None:
    assert [harmless(harmless(text)) for text in RUNS] == [f"'{text}" for text in RUNS]
