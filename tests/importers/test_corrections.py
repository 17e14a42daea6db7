"""Cells put right by the mapping: by their row, or wherever they say the same."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from stageproof.engine.problem import Refused
from stageproof.importers import import_files, read_mapping
from stageproof.importers.corrections import put_right
from stageproof.importers.mapping import FileMapping
from stageproof.importers.rows import Sheet

SHEET = Sheet(
    "a.csv",
    ("Id", "Stage"),
    pl.DataFrame({"c0": ["1", "2", "3"], "c1": ["x", " x ", "y"], "row": [2, 3, 5]}),
    "utf-8",
    ",",
    3,
    (),
    (),
)


@pytest.mark.parametrize(
    ("said", "stages"),
    [
        (FileMapping(), ["x", " x ", "y"]),
        (FileMapping(cells={"Stage": {5: "z"}}), ["x", " x ", "z"]),
        (FileMapping(cells={"Stage": {4: "z"}}), ["x", " x ", "y"]),
        (FileMapping(values={"Stage": {"x": ""}}), ["", "", "y"]),
        (FileMapping(cells={"Stage": {2: "q"}}, values={"Stage": {"x": "z"}}), ["q", "z", "y"]),
        (FileMapping(cells={"Other": {2: "q"}}), ["x", " x ", "y"]),
    ],
)
def test_cells_and_texts_are_put_right(said: FileMapping, stages: list[str]) -> None:
    frame = put_right(SHEET, said).frame
    assert frame["c1"].to_list() == stages
    assert frame["c0"].to_list() == ["1", "2", "3"]


def test_a_mapping_file_puts_cells_right(tmp_path: Path) -> None:
    deals, mapping = tmp_path / "deals.csv", tmp_path / "mapping.toml"
    deals.write_text("Deal ID,Stage,Amount\nD-1,Discovery,tbd\nD-2,Discovery,about 5\n")
    mapping.write_text(
        '[files."deals.csv".cells.Amount]\n3 = "5"\n[files."deals.csv".values.Amount]\ntbd = ""\n'
    )
    frame = import_files([deals], mapping=read_mapping(mapping.read_text())).book.table("deals").sort("deal")
    assert frame["amount"].to_list() == [None, 500]


def test_a_row_that_is_no_number_is_refused(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[files."deals.csv".cells.Amount]\nlast = "5"\n')
    with pytest.raises(Refused) as refused:
        read_mapping(mapping.read_text())
    assert [each.says for each in refused.value.problems] == ["'last' is not the number of a row."]


def test_a_file_said_to_hold_deals_without_anything_that_names_them_is_refused(tmp_path: Path) -> None:
    deals, mapping = tmp_path / "deals.csv", tmp_path / "mapping.toml"
    deals.write_text("Where,Worth\nDiscovery,5\n")
    mapping.write_text('[files."deals.csv"]\ntable = "deals"\n')
    with pytest.raises(Refused) as refused:
        import_files([deals], mapping=read_mapping(mapping.read_text()))
    assert [each.code for each in refused.value.problems] == ["no_deals"]
