"""Narrowing: the pipeline of some of its deals alone, with what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.definition import EXPANSION
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.measures.grouping import with_groups
from stageproof.engine.problem import Problem, Refused

OF_DEALS = ("deals", "evidence", "roles", "activities", "touches")
OF_LEADS = ("activities", "touches")
"""Of these, what belongs to a lead alone stays with the leads."""

HOLDERS = ("owner", "team")

Where = Mapping[str, Sequence[str | None]]
"""What deals are narrowed to: per column the values that pass, None for a blank."""


def of_deals(pipeline: Pipeline, deals: Sequence[str]) -> Pipeline:
    """The pipeline of these deals alone, of whatever their history says; leads without a deal stay."""
    whole = pipeline.book
    tables = dict(whole.tables)
    keys = list(deals)
    for name in OF_DEALS:
        if name in tables:
            theirs = _is_one_of("deal", keys)
            if name in OF_LEADS:
                theirs = theirs | (nw.col("deal").is_null() & ~nw.col("lead").is_null())
            tables[name] = in_memory(tables[name].filter(theirs))
    if "leads" in tables:
        leads = tables["leads"]
        tables["leads"] = leads.filter(nw.col("deal").is_null() | _is_one_of("deal", keys))
    return Pipeline(replace(whole, tables=tables), pipeline.at, pipeline.known_at, keeps=True)


def narrowed(pipeline: Pipeline, where: Where) -> Pipeline:
    """The pipeline of the deals that match at its instant; the same where there is nothing to match.

    Targets stay as far as they are of what is asked for: those of the owners or teams alone, else none, for
    nobody has set one for a source or a stage. Leads match by the columns that they share with deals.
    """
    if not where:
        return pipeline
    deals = with_groups(pipeline, pipeline.deals, list(where))
    keys = collect(_matching(deals, where).select("deal"))["deal"].to_list()
    found = of_deals(pipeline, keys)
    tables = dict(found.book.tables)
    if "targets" in tables:
        tables["targets"] = _theirs(tables["targets"], where)
    if "leads" in tables:
        names = tables["leads"].collect_schema().names()
        shared = {name: values for name, values in where.items() if name in names and name != "status"}
        # What no lead has tells leads apart no more than their deals do.
        has_deal = ~nw.col("deal").is_null()
        kept = tables["leads"] if shared else tables["leads"].filter(has_deal)
        tables["leads"] = _matching(kept, shared)
    return Pipeline(replace(found.book, tables=tables), found.at, found.known_at, keeps=True)


def expansion_pipelines(pipeline: Pipeline) -> list[str]:
    """The names of the pipelines for after the purchase; none where there is nothing else."""
    found = [each.pipeline for each in pipeline.definitions if each.kind == EXPANSION]
    return [] if len(found) == len(pipeline.definitions) else found


def of_pipelines(pipeline: Pipeline, chosen: str | None = None) -> Pipeline:
    """The pipeline of the deals that are in new business, or in the pipeline of a name, under its definitions alone.

    What comes after the purchase is not added to new business, unless there is nothing else. Targets stay: they
    are of new business. Refused where no definition and no deal is of that name.
    """
    expansions = expansion_pipelines(pipeline)
    if chosen is None and not expansions:
        return pipeline
    return pipeline.remember(f"of pipeline {chosen}", lambda: _of_pipelines(pipeline, chosen, expansions))


def _of_pipelines(pipeline: Pipeline, chosen: str | None, expansions: Sequence[str]) -> Pipeline:
    # A deal that was taken out was of the pipeline that it was in last.
    last = pipeline.versions.filter(nw.col("valid_to") > pipeline.at)
    there = collect(last.select("deal", "pipeline"))
    known = {*(each.pipeline for each in pipeline.definitions), *there["pipeline"].drop_nulls().unique()}
    if chosen is not None and chosen not in known:
        says = f"There is no pipeline '{chosen[:80]}' at this moment."
        remedy = f"Use one of: {', '.join(sorted(known))}."
        raise Refused([Problem("unknown_pipeline", says, remedy, column="pipeline", value=chosen[:80])])
    is_theirs = (
        pl.col("pipeline").is_in(list(expansions) if chosen is None else [chosen]).fill_null(value=False)
    )
    keys = there.filter(~is_theirs if chosen is None else is_theirs)["deal"].to_list()
    found = of_deals(pipeline, keys)
    rules = [
        each
        for each in pipeline.book.definitions
        if (each.pipeline not in expansions if chosen is None else each.pipeline == chosen)
    ]
    tables = dict(found.book.tables)
    if chosen in expansions and "targets" in tables:
        tables["targets"] = tables["targets"].filter(_is_one_of("owner", []))
    book = replace(found.book, tables=tables, definitions=tuple(rules))
    return Pipeline(book, found.at, found.known_at, keeps=True)


def _theirs(targets: Lazy, where: Where) -> Lazy:
    (name, *others) = where
    if others or name not in HOLDERS:
        return targets.filter(_is_one_of("owner", []))
    asked = _is_one_of(name, [value for value in where[name] if value is not None])
    return targets.filter(asked if name == "owner" else asked & nw.col("owner").is_null())


def _matching(frame: Lazy, where: Where) -> Lazy:
    for name, values in where.items():
        stated = [value for value in values if value is not None]
        found = _is_one_of(name, stated)
        frame = frame.filter(found | nw.col(name).is_null() if None in values else found)
    return frame


def _is_one_of(name: str, values: Sequence[str]) -> nw.Expr:
    if not values:
        # SQL knows no empty list of choices, and a filter wants a column.
        return nw.col(name).is_null() & ~nw.col(name).is_null()
    return nw.coalesce(nw.col(name).is_in(list(values)), nw.lit(False))
