"""A definition for a book that came without one: its own stages, under a template's criteria."""

from __future__ import annotations

import re
from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, Stage
from stageproof.engine.frames import Lazy, collect

NOBODY = "nobody named yet"
_ANYWHERE = 0.5
_NUMBERED = re.compile(r"^(?:[A-Za-z]{1,6}[\s_-]?)?(\d{1,2})(?![\d%])")
_PERCENT = re.compile(r"(\d{1,3})\s*%")


def found_definition(book: Book, template: Definition, *, order: Sequence[str] = ()) -> Definition:
    """The stages in the book's own order, each with the exit criteria of the template's stage it answers to.

    They stand by `order` (as the source lists them), else by the numbers in their names, else where the template has
    them by name or alias, the others by how deals moved through them. A stage that the template does not know takes
    the criteria of the template's stage at the same relative place. Where the book's stages are all the template's,
    it is the template.
    """
    found = stages_in_order(book, template, order=order)
    last = len(template.stages) - 1
    stages = []
    for index, name in enumerate(found):
        known = template.position(name)
        place = known if known is not None else round(index * last / max(1, len(found) - 1)) if last else 0
        like = template.stages[place]
        stages.append(
            Stage(
                name=name,
                exit=like.exit,
                norm_days=like.norm_days,
                band=like.band,
                quiet_days=like.quiet_days,
            )
        )
    return Definition(
        pipeline=template.pipeline,
        owner=NOBODY,
        stages=_distinct(stages),
        version=0,
        waiver_roles=template.waiver_roles,
        waiver_days=template.waiver_days,
        rules=template.rules,
        frameworks=template.frameworks,
        kind=template.kind,
    )


def stages_in_order(book: Book, template: Definition, *, order: Sequence[str] = ()) -> list[str]:
    """The names of the open stages that the book has ever used, first to last."""
    return _ordered(book, template, order)[0]


def stages_without_place(book: Book, template: Definition, *, order: Sequence[str] = ()) -> list[str]:
    """The stages of which nothing tells where they stand, so that their names alone put them where they are."""
    return _ordered(book, template, order)[1]


def _ordered(book: Book, template: Definition, order: Sequence[str]) -> tuple[list[str], list[str]]:
    """The stages in order, and those of them that are anywhere."""
    opened = book.tables["deals"].filter(nw.col("status") == "open", ~nw.col("stage").is_null())
    names = sorted(collect(opened.select("stage").unique())["stage"].to_list())
    listed = {name.lower(): float(index) for index, name in enumerate(order)}
    if listed:
        places = {name: listed[name.lower()] for name in names if name.lower() in listed}
    else:
        places = _told_by_names(names)
    if places:
        return sorted(names, key=lambda name: (places.get(name, float(len(names) + len(listed))), name)), []
    known = {name: at for name in names if (at := template.position(name)) is not None}
    unsure = len(known) < len(names) or len(set(known.values())) < len(names)
    depth = _depths(opened) if unsure and len(names) > 1 else {}
    last = max(1, len(template.stages) - 1)

    def place(name: str) -> tuple[float, float, int, str]:
        rough = known[name] / last if name in known else depth.get(name, _ANYWHERE)
        return rough, depth.get(name, _ANYWHERE), _alias(template, known.get(name), name), name

    lost = [name for name in names if name not in known and name not in depth] if len(names) > 1 else []
    return sorted(names, key=place), lost


def _told_by_names(names: Sequence[str]) -> dict[str, float]:
    """The places that numbers in all the names tell, as in `2. Proposal`, `S3`, `Proposal (50%)`; else none."""
    for pattern in (_NUMBERED, _PERCENT):
        found = {name: float(number[1]) for name in names if (number := pattern.search(name))}
        if len(names) > 1 and len(set(found.values())) == len(names):
            return found
    return {}


def _alias(template: Definition, place: int | None, name: str) -> int:
    """Where the name stands among those of the template's stage, which has them early to late."""
    if place is None:
        return 0
    stage = template.stages[place]
    names = [each.lower() for each in (stage.name, *stage.aliases)]
    return names.index(name.lower()) if name.lower() in names else len(names)


def _depths(opened: Lazy) -> dict[str, float]:
    """How far into its deal's journey a stage is first seen, from 0 to 1, averaged over the deals that saw several."""
    visits = collect(opened.group_by("deal", "stage").agg(first=nw.col("valid_from").min()))
    placed = visits.with_columns(
        rank=pl.col("first").rank("ordinal").over("deal") - 1, seen=pl.len().over("deal")
    )
    several = placed.filter(pl.col("seen") > 1)
    found = several.group_by("stage").agg((pl.col("rank") / (pl.col("seen") - 1)).mean().alias("depth"))
    return dict(found.rows())


def _distinct(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Two stages that answer to one of the template's would carry its criteria twice: the later one keeps them."""
    last_with = {stage.exit: index for index, stage in enumerate(stages)}
    return tuple(
        stage
        if last_with[stage.exit] == index
        else Stage(stage.name, (), stage.norm_days, stage.band, stage.quiet_days)
        for index, stage in enumerate(stages)
    )
