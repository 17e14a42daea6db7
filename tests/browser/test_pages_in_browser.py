"""Table, palette and every page's accessibility, light and dark, desktop and phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from stageproof.actions.accounts import create_account
from stageproof.actions.leads import create_lead, find_lead
from stageproof.records.models import Deal
from stageproof.web import as_of, renewal
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.browser.pages import ALL_LOOKS, LOOKS, Open, judge, sync_api

__all__ = ["acme", "cast", "deal", "now", "ready"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now())
    as_of._present.clear()
    as_of._past.clear()
    renewal._ready.clear()


def test_a_cell_is_edited_at_once_and_undone(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/pipeline")
    page.locator(f"#row-{deal.key} .col-amount .cell-button").click()
    sync_api.expect(page.locator(".cell-form [name=value]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("75000")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(f"#row-{deal.key} .col-amount")).to_contain_text("75,000.00")
    sync_api.expect(page.locator("#totals")).to_contain_text("75,000.00 EUR")
    deal.refresh_from_db()
    assert (deal.amount, deal.version) == (7_500_000, 2)
    page.get_by_role("button", name="Undo").click()
    sync_api.expect(page.locator("#totals")).to_contain_text("50,000.00 EUR")
    deal.refresh_from_db()
    assert (deal.amount, deal.version) == (5_000_000, 3)


def test_a_cell_of_a_lead_is_edited_at_once_and_undone(opened: Open, cast: Cast, now: Clock) -> None:
    lead = create_lead(cast.max, now=now(), facts={"name": "Dan Dorn", "source": "Web"}).lead
    page = opened(cast.max, "/leads")
    source = page.locator(f"#row-{lead} .col-source")
    source.locator(".cell-button").click()
    sync_api.expect(page.locator(".cell-form [name=value]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Fair")
    page.keyboard.press("Enter")
    sync_api.expect(page.get_by_role("button", name="Undo")).to_be_visible()
    sync_api.expect(source).to_have_text("Fair")
    assert find_lead(lead).source == "Fair"
    page.get_by_role("button", name="Undo").click()
    sync_api.expect(source).to_have_text("Web")
    assert find_lead(lead).source == "Web"


def test_a_refused_cell_is_as_it_was(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/pipeline")
    page.locator(f"#row-{deal.key} .col-amount .cell-button").click()
    sync_api.expect(page.locator(".cell-form [name=value]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("lots")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#dialog[open]")).to_contain_text("“lots” is not an amount.")
    sync_api.expect(page.locator(f"#row-{deal.key} .col-amount")).to_contain_text("50,000.00")
    deal.refresh_from_db()
    assert deal.version == 1


def test_rows_are_chosen_and_changed_together(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/pipeline")
    page.keyboard.press("j")
    page.keyboard.press("x")
    sync_api.expect(page.locator("[data-count]")).to_have_text("1 deal selected")
    page.get_by_label("What to change").select_option("forecast_category")
    page.get_by_label("New category").select_option("commit")
    page.get_by_role("button", name="Change", exact=True).click()
    sync_api.expect(page.locator("h1")).to_have_text("1 deal changed")
    deal.refresh_from_db()
    assert deal.forecast_category == "commit"


def test_the_palette_goes_anywhere(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/board")
    page.keyboard.press("Control+k")
    page.keyboard.type("rollout")
    sync_api.expect(page.locator("#palette [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/deals/{deal.key}")


def test_the_deal_page_is_edited_where_it_stands(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, f"/deals/{deal.key}")
    page.get_by_label("Agreed next step").fill("Workshop")
    page.locator(".next-form").get_by_label("Due").fill("2026-03-10")
    page.locator(".next-form").get_by_role("button", name="Save").click()
    sync_api.expect(page.locator("#missing-title")).to_contain_text("1 criterion missing before Discovery")
    page.locator("#note").fill("They like it")
    page.get_by_role("button", name="Keep").click()
    sync_api.expect(page.locator(".timeline")).to_contain_text("They like it")


PAGES = ("/board", "/pipeline", "/deals/{key}", "/accounts", "/accounts/{account}", "/search?q=acme", "/deals/new",
         "/deals/{key}/move", "/deals/{key}/merge?q=a", "/contacts", "/contacts/new", "/accounts/duplicates", "/offline",
         "/accounts/{account}/merge?with={twin}", "/nowhere", "/board?as_of=2026-03-02")  # fmt: skip
SHARING = ("/board", "/pipeline", "/deals/{key}")
"""What they are made of, the others are made of too."""


def test_pages_are_accessible_and_fit(
    opened: Open, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    deal = ready()
    twin = create_account(cast.ann, now=now(), facts={"name": "ACME, Inc."}, even_if_similar=True)
    page = opened(cast.mia, "/board")
    root = page.url.removesuffix("/board")
    for path in PAGES:
        page.goto(root + path.format(key=deal.key, account=deal.account_id, twin=twin.pk))
        judge(page, looks=ALL_LOOKS if path in SHARING else LOOKS)


def test_dialogs_are_accessible(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.mia, f"/deals/{deal.key}")
    page.get_by_role("button", name="Move to Discovery").click()
    sync_api.expect(page.locator("#dialog[open] .lack")).to_have_count(2)
    judge(page, looks=ALL_LOOKS)
