"""The readings in a real browser: the CFO opens, freezes and shares; the CEO compares after a change."""

from __future__ import annotations

import pytest
from django.utils import timezone

from stageproof.actions.deals import edit_deal
from stageproof.records.models import Deal
from stageproof.web import as_of
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.actions.readings_world import world
from tests.browser.pages import Open, judge, sync_api

__all__ = ["acme", "cast", "deal", "now", "ready", "world"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now.at)
    as_of._present.clear()
    as_of._past.clear()


def test_the_cfo_freezes_and_shares_and_the_ceo_compares(
    opened: Open, cast: Cast, world: Deal, now: Clock
) -> None:
    page = opened(cast.fay, "/readings?period=2026-Q2")
    page.get_by_role("link", name="Finance reading").click()
    figure = page.locator("#figure-base")
    sync_api.expect(figure).to_contain_text("61,111.10 EUR")
    # Every figure opens what it is, and leads to its deals.
    figure.locator("summary").click()
    sync_api.expect(figure.locator(".formula")).to_contain_text("= 61,111.10 EUR")
    sync_api.expect(page.locator("figure.chart")).to_have_count(3)
    figure.locator(".value a").click()
    sync_api.expect(page.get_by_role("row", name="Acme rollout")).to_contain_text("50,000.00")
    page.go_back()

    page.locator("summary", has_text="Freeze").click()
    page.get_by_placeholder("Board meeting").fill("Board in April")
    page.keyboard.press("Enter")
    sync_api.expect(page.get_by_role("heading", level=1)).to_have_text("Board in April")
    sync_api.expect(page.locator(".frozen-note")).to_contain_text("every figure is the same to the cent")
    expected = page.locator("#figure-expected .value .heard").inner_text()

    page.get_by_label("Shows").select_option("board")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#share-link").inner_text()
    stranger = page.context.browser.new_page()
    stranger.goto(link)
    sync_api.expect(stranger.locator("#figure-nominal")).to_contain_text("61,111.10 EUR")
    sync_api.expect(stranger.get_by_role("navigation")).to_have_count(0)
    stranger.close()

    now.days(1)
    edit_deal(cast.ann, world.key, now=now(), changes={"amount": 4_000_000})
    ceo = opened(cast.eve, "/readings")
    ceo.get_by_role("link", name="Board in April").click()
    ceo.get_by_role("navigation", name="Readings").get_by_role("link", name="Finance").click()
    sync_api.expect(ceo.locator("#figure-expected .value .heard")).to_have_text(expected)
    ceo.get_by_role("link", name="Compare with now").click()
    row = ceo.get_by_role("row", name="Nominal pipeline")
    sync_api.expect(row).to_contain_text("−10,000.00 EUR")
    row.get_by_role("link").click()
    sync_api.expect(ceo.locator("#deals-title")).to_have_text("Nominal pipeline, by events since: 1 deal")
    sync_api.expect(ceo.get_by_role("row", name="Acme rollout")).to_contain_text("−10,000.00")


def test_the_readings_are_accessible_and_fit(opened: Open, cast: Cast, world: Deal) -> None:
    page = opened(cast.olga, "/readings?period=2026-Q2")
    start = page.url.split("/readings")[0]
    for address in (
        "",
        "/sales",
        "/marketing",
        "/finance",
        "/board",
        "/reconciliation",
        "/sales/deals?behind=nominal",
    ):
        query = "&" if "?" in address else "?"
        page.goto(f"{start}/readings{address}{query}period=2026-Q2")
        sync_api.expect(page.locator(".chart-waiting")).to_have_count(0)
        judge(page)


def test_a_reading_without_script_has_its_charts_for_the_asking(
    opened: Open, cast: Cast, world: Deal
) -> None:
    page = opened(cast.eve, "/readings/finance?period=2026-Q2", script=False)
    sync_api.expect(page.locator("#figure-base")).to_contain_text("61,111.10 EUR")
    if page.get_by_role("link", name="Show the charts").count():
        page.get_by_role("link", name="Show the charts").first.click()
    sync_api.expect(page.locator("figure.chart")).to_have_count(3)
