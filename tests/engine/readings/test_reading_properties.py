"""What must hold of readings, statements, bridges and comparisons over any history."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.measures.bridge import bridge
from stageproof.engine.measures.bridge_qualified import qualified_bridge
from stageproof.engine.qualification import qualified_deals
from stageproof.engine.readings import CAUSES, Frozen, Statement, compare, read, reconciliation
from tests.engine.readings.random_books import MORE, NEW, PERIOD, books, instant, known

quick = settings(max_examples=12, deadline=None)
scopes = st.sampled_from([{}, {}, {"owner": ["Ann", None]}, {"stage": ["Proposal"], "team": ["North"]}])
cuts = st.sampled_from([(), ("owner",), ("band",), ("stage", "month")])


def amounts(table: pl.DataFrame) -> dict[Any, dict[str, int]]:
    """Group -> line -> amount."""
    keys = [name for name in table.columns if name not in ("line", "count", "amount")]
    found: dict[Any, dict[str, int]] = {}
    for row in table.iter_rows(named=True):
        found.setdefault(tuple(row[key] for key in keys), {})[row["line"]] = row["amount"]
    return found


def assert_tied(statement: Statement) -> None:
    assert [check for check in statement.checks if check.difference] == []
    assert len(statement.checks) > 60


@quick
@given(books(), known(), scopes, st.sampled_from([None, (NEW,), (MORE, NEW)]))
def test_the_four_readings_tie_to_the_cent(
    book: Book, moments: list[tuple[int, int | None]], where: Any, pipelines: Any
) -> None:
    ((at, known_at),) = moments
    pipeline = Pipeline(book, at, known_at)
    names = {each.pipeline for each in pipeline.definitions}
    asked = tuple(name for name in pipelines or () if name in names) or None
    statement = reconciliation(pipeline, period=PERIOD, where=where, pipelines=asked)
    assert_tied(statement)
    heads = [reading.head for reading in statement.readings.values()]
    assert all(head == statement.head for head in heads)
    for name in ("nominal", "unqualified", "waived", "unverifiable", "qualified", "outside", "base", "won"):
        line = statement.line(name)
        deals = statement.deals(name)
        assert (deals.height, deals["value"].fill_null(0).sum()) == (line.count, line.amount)
    expected = statement.readings["finance"].figure("expected")
    assert statement.deals("expected")["expected"].sum() == expected.value
    assert statement.deals("forecast")["expected"].sum() == statement.line("forecast").amount
    assert expected.low <= expected.value <= expected.high  # type: ignore[operator]


@quick
@given(books(), known(), scopes)
def test_expansion_is_never_mixed_into_new_business(
    book: Book, moments: list[tuple[int, int | None]], where: Any
) -> None:
    ((at, known_at),) = moments
    pipeline = Pipeline(book, at, known_at)
    kinds = {each.pipeline: each.kind for each in pipeline.definitions}
    found = read(pipeline, "sales", period=PERIOD, where=where).deals("nominal")
    if MORE in kinds:
        assert MORE not in found["pipeline"]
        assert MORE not in read(pipeline, "sales", period=PERIOD).head.pipelines
        other = read(pipeline, "sales", period=PERIOD, where=where, pipelines=[MORE]).deals("nominal")
        assert set(other["deal"]).isdisjoint(found["deal"])
        assert set(other["pipeline"]) <= {MORE}
        assert found.height + other.height == matching(pipeline, where).height


@quick
@given(books(), known(2), cuts, scopes, st.sampled_from(["endpoints", "events"]))
def test_a_bridge_opens_as_it_was_known_and_closes_as_it_is(
    book: Book, moments: list[tuple[int, int | None]], by: Any, where: Any, mode: Any
) -> None:
    (start, then), (end, known_at) = moments
    then = start if then is None else then
    known_at = None if known_at is None else max(known_at, then)
    span = (instant(start), instant(end))
    asked = {
        "by": by, "where": where, "mode": mode, "known_at": instant(known_at), "start_known_at": instant(then)
    }  # fmt: skip
    for of in (bridge, qualified_bridge):
        if of is qualified_bridge and mode == "events":
            continue
        found = of(book, *span, **asked)  # type: ignore[operator]
        assert found.names[:2] == ("opening", "late_arrivals")
        for table in (found.lines, found.per_currency):
            for lines in amounts(table).values():
                assert sum(lines[line] for line in found.names if line != "closing") == lines["closing"]
        judged = of is qualified_bridge
        assert of_line(found.lines, "opening") == inside(Pipeline(book, start, then), where, judged)
        assert of_line(found.lines, "closing") == inside(Pipeline(book, end, known_at), where, judged)
        now = of(book, *span, **{**asked, "start_known_at": None})  # type: ignore[operator]
        opened = of_line(found.lines, "opening") + of_line(found.lines, "late_arrivals")
        assert opened == of_line(now.lines, "opening")


def of_line(table: pl.DataFrame, line: str) -> int:
    return int(table.filter(pl.col("line") == line)["amount"].sum())


def inside(pipeline: Pipeline, where: dict[str, list[str | None]], judged: bool) -> int:
    """The open amount, by plain Polars over the deals."""
    deals = matching(pipeline, where)
    if judged:
        deals = deals.filter(pl.col("qualification") == "qualified")
    return int(deals["value"].fill_null(0).sum())


def matching(pipeline: Pipeline, where: dict[str, list[str | None]]) -> pl.DataFrame:
    """The open deals that match."""
    deals: pl.DataFrame = qualified_deals(pipeline).to_native().collect()
    for name, values in where.items():
        deals = deals.filter(pl.col(name).is_in(values, nulls_equal=True))
    return deals


@quick
@given(books(), known(2), scopes)
def test_a_comparison_says_to_the_cent_why_figures_moved(
    book: Book, moments: list[tuple[int, int | None]], where: Any
) -> None:
    (at, then), (end, _) = moments
    then = at if then is None else then
    frozen = Frozen(at, then, PERIOD, book.definitions, where)
    now = Pipeline(book, end)
    found = compare(frozen, now)
    before = reconciliation(Pipeline(book, at, then), period=PERIOD, where=where)
    after = reconciliation(now, period=PERIOD, where=where)
    for row in found.lines.iter_rows(named=True):
        assert row["then"] == before.line(row["line"]).amount
        assert row["now"] == after.line(row["line"]).amount
        assert row["then"] + sum(row[cause] for cause in CAUSES) == row["now"]
        assert row["altered"] == 0
        for cause in CAUSES:
            assert found.deals(row["line"], cause)["amount"].sum() == row[cause]


@quick
@given(books(), known())
def test_nothing_moves_where_nothing_was_learned_and_no_time_went_by(
    book: Book, moments: list[tuple[int, int | None]]
) -> None:
    ((at, _),) = moments
    forever = 2**61
    found = compare(Frozen(at, forever, PERIOD, book.definitions), Pipeline(book, at))
    for cause in CAUSES:
        assert found.lines[cause].sum() == 0
