"""Demo Company, simulated once for all tests of this folder."""

from __future__ import annotations

import pytest

from stageproof.demo.book import Tables, demo_company


@pytest.fixture(scope="session")
def company() -> Tables:
    return demo_company()
