"""The reconciliation: the walk, and every check that ties the four readings to it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.open_pipeline import nominal_pipeline, open_pipeline
from stageproof.engine.qualification import QUALIFICATIONS
from stageproof.engine.readings.board import board
from stageproof.engine.readings.finance import finance
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.marketing import marketing
from stageproof.engine.readings.reading import Check, Line, Reader, Reading, Statement
from stageproof.engine.readings.sales import sales
from stageproof.engine.readings.walk import per_currency, walk

_CUTS = {
    "sales": ("by_stage", "by_owner", "by_team", "by_stage_and_owner", "by_month"),
    "marketing": ("by_source", "by_campaign"),
}
_EXPECTED = ("by_month", "by_stage", "by_owner", "probabilities")


def statement(looked: Looked) -> Statement:
    """The statement of what is looked at."""
    readings: dict[Reader, Reading] = {
        "sales": sales(looked),
        "marketing": marketing(looked),
        "finance": finance(looked),
        "board": board(looked),
    }
    lines = {each.name: each for each in walk(looked)}
    currencies = per_currency(looked)
    checks = [
        *_sums(lines),
        *_figures(lines, readings),
        *_cuts(lines, readings),
        *_expected(lines, readings["finance"]),
        *_won(lines, readings),
        *_currencies(lines, currencies),
        *_measures(looked, lines),
    ]
    return Statement(looked.head, tuple(lines.values()), currencies, tuple(checks), readings, looked.behind())


def _sums(lines: dict[str, Line]) -> Iterator[Check]:
    """What the signed lines come to, against each line that says so."""
    running = 0
    for each in lines.values():
        if each.sign:
            running += each.sign * (each.amount or 0)
        else:
            yield Check(
                f"walk:{each.name}", f"The lines above come to “{each.title}”.", running, each.amount or 0
            )


def _figures(lines: dict[str, Line], readings: dict[Reader, Reading]) -> Iterator[Check]:
    """Every figure of a reading that is a line of the statement."""
    for reader, reading in readings.items():
        for figure in reading.figures:
            line = lines.get(figure.name)
            if line is not None and line.amount is not None and figure.value is not None:
                says = f"“{figure.title}” of the {reader} reading is the line of the statement."
                yield Check(f"{reader}:{figure.name}", says, round(figure.value), line.amount)


def _cuts(lines: dict[str, Line], readings: dict[Reader, Reading]) -> Iterator[Check]:
    for reader, names in _CUTS.items():
        for name in names:
            table = readings[reader].tables[name]  # type: ignore[index]
            cut = name.replace("_", " ")
            for column in ("amount", *(f"{each}_amount" for each in QUALIFICATIONS)):
                line = lines["nominal" if column == "amount" else column.removesuffix("_amount")]
                says = f"“{line.title}” {cut} in the {reader} reading adds up to the line."
                yield Check(f"{reader}:{name}:{line.name}", says, _sum(table, column), line.amount or 0)


def _expected(lines: dict[str, Line], finance: Reading) -> Iterator[Check]:
    for name in _EXPECTED:
        for column, line in (("amount", "base"), ("expected_amount", "expected")):
            says = (
                f"“{lines[line].title}” {name.replace('_', ' ')} in the finance reading adds up to the line."
            )
            left = _sum(finance.tables[name], column)
            yield Check(f"finance:{name}:{line}", says, left, lines[line].amount or 0)
    says = "What lies outside the period, by where it lies, adds up to the line."
    outside = _sum(finance.tables["outside"], "amount")
    yield Check("finance:outside", says, outside, lines["outside"].amount or 0)


def _won(lines: dict[str, Line], readings: dict[Reader, Reading]) -> Iterator[Check]:
    for reader, name in (("marketing", "by_source"), ("marketing", "by_campaign"), ("finance", "by_month")):
        says = f"“Won so far” {name.replace('_', ' ')} in the {reader} reading adds up to the line."
        left = _sum(readings[reader].tables[name], "won_amount")  # type: ignore[index]
        yield Check(f"{reader}:{name}:won", says, left, lines["won"].amount or 0)


def _currencies(lines: dict[str, Line], currencies: pl.DataFrame) -> Iterator[Check]:
    for name in currencies["line"].unique(maintain_order=True):
        says = f"“{lines[name].title}” of all currencies, converted, adds up to the line."
        left = _sum(currencies.filter(pl.col("line") == name), "value")
        yield Check(f"currencies:{name}", says, left, lines[name].amount or 0)


def _measures(looked: Looked, lines: dict[str, Line]) -> Iterator[Check]:
    """The same asked of the measures, where all deals are looked at."""
    if looked.matching:
        return
    nominal = nominal_pipeline(looked.pipeline).row(0, named=True)["open_amount"]
    yield Check("measure:nominal", "The measure of the nominal pipeline says the same.", nominal,
                lines["nominal"].amount or 0)  # fmt: skip
    every, due = (open_pipeline(looked.pipeline, period=period) for period in (None, looked.period))
    for each in QUALIFICATIONS:
        says = f"The measure of the open pipeline says the same of “{lines[each].title}”."
        yield Check(
            f"measure:{each}", says, every.row(0, named=True)[f"{each}_amount"], lines[each].amount or 0
        )
    base = due.row(0, named=True)["qualified_amount"]
    says = "The measure of the open pipeline says the same of the base."
    yield Check("measure:base", says, base, lines["base"].amount or 0)
    won = bookings(looked.pipeline, period=looked.period).row(0, named=True)["won_amount"]
    yield Check("measure:won", "The measure of bookings says the same.", won, lines["won"].amount or 0)


def _sum(table: pl.DataFrame, column: str) -> int:
    return int(table[column].fill_null(0).sum())
