"""The bridge: one deal for each line, worked out by hand, in both modes."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from stageproof.engine.book import Book
from stageproof.engine.frames import instant_number
from stageproof.engine.measures.bridge import LINES, Bridge, bridge, explain
from stageproof.engine.period import Calendar, Period
from stageproof.engine.problem import Refused
from tests.engine.engines import OTHERS, on_engine, rates, table

QUARTER = Calendar().period("2025-Q1")
START, END = "2025-01-31", "2025-02-28"
MINE = {"owner": ["Ann"]}

DEALS = """
deal      valid_from  status   owner  amount  currency  close_on
stays     2025-01-10  open     Ann    1000    USD       2025-03-15
grew      2025-01-10  open     Ann    1000    USD       2025-03-15
grew      2025-02-10  open     Ann    1500    USD       2025-03-15
shrank    2025-01-10  open     Ann    1000    USD       2025-03-15
shrank    2025-02-10  open     Ann     700    USD       2025-03-15
fresh     2025-02-05  open     Ann     200    USD       2025-03-20
back      2025-01-05  open     Ann     400    USD       2025-03-01
back      2025-01-20  lost     Ann     400    USD       2025-01-20
back      2025-02-12  open     Ann     450    USD       2025-03-10
pulled    2025-01-10  open     Ann     600    USD       2025-04-20
pulled    2025-02-03  open     Ann     600    USD       2025-03-30
pushed    2025-01-10  open     Ann     800    USD       2025-03-15
pushed    2025-02-20  open     Ann     800    USD       2025-05-15
bought    2025-01-10  open     Ann     900    USD       2025-03-15
bought    2025-02-14  won      Ann     950    USD       2025-02-14
gone      2025-01-10  open     Ann     300    USD       2025-03-15
gone      2025-02-18  lost     Ann     300    USD       2025-02-18
erased    2025-01-10  open     Ann     250    USD       2025-03-15
erased    2025-02-18  deleted  Ann     250    USD       2025-03-15
to_bob    2025-01-10  open     Ann     500    USD       2025-03-15
to_bob    2025-02-11  open     Bob     500    USD       2025-03-15
from_bob  2025-01-10  open     Bob     350    USD       2025-03-15
from_bob  2025-02-11  open     Ann     400    USD       2025-03-15
trip      2025-01-10  open     Ann     120    USD       2025-03-15
trip      2025-02-05  open     Ann     120    USD       2025-05-01
trip      2025-02-20  open     Ann     120    USD       2025-03-20
quick     2025-02-03  open     Ann      70    USD       2025-03-15
quick     2025-02-25  lost     Ann      70    USD       2025-02-25
euro      2025-01-10  open     Ann    1000    EUR       2025-03-15
recoined  2025-01-10  open     Ann    1000    USD       2025-03-15
recoined  2025-02-20  open     Ann    1000    EUR       2025-03-15
euro_won  2025-01-10  open     Ann    1000    EUR       2025-03-15
euro_won  2025-02-20  won      Ann    1100    EUR       2025-02-20
"""
RATES = """
EUR 2025-01-01 1.10
EUR 2025-02-15 1.20
"""
BY_ENDS = {
    "opening": (12, 9070),
    "new": (1, 200),
    "reopened": (1, 450),
    "pulled_in": (1, 600),
    "transferred_in": (1, 400),
    "increased": (2, 700),
    "decreased": (1, -300),
    "pushed_out": (1, -800),
    "transferred_out": (1, -500),
    "won": (2, -2000),
    "lost": (1, -300),
    "deleted": (1, -250),
    "exchange": (1, 100),
    "closing": (10, 7370),
}
BY_EVENTS = {
    "opening": (12, 9070),
    "new": (2, 270),
    "reopened": (1, 450),
    "pulled_in": (2, 720),
    "transferred_in": (1, 400),
    "increased": (4, 870),
    "decreased": (1, -300),
    "pushed_out": (2, -920),
    "transferred_out": (1, -500),
    "won": (2, -2270),
    "lost": (2, -370),
    "deleted": (1, -250),
    "exchange": (2, 200),
    "closing": (10, 7370),
}


def book_of(text: str, dated: str = RATES, **also: str) -> Book:
    return Book.build(deals=table("deals", text, **also), rates=rates(dated), currency="USD")


def found(lines: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """The lines as line -> (count, amount), in their order."""
    return {line: (count, amount) for line, count, amount in lines.iter_rows()}


def flows(lines: pl.DataFrame, **group: str) -> dict[str, tuple[int, int]]:
    """The lines of a group that are not nought."""
    chosen = lines.filter(*(pl.col(name) == value for name, value in group.items()), pl.col("count") > 0)
    return found(chosen.select("line", "count", "amount"))


@pytest.mark.parametrize("engine", ["polars", *OTHERS])
@pytest.mark.parametrize(("mode", "expected"), [("endpoints", BY_ENDS), ("events", BY_EVENTS)])
def test_every_line_of_a_quarter_of_one_owner(mode: str, expected: dict[str, object], engine: str) -> None:
    book = on_engine(engine, book_of(DEALS))
    result = bridge(book, START, END, mode=mode, period=QUARTER, where=MINE)
    assert found(result.lines) == expected
    assert tuple(result.lines["line"]) == LINES


def explained(result: Bridge, line: str) -> list[tuple[object, ...]]:
    return explain(result, line).select("deal", "amount", "before", "after").rows()


def test_the_deals_behind_the_lines_by_ends() -> None:
    result = bridge(book_of(DEALS), START, END, period=QUARTER, where=MINE)
    assert explained(result, "increased") == [
        ("grew", 500, "10.00 USD", "15.00 USD"),
        ("recoined", 200, "10.00 USD", "10.00 EUR"),
    ]
    assert explained(result, "won") == [
        ("euro won", -1100, "open", "won"),
        ("bought", -900, "open", "won"),
    ]
    assert explained(result, "pushed_out") == [("pushed", -800, "2025-03-15", "2025-05-15")]
    assert explained(result, "transferred_in") == [("from bob", 400, "Bob", "Ann")]
    assert explained(result, "reopened") == [("back", 450, "lost", "open")]
    assert explained(result, "new") == [("fresh", 200, None, "open")]
    assert explained(result, "exchange") == [("euro", 100, None, None)]
    assert explain(result, "opening").height == 12


def test_a_deal_won_at_another_amount_changes_first_and_leaves_at_that() -> None:
    result = bridge(book_of(DEALS), START, END, mode="events", period=QUARTER, where=MINE)
    mine = result.deals.filter(pl.col("deal") == "euro won").select("line", "amount", "before", "after")
    assert mine.rows() == [
        ("opening", 1100, None, None),
        ("increased", 120, "10.00 EUR", "11.00 EUR"),
        ("won", -1320, "open", "won"),
        ("exchange", 100, None, None),
    ]


def test_events_say_when_who_and_through_which_door() -> None:
    text = """
    deal  valid_from        status  amount  close_on    actor  door
    a     2025-01-10T09:00  open    100     2025-03-01  Ann    page
    a     2025-02-10T09:30  open    100     2025-04-01  Cleo   import
    """
    result = bridge(book_of(text), START, END, mode="events", period=QUARTER)
    pushed = explain(result, "pushed_out")
    at = instant_number(dt.datetime(2025, 2, 10, 9, 30, tzinfo=dt.UTC))
    assert pushed.select("deal", "changed_at", "actor", "door", "before", "after").rows() == [
        ("a", at, "Cleo", "import", "2025-03-01", "2025-04-01")
    ]


def test_a_round_trip_shows_by_events_only() -> None:
    ends = bridge(book_of(DEALS), START, END, period=QUARTER, where=MINE)
    assert set(ends.deals.filter(pl.col("deal") == "trip")["line"]) == {"opening", "closing"}
    events = bridge(book_of(DEALS), START, END, mode="events", period=QUARTER, where=MINE)
    trip = events.deals.filter(pl.col("deal") == "trip").select("line", "amount").rows()
    assert trip == [("opening", 120), ("pulled_in", 120), ("pushed_out", -120), ("closing", 120)]


def test_cut_by_owner_a_handover_is_a_transfer_at_its_opening_value() -> None:
    result = bridge(book_of(DEALS), START, END, period=QUARTER, by=["owner"])
    assert flows(result.lines, owner="Bob") == {
        "opening": (1, 350),
        "transferred_in": (1, 500),
        "transferred_out": (1, -350),
        "closing": (1, 500),
    }
    ann = flows(result.lines, owner="Ann")
    assert ann["transferred_in"] == (1, 350)
    assert ann["increased"] == (3, 750)
    assert ann["transferred_out"] == (1, -500)


def test_cut_by_owner_events_are_those_of_each_owner_alone() -> None:
    cut = bridge(book_of(DEALS), START, END, mode="events", period=QUARTER, by=["owner"])
    for owner in ("Ann", "Bob"):
        alone = bridge(book_of(DEALS), START, END, mode="events", period=QUARTER, where={"owner": [owner]})
        assert flows(cut.lines, owner=owner) == flows(alone.lines)


def test_cut_by_month_a_later_close_date_is_a_push() -> None:
    text = """
    deal  valid_from  status  amount  close_on
    a     2025-01-10  open    100     2025-03-01
    a     2025-02-10  open    130     2025-04-01
    """
    result = bridge(book_of(text), START, END, mode="events", by=["month"])
    assert flows(result.lines, month="2025-03") == {
        "opening": (1, 100),
        "increased": (1, 30),
        "pushed_out": (1, -130),
    }
    assert flows(result.lines, month="2025-04") == {"pulled_in": (1, 130), "closing": (1, 130)}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        # Pushed out of the period and handed over at once: nobody's quarter holds it any more.
        ("open Ann 2025-03-15", "open Bob 2025-05-15", "pushed_out"),
        ("open Bob 2025-05-15", "open Ann 2025-03-15", "pulled_in"),
        # Closing comes before moving.
        ("open Ann 2025-03-15", "won Bob 2025-05-15", "won"),
        ("open Ann 2025-03-15", "lost Bob 2025-05-15", "lost"),
        ("open Ann 2025-03-15", "deleted Bob 2025-05-15", "deleted"),
        ("won Bob 2025-05-15", "open Ann 2025-03-15", "reopened"),
        ("deleted Bob 2025-05-15", "open Ann 2025-03-15", "reopened"),
        # A close date taken away leaves the period like one moved away.
        ("open Ann 2025-03-15", "open Ann -", "pushed_out"),
        ("open Ann -", "open Ann 2025-03-15", "pulled_in"),
        ("open Ann 2025-03-15", "open - 2025-03-15", "transferred_out"),
    ],
)
@pytest.mark.parametrize("mode", ["endpoints", "events"])
def test_each_deal_takes_exactly_one_way(before: str, after: str, line: str, mode: str) -> None:
    text = f"""
    deal  valid_from  status owner close_on    amount  currency
    a     2025-01-10  {before}                 100     USD
    a     2025-02-10  {after}                  100     USD
    """
    result = bridge(book_of(text), START, END, mode=mode, period=QUARTER, where=MINE)
    assert set(flows(result.lines)) - {"opening", "closing"} == {line}


def test_a_version_that_ends_without_a_successor_is_a_deletion() -> None:
    text = """
    deal  valid_from  valid_to             status  amount  close_on
    a     2025-01-10  2025-02-10T00:00:00  open    100     2025-03-01
    """
    for mode in ("endpoints", "events"):
        result = bridge(book_of(text), START, END, mode=mode)
        assert flows(result.lines) == {"opening": (1, 100), "deleted": (1, -100)}


def test_of_two_versions_of_one_instant_the_later_recorded_holds() -> None:
    text = """
    deal  valid_from  recorded_at  status  amount  close_on
    a     2025-01-10  2025-01-10   open    100     2025-03-01
    a     2025-02-10  2025-02-12   open    170     2025-03-01
    a     2025-02-10  2025-02-10   open    900     2025-03-01
    """
    for mode in ("endpoints", "events"):
        result = bridge(book_of(text), START, END, mode=mode)
        assert flows(result.lines) == {"opening": (1, 100), "increased": (1, 70), "closing": (1, 170)}


def test_the_last_day_of_a_period_belongs_to_it() -> None:
    text = """
    deal    valid_from  status  amount  close_on
    first   2025-01-10  open    100     2025-01-01
    last    2025-01-10  open    200     2025-03-31
    before  2025-01-10  open    400     2024-12-31
    after   2025-01-10  open    800     2025-04-01
    """
    result = bridge(book_of(text), START, END, period=QUARTER)
    assert flows(result.lines) == {"opening": (2, 300), "closing": (2, 300)}


def test_deals_without_an_owner_are_a_group_of_their_own() -> None:
    text = """
    deal  valid_from  status  owner  amount  close_on
    a     2025-01-10  open    -      100     2025-03-01
    a     2025-02-10  open    Ann    100     2025-03-01
    b     2025-01-10  open    -      50      2025-03-01
    """
    for mode in ("endpoints", "events"):
        lines = bridge(book_of(text), START, END, mode=mode, by=["owner"]).lines
        unowned = lines.filter(pl.col("owner").is_null()).select("line", "count", "amount")
        assert flows(unowned) == {
            "opening": (2, 150),
            "transferred_out": (1, -100),
            "closing": (1, 50),
        }
        assert flows(lines, owner="Ann") == {"transferred_in": (1, 100), "closing": (1, 100)}
        only = bridge(book_of(text), START, END, mode=mode, where={"owner": [None]})
        assert flows(only.lines) == flows(unowned)


@pytest.mark.parametrize("engine", ["polars", *OTHERS])
def test_blank_is_a_choice_and_no_choice_is_nothing(engine: str) -> None:
    text = """
    deal  valid_from  status  owner  amount  close_on
    a     2025-01-10  open    -      100     2025-03-01
    b     2025-01-10  open    Ann    50      2025-03-01
    """
    book = on_engine(engine, book_of(text))
    blank = bridge(book, START, END, where={"owner": [None]})
    assert flows(blank.lines) == {"opening": (1, 100), "closing": (1, 100)}
    assert bridge(book, START, END, where={"owner": []}).deals.is_empty()


def test_a_lost_deal_without_an_amount_leaves_at_its_last_one() -> None:
    text = """
    deal  valid_from  status  amount  close_on
    a     2025-01-10  open    100     2025-03-01
    a     2025-02-10  lost    -       2025-02-10
    b     2025-01-10  open    100     2025-03-01
    b     2025-02-10  won     -       2025-02-10
    """
    result = bridge(book_of(text), START, END, mode="events")
    assert flows(result.lines) == {
        "opening": (2, 200),
        "decreased": (1, -100),
        "won": (1, 0),
        "lost": (1, -100),
    }


def test_per_currency_nothing_is_converted_and_a_change_of_currency_is_a_transfer() -> None:
    for mode, won in (("endpoints", (1, -1000)), ("events", (1, -1100))):
        result = bridge(book_of(DEALS), START, END, mode=mode, period=QUARTER, where=MINE)
        euros = flows(result.per_currency, currency="EUR")
        assert euros.pop("won") == won
        assert euros.pop("increased", None) == ((1, 100) if mode == "events" else None)
        assert euros == {"opening": (2, 2000), "transferred_in": (1, 1000), "closing": (2, 2000)}
        assert flows(result.per_currency, currency="USD")["transferred_out"] == (2, -1500)


def test_a_change_learned_late_counts_when_it_held() -> None:
    text = """
    deal  valid_from  recorded_at status  amount  close_on
    a     2025-01-10  2025-01-10  open    100     2025-03-01
    a     2025-02-10  2025-03-20  won     100     2025-02-10
    """
    book = book_of(text)
    for mode in ("endpoints", "events"):
        assert flows(bridge(book, START, END, mode=mode).lines) == {"opening": (1, 100), "won": (1, -100)}
        then = bridge(book, START, END, mode=mode, known_at=END)
        assert flows(then.lines) == {"opening": (1, 100), "closing": (1, 100)}


def test_the_day_of_an_event_is_that_of_the_organisation() -> None:
    # 23:30 in New York on the 14th is already the 15th in UTC, the first day of the new rate.
    text = """
    deal  valid_from        created_at  status  amount  currency  close_on
    a     2025-02-15T04:30  2025-02-15  open    1000    EUR       2025-03-15
    """
    for zone, value in (("UTC", 1200), ("America/New_York", 1100)):
        book = Book.build(deals=table("deals", text), rates=rates(RATES), currency="USD", zone=zone)
        result = bridge(book, START, END, mode="events")
        assert flows(result.lines)["new"] == (1, value)
        assert flows(result.lines)["closing"] == (1, 1200)


def test_a_deal_without_an_amount_or_a_rate_counts_and_adds_nothing() -> None:
    text = """
    deal  valid_from  status  amount  currency  close_on
    a     2025-01-10  open    -       USD       2025-03-01
    b     2025-01-10  open    100     CHF       2025-03-01
    """
    for mode in ("endpoints", "events"):
        result = bridge(book_of(text), START, END, mode=mode)
        assert flows(result.lines) == {"opening": (2, 0), "closing": (2, 0)}


def test_an_empty_book_has_every_line_at_nought() -> None:
    text = """
    deal  valid_from  status  amount  close_on
    a     2025-06-10  open    100     2025-07-01
    """
    for mode in ("endpoints", "events"):
        assert found(bridge(book_of(text), START, END, mode=mode).lines) == dict.fromkeys(LINES, (0, 0))


def test_what_cannot_be_bridged_is_refused_with_the_reason() -> None:
    book = book_of(DEALS)
    with pytest.raises(Refused, match="before it starts"):
        bridge(book, END, START)
    with pytest.raises(Refused, match="no mode called 'ends'"):
        bridge(book, START, END, mode="ends")  # type: ignore[arg-type]
    with pytest.raises(Refused, match="nothing called 'rank'"):
        bridge(book, START, END, where={"rank": ["1"]})
    with pytest.raises(Refused, match="no line called 'gained'"):
        explain(bridge(book, START, END), "gained")


def test_a_period_that_no_calendar_names_will_do() -> None:
    days = Period("two weeks", "range", dt.date(2025, 3, 1), dt.date(2025, 3, 14))
    result = bridge(book_of(DEALS), START, END, period=days)
    assert flows(result.lines) == {"reopened": (1, 450), "closing": (1, 450)}
