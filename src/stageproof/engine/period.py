"""Periods of the calendar and of the fiscal year, and the days of a time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import narwhals as nw

from stageproof.engine.frames import day_number
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.zone import check_zone, day_at, end_of_day, start_of_day

__all__ = [
    "Calendar",
    "Grain",
    "Period",
    "check_zone",
    "day_at",
    "end_of_day",
    "period_label",
    "start_of_day",
]

Grain = Literal["week", "month", "quarter", "year"]

_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_YEARS = f" Its years must lie between {_FIRST_YEAR} and {_LAST_YEAR}."
_EXAMPLES = "2017, FY2018, 2017-Q4, 2017-11, 2017-W45 or 2017-10-01..2017-12-31"
_FORMS = re.compile(
    r"(?P<fy>FY)?(?P<year>\d{4}|(?<=FY)\d{2})"
    r"(?:[- ]?(?:Q(?P<quarter>[1-4])|W(?P<week>\d{1,2})|[MP](?P<fiscal_month>\d{1,2}))|-(?P<month>\d{2}))?"
    r"|Q(?P<lead>[1-4])[- ]?(?P<lead_fy>FY)?(?P<lead_year>\d{4}|(?<=FY)\d{2})",
    re.ASCII,
)
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\s*(?:\.\.|/)\s*(\d{4}-\d{2}-\d{2})", re.ASCII)
_WEEKS: dict[str, tuple[int, int, int]] = {"4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}


@dataclass(frozen=True)
class Period:
    """A named run of days, the last one included; a `range` is one that no calendar names."""

    name: str
    grain: Grain | Literal["range"]
    starts_on: date
    ends_on: date

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1

    def contains(self, day: date) -> bool:
        """Whether the day falls within the period."""
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True)
class Calendar:
    """How a year is cut: by months from the 1st of `year_starts`, or by whole weeks.

    Years of weeks end on the day before `week_starts` that is the last in the month before `year_starts`, or
    the nearest to its end; their 53rd week falls to the last month. A year is named by the calendar year in
    which it ends or starts. Weeks belong to the year of their fourth day, as in ISO 8601; in years of weeks
    they count from the first day of the year.
    """

    kind: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = "months"
    year_starts: int = 1
    week_starts: int = 0
    year_ends: Literal["last", "nearest"] = "last"
    named_by: Literal["start", "end"] = "end"

    def __post_init__(self) -> None:
        allowed: tuple[tuple[str, object, Sequence[object]], ...] = (
            ("kind", self.kind, ("months", *_WEEKS)),
            ("year_starts", self.year_starts, range(1, 13)),
            ("week_starts", self.week_starts, range(7)),
            ("year_ends", self.year_ends, ("last", "nearest")),
            ("named_by", self.named_by, ("start", "end")),
        )
        problems = [
            Problem(
                "calendar_wrong",
                f"A calendar's {name} cannot be “{value}”.",
                f"Use one of {', '.join(str(item) for item in values)}.",
                column=name,
                value=str(value),
            )
            for name, value, values in allowed
            if value not in values
        ]
        if problems:
            raise Refused(problems)

    def period(self, text: str) -> Period:
        """The period that the text names; refused with examples when it names none."""
        explicit = _RANGE.fullmatch(text.strip())
        if explicit:
            return _range(text, *explicit.groups())
        found = _FORMS.fullmatch(text.strip().upper())
        if not found:
            raise _refused(text)
        part = {key: value for key, value in found.groupdict().items() if value}
        written = part.get("year") or part["lead_year"]
        year = int(written) + (2000 if len(written) == 2 else 0)
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise _refused(text, _YEARS)
        quarter = part.get("quarter") or part.get("lead")
        if quarter:
            return self._quarter(year, int(quarter))
        if "week" in part:
            return self._named_week(text, year, int(part["week"]), fiscal="fy" in part)
        if "month" in part or "fiscal_month" in part:
            return self._named_month(text, year, part)
        return self._year(year)

    def containing(self, day: date, grain: Grain) -> Period:
        """The period of this grain around the day."""
        if grain == "week":
            return self._week_of(day)
        if grain == "month" and self.kind == "months":
            return _calendar_month(day.year, day.month)
        year = self._year_of(day)
        if grain == "year":
            return self._year(year)
        for quarter in (self._quarter(year, number) for number in (1, 2, 3, 4)):
            if quarter.contains(day):
                if grain == "quarter":
                    return quarter
                return next(month for month in self.months_of(quarter) if month.contains(day))
        raise AssertionError("the quarters cover the year")

    def next(self, period: Period) -> Period:
        """The period after; after a range, as many days again."""
        if period.grain == "range":
            return _span(period.ends_on + _DAY, period.ends_on + _DAY * period.days)
        return self.containing(period.ends_on + _DAY, period.grain)

    def previous(self, period: Period) -> Period:
        """The period before; before a range, as many days again."""
        if period.grain == "range":
            return _span(period.starts_on - _DAY * period.days, period.starts_on - _DAY)
        return self.containing(period.starts_on - _DAY, period.grain)

    def between(self, first: date, last: date, grain: Grain) -> list[Period]:
        """Every period that holds a day from first to last, in order."""
        if last < first:
            return []
        periods = [self.containing(first, grain)]
        while periods[-1].ends_on < last:
            periods.append(self.next(periods[-1]))
        return periods

    def quarters_of(self, period: Period) -> list[Period]:
        """The quarters that share a day with the period."""
        return self.between(period.starts_on, period.ends_on, "quarter")

    def months_of(self, period: Period) -> list[Period]:
        """The months that share a day with the period."""
        if self.kind == "months":
            return self.between(period.starts_on, period.ends_on, "month")
        years = self.between(period.starts_on, period.ends_on, "year")
        months = [month for year in years for month in self._months_of_weeks(year)]
        first, last = period.starts_on, period.ends_on
        return [month for month in months if month.ends_on >= first and month.starts_on <= last]

    # Years

    def _named(self, year: int) -> str:
        return f"{year}" if self.kind == "months" and self.year_starts == 1 else f"FY{year}"

    @property
    def _ahead(self) -> int:
        """By how much the name of a year exceeds the calendar year in which its first month lies."""
        return 1 if self.named_by == "end" and self.year_starts > 1 else 0

    def _begins(self, year: int) -> date:
        first = date(year - self._ahead, self.year_starts, 1)
        return first if self.kind == "months" else self._year_end_near(first - _DAY) + _DAY

    def _year_end_near(self, month_end: date) -> date:
        """The weekday that ends the weeks, last in the month or nearest to its end."""
        back = (month_end.weekday() - (self.week_starts - 1) % 7) % 7
        if self.year_ends == "nearest" and back > 3:
            back -= 7
        return month_end - _DAY * back

    def _year(self, year: int) -> Period:
        return Period(self._named(year), "year", self._begins(year), self._begins(year + 1) - _DAY)

    def _year_of(self, day: date) -> int:
        year = day.year + 1
        while self._begins(year) > day:
            year -= 1
        return year

    # Quarters and months

    def _quarter(self, year: int, number: int) -> Period:
        whole = self._year(year)
        name = f"{whole.name}-Q{number}"
        if self.kind == "months":
            starts_on = _months_later(whole.starts_on, 3 * (number - 1))
            return Period(name, "quarter", starts_on, _months_later(starts_on, 3) - _DAY)
        starts_on = whole.starts_on + _DAY * 91 * (number - 1)
        ends_on = whole.ends_on if number == 4 else starts_on + _DAY * 90
        return Period(name, "quarter", starts_on, ends_on)

    def _months_of_weeks(self, year: Period) -> list[Period]:
        starts_on, months = year.starts_on, []
        for number, weeks in enumerate(_WEEKS[self.kind] * 4, start=1):
            ends_on = year.ends_on if number == 12 else starts_on + _DAY * (7 * weeks - 1)
            months.append(Period(f"{year.name}-M{number:02}", "month", starts_on, ends_on))
            starts_on = ends_on + _DAY
        return months

    def _named_month(self, text: str, year: int, part: dict[str, str]) -> Period:
        number = int(part.get("month") or part["fiscal_month"])
        if not 1 <= number <= 12:
            raise _refused(text, " A month is 01 to 12.")
        # In "2017-11" the month is the calendar's; "FY2017-M11" counts from the start of the fiscal year.
        fiscal = "fiscal_month" in part or "fy" in part
        if self.kind == "months":
            if not fiscal:
                return _calendar_month(year, number)
            starts_on = _months_later(self._begins(year), number - 1)
            return _calendar_month(starts_on.year, starts_on.month)
        if not fiscal:
            year += self._ahead - (number < self.year_starts)
            number = (number - self.year_starts) % 12 + 1
        return self._months_of_weeks(self._year(year))[number - 1]

    # Weeks

    def _week_of(self, day: date) -> Period:
        if self.kind != "months":
            year = self._year(self._year_of(day))
            return _fiscal_week(year, (day - year.starts_on).days // 7 + 1)
        starts_on = day - _DAY * ((day.weekday() - self.week_starts) % 7)
        middle = starts_on + _DAY * 3
        number = (middle.timetuple().tm_yday - 1) // 7 + 1
        return Period(f"{middle.year}-W{number:02}", "week", starts_on, starts_on + _DAY * 6)

    def _named_week(self, text: str, year: int, number: int, *, fiscal: bool) -> Period:
        if self.kind != "months":
            whole = self._year(year)
            if not 1 <= number <= whole.days // 7:
                raise _refused(text, f" {whole.name} has {whole.days // 7} weeks.")
            return _fiscal_week(whole, number)
        if fiscal:
            raise _refused(text, " Weeks do not fit a fiscal year of months: write 2017-W45.")
        # 4 January lies in the first week of its year, whatever day weeks start on.
        week = self._week_of(date(year, 1, 4) + _DAY * 7 * (number - 1))
        if week.name != f"{year}-W{number:02}":
            raise _refused(text, f" {year} has no week {number}.")
        return week


def _fiscal_week(year: Period, number: int) -> Period:
    starts_on = year.starts_on + _DAY * 7 * (number - 1)
    return Period(f"{year.name}-W{number:02}", "week", starts_on, starts_on + _DAY * 6)


def _calendar_month(year: int, month: int) -> Period:
    starts_on = date(year, month, 1)
    return Period(f"{year}-{month:02}", "month", starts_on, _months_later(starts_on, 1) - _DAY)


def _months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _span(starts_on: date, ends_on: date) -> Period:
    return Period(f"{starts_on}..{ends_on}", "range", starts_on, ends_on)


def _range(text: str, first: str, last: str) -> Period:
    try:
        starts_on, ends_on = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise _refused(text, " One of its dates does not exist.") from None
    if ends_on < starts_on:
        raise _refused(text, " It ends before it starts.")
    if not _FIRST_YEAR <= starts_on.year <= ends_on.year <= _LAST_YEAR:
        raise _refused(text, _YEARS)
    return _span(starts_on, ends_on)


def _refused(text: str, reason: str = "") -> Refused:
    says = f"“{text[:80]}” is not a period.{reason}"
    return Refused([Problem("period_unknown", says, f"Write for example {_EXAMPLES}.", value=text[:80])])


def period_label(days: nw.Expr, periods: Sequence[Period]) -> nw.Expr:
    """The name of the period around each day number; null outside all of them."""
    ordered = sorted(periods, key=lambda period: period.starts_on)
    if any(one.ends_on >= other.starts_on for one, other in pairwise(ordered)):
        raise ValueError("periods overlap, so a day would have two names")
    if not ordered:
        return nw.lit(None, dtype=nw.String)
    return nw.when(days >= day_number(ordered[0].starts_on)).then(_halved(days, ordered))


def _halved(days: nw.Expr, periods: Sequence[Period]) -> nw.Expr:
    # Halving keeps the nesting at the logarithm of the count; engines limit how deep an expression may go.
    if len(periods) == 1:
        return nw.when(days <= day_number(periods[0].ends_on)).then(nw.lit(periods[0].name))
    middle = len(periods) // 2
    later = days >= day_number(periods[middle].starts_on)
    return nw.when(later).then(_halved(days, periods[middle:])).otherwise(_halved(days, periods[:middle]))
