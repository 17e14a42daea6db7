"""A definition for a book that came without one: its own stages, under a template's criteria."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, Stage
from stageproof.engine.frames import Lazy, collect

NOBODY = "nobody named yet"


def found_definition(book: Book, template: Definition, *, order: Sequence[str] = ()) -> Definition:
    """The stages in the book's own order, each with the exit criteria of the template's stage it answers to.

    Stages that the template knows by name or alias stand where it has them; the others by `order` (as the source
    lists them), else by how deals moved through them. A stage that the template does not know takes the criteria of
    the template's stage at the same relative place. Where the book's stages are all the template's, it is the
    template.
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
    opened = book.tables["deals"].filter(nw.col("status") == "open", ~nw.col("stage").is_null())
    names = sorted(collect(opened.select("stage").unique())["stage"].to_list())
    listed = {name.lower(): index for index, name in enumerate(order)}
    unknown = not listed and any(template.position(name) is None for name in names)
    depth = _depths(opened) if unknown and len(names) > 1 else {}

    def place(name: str) -> tuple[float, str]:
        if listed:
            return float(listed.get(name.lower(), len(listed))), name
        known = template.position(name)
        if known is not None:
            return known / max(1, len(template.stages) - 1), name
        return depth.get(name, 0.5), name

    return sorted(names, key=place)


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
