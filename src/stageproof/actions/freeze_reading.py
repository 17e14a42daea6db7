"""Freezing a reading: the four of an instant as they are shown, kept under a name."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import SEES_ALL, demand, forbid
from stageproof.actions.reading_body import Body, body_of, digest_of_body, written
from stageproof.actions.wrong import missing, text_problems
from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Definition
from stageproof.engine.frames import instant_number
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.readings import Reading, Statement, Where, read, reconciliation
from stageproof.engine.readings.frozen import Comparison, Frozen, compare
from stageproof.records.ledger import writing
from stageproof.records.models import FrozenReading
from stageproof.records.tables import book, book_until, learned_since

AGAIN = 5
"""How often readings are computed anew while others write, before those have to wait."""


@dataclass(frozen=True)
class Asked:
    """Which readings: of which moment, period, pipelines and deals, and since when the board's moved.

    `as_of` None is now; `known_at` None is what is known now. `since` is a moment too, with what was known then.
    """

    period: Period
    as_of: dt.datetime | None = None
    known_at: dt.datetime | None = None
    since: dt.datetime | None = None
    since_known_at: dt.datetime | None = None
    pipelines: tuple[str, ...] | None = None
    where: Where = field(default_factory=dict)


def freeze_reading(actor: Actor, *, name: str, asked: Asked, now: dt.datetime) -> FrozenReading:
    """The four readings as they are at this moment, kept for ever under a name of their own.

    Frozen is the whole company's, so that only who sees all deals may do it.
    """
    demand(actor, SEES_ALL, "freeze readings")
    name = " ".join(name.split())
    problems = text_problems(FrozenReading, {"name": name})
    if not name:
        problems.append(missing("name", "A frozen reading needs a name.", "Name the meeting that it is for."))
    problems += [*_taken(name), *_ahead(asked, now)]
    if problems:
        raise Refused(problems)
    moment = (asked.as_of or now, asked.known_at or now)
    # Nobody who writes waits while the readings are computed. What others had begun before and finish meanwhile was
    # known by then, so that all is computed again: there are ever fewer of those, and only the last time holds them up.
    for last in (False,) * AGAIN + (True,):
        whole, until = book_until()
        row = _computed(name, asked, whole, *moment)
        with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
            if problems := _taken(name):
                raise Refused(problems)
            late = learned_since(until, row.known_at)
            if late and not last:
                continue
            if late:
                row = _computed(name, asked, book(), *moment)
            session.add([row])
        break
    return row


def body_as_asked(whole: Book, asked: Asked) -> Body:
    """The readings asked for, of this book; both of the moment's times must be said."""
    return body_of(
        pipeline_as_asked(whole, asked), period=asked.period, where=asked.where or None,
        pipelines=asked.pipelines, since=since_as_asked(whole, asked),
    )  # fmt: skip


def since_as_asked(whole: Book, asked: Asked) -> Pipeline | None:
    """The earlier pipeline that the board's compares with, as it was known then where that is said."""
    if asked.since is None:
        return None
    known = asked.since_known_at or asked.known_at
    return Pipeline(
        whole, instant_number(asked.since), None if known is None else instant_number(known), keeps=True
    )


def pipeline_as_asked(whole: Book, asked: Asked) -> Pipeline:
    """The pipeline of the moment asked for."""
    if asked.as_of is None:
        raise ValueError("the moment must be said")
    known = None if asked.known_at is None else instant_number(asked.known_at)
    return Pipeline(whole, instant_number(asked.as_of), known, keeps=True)


def frozen_readings(actor: Actor) -> list[FrozenReading]:
    """The frozen readings without their bodies, the latest first; none for whom does not see all deals."""
    if actor.role not in SEES_ALL:
        return []
    return list(FrozenReading.objects.defer("body").order_by("-seq"))


def frozen_reading(actor: Actor, number: int) -> FrozenReading:
    """One frozen reading, for whom sees all deals."""
    if actor.role not in SEES_ALL:
        raise forbid("open frozen readings")
    found = FrozenReading.objects.filter(pk=number).first()
    if found is None:
        raise NotFound("frozen reading", str(number))
    return found


def body_as_frozen(row: FrozenReading) -> Body:
    """What was shown when it was frozen; refused where it is not what was written."""
    if digest_of_body(row.body) != row.body_digest:
        says = f"What is stored of '{row.name}' is not what was frozen."
        remedy = "Run `stageproof doctor`, and restore the last sound backup."
        raise Refused([Problem("frozen_altered", says, remedy, value=row.name)])
    body: Body = json.loads(row.body)
    return body


def _computed(
    name: str, asked: Asked, whole: Book, as_of: dt.datetime, known_at: dt.datetime
) -> FrozenReading:
    """What would be kept of this book and moment."""
    text = written(body_as_asked(whole, replace(asked, as_of=as_of, known_at=known_at)))
    return FrozenReading(
        name=name,
        as_of=as_of,
        known_at=known_at,
        since=asked.since,
        since_known_at=asked.since_known_at,
        period=asked.period.name,
        grain=asked.period.grain,
        starts_on=asked.period.starts_on,
        ends_on=asked.period.ends_on,
        pipelines=None if asked.pipelines is None else list(asked.pipelines),
        where={column: list(values) for column, values in asked.where.items()},
        definitions=_versions(whole),
        currency=whole.currency,
        body=text,
        body_digest=digest_of_body(text),
    )


def asked_then(row: FrozenReading) -> Asked:
    """What a frozen reading had been asked."""
    period = Period(row.period, row.grain, row.starts_on, row.ends_on)  # type: ignore[arg-type]
    pipelines = None if row.pipelines is None else tuple(row.pipelines)
    return Asked(period, row.as_of, row.known_at, row.since, row.since_known_at, pipelines, row.where)


def recomputed(row: FrozenReading) -> str:
    """The digest of the same readings computed anew from the history, under the rules that were published then."""
    return digest_of_body(written(body_as_asked(book_then(row), asked_then(row))))


def reading_then(row: FrozenReading, reader: str) -> Reading | Statement:
    """One of the readings computed anew, for the deals behind its figures."""
    asked = asked_then(row)
    pipeline, since = pipeline_as_asked(book_then(row), asked), None
    narrowed: dict[str, Any] = {
        "period": asked.period, "where": asked.where or None, "pipelines": asked.pipelines,
    }  # fmt: skip
    if reader == "reconciliation":
        return reconciliation(pipeline, **narrowed)
    if reader == "board":
        since = since_as_asked(pipeline.book, asked)
    return read(pipeline, reader, **narrowed, since=since)  # type: ignore[arg-type]


def compared(row: FrozenReading, now: Pipeline) -> Comparison:
    """Why the lines of a frozen reading are what they are now, cause by cause."""
    asked = asked_then(row)
    then = Frozen(
        instant_number(row.as_of), instant_number(row.known_at), asked.period, _published_then(row, now.book),
        asked.where, asked.pipelines,
        {line["name"]: line["amount"] for line in body_as_frozen(row)["statement"]["lines"]},
    )  # fmt: skip
    return compare(then, now)


def book_then(row: FrozenReading) -> Book:
    """The book under the rules that were published when it was frozen."""
    whole = book()
    return whole.with_definitions(_published_then(row, whole))


def _published_then(row: FrozenReading, whole: Book) -> tuple[Definition, ...]:
    published = {(each["pipeline"], each["version"]) for each in row.definitions}
    return tuple(each for each in whole.definitions if (each.pipeline, each.version) in published)


def _versions(whole: Book) -> list[dict[str, Any]]:
    return [{"pipeline": each.pipeline, "version": each.version} for each in whole.definitions]


def _taken(name: str) -> list[Problem]:
    """The problem of a name that another frozen reading has."""
    if not FrozenReading.objects.filter(name__iexact=name).exists():
        return []
    says = f"There is a frozen reading called '{name}' already."
    return [Problem("name_taken", says, "Choose another name.", column="name", value=name)]


def _ahead(asked: Asked, now: dt.datetime) -> Sequence[Problem]:
    """Moments that have not come, or that come in the wrong order."""
    problems = []
    for column in ("as_of", "known_at", "since"):
        at = getattr(asked, column)
        if at is not None and at > now:
            says = f"{at.isoformat()} has not come yet."
            problems.append(Problem("day_ahead", says, "Choose a moment until now.", column=column))
    if asked.since is not None and asked.since >= (asked.as_of or now):
        says = "What moved is asked for since a moment that is not before the reading's."
        problems.append(Problem("since_not_before", says, "Choose an earlier day.", column="since"))
    return problems
