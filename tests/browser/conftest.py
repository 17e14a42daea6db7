"""The pages in a real browser: one browser for all, and everything that a page's console complains of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.browser.pages import ARGUMENTS, DESKTOP, Open, served_out, sync_api


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine; tests/install-browser may install one")
    # The driver keeps a loop running in this thread until the process ends, and Django takes that for a view that
    # must not wait; the variable has to stand as long as the loop does.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
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
    served_out()
    # A refusal is an answer, though a browser lists every 4xx as an error; and who is offline meant to be.
    expected = ("status of 4", "ERR_INTERNET_DISCONNECTED")
    assert [each for each in complaints if not any(words in each for words in expected)] == []
