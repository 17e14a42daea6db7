"""`stageproof reading`: the same figures as the library's, for every reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stageproof.cli.loading import load
from stageproof.engine.money import Money
from stageproof.engine.readings import READERS, read, reconciliation
from tests.cli.conftest import Ran

Stageproof = Callable[..., Ran]


@pytest.mark.parametrize("reader", READERS)
def test_a_reading_says_what_the_library_says(reader: str, deals: Path, stageproof: Stageproof) -> None:
    ran = stageproof("reading", reader, str(deals), "--period", "2025-Q4", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    book = load([deals]).book
    pipeline = book.as_of(book.span()[1])
    expected = read(pipeline, reader, period=book.calendar.period("2025-Q4"))  # type: ignore[arg-type]
    assert (found["reader"], found["head"]["period"]["name"]) == (reader, "2025-Q4")
    shown = {each["name"]: each["value"] for each in found["figures"]}
    for figure in expected.figures:
        value = figure.value
        if figure.unit == "money" and value is not None:
            assert shown[figure.name] == Money(int(value), book.currency).as_dict()
        else:
            assert shown[figure.name] == value
    assert set(found["tables"]) == set(expected.tables)


def test_the_reconciliation_ties_and_says_so(deals: Path, stageproof: Stageproof) -> None:
    plain = json.loads(stageproof("reading", "reconciliation", str(deals), "--json").out)
    book = load([deals]).book
    pipeline = book.as_of(book.span()[1])
    quarter = book.calendar.containing(pipeline.on, "quarter")
    expected = reconciliation(pipeline, period=quarter)
    assert plain["ties"] is True
    assert [line["name"] for line in plain["lines"]] == [line.name for line in expected.lines]
    shown = stageproof("reading", "reconciliation", str(deals))
    assert f"{len(expected.checks)} of {len(expected.checks)} checks come out even." in shown.out
    assert Money(expected.line("nominal").amount or 0, "USD").exact().split()[0] in shown.out


def test_the_board_sees_what_moved(deals: Path, stageproof: Stageproof) -> None:
    shown = stageproof("reading", "board", str(deals), "--since", "2025-01-01")
    assert shown.code == 0
    assert "What moved" in shown.out
    assert "Closing" in shown.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["press"], "There is no reading for 'press'"),
        (["sales", "--since", "2025-01-01"], "Only the board's reading"),
        (["sales", "--pipeline", "Renewals"], "There is no pipeline 'Renewals'"),
        (["sales", "--period", "soon"], "is not a period"),
    ],
)
def test_what_is_not_there_is_refused(
    arguments: list[str], says: str, deals: Path, stageproof: Stageproof
) -> None:
    ran = stageproof("reading", arguments[0], str(deals), *arguments[1:])
    assert ran.code == 1
    assert says in ran.err
