"""The qualified bridge: what deals did, and what a new version of the rules did to them."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import DAY, instant_number, instant_of
from stageproof.engine.measures.bridge import explain
from stageproof.engine.measures.bridge_lines import QUALIFIED_LINES
from stageproof.engine.measures.bridge_qualified import qualified_bridge
from tests.engine.engines import OTHERS, on_engine, table
from tests.engine.histories import History, Rates, book_of, histories, moments, rate_tables

START, END = "2025-01-31", "2025-02-28"


def rules(proof: str, version: int = 1, effective_from: str = "2024-01-01") -> Definition:
    return read_definition(f"""
[pipeline]
name = "New business"
owner = "Dana Reed"
version = {version}
effective_from = {effective_from}
[[stages]]
name = "Discovery"
[[stages.exit]]
id = "known"
says = "It is known"
proof = {{ {proof} }}
[[stages]]
name = "Proposal"
""")


OLD = rules('field = "competitor", present = true')
NEW = rules('field = "source", present = true', version=2, effective_from="2025-02-15")

DEALS = """
deal      valid_from  status  owner  amount  competitor  source  close_on
stays     2025-01-10  open    Ann    1000    Rival       web     2025-03-15
gains     2025-01-10  open    Ann    200     -           web     2025-03-15
gains     2025-02-10  open    Ann    230     Rival       web     2025-03-15
loses     2025-01-10  open    Ann    300     Rival       web     2025-03-15
loses     2025-02-10  open    Ann    300     -           -       2025-03-15
ruled_in  2025-01-10  open    Ann    40      -           web     2025-03-15
ruled_out 2025-01-10  open    Ann    50      Rival       -       2025-03-15
fresh     2025-02-03  open    Ann    60      Rival       web     2025-03-15
won       2025-01-10  open    Ann    70      Rival       web     2025-03-15
won       2025-02-20  won     Ann    70      Rival       web     2025-02-20
never     2025-01-10  open    Ann    9000    -           -       2025-03-15
grows     2025-01-10  open    Ann    500     Rival       web     2025-03-15
grows     2025-02-20  open    Ann    600     Rival       web     2025-03-15
"""
EXPECTED = {
    "opening": (5, 1920),
    "new": (1, 60),
    "became_qualified": (1, 230),
    "increased": (1, 100),
    "lost_qualification": (1, -300),
    "won": (1, -70),
    "definition": (2, -10),
    "closing": (5, 1930),
}


def book(*definitions: Definition) -> Book:
    return Book.build(deals=table("deals", DEALS, stage="Proposal"), definitions=definitions)


def flows(lines: pl.DataFrame) -> dict[str, tuple[int, int]]:
    moved = lines.filter(pl.col("count") > 0)
    return {line: (count, amount) for line, count, amount in moved.iter_rows()}


@pytest.mark.parametrize("engine", ["polars", *OTHERS])
def test_new_rules_have_a_line_of_their_own(engine: str) -> None:
    result = qualified_bridge(on_engine(engine, book(OLD, NEW)), START, END)
    assert tuple(result.lines["line"]) == QUALIFIED_LINES
    assert flows(result.lines) == EXPECTED
    assert explain(result, "definition").select("deal", "amount", "before", "after").rows() == [
        ("ruled out", -50, "qualified", "unqualified"),
        ("ruled in", 40, "unqualified", "qualified"),
    ]
    assert explain(result, "became_qualified").select("before", "after").rows() == [
        ("unqualified", "qualified")
    ]


def test_without_new_rules_no_line_is_theirs() -> None:
    lines = flows(qualified_bridge(book(OLD), START, END).lines)
    assert lines == {
        "opening": (5, 1920),
        "new": (1, 60),
        "became_qualified": (1, 230),
        "increased": (1, 100),
        "lost_qualification": (1, -300),
        "won": (1, -70),
        "closing": (5, 1940),
    }


def test_by_events_each_change_is_seen_at_the_end_of_its_day() -> None:
    result = qualified_bridge(book(OLD, NEW), START, END, mode="events")
    assert flows(result.lines) == EXPECTED
    seen = {
        deal: instant_of(at + 1).date() - dt.timedelta(days=1)
        for deal, at in result.deals.filter(pl.col("changed_at").is_not_null())
        .select("deal", "changed_at")
        .iter_rows()
    }
    assert seen == {
        "fresh": dt.date(2025, 2, 3),
        "gains": dt.date(2025, 2, 10),
        "loses": dt.date(2025, 2, 10),
        "ruled in": dt.date(2025, 2, 15),
        "ruled out": dt.date(2025, 2, 15),
        "grows": dt.date(2025, 2, 20),
        "won": dt.date(2025, 2, 20),
    }


def test_evidence_that_ages_takes_a_deal_out_without_any_change_to_it() -> None:
    deals = table(
        "deals",
        """
        deal  valid_from  status  stage     amount  close_on
        a     2025-01-10  open    Proposal  100     2025-03-15
        """,
    )
    evidence = table(
        "evidence",
        """
        evidence  deal  kind  side   given_at    valid_from
        e         a     pain  buyer  2025-01-20  2025-01-20
        """,
    )
    ageing = rules('evidence = "pain", within_days = 20')
    result = qualified_bridge(
        Book.build(deals=deals, evidence=evidence, definitions=[ageing]), START, END, mode="events"
    )
    assert flows(result.lines) == {"opening": (1, 100), "lost_qualification": (1, -100)}
    # Given at the first instant of 20 January, it counts for 20 days: to the end of 8 February.
    lost = instant_number(dt.datetime(2025, 2, 10, tzinfo=dt.UTC)) - 1
    assert explain(result, "lost_qualification")["changed_at"].to_list() == [lost]


def test_unverifiable_deals_are_never_in_it() -> None:
    result = qualified_bridge(book(rules('role = "champion"')), START, END)
    assert result.deals.is_empty()


def balanced(result: pl.DataFrame) -> bool:
    amounts = dict(result.group_by("line").agg(pl.col("amount").sum()).iter_rows())
    return sum(amounts.get(line, 0) for line in QUALIFIED_LINES[:-1]) == amounts.get("closing", 0)


OF_AMOUNT = (
    rules('field = "amount", present = true'),
    rules('field = "amount", at_least = 2.5', version=2, effective_from="2024-11-01"),
)


@given(
    histories(),
    rate_tables(),
    st.lists(moments(), min_size=2, max_size=2),
    st.sampled_from(["owner", "stage"]),
)
@settings(max_examples=25, deadline=None)
def test_its_lines_add_up_whatever_happened(history: History, rates: Rates, ends: list[int], by: str) -> None:
    start, end = (instant_of(at) for at in sorted(ends))
    whole = book_of(history, rates).with_definitions(OF_AMOUNT)
    result = qualified_bridge(whole, start, end, by=[by])
    for key in result.lines[by].unique():
        assert balanced(result.lines.filter(pl.col(by).eq_missing(key)))
    for currency in result.per_currency["currency"].unique():
        assert balanced(result.per_currency.filter(pl.col("currency") == currency))


@given(histories(max_deals=2), rate_tables(), moments(), st.integers(0, 4 * 24))
@settings(max_examples=8, deadline=None)
def test_by_events_its_lines_add_up_to_the_same_ends(
    history: History, rates: Rates, start: int, hours: int
) -> None:
    whole = book_of(history, rates).with_definitions(OF_AMOUNT)
    span = instant_of(start), instant_of(start + hours * DAY // 24)
    events, ends = (qualified_bridge(whole, *span, mode=mode).lines for mode in ("events", "endpoints"))
    assert balanced(events)
    assert (
        events.filter(pl.col("line") == "closing").rows() == ends.filter(pl.col("line") == "closing").rows()
    )
    assert (
        events.filter(pl.col("line") == "opening").rows() == ends.filter(pl.col("line") == "opening").rows()
    )
