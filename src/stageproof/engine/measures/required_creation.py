"""Required creation: how much pipeline still has to be created for the target to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import day_number
from stageproof.engine.measures.average_deal_size import average_deal_size, half_even
from stageproof.engine.measures.coverage import coverage
from stageproof.engine.measures.cycle_length import cycle_length
from stageproof.engine.measures.win_rate import win_rate
from stageproof.engine.period import Period


def required_creation(
    pipeline: Pipeline, *, period: Period, target: int | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group: `target`, `won_amount`, `progress`, `gap_amount`, `win_rate`, `needed_amount`, what is open
    and qualified of it, `required_amount`, `required_qualified_amount`, `average_amount`, `required_deals`,
    `days_left`, `cycle_days`, `per_week_amount`, `in_time`.

    `gap` = target - won so far, at least nothing. `needed` = gap / win rate by count, over all that has closed.
    `required` = needed - open closing in the period, at least nothing; `required_qualified` counts only qualified
    pipeline as there. `required_deals` is how many of average size that is, rounded up; `per_week` spreads it over
    the days left. `in_time` tells whether a deal of median cycle created now still closes in the period. Amounts
    are minor units, rounded half-even; null where target or win rate is unknown. `by` as for coverage.
    """
    keys = list(by)
    table = coverage(pipeline, period=period, target=target, by=by)
    parts = [
        win_rate(pipeline, by=by).select(*keys, won_ever="won_count", lost_ever="lost_count"),
        average_deal_size(pipeline, by=by).select(*keys, size_won="won_amount", size_of="won_priced"),
        cycle_length(pipeline, by=by).select(*keys, cycle_days="median"),
    ]
    for part in parts:
        if keys:
            table = table.join(part, on=keys, how="left", nulls_equal=True)
        else:
            table = pl.concat([table, part], how="horizontal")
    left = max(day_number(period.ends_on) - max(pipeline.day, day_number(period.starts_on) - 1), 0)
    rows = [_row(row, keys, left) for row in table.iter_rows(named=True)]
    result = pl.DataFrame(rows, schema={**dict.fromkeys(keys, pl.String), **_SCHEMA}, orient="row")
    return result.sort(keys, nulls_last=True) if keys else result


_SCHEMA: dict[str, Any] = {
    "target": pl.Int64,
    "won_amount": pl.Int64,
    "progress": pl.Float64,
    "gap_amount": pl.Int64,
    "win_rate": pl.Float64,
    "needed_amount": pl.Int64,
    "open_amount": pl.Int64,
    "qualified_amount": pl.Int64,
    "required_amount": pl.Int64,
    "required_qualified_amount": pl.Int64,
    "average_amount": pl.Int64,
    "required_deals": pl.Int64,
    "days_left": pl.Int64,
    "cycle_days": pl.Float64,
    "per_week_amount": pl.Int64,
    "in_time": pl.Boolean,
}


def _row(row: dict[str, Any], keys: Sequence[str], left: int) -> dict[str, Any]:
    target, won = row["target"], row["won_amount"]
    gap = None if target is None else max(target - won, 0)
    wins, closed = row["won_ever"] or 0, (row["won_ever"] or 0) + (row["lost_ever"] or 0)
    rate = Fraction(wins, closed) if closed else None
    needed = _needed(gap, rate)
    required = None if needed is None else max(needed - row["open_amount"], 0)
    proven = None if needed is None else max(needed - row["qualified_amount"], 0)
    size = half_even(row["size_won"], row["size_of"]) if row["size_of"] else None
    cycle = row["cycle_days"]
    return {
        **{key: row[key] for key in keys},
        "target": target,
        "won_amount": won,
        "progress": won / target if target else None,
        "gap_amount": gap,
        "win_rate": None if rate is None else float(rate),
        "needed_amount": needed,
        "open_amount": row["open_amount"],
        "qualified_amount": row["qualified_amount"],
        "required_amount": required,
        "required_qualified_amount": proven,
        "average_amount": size,
        "required_deals": None if required is None or not size or size < 0 else -(-required // size),
        "days_left": left,
        "cycle_days": cycle,
        "per_week_amount": half_even(required * 7, left) if required is not None and left else None,
        "in_time": None if cycle is None else cycle <= left,
    }


def _needed(gap: int | None, rate: Fraction | None) -> int | None:
    """The open pipeline that the gap asks for; nothing where there is no gap, whatever the rate."""
    if gap is None:
        return None
    if gap == 0:
        return 0
    if not rate:
        return None
    exact = gap / rate
    return half_even(exact.numerator, exact.denominator)
