"""From the first run to the board: set up, invite, accept, turn on a second factor, sign in with it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.pages import DESKTOP, judge, served_out, sync_api
from tests.web.test_sign_in import code_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "heron-quartz-lantern-9"


@pytest.fixture
def opened(chromium: Any, live_server: Any) -> Iterator[Callable[[], Any]]:
    """A page of a browser of its own; whatever its console complains of fails the test."""
    contexts, complaints = [], []

    def new() -> Any:
        context = chromium.new_context(viewport=DESKTOP, base_url=live_server.url)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if blamed(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield new
    for context in contexts:
        context.close()
    served_out()
    assert complaints == []


def blamed(message: Any) -> bool:
    """Whether a message of the console is a complaint; that an answer was 422 or 404 is none."""
    return message.type in ("error", "warning") and "Failed to load resource" not in message.text


def found_company(page: Any) -> None:
    """The first run, filled in."""
    page.goto("/board")
    assert page.url.endswith("/welcome")
    for label, typed in (
        ("Name", "Northwind"), ("Time zone", "Europe/Vienna"), ("Currency", "EUR"), ("Your name", "Ada Adler"),
        ("E-mail address", "ada@northwind.example"), ("Password", PASSWORD),
    ):  # fmt: skip
        page.get_by_label(label, exact=False).first.fill(typed)
    judge(page, "welcome")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(re.compile(r"/(today|board)$"))


def test_from_an_invitation_to_the_board_with_a_second_factor(opened: Callable[[], Any]) -> None:
    ada = opened()
    found_company(ada)
    ada.goto("/settings/people")
    ada.get_by_label("E-mail address").fill("nora@northwind.example")
    ada.get_by_label("Name", exact=False).first.fill("Nora Nash")
    ada.get_by_label("Role").select_option("rep")
    ada.get_by_role("button", name="Invite", exact=True).click()
    link = ada.locator("#invitation-link").inner_text()
    judge(ada, "people-invited")

    nora = opened()
    nora.goto(link)
    nora.get_by_role("heading", name="Join Northwind").wait_for()
    assert "#" not in nora.url
    judge(nora, "invitation")
    nora.get_by_label("Choose a password").fill(PASSWORD)
    nora.get_by_role("button", name="Join").click()
    nora.wait_for_url(re.compile(r"/(today|board)$"))
    nora.goto("/account")
    judge(nora, "account")
    nora.get_by_role("link", name="Turn on").click()
    nora.wait_for_url(re.compile("/sign-in/again|/account/second-factor"))
    if "/sign-in/again" in nora.url:
        judge(nora, "confirm")
        nora.get_by_label("Password of nora@northwind.example").fill(PASSWORD)
        nora.get_by_role("button", name="Confirm").click()
    secret = nora.locator("#authenticator_secret").inner_text()
    judge(nora, "second-factor-app")
    nora.get_by_label("Code", exact=True).fill(code_of(secret))
    nora.get_by_role("button", name="Turn on").click()
    sync_api.expect(nora.locator(".codes li")).to_have_count(10)
    judge(nora, "recovery-codes")
    nora.get_by_role("link", name="I have kept them").click()
    sync_api.expect(nora.get_by_text("On: signing in asks for a code")).to_be_visible()
    nora.locator("summary.person").click()
    nora.get_by_role("button", name="Sign out").click()
    nora.wait_for_url(re.compile("/sign-in"))

    nora.goto("/board")
    judge(nora, "sign-in")
    nora.get_by_label("E-mail address").fill("nora@northwind.example")
    nora.get_by_label("Password").fill(PASSWORD)
    nora.get_by_role("button", name="Sign in", exact=True).click()
    nora.get_by_role("heading", name="One more step").wait_for()
    judge(nora, "second-factor")
    nora.get_by_label("Code", exact=True).fill(code_of(secret, at=time.time() + 30))
    nora.get_by_role("button", name="Sign in", exact=True).click()
    nora.wait_for_url(re.compile("/board$"))
    sync_api.expect(nora.get_by_role("heading", name="Board", exact=True)).to_be_visible()


def test_every_setting_can_be_read_and_used_by_everyone(opened: Callable[[], Any]) -> None:
    ada = opened()
    found_company(ada)
    ada.goto("/settings/teams")
    judge(ada, "teams-empty")
    for name in ("East", "North-east"):
        ada.get_by_label("Name").fill(name)
        if name != "East":
            ada.get_by_label("Below").select_option("East")
        ada.get_by_label("Manager").select_option("Ada Adler")
        ada.get_by_role("button", name="Make the team").click()
        # On the page that comes, for what is filled into the one that goes is lost.
        made = ada.get_by_label("Below").first.locator("option", has_text=re.compile(rf"{name}\s*$"))
        sync_api.expect(made).to_have_count(1)
    judge(ada, "teams")
    ada.goto("/settings/targets")
    ada.get_by_label("East, quarter 1", exact=True).fill("1,250,000.00")
    ada.get_by_role("button", name="Save").click()
    sync_api.expect(ada.get_by_text("1 target is saved.")).to_be_visible()
    judge(ada, "targets")
    ada.goto("/settings/currencies")
    judge(ada, "currencies-empty")
    ada.get_by_label("Currency", exact=True).fill("USD")
    ada.get_by_label("One unit is worth").fill("0.92")
    ada.get_by_role("button", name="Save").click()
    sync_api.expect(ada.get_by_role("row", name="USD").first).to_be_visible()
    judge(ada, "currencies")
    ada.goto("/settings/tokens")
    ada.get_by_label("What will use it").fill("Spreadsheet")
    ada.get_by_role("button", name="Make the token").click()
    assert ada.locator("#token-text").inner_text().startswith("stp_")
    judge(ada, "tokens")
    ada.goto("/settings/organisation")
    ada.get_by_label("Time zone").fill("Mars/Olympus")
    ada.get_by_role("button", name="Save").click()
    sync_api.expect(ada.get_by_text("is not a time zone")).to_be_visible()
    judge(ada, "organisation-wrong")
    ada.goto("/settings/changes")
    judge(ada, "changes")
    for path, name in (
        ("/settings/people", "people"), ("/sign-out", "sign-out"), ("/account/password", "password"),
        ("/account/passkeys", "passkeys"), ("/account/second-factor", "second-factor-off"),
    ):  # fmt: skip
        ada.goto(path)
        judge(ada, name)
    outside = opened()
    outside.goto("/sign-in/forgotten")
    judge(outside, "forgotten")
    outside.goto("/invitation")
    judge(outside, "invitation-key")
    outside.get_by_label("Key").fill("nothing")
    outside.get_by_role("button", name="Open").click()
    outside.wait_for_load_state("networkidle")
    judge(outside, "invitation-ended")
