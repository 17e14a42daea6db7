"""Movement, coverage and why in a real browser: the sales manager's way and the CFO's, and whether all may use them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.actions.targets import set_target
from stageproof.records.models import Deal
from stageproof.web import as_of, renewal
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.browser.pages import Open, judge, sync_api

__all__ = ["acme", "cast", "deal", "now", "ready"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 3, 31)


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now())
    as_of._present.clear()
    as_of._past.clear()
    renewal._ready.clear()


@pytest.fixture
def moved(cast: Cast, now: Clock, deal: Deal) -> Deal:
    """Ben's 20,000 that became 25,000, a loss of 6,000, and 60,000 to win."""
    facts = {"close_on": LAST}
    grew = create_deal(cast.ben, now=now(), facts={"name": "Growing", "amount": 2_000_000, **facts}).deal
    lost = create_deal(cast.ben, now=now(), facts={"name": "Losing", "amount": 600_000, **facts}).deal
    set_target(cast.olga, starts_on=FIRST, ends_on=LAST, amount=6_000_000, now=now())
    now.days(8)
    edit_deal(cast.ben, grew.key, now=now(), changes={"amount": 2_500_000})
    move_deal(cast.ben, lost.key, to="lost", lost_reason="Price", now=now())
    now.days(1)
    return grew


def test_the_manager_opens_a_line_its_deals_and_a_deals_changes(
    opened: Open, cast: Cast, moved: Deal
) -> None:
    page = opened(cast.mia, "/movement?start=2026-03-03")
    sync_api.expect(page.locator(".chart figcaption")).to_contain_text("The pipeline")
    page.get_by_role("link", name="Increased").first.click()
    sync_api.expect(page.get_by_role("heading", name="1 deal behind it")).to_be_visible()
    sync_api.expect(page.locator(".why-value")).to_contain_text("5,000.00 EUR")
    page.get_by_role("link", name="Growing").click()
    page.wait_for_url(f"**/deals/{moved.key}**")
    sync_api.expect(page.locator(".timeline")).to_contain_text("25,000.00")


def test_a_bar_leads_to_its_deals(opened: Open, cast: Cast, moved: Deal) -> None:
    page = opened(cast.mia, "/movement?start=2026-03-03")
    page.locator(".chart .wide a[href*='line=lost']").click()
    sync_api.expect(page.get_by_role("heading", name="1 deal behind it")).to_be_visible()


def test_the_cfo_follows_what_is_to_be_created_to_its_deals(
    opened: Open, cast: Cast, moved: Deal, tmp_path: Path
) -> None:
    page = opened(cast.fay, "/coverage?period=2026-Q1")
    sync_api.expect(page.locator(".big-figures")).to_contain_text("60.0k EUR")
    page.locator(".big-figures a[href*='figure=nominal']").click()
    sync_api.expect(page.locator(".why-formula")).to_have_text(
        "25,000.00 EUR open / 60,000.00 EUR target = 0.4167x"
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    path = tmp_path / "deals.csv"
    download.value.save_as(path)
    assert "Growing" in path.read_text()
    sync_api.expect(page.get_by_label("The Python that computes it")).to_have_value(
        _containing("measures.coverage(pipeline, period=book.calendar.period('2026-Q1'))")
    )


def _containing(text: str) -> Any:
    import re

    return re.compile(re.escape(text))


def test_pages_of_measures_are_accessible_and_fit(opened: Open, cast: Cast, moved: Deal) -> None:
    page = opened(cast.olga, "/movement?start=2026-03-03&by=team")
    root = page.url.split("/movement")[0]
    for path in ("/movement?start=2026-03-03&by=team", "/coverage?period=2026-Q1", "/velocity?period=2026-Q1",
                 "/conversion?period=2026-Q1", "/why/coverage?period=2026-Q1&figure=nominal"):  # fmt: skip
        page.goto(root + path)
        sync_api.expect(page.locator(".chart-waiting")).to_have_count(0)
        judge(page)
