"""Seeing: the pipeline of the deals that somebody may see, for every figure that is shown to them."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw

from stageproof.actions.actor import Actor
from stageproof.actions.permission import visible_deals, visible_teams
from stageproof.engine.book import Pipeline
from stageproof.engine.kept import Kept
from stageproof.engine.narrowing import of_deals
from stageproof.records.models import Deal, Person, Team
from stageproof.records.tables import last_numbers

VIEWERS = 8
"""For how many groups of people who see the same a process keeps a moment's pipeline ready."""


def scope(actor: Actor) -> str:
    """A name for what the actor sees, the same for all who see the same, and until deals may have changed hands."""
    teams = visible_teams(actor)
    return "all" if teams is None else f"{actor.name} {sorted(teams)} {last_numbers()}"


def seen(actor: Actor, pipeline: Pipeline) -> Pipeline:
    """The pipeline of the deals that the actor may see today, with their own and the whole's targets.

    Kept with the pipeline, so that figures of one moment share their work.
    """
    name = scope(actor)
    if name == "all":
        return pipeline
    viewers: Kept[Pipeline] = pipeline.remember("viewers", lambda: Kept(VIEWERS))
    return viewers.get(name, lambda: _of(actor, pipeline))


def _of(actor: Actor, pipeline: Pipeline) -> Pipeline:
    person, teams = actor.person, visible_teams(actor)
    if person is None or teams is None:
        return pipeline
    keys = list(Deal.objects.filter(visible_deals(actor)).values_list("key", flat=True))
    names = list(Team.objects.filter(pk__in=teams).values_list("name", flat=True))
    people = [*Person.objects.filter(team__in=teams).values_list("name", flat=True), person.name]
    theirs = of_deals(pipeline, keys)
    tables = dict(theirs.book.tables)
    if "targets" in tables:
        of_all = nw.col("owner").is_null() & nw.col("team").is_null()
        of_them = nw.col("owner").is_in(people) | nw.col("team").is_in(names)
        tables["targets"] = tables["targets"].filter(of_all | of_them)
    return Pipeline(replace(theirs.book, tables=tables), theirs.at, theirs.known_at, keeps=True)
