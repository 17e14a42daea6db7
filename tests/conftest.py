"""What every test gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_kept_warm() -> Iterator[None]:
    """Each test has a database of its own: what the process has loaded of another's must go."""
    yield
    tables = sys.modules.get("stageproof.records.tables")
    if tables is not None:
        tables.forget()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps what needs Spark in one process: starting a second Java runtime costs more than it saves."""
    for item in items:
        if item.get_closest_marker("spark") is not None:
            item.add_marker(pytest.mark.xdist_group("spark"))
