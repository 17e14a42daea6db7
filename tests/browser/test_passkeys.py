"""Passkeys, with the authenticator that Chromium pretends to have: kept, used to sign in, asked again, taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from stageproof.records.models import Change, Person
from tests.actions.conftest import Cast, cast
from tests.browser.pages import DESKTOP, sync_api

__all__ = ["cast"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "heron-quartz-lantern-9"


@dataclass
class Device:
    """A browser with an authenticator in it, as a laptop with a fingerprint reader is."""

    page: Any
    developer: Any
    authenticator: str

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send("getCredentials")["credentials"]
        return found

    def finger(self, *, known: bool) -> None:
        """Whether it recognises who touches it."""
        self._send("setUserVerified", isUserVerified=known)

    def _send(self, what: str, **more: Any) -> Any:
        return self.developer.send(f"WebAuthn.{what}", {"authenticatorId": self.authenticator, **more})

    def press(self, name: str) -> None:
        """Presses the button once the script of the page listens to it."""
        self.page.wait_for_load_state("load")
        self.page.get_by_role("button", name=name, exact=True).click()

    def type_password(self) -> None:
        self.page.get_by_label("E-mail address").fill("ann@northwind.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def sign_out(self) -> None:
        self.page.locator("summary.person").click()
        self.press("Sign out")
        self.page.wait_for_url(re.compile("/sign-in"))


@pytest.fixture
def device(chromium: Any, live_server: Any, cast: Cast) -> Iterator[Device]:
    person = cast.ann.person
    assert person is not None
    person.set_password(PASSWORD)
    person.save()
    # A passkey belongs to a name; an address of numbers has none.
    context = chromium.new_context(
        viewport=DESKTOP, base_url=live_server.url.replace("127.0.0.1", "localhost")
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    developer = context.new_cdp_session(page)
    developer.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = developer.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield Device(page, developer, made["authenticatorId"])
    context.close()
    assert complaints == []


def added(device: Device, name: str) -> None:
    """Signs in with the password and adds a passkey that signs in by itself."""
    page = device.page
    page.goto("/account/passkeys/new")
    device.type_password()
    # Not what the address of the form names as the next page.
    page.wait_for_url(re.compile("^[^?]*(/account/passkeys/new|/sign-in/again)"))
    if "/sign-in/again" in page.url:
        page.get_by_label("Password of ann@northwind.example").fill(PASSWORD)
        device.press("Confirm")
    page.wait_for_url(re.compile("^[^?]*/account/passkeys/new"))
    page.get_by_label("Name").fill(name)
    page.locator("#id_passwordless").check()
    device.press("Add")
    page.wait_for_url(re.compile("/account/(passkeys(?!/new)|second-factor/codes)"))


def test_a_passkey_is_added_signs_in_and_is_taken_away(device: Device) -> None:
    page = device.page
    added(device, "Laptop")
    (held,) = device.credentials()
    assert (held["rpId"], held["isResidentCredential"]) == ("localhost", True)
    row = Authenticator.objects.get(type="webauthn")
    assert held["privateKey"][:24] not in str(row.data)
    device.sign_out()

    page.goto("/sign-in?next=/account")
    device.press("Sign in with a passkey")
    page.wait_for_url(re.compile(r"^[^?]*/account$"))
    page.goto("/account/passkeys")
    sync_api.expect(page.get_by_role("heading", name="Laptop")).to_be_visible()
    sync_api.expect(page.get_by_text("last used")).to_be_visible()

    page.get_by_role("link", name="Remove").click()
    page.wait_for_url(re.compile("/sign-in/again"))
    page.goto(page.url.replace("/sign-in/again?", "/sign-in/again/passkey?"))
    device.press("Use a passkey")
    page.wait_for_url(re.compile(r"^[^?]*/remove$"))
    device.press("Remove")
    page.get_by_role("heading", name="No passkeys yet").wait_for()
    device.sign_out()
    # The device still has its half, which opens nothing any more.
    page.goto("/sign-in")
    device.press("Sign in with a passkey")
    page.get_by_text("Incorrect code").wait_for()
    page.goto("/account")
    assert "/sign-in" in page.url
    noted = list(Change.objects.order_by("id").values_list("fields", flat=True))
    assert {"passkey": [None, "added"]} in noted
    assert {"passkey": [None, "removed"]} in noted


def test_a_passkey_is_a_second_factor_too_and_a_recovery_code_replaces_it(device: Device) -> None:
    page = device.page
    added(device, "Laptop")
    # They are shown this once.
    sync_api.expect(page.locator(".codes li")).to_have_count(10)
    codes = page.locator(".codes li").all_inner_texts()
    device.sign_out()
    page.goto("/sign-in?next=/account")
    device.type_password()
    page.get_by_role("heading", name="One more step").wait_for()
    device.finger(known=False)
    page.get_by_label("Code", exact=True).fill(codes[0])
    device.press("Sign in")
    page.wait_for_url(re.compile(r"^[^?]*/account$"))
    device.sign_out()
    page.goto("/sign-in?next=/account")
    device.type_password()
    page.get_by_label("Code", exact=True).fill(codes[0])
    device.press("Sign in")
    page.get_by_text("Incorrect code").wait_for()


def test_a_finger_that_is_not_known_signs_nobody_in(device: Device) -> None:
    page = device.page
    added(device, "Laptop")
    device.sign_out()
    device.finger(known=False)
    page.goto("/sign-in?next=/account")
    device.press("Sign in with a passkey")
    page.wait_for_timeout(500)
    page.goto("/account")
    assert "/sign-in" in page.url
    assert Person.objects.get(email="ann@northwind.example").is_active
