"""Pipeline coverage: open pipeline over target; nominal, qualified and remaining, always together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import day_number
from stageproof.engine.measures.bookings import bookings
from stageproof.engine.measures.open_pipeline import open_pipeline
from stageproof.engine.measures.win_rate import win_rate
from stageproof.engine.period import Period


def coverage(
    pipeline: Pipeline, *, period: Period, target: int | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group: `target`, `open_amount`, `qualified_amount`, `won_amount` and the four ratios.

    `nominal` = open amount closing in the period / target. `qualified` = the qualified part of it / target.
    `remaining` = open / (target - won so far), null once the target is reached. `needed` = 1 / win rate by count over
    all that has closed. Null where no target is set. `by` is `owner` or `team` (whose targets are looked up),
    `band`, or nothing. The bands, early and late, split what is open; target, won and win rate are the whole's.
    `target`, in minor units, overrides what the book says for the whole.
    """
    if list(by) == ["band"]:
        return _by_band(pipeline, period, target)
    keys = list(by)
    opened = open_pipeline(pipeline, period=period, by=by).select(*keys, "open_count", "open_amount",
                                                                  "qualified_amount")  # fmt: skip
    won = bookings(pipeline, period=period, by=by).select(*keys, "won_amount")
    rate = win_rate(pipeline, by=by).select(*keys, "by_count")
    table = opened
    goals = _goals(pipeline, period, keys, target)
    for part in (won, rate, goals):
        if keys:
            table = table.join(part, on=keys, how="full", coalesce=True, nulls_equal=True)
        else:
            table = pl.concat([table, part], how="horizontal")
    gap = pl.col("target") - pl.col("won_amount")
    amounts = ["open_count", "open_amount", "qualified_amount", "won_amount"]
    result = table.with_columns(pl.col(amounts).fill_null(0)).select(
        *keys,
        "target",
        *amounts,
        nominal=over(pl.col("open_amount"), pl.col("target")),
        qualified=over(pl.col("qualified_amount"), pl.col("target")),
        remaining=over(pl.col("open_amount"), gap),
        needed=over(pl.lit(1.0), pl.col("by_count")),
    )
    return result.sort(keys, nulls_last=True) if keys else result


def _by_band(pipeline: Pipeline, period: Period, target: int | None) -> pl.DataFrame:
    """The open pipeline split by stage band, each part over the whole's target."""
    whole = coverage(pipeline, period=period, target=target).select("target", "won_amount", "needed")
    opened = open_pipeline(pipeline, period=period, by=["band"]).select(
        "band", "open_count", "open_amount", "qualified_amount"
    )
    gap = pl.col("target") - pl.col("won_amount")
    return opened.join(whole, how="cross").select(
        "band",
        "target",
        *("open_count", "open_amount", "qualified_amount", "won_amount"),
        nominal=over(pl.col("open_amount"), pl.col("target")),
        qualified=over(pl.col("qualified_amount"), pl.col("target")),
        remaining=over(pl.col("open_amount"), gap),
        needed=pl.col("needed"),
    )


def over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """The ratio; null where the whole is nothing or less."""
    return pl.when(whole > 0).then(part / whole)


def target_of(
    pipeline: Pipeline, period: Period, *, owner: str | None = None, team: str | None = None
) -> int | None:
    """The target of a person, a team or (with neither) the whole for the period, in minor units; null where none is set.

    Targets of shorter periods add up where together they fill the period. The whole is its own target where one is
    set, else the teams', else the people's, of each those of the period or of shorter ones.
    """
    targets = pipeline.targets
    if owner is not None:
        return _filled([targets.filter(pl.col("owner") == owner)], period)
    if team is not None:
        return _filled([targets.filter(pl.col("owner").is_null(), pl.col("team") == team)], period)
    whole = targets.filter(pl.col("owner").is_null(), pl.col("team").is_null())
    teams = targets.filter(pl.col("owner").is_null(), ~pl.col("team").is_null())
    people = targets.filter(~pl.col("owner").is_null())
    parts = ([whole], teams.partition_by("team"), people.partition_by("owner"))
    return next((found for part in parts if (found := _filled(part, period)) is not None), None)


def _filled(targets: Sequence[pl.DataFrame], period: Period) -> int | None:
    """The sum of what each has: the targets of exactly this period, else those of shorter ones within it.

    Nothing where a day of the period has none, or one has two for the same day.
    """
    first, last = day_number(period.starts_on), day_number(period.ends_on)
    chosen = [_of_one(each, first, last) for each in targets]
    spans = [[*zip(each["starts_on"], each["ends_on"], strict=True)] for each in chosen]
    if any(one[1] >= other[0] for each in spans for one, other in pairwise(sorted(set(each)))):
        return None
    reached = first
    for starts, ends in sorted(span for each in spans for span in each):
        if starts > reached:
            return None
        reached = max(reached, ends + 1)
    return _whole(pl.concat(chosen)["amount"]) if reached == last + 1 else None


def _of_one(targets: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    exact = targets.filter(pl.col("starts_on") == first, pl.col("ends_on") == last)
    within = targets.filter(pl.col("starts_on") >= first, pl.col("ends_on") <= last)
    return within if exact.is_empty() else exact


def _whole(amounts: pl.Series) -> int | None:
    """The sum; None where the rate of one is unknown, for a part of a target is none."""
    return None if amounts.null_count() else int(amounts.sum())


def _goals(pipeline: Pipeline, period: Period, keys: Sequence[str], target: int | None) -> pl.DataFrame:
    if not keys:
        whole = target if target is not None else target_of(pipeline, period)
        return pl.DataFrame({"target": [whole]}, schema={"target": pl.Int64})
    if list(keys) not in (["owner"], ["team"]):
        return pl.DataFrame(schema={**dict.fromkeys(keys, pl.String), "target": pl.Int64})
    (key,) = keys
    names = [name for name in pipeline.targets[key].unique().sort().to_list() if name is not None]
    found = [(name, target_of(pipeline, period, **{key: name})) for name in names]
    known = [(name, amount) for name, amount in found if amount is not None]
    return pl.DataFrame(known, schema={key: pl.String, "target": pl.Int64}, orient="row")
