"""Velocity's change: which of the four levers moved it, in parts that add up to the change exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from math import floor
from typing import Any

import polars as pl

from stageproof.engine.book import Instant, Pipeline
from stageproof.engine.measures.average_deal_size import half_even
from stageproof.engine.measures.velocity import exact_levers
from stageproof.engine.period import Period

LEVERS = ("open_deals", "deal_size", "win_rate", "cycle_length")
_ORDERS = tuple(permutations(range(len(LEVERS))))


def velocity_change(
    pipeline: Pipeline, *, start: Instant, period: Period | None = None, by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per group and lever: `before` and `after` of the lever, `moved`, `velocity_before`, `velocity_after`.

    Velocity as it was at `start`, of the deals that closed in the period before or ever, against what it is now, of
    those that closed in the period or ever. `moved` is the lever's part of the change, in minor units per day: its
    effect averaged over every order in which the four can change (Shapley), rounded so that the parts add up to
    the change exactly. Null where velocity is unknown at either end. Deal sizes are minor units.
    """
    keys = list(by)
    then = pipeline.remember(
        f"velocity at {start}",
        lambda: Pipeline(pipeline.book, pipeline.book.instant(start), pipeline.known_at),
    )
    earlier = None if period is None else pipeline.book.calendar.previous(period)
    before = _by_group(exact_levers(then, period=earlier, by=keys), keys)
    after = _by_group(exact_levers(pipeline, period=period, by=keys), keys)
    rows = [
        row
        for group in dict.fromkeys([*after, *before])
        for row in _rows(
            dict(zip(keys, group, strict=True)), before.get(group, _NOTHING), after.get(group, _NOTHING)
        )
    ]
    schema: dict[str, Any] = {
        **dict.fromkeys(keys, pl.String),
        "lever": pl.String,
        **dict.fromkeys(("before", "after"), pl.Float64),
        **dict.fromkeys(("moved", "velocity_before", "velocity_after"), pl.Int64),
    }
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.sort(keys, nulls_last=True, maintain_order=True) if keys else table


def parts_of_change(before: Sequence[Fraction], after: Sequence[Fraction]) -> list[int]:
    """What each of open deals, deal size, win rate and cycle length adds to the velocity per day.

    The parts add up to the difference of the two velocities, each rounded half-even, exactly.
    """
    exact = [Fraction(0)] * len(LEVERS)
    for order in _ORDERS:
        levers = list(before)
        last = _per_day(levers)
        for place in order:
            levers[place] = after[place]
            now = _per_day(levers)
            exact[place] += now - last
            last = now
    shares = [each / len(_ORDERS) for each in exact]
    return _rounded(shares, _whole(_per_day(after)) - _whole(_per_day(before)))


def _per_day(levers: Sequence[Fraction]) -> Fraction:
    opened, size, rate, cycle = levers
    return opened * size * rate / cycle


def _whole(value: Fraction) -> int:
    return half_even(value.numerator, value.denominator)


def _rounded(parts: Sequence[Fraction], total: int) -> list[int]:
    """Whole numbers that add up to the total: rounded down, then up again where most was cut."""
    whole = [floor(part) for part in parts]
    missing = total - sum(whole)
    order = sorted(range(len(parts)), key=lambda place: (whole[place] - parts[place], place))
    for step in range(abs(missing)):
        whole[order[step % len(order)]] += 1 if missing > 0 else -1
    return whole


_NOTHING: Mapping[str, Any] = {"open_count": 0, "size": None, "rate": None, "cycle": None}


def _by_group(
    rows: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(row[key] for key in keys): row for row in rows}


def _rows(
    group: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    ends = [_levers(before), _levers(after)]
    known = all(each is not None for levers in ends for each in levers) and all(levers[3] for levers in ends)
    whole: list[list[Fraction]] = ends if known else []  # type: ignore[assignment]
    parts: list[int | None] = [None] * len(LEVERS)
    if known:
        parts = [*parts_of_change(*whole)]
    velocities = [_alone(levers) for levers in ends]
    return [
        {
            **group,
            "lever": lever,
            "before": _float(ends[0][place]),
            "after": _float(ends[1][place]),
            "moved": parts[place],
            "velocity_before": velocities[0],
            "velocity_after": velocities[1],
        }
        for place, lever in enumerate(LEVERS)
    ]


def _alone(levers: Sequence[Fraction | None]) -> int | None:
    known = [each for each in levers if each is not None]
    return _whole(_per_day(known)) if len(known) == len(LEVERS) and known[3] else None


def _levers(row: Mapping[str, Any]) -> list[Fraction | None]:
    return [Fraction(row["open_count"]), row["size"], row["rate"], row["cycle"]]


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
