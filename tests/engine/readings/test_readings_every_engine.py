"""The readings are the same on Polars, DuckDB, Ibis and PySpark."""

from __future__ import annotations

import pytest
from polars.testing import assert_frame_equal

from stageproof.engine.readings import reconciliation
from tests.engine.engines import OTHERS
from tests.engine.sample import QUARTER, pipeline_on


@pytest.mark.parametrize("engine", OTHERS)
def test_the_statement_is_the_same(engine: str) -> None:
    found, expected = (reconciliation(pipeline_on(each), period=QUARTER) for each in (engine, "polars"))
    assert found.ties
    assert found.lines == expected.lines
    assert_frame_equal(found.per_currency, expected.per_currency)
    for reader, reading in expected.readings.items():
        assert [each.value for each in found.readings[reader].figures] == pytest.approx(
            [each.value for each in reading.figures]
        )
        for name, table in reading.tables.items():
            assert_frame_equal(found.readings[reader].tables[name], table)
