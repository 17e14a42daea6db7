"""The bridge on random histories: what must hold whatever happened."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from stageproof.engine.frames import DAY, collect, day_of, instant_of
from stageproof.engine.measures.bridge import LINES, bridge
from stageproof.engine.period import Period
from tests.engine.histories import (
    OWNERS,
    History,
    Rates,
    book_of,
    days,
    histories,
    ledger,
    moments,
    rate_tables,
    worth,
)

MODES = ("endpoints", "events")
INWARD = ("new", "reopened", "pulled_in", "transferred_in")
OUTWARD = ("pushed_out", "transferred_out", "won", "lost", "deleted")
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu")
quick = settings(max_examples=25, deadline=None)


@st.composite
def spans(draw: st.DrawFn, points: int = 2) -> list[dt.datetime]:
    """Instants in order."""
    return [instant_of(at) for at in sorted(draw(st.lists(moments(), min_size=points, max_size=points)))]


@st.composite
def periods(draw: st.DrawFn) -> Period | None:
    first, last = sorted(draw(st.lists(days(), min_size=2, max_size=2)))
    return draw(st.sampled_from([None, Period("some days", "range", day_of(first), day_of(last))]))


groups = st.sampled_from([(), ("owner",), ("month",), ("stage", "team"), ("owner", "week"), ("currency",)])
scopes = st.sampled_from([{}, {"owner": ["Ann"]}, {"team": ["North"], "stage": ["Proposal"]}])


def grouped(table: pl.DataFrame, value: str) -> dict[Any, dict[str, int]]:
    """Group -> line -> value."""
    keys = [name for name in table.columns if name not in ("line", "count", "amount")]
    found: dict[Any, dict[str, int]] = {}
    for row in table.iter_rows(named=True):
        found.setdefault(tuple(row[key] for key in keys), {})[row["line"]] = row[value]
    return found


def assert_balanced(table: pl.DataFrame) -> None:
    for lines in grouped(table, "amount").values():
        assert sum(lines[line] for line in LINES if line != "closing") == lines["closing"]
    for counts in grouped(table, "count").values():
        came, left = (sum(counts[line] for line in names) for names in (INWARD, OUTWARD))
        assert counts["opening"] + came - left == counts["closing"]


@given(
    histories(),
    rate_tables(),
    spans(),
    periods(),
    scopes,
    groups,
    st.sampled_from(ZONES),
    st.sampled_from(MODES),
)
@quick
def test_the_lines_add_up_in_every_group_and_currency(
    history: History,
    rates: Rates,
    span: list[dt.datetime],
    period: Period | None,
    where: dict[str, list[str]],
    by: tuple[str, ...],
    zone: str,
    mode: str,
) -> None:
    book = book_of(history, rates, zone)
    result = bridge(book, *span, mode=mode, period=period, where=where, by=by)
    assert_balanced(result.lines)
    assert_balanced(result.per_currency)


@given(histories(), rate_tables(), spans(), periods(), scopes, groups, st.sampled_from(ZONES))
@quick
def test_both_modes_share_opening_and_closing(
    history: History,
    rates: Rates,
    span: list[dt.datetime],
    period: Period | None,
    where: dict[str, list[str]],
    by: tuple[str, ...],
    zone: str,
) -> None:
    book = book_of(history, rates, zone)
    ends, events = (
        grouped(bridge(book, *span, mode=mode, period=period, where=where, by=by).lines, "amount")
        for mode in MODES
    )
    for group in {*ends, *events}:
        for line in ("opening", "closing"):
            # A group that a deal only passed through is known to the events alone.
            assert ends.get(group, {}).get(line, 0) == events.get(group, {}).get(line, 0)


@given(histories(), rate_tables(), spans(), scopes)
@quick
def test_the_ends_are_the_pipeline_as_of_each_instant(
    history: History, rates: Rates, span: list[dt.datetime], where: dict[str, list[str]]
) -> None:
    book = book_of(history, rates)
    lines = grouped(bridge(book, *span, where=where).lines, "amount")[()]
    for line, at in zip(("opening", "closing"), span, strict=True):
        table = collect(book.as_of(at).open)
        for name, values in where.items():
            table = table.filter(pl.col(name).is_in(values))
        assert lines[line] == table["value"].sum()


@given(
    histories(),
    rate_tables(),
    spans(),
    st.lists(days(), min_size=2, max_size=2),
    st.sets(st.sampled_from(OWNERS)),
)
@settings(max_examples=100, deadline=None)
def test_events_are_what_a_ledger_kept_by_hand_says(
    history: History, rates: Rates, span: list[dt.datetime], ends: list[int], owners: set[str]
) -> None:
    first_on, last_on = sorted(ends)
    period = Period("some days", "range", day_of(first_on), day_of(last_on))
    book = book_of(history, rates)
    result = bridge(book, *span, mode="events", period=period, where={"owner": sorted(owners)})
    expected = ledger(
        history, rates, result.start, result.end, first_on=first_on, last_on=last_on, owners=sorted(owners)
    )
    for line, count, amount in result.lines.iter_rows():
        amounts = [each for each in expected.get(line, []) if line != "exchange" or each]
        assert (line, count, amount) == (line, len(amounts), sum(amounts))


@given(histories(), rate_tables(), spans(), periods(), st.sampled_from(MODES))
@quick
def test_transfers_between_owners_cancel_over_the_whole(
    history: History, rates: Rates, span: list[dt.datetime], period: Period | None, mode: str
) -> None:
    book = book_of(history, rates)
    whole = bridge(book, *span, mode=mode, period=period)
    cut = bridge(book, *span, mode=mode, period=period, by=["owner"])
    for value in ("count", "amount"):
        total = grouped(whole.lines, value)[()]
        parts = grouped(cut.lines, value).values()
        added = {line: sum(part[line] for part in parts) for line in LINES}
        sign = -1 if value == "count" else 1
        assert added.pop("transferred_in") + sign * added.pop("transferred_out") == 0
        assert added == {line: total[line] for line in added}


@given(histories(), rate_tables(), spans(), periods(), st.sampled_from(OWNERS))
@quick
def test_events_cut_by_owner_are_those_of_the_owner_alone(
    history: History, rates: Rates, span: list[dt.datetime], period: Period | None, owner: str
) -> None:
    book = book_of(history, rates)
    cut = bridge(book, *span, mode="events", period=period, by=["owner"])
    alone = bridge(book, *span, mode="events", period=period, where={"owner": [owner]})
    nought = dict.fromkeys(LINES, 0)
    for value in ("count", "amount"):
        assert grouped(cut.lines, value).get((owner,), nought) == grouped(alone.lines, value)[()]


@given(histories(), rate_tables(), spans(), periods(), scopes)
@quick
def test_by_ends_a_deal_takes_one_way_at_most(
    history: History,
    rates: Rates,
    span: list[dt.datetime],
    period: Period | None,
    where: dict[str, list[str]],
) -> None:
    result = bridge(book_of(history, rates), *span, period=period, where=where)
    by_deal: dict[str, list[str]] = {}
    for deal, line in result.deals.select("deal", "line").iter_rows():
        by_deal.setdefault(deal, []).append(line)
    for lines in by_deal.values():
        assert len(lines) == len(set(lines))
        assert len([line for line in lines if line in (*INWARD, *OUTWARD)]) <= 1
        assert ("opening" in lines) != any(line in INWARD for line in lines)
        assert ("closing" in lines) != any(line in OUTWARD for line in lines)


@given(histories(), rate_tables(), spans(3), periods(), groups)
@quick
def test_events_of_two_halves_are_those_of_the_whole(
    history: History, rates: Rates, span: list[dt.datetime], period: Period | None, by: tuple[str, ...]
) -> None:
    book = book_of(history, rates)
    start, middle, end = span

    def flows(*ends: dt.datetime) -> pl.DataFrame:
        lines = bridge(book, *ends, mode="events", period=period, by=by).lines
        # A stretch that is cut in two is revalued twice: its amounts add up, its count does not.
        counted = pl.when(pl.col("line") == "exchange").then(0).otherwise(pl.col("count"))
        return lines.filter(~pl.col("line").is_in(["opening", "closing"])).with_columns(count=counted)

    halves = pl.concat([flows(start, middle), flows(middle, end)])
    added = halves.group_by("line", *by).agg(pl.col("count", "amount").sum())
    whole = flows(start, end)
    moved = (pl.col("count") != 0) | (pl.col("amount") != 0)
    columns = ["line", "count", "amount", *by]
    assert_frame_equal(
        added.filter(moved).select(columns).sort(columns), whole.filter(moved).select(columns).sort(columns)
    )


@given(histories(), rate_tables(), spans(1), periods(), groups, st.sampled_from(MODES))
@quick
def test_nothing_flows_in_no_time(
    history: History,
    rates: Rates,
    span: list[dt.datetime],
    period: Period | None,
    by: tuple[str, ...],
    mode: str,
) -> None:
    result = bridge(book_of(history, rates), span[0], span[0], mode=mode, period=period, by=by)
    assert set(result.deals["line"]) <= {"opening", "closing"}
    assert_balanced(result.lines)


@given(histories(), rate_tables(), spans(), periods(), groups, st.randoms(), st.sampled_from(MODES))
@quick
def test_the_order_of_rows_changes_nothing(
    history: History,
    rates: Rates,
    span: list[dt.datetime],
    period: Period | None,
    by: tuple[str, ...],
    random: Any,
    mode: str,
) -> None:
    shuffled = random.sample(history, len(history))
    one, other = (
        bridge(book_of(rows, rates), *span, mode=mode, period=period, by=by) for rows in (history, shuffled)
    )
    keys = ["line", "deal", "amount", *by]
    assert_frame_equal(one.lines, other.lines)
    assert_frame_equal(one.deals.sort(keys), other.deals.sort(keys))


@given(histories(), rate_tables(), spans(3), st.sampled_from(MODES))
@quick
def test_what_was_learned_later_does_not_count_as_known(
    history: History, rates: Rates, span: list[dt.datetime], mode: str
) -> None:
    start, end, known = span
    by_then = [row for row in history if instant_of(row["recorded_at"]) <= known]
    then = bridge(book_of(history, rates), start, end, mode=mode, known_at=known)
    if by_then:
        assert_frame_equal(then.lines, bridge(book_of(by_then, rates), start, end, mode=mode).lines)
    else:
        assert then.deals.is_empty()


@given(histories(max_deals=2), rate_tables())
@quick
def test_the_exchange_line_is_the_same_deals_at_two_rates(history: History, rates: Rates) -> None:
    """Over days on which no deal changes, rates alone explain the difference."""
    last = max(row["valid_from"] for row in history)
    span = [instant_of(last), instant_of(last + 20 * DAY)]
    newest = {}
    for row in sorted(history, key=lambda row: row["valid_from"]):
        newest[row["deal"]] = row
    held = [row for row in newest.values() if row["status"] == "open"]
    expected = sum(worth(row, last // DAY + 20, rates) - worth(row, last // DAY, rates) for row in held)
    for mode in MODES:
        lines = grouped(bridge(book_of(history, rates), *span, mode=mode).lines, "amount")[()]
        assert lines["exchange"] == expected
        assert lines["closing"] - lines["opening"] == expected
