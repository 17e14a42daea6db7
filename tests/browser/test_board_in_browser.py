"""The board by mouse and by keyboard: moved, refused and mended, undone; the same deal moved by two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from stageproof.actions.deals import edit_deal
from stageproof.records.models import Deal
from stageproof.web import as_of, renewal
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.browser.pages import PHONE, Open, sync_api

__all__ = ["acme", "cast", "deal", "now", "ready"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now())
    as_of._present.clear()
    as_of._past.clear()
    renewal._ready.clear()


def drag(page: Any, key: str, stage: str) -> None:
    card, column = page.locator(f"#card-{key}"), page.locator(f'[data-stage="{stage}"] .cards')
    start, end = card.bounding_box(), column.bounding_box()
    page.mouse.move(start["x"] + 40, start["y"] + 44)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 60, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 120, steps=8)
    page.mouse.up()


def stage_of(deal: Deal) -> str | None:
    deal.refresh_from_db()
    return deal.stage


def test_a_card_is_dragged_and_its_totals_follow(opened: Open, cast: Cast, ready: Callable[[], Deal]) -> None:
    deal = ready()
    page = opened(cast.ann, "/board")
    drag(page, deal.key, "Discovery")
    sync_api.expect(page.locator(f"#cards-1 #card-{deal.key}")).to_be_visible()
    sync_api.expect(page.locator("#head-1")).to_contain_text("50.0k EUR")
    sync_api.expect(page.locator("#head-0")).to_contain_text("0 EUR")
    sync_api.expect(page.locator(".toast")).to_contain_text("Acme rollout is now in Discovery.")
    assert stage_of(deal) == "Discovery"
    page.keyboard.press("z")
    sync_api.expect(page.locator(f"#cards-0 #card-{deal.key}")).to_be_visible()
    assert stage_of(deal) == "Prospecting"


def test_a_refused_drag_is_mended_on_the_spot(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/board")
    drag(page, deal.key, "Discovery")
    dialog = page.locator("#dialog[open]")
    sync_api.expect(dialog.locator(".lack")).to_have_count(2)
    assert stage_of(deal) == "Prospecting"
    dialog.get_by_label("Conversation: what about").fill("First call")
    dialog.get_by_label("Next step agreed with the buyer").fill("Workshop")
    dialog.get_by_label("Due").fill("2026-03-09")
    dialog.get_by_role("button", name="Save and move").click()
    sync_api.expect(page.locator(f"#cards-1 #card-{deal.key}")).to_be_visible()
    sync_api.expect(page.locator("#dialog[open]")).to_have_count(0)
    assert stage_of(deal) == "Discovery"


def test_a_manager_waives_in_the_refusal(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.mia, "/board")
    drag(page, deal.key, "Discovery")
    dialog = page.locator("#dialog[open]")
    sync_api.expect(dialog.locator(".lack")).to_have_count(2)
    for lack in dialog.locator(".lack").all():
        lack.get_by_text("Waive this instead").click()
        lack.get_by_label("Why it may pass").fill("They asked for a quote first")
        lack.get_by_label("Until").fill("2026-03-20")
    dialog.get_by_role("button", name="Save and move").click()
    sync_api.expect(page.locator(f"#cards-1 #card-{deal.key}")).to_be_visible()
    assert stage_of(deal) == "Discovery"


def test_a_card_is_moved_by_keyboard_alone(opened: Open, cast: Cast, ready: Callable[[], Deal]) -> None:
    deal = ready()
    page = opened(cast.ann, "/board")
    page.keyboard.press("j")
    sync_api.expect(page.locator(f"#card-{deal.key}")).to_be_focused()
    page.keyboard.press("m")
    sync_api.expect(page.locator("#move-menu")).to_be_visible()
    sync_api.expect(page.locator("#move-menu [data-to=Discovery]")).to_be_focused()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(f"#cards-1 #card-{deal.key}")).to_be_focused()
    assert stage_of(deal) == "Discovery"


def test_escape_ends_a_drag_without_a_move(opened: Open, cast: Cast, ready: Callable[[], Deal]) -> None:
    deal = ready()
    page = opened(cast.ann, "/board")
    box = page.locator(f"#card-{deal.key}").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 44)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 90, steps=6)
    sync_api.expect(page.locator(".ghost")).to_have_count(1)
    page.keyboard.press("Escape")
    sync_api.expect(page.locator(".ghost")).to_have_count(0)
    page.mouse.up()
    assert (stage_of(deal), deal.version) == ("Prospecting", 2)


def test_who_comes_too_late_sees_what_the_other_did(
    opened: Open, cast: Cast, ready: Callable[[], Deal], now: Clock
) -> None:
    deal = ready()
    late = opened(cast.ann, "/board")
    edit_deal(cast.mia, deal.key, now=now(), changes={"amount": 6_000_000})
    drag(late, deal.key, "Discovery")
    sync_api.expect(late.locator("#dialog[open]")).to_contain_text("mia@northwind.example changed amount.")
    assert stage_of(deal) == "Prospecting"


def test_the_past_cannot_be_dragged(opened: Open, cast: Cast, deal: Deal, now: Clock) -> None:
    now.days(10)
    page = opened(cast.ann, "/board")
    page.get_by_label("Show the pipeline as of the end of a day").fill("2026-03-04")
    sync_api.expect(page.locator(".banner:not(#offline)")).to_contain_text(
        "as it stood at the end of Wed 4 Mar"
    )
    drag(page, deal.key, "Discovery")
    sync_api.expect(page.locator("#dialog[open]")).to_have_count(0)
    assert (stage_of(deal), deal.version) == ("Prospecting", 1)
    page.get_by_role("link", name="Back to now").click()
    sync_api.expect(page.locator(".banner:not(#offline)")).to_have_count(0)


def test_on_a_phone_the_menu_moves(opened: Open, cast: Cast, ready: Callable[[], Deal]) -> None:
    deal = ready()
    page = opened(cast.ann, "/board", PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(f"#card-{deal.key}").hover()
    page.locator(f"#card-{deal.key} .move").click()
    page.get_by_role("menuitem", name="Discovery").click()
    sync_api.expect(page.locator(f"#cards-1 #card-{deal.key}")).to_have_count(1)
    assert stage_of(deal) == "Discovery"


def test_without_script_everything_goes_by_forms(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, f"/deals/{deal.key}/move", script=False)
    page.get_by_label("Discovery").check()
    page.get_by_role("button", name="Move").click()
    page.get_by_label("Conversation: what about").fill("First call")
    page.get_by_label("Next step agreed with the buyer").fill("Workshop")
    page.get_by_label("Due").fill("2026-03-09")
    page.get_by_role("button", name="Save and move").click()
    sync_api.expect(page.locator(".notice")).to_contain_text("Acme rollout is now in Discovery.")
    assert stage_of(deal) == "Discovery"
