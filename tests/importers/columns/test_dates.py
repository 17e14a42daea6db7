"""Columns of dates and instants, against values written out by hand and against the standard library."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.frames import day_number, day_of, instant_number, instant_of
from stageproof.importers.columns import DateColumn, Order, read_dates


def read(
    cells: list[str | None], *, order: Order | None = None, zone: str = "UTC", at: bool = False
) -> DateColumn:
    return read_dates(pl.Series("Close Date", cells, dtype=pl.String), order=order, zone=zone, of_instant=at)


def days(cells: list[str | None], *, order: Order | None = None, zone: str = "UTC") -> list[str | None]:
    values = read(cells, order=order, zone=zone).values
    return [None if value is None else day_of(value).isoformat() for value in values]


def instants(cells: list[str | None], *, zone: str = "UTC") -> list[str | None]:
    values = read(cells, zone=zone, at=True).values
    return [
        None if value is None else instant_of(value).isoformat().removesuffix("+00:00") for value in values
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-14",
        " 2025-10-14 ",
        "2025/10/14",
        "2025.10.14",
        "2025-10-14T09:05:00Z",
        "2025-10-14 09:05",
        "20251014",
        "10/14/2025",
        "10/14/25",
        "14/10/2025",
        "14.10.2025",
        "14-10-2025",
        "14-Oct-2025",
        "14-OCT-25",
        "14 October 2025",
        "14th Oct. 2025",
        "Oct 14, 2025",
        "October 14th 2025",
        "Tue, 14 Oct 2025 10:00:00 GMT",
        "Tuesday, October 14, 2025",
        "2025-Oct-14",
        "10/14/2025, 3:05 PM",
        "1760400000",
        "1760400000000",
        "2025年10月14日",
        "2025년 10월 14일",
        "2025. 10. 14.",
        "14. Oktober 2025",
        "Di., 14. Okt. 2025",
        "14 octobre 2025",
        "14 oct. 2025 à 09:05",
        "14 de outubro de 2025",
        "14/out/2025",
        "martedì 14 ottobre 2025",
        "14.10.2025 um 9:05 Uhr",
        "14.10.2025 09.05",
        "Tue Oct 14 2025 09:05:00 GMT+0200 (Central European Summer Time)",
    ],
)
def test_every_way_to_write_a_day(text: str) -> None:
    assert days([text]) == ["2025-10-14"]


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2025",
        "29/02/2023",
        "2025-02-30",
        "2023-02-29",
        "32/01/2025",
        "13/13/2025",
        "2025-00-10",
        "1969-12-31",
        "2201-01-01",
        "0001-01-01",
        "9999-12-31",
        "14/10",
        "2025-10",
        "2025",
        "tomorrow",
        "Q4 2025",
        "2025-10-14 24:00",
        "2025-10-14 09:60",
        "2025-10-14 13:00 PM",
        "2025-10-14 0:30 AM",
        "2025-10-14T09:05:00+15:00",
        "2025-10-14x",
        "=TODAY()",
        "12/2025/10",
        "1e309",
        "vor 14.10.2025",
        "14 octobrist 2025",
        "2025年13月1日",
        "14.10.2025 09:05 XYZ",
    ],
)
def test_what_is_no_date_is_bad(text: str) -> None:
    for at in (False, True):
        column = read([text, None, "2025-01-01"], at=at)
        assert column.bad.to_list() == [True, False, False]
        assert column.values[0] is None
        assert not column.ambiguous


@pytest.mark.parametrize(
    ("month", "words"),
    [
        (1, "Jan. Januar Jänner janvier enero janeiro gennaio januari"),
        (3, "Mär März Mrz mars marzo março maart mrt"),
        (5, "Mai May mei maj mayo maio maggio"),
        (6, "Juni juin junio junho giugno"),
        (7, "Juli juil. juillet julio julho luglio"),
        (8, "août agosto Ago"),
        (10, "Okt out ott Octubre"),
        (12, "Dez déc. dic desember Dicembre"),
    ],
)
def test_months_of_many_languages(month: int, words: str) -> None:
    for word in words.split():
        assert days([f"7 {word} 2025"]) == [f"2025-{month:02d}-07"]


def test_zones_by_their_abbreviation() -> None:
    written = {"10/14/2025 9:05 AM PDT": 16, "14.10.2025 09:05 MESZ": 7, "2025-10-14 09:05 EST": 14}
    for text, hour in written.items():
        assert instants([text]) == [f"2025-10-14T{hour:02d}:05:00"]


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "N/A", "None", "null", "#N/A", "0000-00-00", "Unknown", "NA"]
)
def test_words_for_blank_are_not_bad(text: str) -> None:
    column = read([text, "2025-01-01"])
    assert column.values.to_list() == [None, day_number(dt.date(2025, 1, 1))]
    assert column.bad.to_list() == [False, False]


def test_leap_days_are_days() -> None:
    assert days(["29/02/2024", "29.02.2000", "2024-02-29"]) == ["2024-02-29", "2000-02-29", "2024-02-29"]


def test_two_digit_years_turn_at_seventy() -> None:
    assert days(["1/13/69", "1/13/00", "1/13/70", "1/13/99"]) == [
        "2069-01-13",
        "2000-01-13",
        "1970-01-13",
        "1999-01-13",
    ]


def test_one_day_above_twelve_decides_the_column() -> None:
    month_first = read(["03/04/2025", "3/4/25", "12/31/2025"])
    assert (month_first.order, month_first.ambiguous, month_first.note) == ("mdy", False, "")
    assert days(["03/04/2025", "12/31/2025"]) == ["2025-03-04", "2025-12-31"]
    assert days(["03/04/2025", "31/12/2025"]) == ["2025-04-03", "2025-12-31"]
    assert days(["03-04-2025", "31-12-2025"]) == ["2025-04-03", "2025-12-31"]


def test_a_day_that_no_calendar_has_is_no_evidence() -> None:
    column = read(["31/02/2025", "03/04/2025"])
    assert column.ambiguous
    assert column.bad.to_list() == [True, False]
    assert days(["31/02/2025", "12/31/2025", "3/4/2025"]) == [None, "2025-12-31", "2025-03-04"]


def test_without_evidence_the_column_is_ambiguous() -> None:
    column = read(["03/04/2025", "05/05/2025", "2025-01-01", None])
    assert column.ambiguous
    assert column.order is None
    assert column.bad.to_list() == [False] * 4
    assert column.values.is_null().to_list() == [True, False, False, True]
    assert days(["03/04/2025"], order="dmy") == ["2025-04-03"]
    assert days(["03/04/2025"], order="mdy") == ["2025-03-04"]


def test_dates_that_read_the_same_both_ways_need_no_evidence() -> None:
    column = read(["04/04/2025", "11/11/25"])
    assert (column.order, column.ambiguous, column.bad.any()) == (None, False, False)
    assert days(["04/04/2025", "11/11/25"]) == ["2025-04-04", "2025-11-11"]


def test_dots_mean_day_first() -> None:
    assert days(["03.04.2025"]) == ["2025-04-03"]


def test_a_few_contradictions_are_bad_and_many_make_the_column_ambiguous() -> None:
    few = read(["12/31/2025"] * 10 + ["31/12/2025", "3/4/2025"])
    assert (few.order, few.ambiguous) == ("mdy", False)
    assert few.bad.to_list() == [False] * 10 + [True, False]
    assert few.note == "1 dates have the day first where the others have the month."
    many = read(["12/31/2025"] * 3 + ["31/12/2025"] * 2)
    assert many.ambiguous
    assert many.note == "2 dates have the day first and 3 the month."


def test_a_given_order_makes_the_others_bad() -> None:
    column = read(["31/12/2025", "12/31/2025", "2025-12-31"], order="dmy")
    assert column.bad.to_list() == [False, True, False]


def test_the_year_first_in_two_digits_only_when_said() -> None:
    assert days(["25-10-14", "10/31/2025"], order="ymd") == ["2025-10-14", "2025-10-31"]
    assert days(["25-10-14"]) == ["2014-10-25"]


def test_serial_numbers_of_spreadsheets() -> None:
    assert days(["45000", "45000.75", "25569"]) == ["2023-03-15", "2023-03-15", "1970-01-01"]
    assert instants(["45000", "45000.75", "45000.5000115741"]) == [
        "2023-03-15T00:00:00",
        "2023-03-15T18:00:00",
        "2023-03-15T12:00:01",
    ]
    mixed = read(["45000", "2025-01-01"])
    assert mixed.bad.to_list() == [True, False]
    told = read_dates(
        pl.Series(["45000", "2025-01-01"]), order=None, zone="UTC", of_instant=False, serials=True
    )
    assert told.values.to_list() == [day_number(dt.date(2023, 3, 15)), day_number(dt.date(2025, 1, 1))]


def test_instants_in_every_notation() -> None:
    assert instants(
        [
            "2025-10-14T09:05:00.123Z",
            "2025-10-14 09:05:00.1234567 UTC",
            "2025-10-14T09:05:00+02:00",
            "2025-10-14T09:05:00.000+0000",
            "2025-10-14T09:05:00-0330",
            "2025-10-14T09:05+02",
            "10/14/25 12:00 AM",
            "10/14/25 12:00 PM",
            "10/14/2025 3:05:09 pm",
            "14-Oct-2025 at 3 p.m.",
            "1760400000123",
        ]
    ) == [
        "2025-10-14T09:05:00.123000",
        "2025-10-14T09:05:00.123456",
        "2025-10-14T07:05:00",
        "2025-10-14T09:05:00",
        "2025-10-14T12:35:00",
        "2025-10-14T07:05:00",
        "2025-10-14T00:00:00",
        "2025-10-14T12:00:00",
        "2025-10-14T15:05:09",
        "2025-10-14T15:00:00",
        "2025-10-14T00:00:00.123000",
    ]


def test_local_times_where_clocks_change() -> None:
    assert instants(
        ["2025-03-30 01:59:59", "2025-03-30 02:30:00", "2025-10-26 02:30:00", "2025-10-26 03:00:00"],
        zone="Europe/Berlin",
    ) == ["2025-03-30T00:59:59", "2025-03-30T01:30:00", "2025-10-26T00:30:00", "2025-10-26T02:00:00"]


def test_a_day_alone_starts_in_the_zone() -> None:
    assert instants(["2025-10-14", "2025-01-14"], zone="Europe/Berlin") == [
        "2025-10-13T22:00:00",
        "2025-01-13T23:00:00",
    ]
    # In Santiago the clocks skipped the midnight of 7 September 2025.
    assert instants(["2025-09-07"], zone="America/Santiago") == ["2025-09-07T04:00:00"]


def test_an_instant_falls_on_the_day_of_the_zone() -> None:
    assert days(["2025-10-14T23:30:00Z", "2025-10-14T23:30:00"], zone="Europe/Berlin") == [
        "2025-10-15",
        "2025-10-14",
    ]
    assert days(["1760400000"], zone="America/New_York") == ["2025-10-13"]


def test_a_column_of_nothing() -> None:
    for cells in ([], [None, "", "n/a"]):
        column = read(list(cells))
        assert column.values.to_list() == [None] * len(cells)
        assert (column.bad.any(), column.ambiguous, column.order) == (False, False, None)
    assert read(["x"]).values.name == "Close Date"


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
TIMES = st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2200, 12, 30))
FORMATS = ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%d %b %Y %H:%M:%S.%f", "%Y%m%d %H:%M:%S.%f")


@settings(max_examples=60, deadline=None)
@given(times=st.lists(TIMES, min_size=1, max_size=5), zone=ZONES, layout=st.sampled_from(FORMATS))
def test_local_times_as_the_standard_library_reads_them(
    times: list[dt.datetime], zone: str, layout: str
) -> None:
    column = read([time.strftime(layout) for time in times], zone=zone, at=True)
    assert column.values.to_list() == [instant_number(time.replace(tzinfo=ZoneInfo(zone))) for time in times]


@settings(max_examples=60, deadline=None)
@given(
    dates=st.lists(st.dates(dt.date(1970, 1, 1), dt.date(2200, 12, 31)), min_size=1, max_size=6),
    layout=st.sampled_from(["%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y"]),
)
def test_a_column_is_read_rightly_or_said_to_be_ambiguous(dates: list[dt.date], layout: str) -> None:
    column = read([day.strftime(layout) for day in dates])
    if column.ambiguous:
        assert all(day.day <= 12 for day in dates)
    else:
        assert column.values.to_list() == [day_number(day) for day in dates]
    assert not column.bad.any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20), st.from_regex(r"[0-9]{1,4}[-/.][0-9]{1,4}[-/.][0-9]{1,4}( [0-9:]{1,9})?")
        ),
        max_size=6,
    ),
    ZONES,
)
def test_any_text_is_a_value_or_blank_or_bad(cells: list[str], zone: str) -> None:
    for at in (False, True):
        column = read(list(cells), zone=zone, order="dmy", at=at)
        assert not (column.values.is_not_null() & column.bad).any()
        assert len(column.values) == len(column.bad) == len(cells)


def test_many_rows_read_as_few() -> None:
    cells = [f"2025-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)] * 20
    cells += ["31/02/2025", "2025-01-01T10:00:00Z"]
    column = read(list(cells))
    expected = [day_number(dt.date.fromisoformat(cell)) for cell in cells[:-2]]
    assert column.values.to_list() == [*expected, None, day_number(dt.date(2025, 1, 1))]
