"""Leads by group: the columns that measures of leads can be asked by, and those of a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.measures.conversion import in_window
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused

GROUPS = ("owner", "source", "campaign", "account", "industry", "country", "technology", "trigger", "status")


def refuse_other_groups(by: Sequence[str], known: Sequence[str] = GROUPS) -> None:
    """Refuses columns by which leads cannot be grouped."""
    problems = [
        Problem(
            "unknown_group",
            f"Leads cannot be grouped by '{name}'.",
            f"Use one of: {', '.join(known)}.",
            value=name,
        )
        for name in by
        if name not in known
    ]
    if problems:
        raise Refused(problems)


def in_period(pipeline: Pipeline, instant: str, period: Period | None) -> nw.Expr:
    """Whether the instant lies in the period; whether there is one at all where no period is given."""
    return ~nw.col(instant).is_null() if period is None else in_window(pipeline, nw.col(instant), period)


def needed(pipeline: Pipeline) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    """The leads and their versions; refused where the book holds none."""
    leads, versions = pipeline.leads, pipeline.lead_versions
    if leads is None or versions is None:
        says = "This book holds no leads."
        raise Refused([Problem("no_leads", says, "Add a file of leads, or ask for a figure of deals.")])
    return leads, versions


def without_leads(by: Sequence[str], columns: Mapping[str, Any]) -> pl.DataFrame:
    """The table of a book that holds no leads: its columns, and no row."""
    return pl.DataFrame(schema={**dict.fromkeys(by, pl.String), **columns})
