"""Marketing in a real browser: a lead is answered, qualified, converted, and shows in funnel and attribution."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from stageproof.actions.campaigns import create_campaign
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.leads import create_lead
from stageproof.records.models import Deal, LeadVersion
from tests.actions.conftest import Cast, cast
from tests.browser.pages import Open, judge

__all__ = ["cast"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_marketing_takes_a_lead_all_the_way(opened: Open, cast: Cast) -> None:
    page = opened(cast.max, "/leads")
    page.get_by_role("link", name="Write down the first lead").click()
    for label, text in (("Name", "Dan Dorn"), ("Company", "Delta Foods"), ("Mail", "dan@delta.example"),
                        ("Source", "Webinar")):  # fmt: skip
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Create lead").click()
    page.get_by_label("What you answered").fill("Thanked and proposed a call")
    page.get_by_role("button", name="Note the response").click()
    page.get_by_text("Email, us: Thanked and proposed a call").wait_for()
    page.locator("summary", has_text="Qualify").first.click()
    page.get_by_label("Why it is worth pursuing").fill("Wants an offer by May")
    page.get_by_role("button", name="Qualify", exact=True).click()
    page.locator(".figures").get_by_text("Qualified").wait_for()
    page.get_by_role("link", name="Convert").click()
    page.get_by_label("Amount", exact=True).fill("12500")
    page.get_by_label("Owner of the deal").select_option("Ann Archer")
    page.get_by_role("button", name="Convert").click()
    page.get_by_role("heading", name="Delta Foods").wait_for()
    deal = Deal.objects.get()
    assert (deal.amount, deal.source, deal.owner) == (1_250_000, "Webinar", cast.ann.person)
    assert list(LeadVersion.objects.order_by("seq").values_list("change", flat=True)) == [
        "created", "answered", "qualified", "converted",
    ]  # fmt: skip
    page.get_by_role("link", name="Funnel").click()
    page.get_by_text("1 of 1 lead that came in").wait_for()
    page.get_by_role("link", name="Attribution").click()
    row = page.get_by_role("row", name="Webinar")
    row.wait_for()
    assert row.get_by_role("cell").all_inner_texts()[1:4] == ["1", "1", "1"]


def test_bulk_with_the_keyboard_alone(opened: Open, cast: Cast) -> None:
    for name in ("Ada", "Bea"):
        create_lead(cast.max, now=timezone.now(), facts={"name": name, "source": "Web"})
    page = opened(cast.max, "/leads")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_text("2 leads selected").wait_for()
    page.get_by_label("What to change").select_option("disqualified")
    page.get_by_label("Why", exact=True).fill("Too small")
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_role("heading", name="2 leads changed").wait_for()


def test_pages_are_accessible_and_fit(opened: Open, cast: Cast) -> None:
    now = timezone.now
    facts: dict[str, Any] = {
        "name": "Dan Dorn",
        "account": "Delta Foods",
        "source": "Webinar",
        "campaign": "Spring",
    }
    lead = create_lead(cast.max, now=now(), facts=facts).lead
    create_campaign(cast.max, name="Spring", facts={"source": "Webinar", "cost": 100_000}, now=now())
    convert_lead(cast.ann, lead, facts={"amount": 100}, reason="Wants it", now=now())
    open_one = create_lead(cast.max, now=now(), facts={"name": "Eda Ender", "source": "Event"}).lead
    pages = ("/leads?status=all", f"/leads/{open_one}", f"/leads/{open_one}/convert", "/leads/new", "/campaigns",
             "/campaign/Spring", "/funnel", "/attribution")  # fmt: skip
    page = opened(cast.max, "/leads")
    root = page.url.removesuffix("/leads")
    for path in pages:
        page.goto(root + path)
        judge(page)
