"""Periods, against published fiscal calendars, ISO weeks and plain date arithmetic."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.frames import day_number
from stageproof.engine.period import Calendar, Grain, Period, period_label
from stageproof.engine.problem import Refused

DAY = timedelta(days=1)
RETAIL = Calendar("4-5-4", year_starts=2, week_starts=6, year_ends="nearest", named_by="start")
SEPTEMBER = Calendar("4-4-5", year_starts=10, week_starts=6, year_ends="last", named_by="end")

calendars = st.builds(
    Calendar,
    kind=st.sampled_from(["months", "4-4-5", "4-5-4", "5-4-4"]),
    year_starts=st.integers(1, 12),
    week_starts=st.integers(0, 6),
    year_ends=st.sampled_from(["last", "nearest"]),
    named_by=st.sampled_from(["start", "end"]),
)
days = st.dates(date(1970, 1, 1), date(2100, 12, 31))
grains = st.sampled_from(get_args(Grain))


@pytest.mark.parametrize(
    ("text", "name", "first", "last"),
    [
        ("2017", "2017", "2017-01-01", "2017-12-31"),
        ("FY2017", "2017", "2017-01-01", "2017-12-31"),
        ("fy17", "2017", "2017-01-01", "2017-12-31"),
        ("2017-Q4", "2017-Q4", "2017-10-01", "2017-12-31"),
        ("2017Q4", "2017-Q4", "2017-10-01", "2017-12-31"),
        ("Q4 2017", "2017-Q4", "2017-10-01", "2017-12-31"),
        ("q4-2017", "2017-Q4", "2017-10-01", "2017-12-31"),
        ("FY2018-Q1", "2018-Q1", "2018-01-01", "2018-03-31"),
        ("FY18 Q1", "2018-Q1", "2018-01-01", "2018-03-31"),
        (" 2016-02 ", "2016-02", "2016-02-01", "2016-02-29"),
        ("2017-12", "2017-12", "2017-12-01", "2017-12-31"),
        ("2017-W45", "2017-W45", "2017-11-06", "2017-11-12"),
        ("2020-W53", "2020-W53", "2020-12-28", "2021-01-03"),
    ],
)
def test_texts_name_periods_of_the_calendar_year(text: str, name: str, first: str, last: str) -> None:
    period = Calendar().period(text)
    assert (period.name, period.starts_on.isoformat(), period.ends_on.isoformat()) == (name, first, last)


@pytest.mark.parametrize(
    "text", ["2017-10-01..2017-12-31", "2017-10-01/2017-12-31", "2017-10-01 .. 2017-12-31"]
)
def test_a_range_is_its_own_period(text: str) -> None:
    period = Calendar().period(text)
    assert period == Period("2017-10-01..2017-12-31", "range", date(2017, 10, 1), date(2017, 12, 31))
    assert period.days == 92
    assert Calendar().next(period) == Period(
        "2018-01-01..2018-04-02", "range", date(2018, 1, 1), date(2018, 4, 2)
    )
    assert Calendar().previous(Calendar().next(period)) == period


@pytest.mark.parametrize(
    ("calendar", "text", "first", "last"),
    [
        (Calendar(year_starts=2), "FY2018", "2017-02-01", "2018-01-31"),
        (Calendar(year_starts=2), "2018", "2017-02-01", "2018-01-31"),
        (Calendar(year_starts=2), "FY2018-Q1", "2017-02-01", "2017-04-30"),
        (Calendar(year_starts=2), "FY2018-Q4", "2017-11-01", "2018-01-31"),
        (Calendar(year_starts=2, named_by="start"), "FY2018-Q4", "2018-11-01", "2019-01-31"),
        (Calendar(year_starts=7), "Q3 FY2024", "2024-01-01", "2024-03-31"),
        (Calendar(year_starts=7), "2024-01", "2024-01-01", "2024-01-31"),
        (Calendar(year_starts=7), "FY2024-M01", "2023-07-01", "2023-07-31"),
        (Calendar(year_starts=7), "FY2024-P12", "2024-06-01", "2024-06-30"),
    ],
)
def test_fiscal_years_of_months(calendar: Calendar, text: str, first: str, last: str) -> None:
    period = calendar.period(text)
    assert (period.starts_on.isoformat(), period.ends_on.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("calendar", "text", "first", "last", "weeks"),
    [
        # The 4-5-4 calendar that American retailers publish: FY2017 and FY2023 have 53 weeks.
        (RETAIL, "FY2016", "2016-01-31", "2017-01-28", 52),
        (RETAIL, "FY2017", "2017-01-29", "2018-02-03", 53),
        (RETAIL, "FY2018", "2018-02-04", "2019-02-02", 52),
        (RETAIL, "FY2022", "2022-01-30", "2023-01-28", 52),
        (RETAIL, "FY2023", "2023-01-29", "2024-02-03", 53),
        (RETAIL, "FY2024", "2024-02-04", "2025-02-01", 52),
        (RETAIL, "FY2023-Q4", "2023-10-29", "2024-02-03", 14),
        (RETAIL, "FY2023-M12", "2023-12-31", "2024-02-03", 5),
        (RETAIL, "FY2023-M11", "2023-11-26", "2023-12-30", 5),
        # Years ending on the last Saturday of September.
        (SEPTEMBER, "FY2022", "2021-09-26", "2022-09-24", 52),
        (SEPTEMBER, "FY2023", "2022-09-25", "2023-09-30", 53),
        (SEPTEMBER, "FY2024", "2023-10-01", "2024-09-28", 52),
        (SEPTEMBER, "FY2023-Q3", "2023-03-26", "2023-06-24", 13),
        (SEPTEMBER, "FY2023-M12", "2023-08-20", "2023-09-30", 6),
        (SEPTEMBER, "FY2023-W53", "2023-09-24", "2023-09-30", 1),
        # A calendar month names the fiscal month that stands for it.
        (RETAIL, "2024-01", "2023-12-31", "2024-02-03", 5),
        (RETAIL, "2023-02", "2023-01-29", "2023-02-25", 4),
        (SEPTEMBER, "2022-10", "2022-09-25", "2022-10-22", 4),
    ],
)
def test_years_of_weeks(calendar: Calendar, text: str, first: str, last: str, weeks: int) -> None:
    period = calendar.period(text)
    assert (period.starts_on.isoformat(), period.ends_on.isoformat()) == (first, last)
    assert period.days == 7 * weeks


def test_the_months_of_a_year_of_weeks_follow_their_pattern() -> None:
    months = RETAIL.months_of(RETAIL.period("FY2022"))
    assert [month.days // 7 for month in months] == [4, 5, 4] * 4
    assert [month.days // 7 for month in RETAIL.months_of(RETAIL.period("FY2023"))] == [4, 5, 4] * 3 + [
        4,
        5,
        5,
    ]
    assert [month.name for month in RETAIL.months_of(RETAIL.period("FY2022-Q2"))] == [
        "FY2022-M04",
        "FY2022-M05",
        "FY2022-M06",
    ]


def test_quarters_of_a_year() -> None:
    fiscal = Calendar(year_starts=4)
    quarters = fiscal.quarters_of(fiscal.period("FY2024"))
    assert [quarter.name for quarter in quarters] == [f"FY2024-Q{number}" for number in (1, 2, 3, 4)]
    assert [quarter.starts_on for quarter in quarters] == [
        date(2023, 4, 1),
        date(2023, 7, 1),
        date(2023, 10, 1),
        date(2024, 1, 1),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ""),
        ("soon", ""),
        ("17", ""),
        ("2017-Q5", ""),
        ("2017-Q0", ""),
        ("2017-13", "A month is 01 to 12."),
        ("2017-00", "A month is 01 to 12."),
        ("2017-1", ""),
        ("2017-W54", "2017 has no week 54."),
        ("2017-W53", "2017 has no week 53."),
        ("2017-W00", "2017 has no week 0."),
        ("FY2017-W05", "Weeks do not fit a fiscal year of months"),
        ("0001", "between 1900 and 2200"),
        ("9999", "between 1900 and 2200"),
        ("9999-01-01..9999-12-31", "between 1900 and 2200"),
        ("2017-02-30..2017-03-01", "One of its dates does not exist."),
        ("2017-03-02..2017-03-01", "It ends before it starts."),
        ("２０１７", ""),
    ],
)
def test_other_texts_are_refused_with_examples(text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        Calendar().period(text)
    (problem,) = refused.value.problems
    assert problem.code == "period_unknown"
    assert reason in problem.says
    assert "2017-Q4" in problem.remedy
    assert problem.value == text


def test_a_week_beyond_a_year_of_weeks_is_refused() -> None:
    with pytest.raises(Refused, match="FY2022 has 52 weeks"):
        SEPTEMBER.period("FY2022-W53")


def test_a_wrong_calendar_is_refused_with_every_reason() -> None:
    with pytest.raises(Refused) as refused:
        Calendar("4-4-4", year_starts=13, week_starts=7, year_ends="first", named_by="me")  # type: ignore[arg-type]
    assert [problem.column for problem in refused.value.problems] == [
        "kind",
        "year_starts",
        "week_starts",
        "year_ends",
        "named_by",
    ]


@given(day=days)
def test_monday_weeks_are_those_of_iso(day: date) -> None:
    year, week, weekday = day.isocalendar()
    expected = Period(f"{year}-W{week:02}", "week", day - DAY * (weekday - 1), day + DAY * (7 - weekday))
    assert Calendar().containing(day, "week") == expected
    assert Calendar().period(expected.name) == expected


@given(calendar=calendars, day=days, grain=grains)
def test_every_day_lies_in_a_period_whose_name_finds_it_again(
    calendar: Calendar, day: date, grain: Grain
) -> None:
    period = calendar.containing(day, grain)
    assert period.contains(day)
    assert period.grain == grain
    assert calendar.period(period.name) == period
    assert (
        calendar.containing(period.starts_on, grain) == calendar.containing(period.ends_on, grain) == period
    )


@given(calendar=calendars, day=days, grain=grains)
def test_periods_follow_each_other_without_gap(calendar: Calendar, day: date, grain: Grain) -> None:
    period = calendar.containing(day, grain)
    later = calendar.next(period)
    assert later.starts_on == period.ends_on + DAY
    assert calendar.previous(later) == period


@settings(max_examples=50)
@given(calendar=calendars, day=days, length=st.integers(0, 800), grain=grains)
def test_between_covers_the_days_and_no_more(
    calendar: Calendar, day: date, length: int, grain: Grain
) -> None:
    last = day + DAY * length
    periods = calendar.between(day, last, grain)
    assert periods[0].contains(day)
    assert periods[-1].contains(last)
    assert sum(period.days for period in periods) == (periods[-1].ends_on - periods[0].starts_on).days + 1
    assert calendar.between(last + DAY, day, grain) == []


@given(calendar=calendars.filter(lambda each: each.kind != "months"), year=st.integers(1970, 2100))
def test_years_of_weeks_end_where_they_should(calendar: Calendar, year: int) -> None:
    whole = calendar.period(f"FY{year}")
    assert whole.days in (52 * 7, 53 * 7)
    assert (whole.ends_on + DAY).weekday() == calendar.week_starts
    # The month before the first, in the year by which the fiscal year is named or in the next.
    ends_in = year if calendar.named_by == "end" or calendar.year_starts == 1 else year + 1
    after = date(ends_in + 1, 1, 1) if calendar.year_starts == 1 else date(ends_in, calendar.year_starts, 1)
    past_end = (whole.ends_on - (after - DAY)).days
    assert -6 <= past_end <= 0 if calendar.year_ends == "last" else -3 <= past_end <= 3
    assert [quarter.days for quarter in calendar.quarters_of(whole)] == [91, 91, 91, whole.days - 273]
    assert [month.name for month in calendar.months_of(whole)] == [f"FY{year}-M{n:02}" for n in range(1, 13)]
    assert sum(month.days for month in calendar.months_of(whole)) == whole.days


@given(start=st.integers(1, 12), named_by=st.sampled_from(["start", "end"]), day=days)
def test_years_of_months_are_named_by_their_start_or_end(start: int, named_by: str, day: date) -> None:
    year = Calendar(year_starts=start, named_by=named_by).containing(day, "year")  # type: ignore[arg-type]
    assert (year.starts_on.month, year.starts_on.day) == (start, 1)
    assert year.starts_on.replace(year=year.starts_on.year + 1) == year.ends_on + DAY
    named = year.starts_on if named_by == "start" else year.ends_on
    assert year.name.removeprefix("FY") == str(named.year)
    assert year.name.startswith("FY") == (start != 1)


def _labels(periods: list[Period], numbers: list[int | None]) -> list[str | None]:
    """The labels as both engines give them, which must agree."""
    frame = pl.DataFrame(
        {"row": range(len(numbers)), "on": numbers}, schema={"row": pl.Int64, "on": pl.Int64}
    )
    label = period_label(nw.col("on"), periods)
    from_polars = nw.from_native(frame.lazy()).with_columns(period=label).collect().to_native()
    relation = duckdb.connect().from_arrow(frame.to_arrow())
    from_duckdb = (
        nw.from_native(relation).with_columns(period=label).sort("row").collect("polars").to_native()
    )
    assert from_polars["period"].to_list() == from_duckdb["period"].to_list()
    return from_polars["period"].to_list()


def test_labels_name_days_and_are_null_outside() -> None:
    quarters = Calendar().between(date(2017, 1, 1), date(2017, 12, 31), "quarter")
    chosen = [quarters[3], quarters[0]]
    wanted = [
        (date(2016, 12, 31), None),
        (date(2017, 1, 1), "2017-Q1"),
        (date(2017, 3, 31), "2017-Q1"),
        (date(2017, 4, 1), None),
        (date(2017, 9, 30), None),
        (date(2017, 10, 1), "2017-Q4"),
        (date(2017, 12, 31), "2017-Q4"),
        (date(2018, 1, 1), None),
    ]
    numbers = [day_number(day) for day, _ in wanted]
    assert _labels(chosen, [*numbers, None]) == [*(name for _, name in wanted), None]


def test_labels_of_four_hundred_weeks() -> None:
    weeks = Calendar().between(date(2015, 1, 5), date(2022, 8, 31), "week")
    assert len(weeks) == 400
    first = day_number(weeks[0].starts_on)
    expected = [week.name for week in weeks for _ in range(7)]
    assert _labels(weeks, list(range(first - 1, first + 2801))) == [None, *expected, None]


def test_labels_of_no_periods_are_null() -> None:
    assert _labels([], [17_000, None]) == [None, None]


def test_overlapping_periods_have_no_labels() -> None:
    calendar = Calendar()
    with pytest.raises(ValueError, match="two names"):
        period_label(nw.col("on"), [calendar.period("2017"), calendar.period("2017-Q4")])
