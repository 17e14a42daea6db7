"""Two accounts made one by hand, somebody's last touch noted, keys, and what is shown while offline."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from stageproof.actions.accounts import create_account, merge_accounts
from stageproof.actions.contacts import CONTACTS, create_contact
from stageproof.actions.definitions import draft_definition
from stageproof.actions.take_out import take_out
from stageproof.engine.definition import read_definition
from stageproof.records.models import Account, Contact, Deal, DefinitionVersion, RoleVersion
from stageproof.web import as_of, renewal
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.browser.pages import DESKTOP, PHONE, Open, sync_api

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

__all__ = ["acme", "cast", "deal", "now", "ready"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock(now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now())
    as_of._present.clear()
    as_of._past.clear()
    renewal._ready.clear()


@pytest.mark.parametrize("script", [True, False])
def test_a_duplicate_is_found_compared_and_merged(
    opened: Open, cast: Cast, now: Clock, acme: Account, deal: Deal, *, script: bool
) -> None:
    twin = create_account(cast.ann, now=now(), facts={"name": "ACME, Inc."}, even_if_similar=True)
    page = opened(cast.mia, "/accounts/duplicates", PHONE, script=script)
    page.get_by_role("link", name="Compare").click()
    sync_api.expect(page.locator("#merge-title")).to_have_text(
        "Acme Corp goes on; ACME, Inc. becomes part of it"
    )
    page.get_by_role("link", name="The other way round").click()
    page.get_by_role("button", name="Merge into ACME, Inc.").click()
    sync_api.expect(page.locator("h1")).to_have_text("ACME, Inc.")
    sync_api.expect(page.locator("main")).to_contain_text("Took in Acme Corp")
    deal.refresh_from_db()
    assert deal.account_id == twin.pk


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_two_are_kept_apart_by_key_and_a_merge_is_undone_from_its_notice(
    opened: Open, cast: Cast, now: Clock, acme: Account, deal: Deal, size: dict[str, int]
) -> None:
    twin = create_account(cast.ann, now=now(), facts={"name": "ACME, Inc."}, even_if_similar=True)
    page = opened(cast.mia, "/accounts/duplicates", size)
    rows = page.locator(".pairs tbody tr")
    sync_api.expect(rows).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("a")
    sync_api.expect(page.locator("main")).to_contain_text("No account is here twice")
    # Its text is there before it listens to keys.
    page.wait_for_load_state()
    page.keyboard.press("z")
    sync_api.expect(rows).to_have_count(1)
    assert axe.Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    merge_accounts(cast.mia, winner=acme.pk, loser=twin.pk, now=now())
    dan = create_contact(cast.mia, now=now(), facts={"name": "Dan"})
    take_out(CONTACTS, cast.mia, dan.pk, now=now(), reason="Typed twice")
    page.goto(page.url.replace("/accounts/duplicates", "/taken-out"))
    sync_api.expect(page.get_by_role("button", name="Put Dan back")).to_be_visible()
    assert axe.Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.get_by_role("button", name="Make ACME, Inc. and Acme Corp two again").click()
    sync_api.expect(page.locator(".notice")).to_have_text("ACME, Inc. and Acme Corp are two again.")


def test_a_last_touch_is_noted_by_menu(
    opened: Open, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    deal = ready()
    cleo = Contact.objects.get(name="Cleo Clark")
    page = opened(cast.ann, f"/deals/{deal.key}")
    line = page.locator(".committee > li", has_text="Cleo Clark")
    line.locator("summary").click()
    line.get_by_role("button", name="Note it").click()
    sync_api.expect(page.locator(".committee > li", has_text="Cleo Clark")).to_contain_text("0 d ago")
    present = RoleVersion.objects.filter(contact=cleo, valid_to__isnull=True, engaged_at__isnull=False)
    assert present.count() >= 1


def test_a_proof_is_joined_with_another_in_the_form(opened: Open, cast: Cast, now: Clock) -> None:
    toml = DefinitionVersion.objects.get().toml
    row = draft_definition(cast.olga, toml=toml, now=now()).row
    stages = read_definition(toml).stages
    place = next(at for at, stage in enumerate(stages) if stage.exit)
    page = opened(cast.olga, f"/definition/drafts/{row.pk}")
    prefix = f"#s-{place}-c-0-"
    page.locator(f"{prefix}kind").select_option("any_of")
    sync_api.expect(page.locator(f"{prefix}p-1-kind")).to_be_visible()
    page.locator(f"{prefix}p-1-kind").select_option("role")
    sync_api.expect(page.locator(f'[name="s-{place}-c-0-p-1-role"]')).to_be_visible()
    page.get_by_role("button", name="Save the draft").click()
    sync_api.expect(page.locator(".notice")).to_contain_text("The draft is saved")
    row.refresh_from_db()
    proof = read_definition(row.toml).stages[place].exit[0].proof
    assert type(proof).__name__ == "AnyOf"
    assert proof.proofs[0] == stages[place].exit[0].proof


def test_keys_reach_what_a_page_offers(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/pipeline")
    page.keyboard.press("f")
    sync_api.expect(page.locator(".filters select").first).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#page").focus()
    page.keyboard.press("d")
    sync_api.expect(page.locator('[name="as_of"]').first).to_be_focused()
    page.locator("#page").focus()
    page.keyboard.press("?")
    sync_api.expect(page.locator("#keys[open]")).to_contain_text("Add a new one of what is listed")
    page.keyboard.press("Escape")
    page.locator("#page").focus()
    page.keyboard.press("n")
    sync_api.expect(page.locator("h1")).to_have_text("New deal")


def test_offline_is_said_and_another_page_says_so_too(opened: Open, cast: Cast, deal: Deal) -> None:
    page = opened(cast.ann, "/board")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    sync_api.expect(page.locator("#offline")).to_be_visible()
    root = page.url.removesuffix("/board")
    page.goto(f"{root}/pipeline")
    sync_api.expect(page.locator("h1")).to_have_text("The server cannot be reached")
    page.context.set_offline(False)
    # It goes back by itself.
    sync_api.expect(page.locator("h1")).to_have_text("Pipeline")
    sync_api.expect(page.locator("#offline")).to_be_hidden()
