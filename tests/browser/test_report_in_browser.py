"""The report in a real browser: accessible, within its width, filtered by its links, and whole in print."""

from __future__ import annotations

import re

import pytest

from stageproof.audit.report import report
from tests.audit.small_books import ALPHA, DEALS_ROWS, small_audit
from tests.browser.pages import ALL_LOOKS, DESKTOP, PHONE, judge, sync_api

pytestmark = pytest.mark.browser
LONG = "A name " * 12


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = [
        *DEALS_ROWS,
        {**ALPHA, "deal": "L", "name": LONG, "account": "W" * 60, "owner": "O" * 40},
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report(small_audit(rows, notes=("x" * 200,))), encoding="utf-8")
    return path.as_uri()


def opened(
    chromium: sync_api.Browser, address: str, size: dict[str, int], scheme: str = "light"
) -> sync_api.Page:
    """The page in a fresh context without script, with what its console says collected."""
    page = chromium.new_context(viewport=size, color_scheme=scheme).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on(
        "request", lambda request: page.complaints.append(request.url) if request.url != address else None
    )
    page.goto(address)
    return page


def test_the_page_is_accessible(chromium: sync_api.Browser, address: str) -> None:
    page = opened(chromium, address, DESKTOP)
    # Folded parts are judged too.
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    judge(page, looks=ALL_LOOKS)
    page.context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1001, 1280])
def test_the_page_never_scrolls_sideways(chromium: sync_api.Browser, address: str, width: int) -> None:
    page = opened(chromium, address, {"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_nothing_is_asked_of_the_network_and_nothing_is_refused(
    chromium: sync_api.Browser, address: str
) -> None:
    page = opened(chromium, address, DESKTOP)
    assert page.complaints == []
    page.context.close()


def test_light_and_dark_differ_in_drawings_too(chromium: sync_api.Browser, address: str) -> None:
    fills = set()
    for scheme in ("light", "dark"):
        page = opened(chromium, address, DESKTOP, scheme)
        bar = page.locator(".wide svg path[fill='var(--qualified)']").first
        fills.add(bar.evaluate("each => getComputedStyle(each).fill"))
        page.context.close()
    assert len(fills) == 2


def test_a_phone_gets_the_narrow_drawing(chromium: sync_api.Browser, address: str) -> None:
    for size, shown, hidden in ((DESKTOP, ".wide", ".narrow"), (PHONE, ".narrow", ".wide")):
        page = opened(chromium, address, size)
        sync_api.expect(page.locator(f".chart {shown}").first).to_be_visible()
        sync_api.expect(page.locator(f".chart {hidden}").first).to_be_hidden()
        page.context.close()


def test_a_figure_opens_its_definition_and_leads_to_its_deals(
    chromium: sync_api.Browser, address: str
) -> None:
    page = opened(chromium, address, DESKTOP)
    tile = page.locator("#figure-period_unqualified")
    sync_api.expect(tile.locator(".formula")).to_be_hidden()
    tile.locator("summary").click()
    sync_api.expect(tile.locator(".formula")).to_be_visible()
    tile.get_by_role("link", name="The deals behind it").click()
    assert names(page, 2) == ["Bravo", LONG.strip()]
    page.get_by_role("link", name="Show all deals").locator("visible=true").click()
    sync_api.expect(page.locator("section.lists tbody tr:visible")).to_have_count(len(DEALS_ROWS) - 3 + 1)
    page.context.close()


def names(page: sync_api.Page, count: int) -> list[str]:
    """The names of the deals that are listed, once there are so many."""
    shown = page.locator("section.lists tbody tr:visible th")
    sync_api.expect(shown).to_have_count(count)
    return [name.split("\n")[0] for name in shown.all_inner_texts()]


def test_an_owner_narrows_the_deals(chromium: sync_api.Browser, address: str) -> None:
    page = opened(chromium, address, DESKTOP)
    page.locator("#owners ~ .box").get_by_role("link", name="Ben Wu").click()
    assert names(page, 1) == ["Charlie"]
    page.context.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_print_shows_formulas_and_cuts_nothing(chromium: sync_api.Browser, address: str, paper: str) -> None:
    page = opened(chromium, address, DESKTOP)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680 if paper == "A4" else 705, "height": 1000})
    sync_api.expect(page.locator("section.printed")).to_be_visible()
    sync_api.expect(page.locator("nav.contents")).to_be_hidden()
    sync_api.expect(page.locator("details.table .box").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate("getComputedStyle(document.querySelector('tbody tr')).breakInside") == "avoid"
    assert len(page.pdf(format=paper)) > 20_000
    page.context.close()


def test_the_keyboard_reaches_the_answer_first(chromium: sync_api.Browser, address: str) -> None:
    page = opened(chromium, address, DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    page.keyboard.press("Enter")
    sync_api.expect(page).to_have_url(re.compile("#main$"))
    page.context.close()
