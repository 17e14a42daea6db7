"""As of: the moment that a page shows, now or the end of a past day."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils import timezone

from stageproof.actions.freeze_reading import Asked
from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import instant_number, instant_of
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings import Where
from stageproof.records.tables import (
    Held,
    book,
    book_held,
    holds_still,
    loaded_until,
    organisation,
    pipeline_now,
)

KEPT = 4
"""How many past days a process keeps ready."""

LASTING = 10 * 60 * 1_000_000
"""How long in microseconds the present is shown as of the same instant while nothing changes."""

_choosing = threading.RLock()
_present: dict[str, tuple[Book, dt.date, Pipeline]] = {}
_made_of: deque[tuple[Pipeline, tuple[int, int] | None]] = deque(maxlen=2)
_past: OrderedDict[dt.date, tuple[Held, Pipeline]] = OrderedDict()


@dataclass(frozen=True)
class Moment:
    """What a page shows: the pipeline, its day, whether that is now, and the page's other parameters."""

    pipeline: Pipeline
    on: dt.date
    is_now: bool
    now: dt.datetime
    other: Sequence[tuple[str, str]] = ()

    @property
    def query(self) -> str:
        """What a link carries on so that it shows the same moment."""
        return "" if self.is_now else f"?as_of={self.on.isoformat()}"


def moment_of(request: HttpRequest) -> Moment:
    """The moment that a request asks for, also put on the request for its frame; today is now."""
    now = timezone.now()
    today = day_at(now, organisation().zone)
    on = asked_day(request.GET.get("as_of", ""), today)
    other = [
        (name, value)
        for name in request.GET
        if name not in ("as_of", "page")
        for value in request.GET.getlist(name)
    ]
    is_now = on is None or on == today
    pipeline = present(now, today) if is_now or on is None else past(on)
    moment = Moment(pipeline, on or today, is_now, now, other)
    request.moment = moment  # type: ignore[attr-defined]
    return moment


def asked_day(text: str, today: dt.date) -> dt.date | None:
    """The past day asked for, None for now; refused where it is no day, or one that has not come."""
    if not text:
        return None
    try:
        on = dt.date.fromisoformat(text)
    except ValueError:
        says = f"'{text[:40]}' is not a day."
        raise Refused(
            [Problem("unreadable_date", says, "Write it as 2025-09-30.", column="as_of", value=text[:40])]
        ) from None
    if on > today:
        says = f"{on.isoformat()} has not come yet, so nothing is known of it."
        raise Refused(
            [Problem("day_ahead", says, "Choose today or a day before.", column="as_of", value=text[:40])]
        )
    if on.year < 1970:
        says = f"{on.isoformat()} lies before any record."
        raise Refused(
            [
                Problem(
                    "day_before_records", says, "Choose a day from 1970 on.", column="as_of", value=text[:40]
                )
            ]
        )
    return on


def present(now: dt.datetime, today: dt.date) -> Pipeline:
    """The pipeline of now; while nothing changes, that of a few minutes ago, whose lists are ready."""
    whole, at = book(), instant_number(now)
    # One for all who ask at once: what is worked out of it is worked out once.
    with _choosing:
        found = _present.get("present")
        # A clock that was set back must not show what has not happened yet.
        if found and found[0] is whole and found[1] == today and -60_000_000 <= at - found[2].at <= LASTING:
            return found[2]
        pipeline = pipeline_now(now)
        _made_of.append((pipeline, loaded_until(pipeline.book)))
        _present["present"] = (pipeline.book, today, pipeline)
        return pipeline


def numbers_of(pipeline: Pipeline) -> tuple[int, int] | None:
    """The numbers of the last change and of the directory that the pipeline was made of.

    None of any but those that pages show as that of now, or showed just before.
    """
    return next((numbers for made, numbers in _made_of if made is pipeline), None)


def at_work(pipeline: Pipeline) -> AbstractContextManager[object]:
    """For whoever works out what all pages of a moment show: others who need it wait for it, not do the same."""
    return pipeline.remember("at work", threading.RLock)


def past(on: dt.date) -> Pipeline:
    """The pipeline at the end of a past day; the last few asked for are kept until something of that day changes."""
    whole, held = book_held()
    with _choosing:
        found = _past.get(on)
        if found is not None and holds_still(found[0], found[1].at):
            _past.move_to_end(on)
            return found[1]
        pipeline = whole.as_of(on).kept()
        _past[on] = (held, pipeline)
        while len(_past) > KEPT:
            _past.popitem(last=False)
        return pipeline


def moment_at(as_of: str | None, known_at: str | None = None) -> Moment:
    """The moment of a day or an instant, as it was known when; refused where it is none or has not come."""
    now, zone = timezone.now(), organisation().zone
    today = day_at(now, zone)
    at, known = _asked(as_of, "as_of", now, today), _asked(known_at, "known_at", now, today)
    if at is None or at == today:
        pipeline = pipeline_now(now)
        if known is None:
            return Moment(pipeline, today, True, now)
        return Moment(Pipeline(pipeline.book, pipeline.at, book().instant(known)), today, False, now)
    if known is None and not isinstance(at, dt.datetime):
        return Moment(past(at), at, False, now)
    pipeline = book().as_of(at, known).kept()
    return Moment(pipeline, pipeline.on, False, now)


def asked_at(
    *, period: str | None, as_of: str | None, known_at: str | None, since: str | None,
    pipelines: Sequence[str] | None, where: Where,
) -> Asked:  # fmt: skip
    """What to freeze, of words: a day or a minute that is not over yet as it is by now."""
    moment = moment_at(as_of, known_at)
    calendar, known = moment.pipeline.book.calendar, moment.pipeline.known_at
    return Asked(
        calendar.period(period) if period else calendar.containing(moment.on, "quarter"),
        None if moment.is_now else min(instant_of(moment.pipeline.at), moment.now),
        None if known is None else min(instant_of(known), moment.now),
        instant_of(moment_at(since).pipeline.at) if since else None,
        None,
        None if pipelines is None else tuple(pipelines),
        where,
    )


def _asked(text: str | None, column: str, now: dt.datetime, today: dt.date) -> dt.date | dt.datetime | None:
    if not text:
        return None
    if len(text) <= 10:
        try:
            return asked_day(text, today)
        except Refused as refused:
            raise Refused(_placed(each, column) for each in refused.problems) from None
    at = _instant(text)
    if at is None:
        says, remedy = f"'{text[:40]}' is not an instant.", "Write it as 2025-09-30T12:00:00Z."
        raise Refused([Problem("unreadable_date", says, remedy, column=column, value=text[:40])])
    if at > now or at.year < 1970:
        says = (
            f"{at.isoformat()} has not come yet." if at > now else f"{at.isoformat()} lies before any record."
        )
        raise Refused([Problem("day_ahead" if at > now else "day_before_records", says,
                               "Choose an instant from 1970 until now.", column=column, value=text[:40])])  # fmt: skip
    return at


def _instant(text: str) -> dt.datetime | None:
    """The instant that a text names; None where it names none, or says no zone."""
    try:
        # A plus sign in an address reads as a blank.
        at = dt.datetime.fromisoformat(text.replace(" ", "+"))
        return None if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _placed(problem: Problem, column: str) -> Problem:
    return replace(problem, column=column)
