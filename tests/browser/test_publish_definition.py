"""A definition changed in a browser: refused, mended, its effect seen, published; with and without script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import timezone

from stageproof.actions.deals import move_deal
from stageproof.actions.definitions import draft_definition
from stageproof.engine.definition import read_definition
from stageproof.records.models import Deal, DefinitionVersion
from stageproof.web import as_of
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.browser.pages import Open, judge, sync_api

__all__ = ["acme", "cast", "deal", "now", "ready"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now())
    as_of._present.clear()
    as_of._past.clear()


def latest() -> DefinitionVersion:
    return DefinitionVersion.objects.order_by("-version")[0]


def test_a_draft_is_made_tried_mended_and_published(
    opened: Open, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    deal = ready()
    move_deal(cast.ann, deal.key, to="Discovery", now=now())
    page = opened(cast.olga, "/definition")
    page.get_by_role("button", name="Change the definition").click()
    sync_api.expect(page).to_have_url(re.compile(r"/definition/drafts/\d+$"))

    # Another kind of proof brings its own fields.
    first = page.locator(".exit-form").first
    first.get_by_label("Proven by").select_option("Evidence")
    sync_api.expect(first.get_by_label("Of what")).to_be_visible()
    first.get_by_label("Of what").fill("letter of intent")
    first.get_by_label("Within days").fill("ages")
    page.get_by_role("button", name="Save and see the effect").click()
    sync_api.expect(first.locator(".problem")).to_contain_text("“within_days” cannot be “ages”.")
    first.get_by_label("Within days").fill("30")
    page.get_by_role("button", name="Save and see the effect").click()

    sync_api.expect(page.get_by_role("heading", name="If it took effect now")).to_be_visible()
    sync_api.expect(page.get_by_role("link", name="Acme rollout")).to_be_visible()
    sync_api.expect(page.locator(".effect")).to_contain_text("−50.0k")
    page.get_by_role("button", name="Publish version 2").click()
    sync_api.expect(page.locator(".definition-head")).to_contain_text("In force")
    sync_api.expect(page.locator(".stages")).to_contain_text(
        "letter of intent from the buyer in the last 30 days"
    )
    sync_api.expect(page.locator("#changes-card")).to_contain_text("now asks for something else")
    assert latest().published_by == "olga@northwind.example"


def test_stages_are_moved_added_and_removed_by_keyboard(opened: Open, cast: Cast) -> None:
    row = draft_definition(cast.olga, toml=DefinitionVersion.objects.get().toml, now=timezone.now()).row
    page = opened(cast.olga, f"/definition/drafts/{row.pk}")
    names = page.locator(".stage-name input")
    down = page.get_by_role("button", name="Move Prospecting later")
    down.focus()
    page.keyboard.press("Enter")
    sync_api.expect(names.nth(1)).to_have_value("Prospecting")
    # The focus goes along, so that the stage can be moved on.
    sync_api.expect(down).to_be_focused()
    page.keyboard.press("Enter")
    sync_api.expect(names.nth(2)).to_have_value("Prospecting")
    page.get_by_role("button", name="Remove Prospecting").click()
    sync_api.expect(names).to_have_count(5)
    page.get_by_role("button", name="Add a stage").click()
    sync_api.expect(names).to_have_count(6)
    sync_api.expect(names.nth(5)).to_be_focused()
    page.keyboard.type("Handover")
    page.get_by_role("button", name="Save the draft").click()
    sync_api.expect(page.locator(".notice.success")).to_be_visible()
    saved = [stage.name for stage in read_definition(latest().toml).stages]
    assert saved == ["Discovery", "Qualification", "Proposal", "Negotiation", "Contracting", "Handover"]


def test_a_draft_is_edited_without_script(opened: Open, cast: Cast) -> None:
    row = draft_definition(cast.olga, toml=DefinitionVersion.objects.get().toml, now=timezone.now()).row
    page = opened(cast.olga, f"/definition/drafts/{row.pk}", script=False)
    first = page.locator(".exit-form").first
    first.get_by_label("Proven by").select_option("A next step")
    first.get_by_role("button", name="Show its fields").click()
    page.locator(".exit-form").first.get_by_label("Due within days").fill("9")
    page.get_by_role("button", name="Save the draft").click()
    sync_api.expect(page.locator(".notice.success")).to_be_visible()
    assert "next_step_within_days = 9" in latest().toml


def test_the_pages_are_accessible_and_within_their_width(opened: Open, cast: Cast, deal: Deal) -> None:
    text = DefinitionVersion.objects.get().toml.replace("The buyer named a problem", "We sent a problem")
    text = text.replace('name = "Prospecting"', 'name = "Prospects"')
    row = draft_definition(cast.olga, toml=text, now=timezone.now()).row
    drafts = f"/definition/drafts/{row.pk}"
    page = opened(cast.olga, "/definition")
    for path in (
        "/definition",
        "/definition/begin",
        drafts,
        f"{drafts}/toml",
        f"{drafts}/effect?show=without",
    ):
        page.goto(page.url.split("/definition")[0] + path)
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        judge(page)
