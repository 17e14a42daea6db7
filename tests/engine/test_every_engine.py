"""Every measure and every check gives the same table on Polars, DuckDB, Ibis and PySpark."""

from __future__ import annotations

import inspect
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stageproof.engine.frames import collect
from stageproof.engine.hygiene.monday import CHECKS, monday
from stageproof.engine.measures import MEASURES
from stageproof.engine.measures.bridge import bridge
from stageproof.engine.measures.bridge_qualified import qualified_bridge
from stageproof.engine.period import Calendar
from stageproof.engine.qualification import criterion_states, qualified_deals
from tests.engine.engines import OTHERS
from tests.engine.sample import AS_OF, QUARTER, START, book_on, pipeline_on

FEBRUARY = Calendar().period("2025-02")
FURTHER: dict[str, list[dict[str, Any]]] = {
    "attribution": [{"model": "w_shaped", "of": "open", "by": "campaign"}],
    "bookings": [{"period": QUARTER, "by": ["owner"]}],
    "conversion": [{"by": ["team"]}],
    "coverage": [{"by": ["owner"]}],
    "cycle_length": [{"by": ["owner"], "outcomes": ["won", "lost"]}],
    "funnel": [{"view": "cohort", "by": ["source"]}, {"view": "cohort", "since": "first_touch"}],
    "first_response": [{"period": QUARTER, "by": ["source"]}],
    "handover": [{"by": ["source"], "days": 3}],
    "leaks": [{"since": "first_touch"}],
    "sources": [{"model": "w_shaped", "by": "campaign", "period": QUARTER}],
    "open_pipeline": [{"period": QUARTER, "by": ["stage", "month"]}],
    "slippage": [{"period": FEBRUARY, "by": ["owner"]}],
    "time_in_stage": [{"by": ["team"]}, {"period": QUARTER, "by": ["month"]}],
    "win_rate": [{"by": ["segment"]}],
}
"""What measures are asked beside their plain form."""

NEEDED: dict[str, dict[str, Any]] = {"velocity_change": {"start": START}}
PLAIN = [(name, NEEDED.get(name, {})) for name in MEASURES if name not in ("bridge", "qualified_bridge")]
ASKED = [*PLAIN, *((name, kwargs) for name, each in FURTHER.items() for kwargs in each)]


def asked(name: str, kwargs: dict[str, Any], engine: str) -> pl.DataFrame:
    """What the measure says; one that needs a period is asked for the quarter."""
    compute = MEASURES[name].compute
    period = inspect.signature(compute).parameters.get("period")
    if period is not None and period.default is inspect.Parameter.empty:
        kwargs = {"period": QUARTER, **kwargs}
    return plain(compute(pipeline_on(engine), **kwargs))


def plain(table: Any) -> pl.DataFrame:
    frame = collect(table) if isinstance(table, nw.LazyFrame) else table
    return frame.select(sorted(frame.columns)).sort(sorted(frame.columns))


def assert_same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert expected.height > 0
    assert_frame_equal(found, expected, check_exact=False, abs_tol=1e-9)


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize(("name", "kwargs"), ASKED, ids=lambda value: value if isinstance(value, str) else "")
def test_measures(name: str, kwargs: dict[str, Any], engine: str) -> None:
    assert_same(asked(name, kwargs, engine), asked(name, kwargs, "polars"))


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize(
    ("bridged", "mode", "by", "known"),
    [
        (bridge, "endpoints", (), None),
        (bridge, "events", ("owner",), "2025-01-10"),
        (qualified_bridge, "endpoints", ("stage",), "2025-01-10"),
    ],
    ids=["ends", "events", "qualified"],
)
def test_bridges(bridged: Any, mode: str, by: tuple[str, ...], known: str | None, engine: str) -> None:
    asked = {"mode": mode, "period": QUARTER, "by": by, "start_known_at": known}
    found, expected = (bridged(book_on(each), START, AS_OF, **asked) for each in (engine, "polars"))
    late = expected.lines.filter(line="late_arrivals")["amount"].sum()
    assert bool(late) == (known is not None)
    assert_same(plain(found.deals), plain(expected.deals))
    assert_frame_equal(found.lines, expected.lines)


@pytest.mark.parametrize("engine", OTHERS)
def test_checks(engine: str) -> None:
    found, expected = (monday(pipeline_on(each)) for each in (engine, "polars"))
    assert set(expected.findings["check"]) == set(CHECKS)
    assert_same(plain(found.findings), plain(expected.findings))
    assert found.unchecked == expected.unchecked


@pytest.mark.parametrize("engine", OTHERS)
def test_qualification(engine: str) -> None:
    found, expected = (pipeline_on(each) for each in (engine, "polars"))
    assert_same(plain(qualified_deals(found)), plain(qualified_deals(expected)))
    assert_same(plain(criterion_states(found)), plain(criterion_states(expected)))
