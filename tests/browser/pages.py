"""What the tests of pages in a browser share: how it is started, the sizes it is looked at in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = ((DESKTOP, "light"), (PHONE, "dark"))
"""Both sizes and both schemes; what every page has is looked at in all four with the board."""
ALL_LOOKS = (*LOOKS, (DESKTOP, "dark"), (PHONE, "light"))
SHOTS = os.environ.get("STAGEPROOF_SHOTS", "")
"""A folder for pictures of the pages, for people to look at."""
Open = Callable[..., Any]

# A machine that is busy with other tests shows late what it shows.
sync_api.expect.set_options(timeout=30_000)


def judge(page: Any, name: str = "", looks: Sequence[tuple[dict[str, int], str]] = LOOKS) -> None:
    """Holds the page as it stands to the rules of access and to its width, in each of the looks."""
    for size, scheme in looks:
        page.set_viewport_size(size)
        # Nothing is on its way anywhere while it is judged.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = axe.Axe().run(page)
        look = f"{page.url}, {size['width']} px, {scheme}"
        assert found.violations_count == 0, f"{look}: {found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{look}: {wide} px wide"
        if SHOTS and name:
            path = Path(SHOTS) / f"{name}-{size['width']}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")


def served_out() -> None:
    """Waits until the server has answered what pages asked for last: the database is emptied after each test."""
    until = time.monotonic() + 10
    while any("process_request_thread" in each.name for each in threading.enumerate()):
        if time.monotonic() > until:
            return
        time.sleep(0.02)
