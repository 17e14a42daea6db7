"""Columns that hold the day on which a deal entered a stage: `Date entered Proposal`, `engage_date`."""

from __future__ import annotations

import re

import polars as pl

from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake
from stageproof.importers.outcome import Stages

_ENTERED = ("hsv2dateentered", "hsdateentered", "dateentered", "entered", "stageentered")
_DATED = re.compile(r"^(?P<stage>\w{4,})(?:date|on|at|enteredon|entereddate|start|startedon)$")
_ENDING = re.compile(r"(?:ing|ed|ement|ment|e|ion|s)$")
_SHORTEST = 5
SCHEMA = {"deal": pl.String, "at": pl.Int64, "stage": pl.String, "_at": pl.Int64}


def stage_entries(intake: Intake, frame: pl.DataFrame, stages: Stages) -> pl.DataFrame:
    """When deals entered which stage, by columns named after a stage: deal, at, stage, and the row's place `_at`."""
    names = frame.filter(pl.col("status") == "open")["stage"].drop_nulls().unique().sort().to_list()
    names += [name for name in (*stages.mapping.order, *stages.order) if name not in names]
    parts = [pl.DataFrame(schema=SCHEMA)]
    for header, position in _date_columns(intake):
        if (stage := entered_stage(header, names) or _by_id(header, stages, names)) is None:
            continue
        at = intake.instant_at(position)
        if at is None:
            continue
        intake.note("stage_dates", f"'{header}' is taken as the day on which deals entered {stage}.")
        part = pl.DataFrame(
            [
                frame["deal"],
                at.alias("at"),
                pl.Series("stage", [stage]).new_from_index(0, frame.height),
                pl.int_range(frame.height, eager=True).cast(pl.Int64).alias("_at"),
            ]
        )
        parts.append(part.filter(pl.col("at").is_not_null(), pl.col("deal").is_not_null()))
    return pl.concat(parts)


def _date_columns(intake: Intake) -> list[tuple[str, int]]:
    """Headers that belong to no field, and that of the creation date."""
    columns = list(intake.recognised.others.items())
    created = intake.recognised.columns.get("created_at")
    if created is not None:
        columns.append((intake.sheet.columns[created], created))
    return columns


def entered_stage(header: str, stages: list[str]) -> str | None:
    """The stage that a column of dates is named after, if it is."""
    key = header_key(header)
    for stage in sorted(stages, key=len, reverse=True):
        name = header_key(stage)
        if name and any(key.startswith(lead + name) for lead in _ENTERED):
            return stage
        if (
            (dated := _DATED.match(key))
            and _stem(dated["stage"]) == _stem(name)
            and len(_stem(name)) >= _SHORTEST
        ):
            return stage
    return None


def _by_id(header: str, stages: Stages, names: list[str]) -> str | None:
    """The stage whose id the header ends in, as `hs_v2_date_entered_1001` does."""
    key = header_key(header)
    for number, label in stages.labels.items():
        if any(key == lead + header_key(number) for lead in _ENTERED) and stages.name(number) in names:
            return stages.name(label)
    return None


def _stem(word: str) -> str:
    return _ENDING.sub("", word)
