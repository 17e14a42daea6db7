"""What every test gets, and who runs what when."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# What a machine that is busy with other tests takes long for is not wrong. The same examples every time, so that a change
# fails for what it changes; `make soak` draws others.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize="STAGEPROOF_DRAW_ANEW" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

TOGETHER = {
    "tests/demo/": "demo",
    "tests/server/test_backup.py": "backup",
    "tests/engine/readings/test_readings_in_sql.py": "readings in SQL",
    "tests/audit/test_report.py": "report",
}
"""What is made once for many tests, in the one process that runs them all."""

LONG = (
    "tests/crash/test_kill_server.py",
    "tests/test_on_postgres.py",
    "tests/actions/test_any_order.py",
    "tests/security/test_fuzz.py",
    "tests/schemathesis/",
    "tests/crash/",
    "tests/server/",
)
"""What begins first, for whoever is left alone with it at the end keeps all others waiting."""

LAST = "tests/browser/"
"""A browser's driver stays in its process, and takes away what Django would otherwise complain of."""


@pytest.fixture(autouse=True)
def _nothing_kept_warm() -> Iterator[None]:
    """Each test has a database of its own: what the process has loaded of another's must go."""
    yield
    tables = sys.modules.get("stageproof.records.tables")
    if tables is not None:
        tables.forget()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups what belongs into one process, and puts the longest first and browsers last."""
    places = {item: item.path.relative_to(config.rootpath).as_posix() for item in items}
    for item, place in places.items():
        # Starting a second Java runtime costs more than it saves.
        spark = "spark" if item.get_closest_marker("spark") is not None else None
        group = spark or next((name for begin, name in TOGETHER.items() if place.startswith(begin)), None)
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _turn(places[item]))


def _turn(place: str) -> int:
    first = next((turn for turn, begin in enumerate(LONG) if place.startswith(begin)), len(LONG))
    return first + 1 if place.startswith(LAST) else first
