"""What the tests of pages in a browser share: how it is started, the sizes it is looked at in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
"""Both sizes and both schemes; what every page has is looked at in all four with the board."""
Open = Callable[..., Any]

# A machine that is busy with other tests shows late what it shows.
sync_api.expect.set_options(timeout=30_000)


def served_out() -> None:
    """Waits until the server has answered what pages asked for last: the database is emptied after each test."""
    until = time.monotonic() + 10
    while any("process_request_thread" in each.name for each in threading.enumerate()):
        if time.monotonic() > until:
            return
        time.sleep(0.02)
