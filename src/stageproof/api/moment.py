"""The moment that a request asks for: now, a past day or instant, and as it was known when."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import narwhals as nw
from django.utils import timezone

from stageproof.actions.actor import Actor
from stageproof.actions.permission import visible_deals, visible_teams
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import instant_of
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Deal, Organisation, Person, Team
from stageproof.records.tables import book, pipeline_now
from stageproof.web.as_of import Moment, asked_day, past

OF_DEALS = ("deals", "evidence", "roles", "activities", "touches")


def moment_of(as_of: str | None, known_at: str | None = None) -> Moment:
    """The moment, refused where it is none or has not come."""
    now, zone = timezone.now(), Organisation.objects.get().zone
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


def seen(actor: Actor, pipeline: Pipeline) -> Pipeline:
    """The pipeline of the deals that the actor may see today, with their own and the whole's targets."""
    person, teams = actor.person, visible_teams(actor)
    if person is None or teams is None:
        return pipeline
    keys = list(Deal.objects.filter(visible_deals(actor)).values_list("key", flat=True))
    names = list(Team.objects.filter(pk__in=teams).values_list("name", flat=True))
    people = [*Person.objects.filter(team__in=teams).values_list("name", flat=True), person.name]
    whole = pipeline.book
    tables = dict(whole.tables)
    for name in OF_DEALS:
        if name in tables:
            tables[name] = tables[name].filter(nw.col("deal").is_in(keys))
    if "leads" in tables:
        tables["leads"] = tables["leads"].filter(nw.col("deal").is_null() | nw.col("deal").is_in(keys))
    if "targets" in tables:
        of_all = nw.col("owner").is_null() & nw.col("team").is_null()
        theirs = nw.col("owner").is_in(people) | nw.col("team").is_in(names)
        tables["targets"] = tables["targets"].filter(of_all | theirs)
    return Pipeline(replace(whole, tables=tables), pipeline.at, pipeline.known_at, keeps=True)


def shown(moment: Moment) -> dict[str, str | None]:
    """The moment as a body has it: as of, and known at where that was asked for."""
    known = moment.pipeline.known_at
    return {
        "as_of": instant_of(moment.pipeline.at).isoformat(),
        "known_at": None if known is None else instant_of(known).isoformat(),
    }


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


__all__ = ["Moment", "moment_of", "seen", "shown"]
