"""The pages in a real browser: the cast with deals, signed in, with everything the console complains of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

# The browser's driver keeps a loop running in this thread; the database is used beside it, never in it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine; tests/install-browser may install one")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def opened(chromium: Any, live_server: Any) -> Iterator[Open]:
    """Opens a page of the live server as one of the cast; complaints of the console fail the test at its end."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_page(
        actor: Any, path: str, size: dict[str, int] = DESKTOP, scheme: str = "light", *, script: bool = True
    ) -> Any:
        client = Client()
        client.force_login(actor.person)
        context = chromium.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script)
        contexts.append(context)
        cookie = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refusal is an answer, though a browser lists every 4xx as an error.
    assert [each for each in complaints if "status of 4" not in each] == []
