"""A book: what holds when, as known when, in whose days, in which money."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from stageproof.engine.book import Book
from stageproof.engine.frames import day_number, number
from stageproof.engine.problem import Refused
from stageproof.engine.tables import FOREVER
from tests.engine.history_books import at, book, day, path, rows_of

DEAL = path("a", ("2025-01-01", "Discovery"), ("2025-01-10", "Proposal"), ("2025-01-20", "won"))


def stages(held: Book, on: Any, known_at: Any = None) -> list[tuple[Any, ...]]:
    return rows_of(held.as_of(on, known_at).deals, "deal", "stage", "status")


def test_a_date_is_the_end_of_its_day_and_an_instant_itself() -> None:
    held = book(DEAL)
    assert stages(held, "2024-12-31") == []
    assert stages(held, day("2025-01-01")) == [("a", "Discovery", "open")]
    assert stages(held, "2025-01-09") == [("a", "Discovery", "open")]
    assert stages(held, "2025-01-10") == [("a", "Proposal", "open")]
    assert stages(held, dt.datetime(2025, 1, 9, 23, 59, 59, 999_999, dt.UTC)) == [("a", "Discovery", "open")]
    assert stages(held, "2025-01-10T00:00:00+00:00") == [("a", "Proposal", "open")]
    assert stages(held, "2025-01-10T00:30:00+01:00") == [("a", "Discovery", "open")]
    assert stages(held, "2025-01-20") == [("a", "Proposal", "won")]


def test_the_end_of_a_day_is_that_of_the_zone() -> None:
    deals = path("a", ("2025-01-01", "Discovery"), ("2025-01-10T23:30", "Proposal"))
    assert stages(book(deals, zone="Europe/Berlin"), "2025-01-10") == [("a", "Discovery", "open")]
    assert stages(book(deals, zone="Europe/Berlin"), "2025-01-11") == [("a", "Proposal", "open")]
    assert stages(book(deals, zone="America/New_York"), "2025-01-10") == [("a", "Proposal", "open")]


def test_the_day_of_creation_is_that_of_the_zone() -> None:
    deals = path("a", ("2025-01-10T23:30", "Discovery"))
    assert rows_of(book(deals, zone="Europe/Berlin").as_of("2025-02-01").deals, "created_on") == [
        (day_number(day("2025-01-11")),)
    ]


def test_what_is_not_a_date_is_refused_with_an_example() -> None:
    with pytest.raises(Refused) as refused:
        book(DEAL).as_of("31/02/2025")
    assert [(problem.code, problem.value) for problem in refused.value.problems] == [
        ("unreadable_date", "31/02/2025")
    ]


def test_what_ended_without_a_successor_stays_ended_as_known_later() -> None:
    deals = [
        # "a" is told to end where nothing follows, and "b" goes on after a gap.
        {"deal": "a", "status": "open", "valid_from": at("2025-01-01"), "valid_to": at("2025-02-01")},
        {"deal": "b", "status": "open", "valid_from": at("2025-01-01"), "valid_to": at("2025-02-01")},
        {"deal": "b", "status": "open", "valid_from": at("2025-04-01"), "recorded_at": at("2025-05-01")},
        # Of "c" it was learned in March that it had been another since January, which ended the version before.
        {"deal": "c", "stage": "One", "status": "open", "valid_from": at("2025-01-01"), "valid_to": at("2025-01-10")},
        {"deal": "c", "stage": "Two", "status": "open", "valid_from": at("2025-01-10"), "recorded_at": at("2025-03-01")},
    ]  # fmt: skip
    held = book(deals)
    assert stages(held, "2025-01-15", "2025-01-15") == [(name, stage, "open") for name, stage in
                                                        (("a", None), ("b", None), ("c", "One"))]  # fmt: skip
    assert stages(held, "2025-02-15", "2025-02-15") == [("c", "One", "open")]
    assert stages(held, "2025-02-15", "2025-04-15") == stages(held, "2025-02-15") == [("c", "Two", "open")]
    assert stages(held, "2025-04-15", "2025-04-15") == [("c", "Two", "open")]
    assert stages(held, "2025-04-15") == [("b", None, "open"), ("c", "Two", "open")]


def test_late_knowledge_is_kept_apart_from_when_it_held() -> None:
    learned = ("2025-01-01", "2025-02-15", "2025-01-20")
    deals = [{**row, "recorded_at": at(when)} for row, when in zip(DEAL, learned, strict=True)]
    held = book(deals)
    # On 15 January the deal was in Proposal; before 15 February nobody knew.
    assert stages(held, "2025-01-15") == [("a", "Proposal", "open")]
    assert stages(held, "2025-01-15", "2025-02-14") == [("a", "Discovery", "open")]
    assert stages(held, "2025-01-15", "2025-02-15") == [("a", "Proposal", "open")]
    assert stages(held, "2025-01-25", "2025-01-25") == [("a", "Proposal", "won")]


def test_a_correction_of_the_same_instant_holds_once_it_is_recorded() -> None:
    deals = [
        {**DEAL[0], "amount": 100, "recorded_at": at("2025-01-01")},
        {**DEAL[0], "amount": 200, "recorded_at": at("2025-01-05")},
    ]
    held = book(deals)
    assert rows_of(held.as_of("2025-01-02").deals, "amount") == [(200,)]
    assert rows_of(held.as_of("2025-01-02", "2025-01-04").deals, "amount") == [(100,)]


def test_deleted_deals_do_not_exist_and_may_come_back() -> None:
    held = book(
        path("a", ("2025-01-01", "Discovery"), ("2025-01-10", "deleted"), ("2025-01-20", "Discovery"))
    )
    assert stages(held, "2025-01-15") == []
    assert stages(held, "2025-01-20") == [("a", "Discovery", "open")]


def test_versions_end_where_the_next_begins() -> None:
    versions = rows_of(book(DEAL).tables["deals"], "valid_from", "valid_to")
    starts = [number(at(when)) for when in ("2025-01-01", "2025-01-10", "2025-01-20")]
    assert versions == list(zip(starts, [*starts[1:], FOREVER], strict=True))


def test_a_missing_column_names_itself_and_every_other_one() -> None:
    with pytest.raises(Refused) as refused:
        Book.build(deals=pl.DataFrame({"deal": ["a"], "stage": ["Discovery"]}))
    assert [problem.column for problem in refused.value.problems] == ["status", "valid_from"]


def test_real_dates_and_integers_make_the_same_book() -> None:
    real = pl.DataFrame(
        {
            "deal": ["a"],
            "stage": ["Discovery"],
            "status": ["open"],
            "close_on": [day("2025-03-01")],
            "valid_from": [at("2025-01-01T08:30")],
        }
    )
    whole = real.with_columns(
        close_on=pl.lit(day_number(day("2025-03-01"))), valid_from=pl.lit(number(at("2025-01-01T08:30")))
    )
    for frame in (real, whole, real.with_columns(pl.col("close_on").cast(pl.String))):
        held = Book.build(deals=frame).as_of("2025-02-01")
        assert rows_of(held.deals, "close_on", "valid_from") == [(20148, 1_735_720_200_000_000)]


def test_amounts_are_converted_at_the_rate_of_their_day_half_even() -> None:
    deals = [
        *path("open", ("2025-01-01", "Discovery"), amount=333, currency="EUR"),
        *path("won", ("2025-01-01", "Discovery"), ("2025-02-10", "won"), amount=333, currency="EUR"),
        *path("yen", ("2025-01-01", "Discovery"), amount=1000, currency="JPY"),
        *path("lira", ("2025-01-01", "Discovery"), amount=1000, currency="TRY"),
        *path("own", ("2025-01-01", "Discovery"), amount=7, currency="USD"),
    ]
    rates = [
        {"currency": "EUR", "from_on": day("2025-01-01"), "rate": "1.5"},
        {"currency": "EUR", "from_on": day("2025-03-01"), "rate": "2"},
        {"currency": "JPY", "from_on": day("2025-01-01"), "rate": "0.0066665"},
        {"currency": "TRY", "from_on": day("2026-01-01"), "rate": "1"},
    ]
    pipeline = book(deals, rates=rates, currency="USD").as_of("2025-03-31")
    # 3.33 EUR at 1.5 is 4.995, half to even 5.00, on the day it was won; 1,000 yen are 6.6665, half to even 6.67.
    assert rows_of(pipeline.deals, "deal", "value") == [
        ("lira", None),
        ("open", 666),
        ("own", 7),
        ("won", 500),
        ("yen", 667),
    ]


def test_evidence_that_ran_out_or_lies_ahead_is_not_in_force() -> None:
    common = {"deal": "a", "kind": "pain", "valid_from": at("2025-01-02")}
    evidence = [
        {**common, "evidence": "holds", "given_at": at("2025-01-02")},
        {**common, "evidence": "lapsed", "given_at": at("2025-01-02"), "expires_on": day("2025-01-30")},
        {**common, "evidence": "last day", "given_at": at("2025-01-02"), "expires_on": day("2025-01-31")},
        {**common, "evidence": "ahead", "given_at": at("2025-02-01")},
        {**common, "evidence": "withdrawn", "given_at": at("2025-01-02"), "valid_to": at("2025-01-20")},
    ]
    pipeline = book(DEAL, evidence=evidence).as_of("2025-01-31")
    assert rows_of(pipeline.evidence, "evidence") == [("holds",), ("last day",)]
    assert rows_of(pipeline.evidence_given, "evidence") == [("holds",), ("lapsed",), ("last day",)]
    assert book(DEAL).as_of("2025-01-31").evidence is None
