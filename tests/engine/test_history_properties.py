"""What must hold of every measure and check on any history: no future leaks in, and order means nothing."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import collect, from_rows
from stageproof.engine.hygiene.monday import CHECKS, monday
from stageproof.engine.measures import MEASURES
from stageproof.engine.period import Calendar
from stageproof.engine.qualification import criterion_states
from stageproof.engine.tables import TABLES
from tests.engine.history_books import STAGES, at, day, definition

EXAMPLES = int(os.environ.get("STAGEPROOF_EXAMPLES", "8"))
"""Each asks a book all there is to ask, twice; more for a longer look."""
CUT = 30
"""The day, counted from 1 January, at whose end the book is cut."""
AS_OF = dt.date(2025, 1, 1) + dt.timedelta(days=CUT)
PERIOD = Calendar().period("2025-01-10..2025-02-10")
HOURS = st.integers(0, 60 * 24)
NAMES = st.sampled_from(["d0", "d1", "d2", "d3"])


def moment(hours: int) -> dt.datetime:
    return at("2025-01-01") + dt.timedelta(hours=hours)


CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "stage": st.sampled_from([*STAGES, "Parked", None]),
    "status": st.sampled_from(["open", "open", "open", "open", "won", "lost", "deleted"]),
    "amount": st.sampled_from([None, 0, 999, 5_000_000, 12_345]),
    "close_on": st.sampled_from(
        [None, day("2025-01-10"), day("2025-01-25"), day("2025-02-10"), day("2025-04-01")]
    ),
    "owner": st.sampled_from(["Ann", "Bob", None]),
    "account": st.sampled_from(["Acme", "ACME", None]),
    "source": st.sampled_from(["Web", "Fair", None]),
    "next_step_on": st.sampled_from([None, day("2025-01-20"), day("2025-02-05")]),
}


@st.composite
def deals(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for index in range(draw(st.integers(1, 4))):
        state: dict[str, Any] = {"deal": f"d{index}", "currency": "USD"}
        state |= {name: draw(values) for name, values in CHANGES.items()}
        hours = sorted(draw(st.lists(HOURS, min_size=1, max_size=5, unique=True)))
        state["created_at"] = moment(hours[0])
        for hour in hours:
            for name in draw(st.sets(st.sampled_from(sorted(CHANGES)), max_size=3)):
                state = {**state, name: draw(CHANGES[name])}
            late = draw(st.sampled_from([0, 0, 0, 240]))
            rows.append({**state, "valid_from": moment(hour), "recorded_at": moment(hour + late)})
    return rows


def at_hours(name: str, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows that happen at an hour, named by it; versioned ones begin then."""

    def row(hour: int, values: dict[str, Any], index: int = 0) -> dict[str, Any]:
        begins = {"valid_from": moment(hour)} if TABLES[name].versioned else {}
        stamp = {"evidence": "given_at", "activities": "happened_at", "touches": "touched_at"}.get(name)
        return {**values, **begins, **({stamp: moment(hour)} if stamp else {}), "recorded_at": moment(hour)}

    return st.lists(st.builds(row, HOURS, st.fixed_dictionaries(columns)), max_size=5)


TABLES_DRAWN = {
    "evidence": at_hours(
        "evidence",
        deal=NAMES,
        kind=st.sampled_from(["pain", "close_date", "waiver"]),
        criterion=st.sampled_from([None, "buyer"]),
        side=st.sampled_from(["buyer", "seller"]),
        expires_on=st.sampled_from([None, day("2025-01-20"), day("2025-03-01")]),
    ),
    "roles": at_hours(
        "roles", deal=NAMES, contact=st.sampled_from(["Bo", "Cy"]), role=st.just("economic_buyer")
    ),
    "activities": at_hours(
        "activities",
        deal=NAMES,
        contact=st.just("Bo"),
        kind=st.just("call"),
        side=st.sampled_from(["buyer", "seller"]),
    ),
    "leads": at_hours(
        "leads",
        status=st.sampled_from(["new", "working", "qualified", "converted", "disqualified"]),
        deal=st.one_of(st.none(), NAMES),
        source=st.sampled_from(["Ads", None]),
    ),
    "touches": at_hours("touches", deal=NAMES, source=st.sampled_from(["Ads", "Mail"])),
    "targets": at_hours(
        "targets",
        amount=st.just(10_000),
        starts_on=st.just(day("2025-01-01")),
        ends_on=st.just(day("2025-01-31")),
    ),
}
BOOKS = st.fixed_dictionaries(
    {"deals": deals(), **{name: st.one_of(st.none(), rows) for name, rows in TABLES_DRAWN.items()}}
)


def frames(drawn: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """The tables as frames; leads get names and births, evidence names, so that rows are things."""
    found = {}
    for name, rows in drawn.items():
        if rows is None:
            continue
        listed = [dict(row) for row in rows]
        for index, row in enumerate(listed):
            if name == "evidence":
                row["evidence"] = f"e{index}"
        if name == "leads":
            listed = two_leads(listed)
        found[name] = from_rows(TABLES[name], listed).collect()
    return found


def two_leads(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as versions of two leads in turn, one version an instant."""
    firsts: dict[str, dt.datetime] = {}
    named = {}
    for index, row in enumerate(sorted(rows, key=lambda row: row["valid_from"])):
        lead = f"l{index % 2}"
        created_at = firsts.setdefault(lead, row["valid_from"])
        named[lead, row["valid_from"]] = {**row, "lead": lead, "created_at": created_at}
    return list(named.values())


def build(tables: dict[str, pl.DataFrame]) -> Book:
    return Book.build(**tables, definitions=[definition()], currency="USD")


def asked() -> dict[str, Callable[[Pipeline], pl.DataFrame]]:
    """Every measure and check as a function from a pipeline to a table."""
    questions: dict[str, Callable[[Pipeline], pl.DataFrame]] = {}
    for name, measure in MEASURES.items():
        if name not in ("bridge", "qualified_bridge"):
            questions[name] = lambda pipeline, compute=measure.compute: table_of(compute, pipeline)  # type: ignore[misc]
    questions["criterion_states"] = criterion_states
    for check in CHECKS:
        questions[f"check {check}"] = lambda pipeline, check=check: found(pipeline, check)  # type: ignore[misc]
    questions["cohort"] = lambda pipeline: MEASURES["funnel"].compute(pipeline, period=PERIOD, view="cohort")
    questions["w_shaped"] = lambda pipeline: MEASURES["attribution"].compute(
        pipeline, model="w_shaped", of="open"
    )
    questions["by owner"] = lambda pipeline: MEASURES["conversion"].compute(pipeline, by=["owner"])
    return questions


def table_of(compute: Callable[..., Any], pipeline: Pipeline) -> pl.DataFrame:
    needs = compute.__kwdefaults__ or {}
    given: dict[str, Any] = {"period": PERIOD, "start": day("2025-01-10")}
    arguments = {
        name: value for name, value in given.items() if name in compute.__annotations__ and name not in needs
    }
    table = compute(pipeline, **arguments)
    return collect(table) if isinstance(table, nw.LazyFrame) else table


def found(pipeline: Pipeline, check: int) -> pl.DataFrame:
    findings = monday(pipeline).findings
    return findings.filter(findings["check"] == check)


def assert_same(one: Pipeline, other: Pipeline) -> None:
    for name, question in asked().items():
        first, second = question(one), question(other)
        columns = sorted(first.columns)
        try:
            assert_frame_equal(
                first.select(columns),
                second.select(columns),
                check_row_order=False,
                check_exact=False,
                abs_tol=1e-9,
            )
        except AssertionError as error:
            raise AssertionError(f"{name} differs: {error}") from None


def cut(tables: dict[str, pl.DataFrame], instant: int, *, by: str) -> dict[str, pl.DataFrame]:
    """The tables without what came, or was learned, after the instant."""
    kept = {}
    for name, table in tables.items():
        begins = (
            "valid_from"
            if TABLES[name].versioned
            else "happened_at"
            if name == "activities"
            else "touched_at"
        )
        kept[name] = table.filter(pl.col(begins if by == "time" else "recorded_at") <= instant)
    return kept


@settings(max_examples=EXAMPLES, deadline=None)
@given(BOOKS)
def test_deleting_all_that_came_after_changes_nothing(drawn: dict[str, Any]) -> None:
    tables = frames(drawn)
    whole = build(tables)
    assert_same(whole.as_of(AS_OF), build(cut(tables, whole.instant(AS_OF), by="time")).as_of(AS_OF))


@settings(max_examples=EXAMPLES, deadline=None)
@given(BOOKS)
def test_as_known_then_is_the_book_without_what_was_learned_since(drawn: dict[str, Any]) -> None:
    tables = frames(drawn)
    whole = build(tables)
    known = build(cut(tables, whole.instant(AS_OF), by="knowledge"))
    assert_same(whole.as_of(AS_OF, known_at=AS_OF), known.as_of(AS_OF))


@settings(max_examples=EXAMPLES, deadline=None)
@given(BOOKS, st.integers(0, 10**6))
def test_the_order_of_rows_and_columns_means_nothing(drawn: dict[str, Any], seed: int) -> None:
    tables = frames(drawn)
    chance = random.Random(seed)
    mixed = {
        name: table.sample(fraction=1.0, shuffle=True, seed=seed).select(
            chance.sample(table.columns, len(table.columns))
        )
        for name, table in tables.items()
    }
    assert_same(build(tables).as_of(AS_OF), build(mixed).as_of(AS_OF))


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_the_catalogue_names_its_functions_and_says_what_they_are(name: str) -> None:
    measure = MEASURES[name]
    assert measure.compute.__name__ == name == measure.name
    assert measure.says.endswith(".")
    assert measure.page == f"measures/{name.replace('_', '-')}.md"
    assert len(measure.formula) > 10
