"""Definitions: drafted, checked, tried on the live pipeline, published. What is published never changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Max

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.history import names_changed
from stageproof.actions.permission import DEFINES, demand
from stageproof.actions.wrong import storable, wrong
from stageproof.engine.definition import Definition, Stage, read_definition, write_definition
from stageproof.engine.definition_changes import Change, compare
from stageproof.engine.definition_check import check_definition
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Deal, DefinitionVersion, Organisation, Person

ALWAYS = dt.date(1970, 1, 1)
"""The first day of the first definition of a pipeline, so that imported history falls under it."""


@dataclass(frozen=True)
class Drafted:
    """A draft, and what the check warns of."""

    row: DefinitionVersion
    definition: Definition
    warnings: tuple[Problem, ...]


def draft_definition(actor: Actor, *, toml: str, now: dt.datetime) -> Drafted:
    """A new draft; refused with every problem of the text."""
    demand(actor, DEFINES, "change the definition")
    definition = _read(toml)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        mine = DefinitionVersion.objects.filter(pipeline=definition.pipeline)
        last = mine.aggregate(last=Max("version"))["last"] or 0
        row = DefinitionVersion.objects.create(
            pipeline=definition.pipeline,
            version=last + 1,
            toml=toml,
            drafted_by=actor.name,
            drafted_at=now,
        )
    return Drafted(row, definition, tuple(check_definition(definition)))


def edit_draft(
    actor: Actor,
    pipeline: str,
    version: int,
    *,
    toml: str,
    now: dt.datetime,
    drafted_at: dt.datetime | None = None,
) -> Drafted:
    """The draft with another text; what is published is refused.

    `drafted_at` is when the text was saved that this one was made from; a later one is a conflict.
    """
    demand(actor, DEFINES, "change the definition")
    definition = _read(toml)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        row = _draft(pipeline, version)
        if drafted_at is not None and row.drafted_at != drafted_at:
            last = {
                "actor": row.drafted_by,
                "at": row.drafted_at.isoformat(),
                "change": "saved",
                "fields": ["draft"],
            }
            raise Conflict(f"{pipeline} {version}", version, version, [last])
        if definition.pipeline != pipeline:
            says = f"This draft is of '{pipeline}', and the text of '{definition.pipeline}'."
            raise Refused(
                [wrong("pipeline", definition.pipeline, says, "Keep the name, or begin another draft.")]
            )
        row.toml, row.drafted_by, row.drafted_at = toml, actor.name, now
        row.save()
    return Drafted(row, definition, tuple(check_definition(definition)))


def discard_draft(actor: Actor, pipeline: str, version: int, *, now: dt.datetime) -> None:
    """Takes a draft away; it never ruled anything."""
    demand(actor, DEFINES, "change the definition")
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        _draft(pipeline, version).delete()


def publish_definition(
    actor: Actor,
    pipeline: str,
    version: int,
    *,
    effective_from: dt.date,
    now: dt.datetime,
    stages: Mapping[str, str] | None = None,
) -> DefinitionVersion:
    """The draft in force from a day on, today at the earliest; `stages` says what becomes of those that vanish.

    A vanished stage becomes an alias of another, so that its deals stand there without having been moved.
    """
    demand(actor, DEFINES, "publish a definition")
    today = day_at(now, Organisation.objects.get().zone)
    with writing(recorded_at=now, actor=actor.name, door=actor.door):
        row = _draft(pipeline, version)
        definition = read_definition(row.toml)
        problems = _of_day(pipeline, effective_from, today) + _of_owner(definition)
        problems += [
            wrong(
                "stages", to, f"There is no stage '{to}' in the draft.", "Choose one of the draft's stages."
            )
            for to in (stages or {}).values()
            if definition.position(to) is None
        ]
        if not problems and stages:
            definition = with_aliases(definition, stages)
            row.toml = write_definition(definition)
        problems += vanished_stages(definition)
        if problems:
            raise Refused(problems)
        row.effective_from, row.published_by, row.published_at = effective_from, actor.name, now
        row.save()
        names_changed()
    return row


def definition_row(pipeline: str, version: int) -> DefinitionVersion:
    """A version, drafted or published; NotFound otherwise."""
    row = DefinitionVersion.objects.filter(pipeline=pipeline, version=version).first()
    if row is None:
        raise NotFound("definition", f"{pipeline} {version}")
    return row


def compare_versions(pipeline: str, before: int, after: int) -> list[Change]:
    """What changed from one version to another, in sentences."""
    texts = (definition_row(pipeline, number).toml for number in (before, after))
    return compare(*(read_definition(text) for text in texts))


def vanished_stages(definition: Definition) -> list[Problem]:
    """A problem for each stage that open deals stand in and that the definition does not know."""
    counted: dict[str, int] = {}
    standing = Deal.objects.filter(status="open", stage__isnull=False)
    published = DefinitionVersion.objects.filter(published_at__isnull=False)
    # The only definition there is serves every pipeline.
    if published.exclude(pipeline=definition.pipeline).exists():
        standing = standing.filter(pipeline=definition.pipeline)
    for stage in standing.values_list("stage", flat=True):
        if stage is not None and definition.position(stage) is None:
            counted[stage] = counted.get(stage, 0) + 1
    names = ", ".join(stage.name for stage in definition.stages)
    return [
        Problem(
            "stage_vanishes",
            f"{count} open {'deal stands' if count == 1 else 'deals stand'} in {stage}, which the draft does not have.",
            f"Say which stage takes its place: {names}.",
            column="stages",
            value=stage,
            count=count,
        )
        for stage, count in counted.items()
    ]


def with_aliases(definition: Definition, stages: Mapping[str, str]) -> Definition:
    """The definition in which each vanished stage reads as another."""
    taking: dict[int, list[str]] = {}
    for old, new in stages.items():
        if definition.position(old) is None:
            taking.setdefault(definition.position(new) or 0, []).append(old)

    def taught(place: int, stage: Stage) -> Stage:
        return replace(stage, aliases=(*stage.aliases, *taking.get(place, ())))

    return replace(
        definition, stages=tuple(taught(place, stage) for place, stage in enumerate(definition.stages))
    )


def _read(toml: str) -> Definition:
    if not storable(toml):
        says = "This text holds a character that cannot be kept."
        raise Refused([Problem("definition_not_toml", says, "Type it again as plain text.")])
    return read_definition(toml)


def _draft(pipeline: str, version: int) -> DefinitionVersion:
    row = definition_row(pipeline, version)
    if row.published_at is not None:
        says = f"Version {version} of {pipeline} is published, and what is published never changes."
        raise Refused([Problem("definition_published", says, "Begin a new draft.", value=str(version))])
    return row


def _of_day(pipeline: str, effective_from: dt.date, today: dt.date) -> list[Problem]:
    published = DefinitionVersion.objects.filter(pipeline=pipeline, published_at__isnull=False)
    if effective_from >= today or (effective_from >= ALWAYS and not published.exists()):
        return []
    says = "A definition cannot take effect in the past: figures would change that were given out."
    return [wrong("effective_from", effective_from, says, "Choose today or a later day.")]


def _of_owner(definition: Definition) -> list[Problem]:
    owner = definition.owner.strip()
    people = Person.objects.filter(is_active=True)
    if people.filter(email=owner.casefold()).exists() or people.filter(name__iexact=owner).exists():
        return []
    says = f"The owner '{owner}' is nobody here."
    return [wrong("owner", owner, says, "Name a person who can sign in, by name or e-mail address.")]
