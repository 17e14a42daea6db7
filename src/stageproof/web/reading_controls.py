"""What a page of readings is asked for: moment, period, whose deals, which pipelines, and since when it moved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.http import urlencode

from stageproof.actions.actor import Actor
from stageproof.actions.freeze_reading import Asked, frozen_readings
from stageproof.actions.permission import SEES_ALL, visible_teams
from stageproof.actions.reading_body import Body, body_of
from stageproof.actions.seeing import seen
from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, instant_number, instant_of
from stageproof.engine.kept import Kept
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings import Reader, Reading, Statement, Where, read, reconciliation
from stageproof.records.models import FrozenReading, Team
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_at, moment_of
from stageproof.web.filters import NONE, Choice, Filter, periods_around

NAMES = ("period", "owner", "team", "pipeline", "since", "as_of", "known_at")
"""What the address of a reading may ask."""

BODIES = 16
"""How many bodies of a moment a process keeps ready."""

DAYS = (7, 30, 90)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Look:
    """What is looked at, and by whom; `pipeline` holds the deals that the actor may see."""

    actor: Actor
    moment: Moment
    pipeline: Pipeline
    period: Period
    given: dict[str, str]
    frozen: tuple[FrozenReading, ...]

    @property
    def where(self) -> Where:
        """The owner or team chosen."""
        return {name: [self._value(name)] for name in ("owner", "team") if self.given.get(name)}

    @property
    def pipelines(self) -> tuple[str, ...] | None:
        """The pipeline chosen; None for all of new business."""
        return (self.given["pipeline"],) if self.given.get("pipeline") else None

    @property
    def scope(self) -> str:
        """Whose deals these are, in words."""
        teams = visible_teams(self.actor)
        if teams is None:
            return ""
        names = ", ".join(Team.objects.filter(pk__in=teams).order_by("name").values_list("name", flat=True))
        return f"the deals you see: your own and those of {names}" if names else "your own deals"

    @property
    def since_name(self) -> str:
        """Since when the board's reading moved: a frozen reading, the period's beginning, or some days."""
        return self.given.get("since") or self._usual_since

    @cached_property
    def since(self) -> Pipeline | None:
        """The pipeline that the board's reading compares with; None where it is not before this one."""
        name = self.since_name
        if name.startswith("frozen-"):
            row = next((each for each in self.frozen if f"frozen-{each.pk}" == name), None)
            if row is None:
                raise Refused([_no_since(name)])
            then = Pipeline(
                self.pipeline.book, instant_number(row.as_of), instant_number(row.known_at), keeps=True
            )
        else:
            if name == "period":
                on = self.period.starts_on - _DAY
            elif name.isascii() and name.isdigit() and int(name) in DAYS:
                on = self.pipeline.on - _DAY * int(name)
            else:
                raise Refused([_no_since(name)])
            then = Pipeline(
                self.pipeline.book, self.pipeline.book.instant(on), self.pipeline.known_at, keeps=True
            )
        return then if then.at < self.pipeline.at else None

    def body(self, *, moved: bool = False) -> Body:
        """All four readings and the statement, computed once per moment; where `moved`, the board's says what did."""
        bodies: Kept[Body] = self.pipeline.remember("reading bodies", lambda: Kept(BODIES))
        since = self.since if moved else None
        where = tuple((name, tuple(values)) for name, values in self.where.items())
        earlier = None if since is None else (since.at, since.known_at)
        return bodies.get((self.period, where, self.pipelines, earlier), lambda: self._computed(since))

    def _computed(self, since: Pipeline | None) -> Body:
        return body_of(
            self.pipeline,
            period=self.period,
            where=self.where or None,
            pipelines=self.pipelines,
            since=since,
        )

    def reading(self, reader: str) -> Reading | Statement:
        """One reading, or the statement, for the deals behind it."""
        asked: Any = {"period": self.period, "where": self.where or None, "pipelines": self.pipelines}
        if reader == "reconciliation":
            return reconciliation(self.pipeline, **asked)
        of: Reader = reader  # type: ignore[assignment]
        return read(self.pipeline, of, **asked, since=self.since if reader == "board" else None)

    @property
    def asked(self) -> Asked:
        """The same as a frozen reading asks it."""
        since, known = self.since, self.pipeline.known_at
        return Asked(
            self.period,
            None if self.moment.is_now else self._by_now(self.pipeline.at),
            None if known is None else self._by_now(known),
            None if since is None else instant_of(since.at),
            None if since is None or since.known_at is None else instant_of(since.known_at),
            self.pipelines,
            self.where,
        )

    def _by_now(self, at: int) -> dt.datetime:
        """The instant, or the present one where a day or a minute that is not over yet was asked for."""
        return min(instant_of(at), self.moment.now)

    @property
    def query(self) -> str:
        """What a link carries on so that it asks for the same; with its question mark, blank where nothing is asked."""
        return f"?{urlencode(self.given)}" if self.given else ""

    @property
    def filters(self) -> list[Filter]:
        """The choices of period, owner, team, pipeline, and since when."""
        found = [self._periods(), *(self._of(name) for name in ("owner", "team")), self._pipelines()]
        return [*(each for each in found if len(each.choices) > 1 or each.chosen), self._sinces()]

    @property
    def _usual_since(self) -> str:
        before = [row for row in self.frozen if instant_number(row.as_of) < self.pipeline.at]
        if before:
            return f"frozen-{before[0].pk}"
        return "period" if self.period.starts_on <= self.pipeline.on else "30"

    def _value(self, name: str) -> str | None:
        return None if self.given[name] == NONE else self.given[name]

    def _periods(self) -> Filter:
        around = periods_around(self.pipeline.book.calendar, self.pipeline)
        names = dict.fromkeys([*(each.name for each in around), self.period.name])
        return Filter(
            "period", "Period", [Choice(each, period_text(each), each == self.period.name) for each in names]
        )

    def _of(self, name: str) -> Filter:
        values = self.pipeline.remember(f"choices of {name}", lambda: _values(self.pipeline, name))
        chosen = self.given.get(name, "")
        labels = {NONE if value is None else value: value or f"no {name}" for value in values}
        if chosen:
            labels.setdefault(chosen, chosen)
        return Filter(
            name,
            name.capitalize(),
            [Choice(value, label, value == chosen) for value, label in labels.items()],
        )

    def _pipelines(self) -> Filter:
        chosen = self.given.get("pipeline", "")
        names = dict.fromkeys(
            [*(each.pipeline for each in self.pipeline.definitions), *filter(None, [chosen])]
        )
        return Filter("pipeline", "Pipeline", [Choice(each, each, each == chosen) for each in names])

    def _sinces(self) -> Filter:
        at = self.pipeline.at
        before = [row for row in self.frozen if instant_number(row.as_of) < at][:5]
        labels = {f"frozen-{row.pk}": f"Since “{row.name}”" for row in before}
        if self.period.starts_on <= self.pipeline.on:
            labels["period"] = f"Since {period_text(self.period.name)} began"
        labels |= {str(days): f"Since {days} days before" for days in DAYS}
        name = self.since_name
        return Filter(
            "since", "Moved since", [Choice(value, label, value == name) for value, label in labels.items()]
        )


def look_of(request: HttpRequest) -> Look:
    """What a request asks for; refused where it is no such thing."""
    given = {name: request.GET[name][:200] for name in NAMES if request.GET.get(name)}
    actor, moment = actor_of(request), moment_of(request)
    if "known_at" in given:
        known = moment_at(given.get("as_of"), given["known_at"])
        moment = Moment(known.pipeline, known.on, False, known.now, moment.other)
        request.moment = moment  # type: ignore[attr-defined]
    pipeline = seen(actor, moment.pipeline)
    calendar = pipeline.book.calendar
    period = (
        calendar.period(given["period"]) if "period" in given else calendar.containing(pipeline.on, "quarter")
    )
    rows = tuple(frozen_readings(actor)) if actor.role in SEES_ALL else ()
    return Look(actor, moment, pipeline, period, given, rows)


def _values(pipeline: Pipeline, name: str) -> list[str | None]:
    column = collect(pipeline.open.select(name).unique())[name]
    return [*sorted(column.drop_nulls().to_list()), *([None] if column.null_count() else [])]


def _no_since(name: str) -> Problem:
    remedy = "Choose one of the list."
    return Problem(
        "since_unknown", "There is no such moment to compare with.", remedy, column="since", value=name
    )
