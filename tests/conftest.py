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
