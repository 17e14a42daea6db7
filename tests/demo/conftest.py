"""Demo Company, as every test of this folder is given it."""

from __future__ import annotations

import pytest

from stageproof.demo.book import Tables
from tests import simulated


@pytest.fixture(scope="session")
def company() -> Tables:
    return simulated.company()
