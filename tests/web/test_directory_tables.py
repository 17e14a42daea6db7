"""The tables of accounts and contacts: new business apart from expansion, sorted, narrowed, on any day."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.accounts import create_account, edit_account
from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee
from stageproof.actions.contacts import create_contact, edit_contact
from stageproof.actions.deals import create_deal
from stageproof.records.models import Account, Contact, Deal
from tests.actions.won_deal import expanding, won
from tests.web.conftest import Cast, Clock, acme, at, cast, deal, now, text_of

__all__ = ["acme", "at", "cast", "deal", "expanding", "now", "won"]

At = Callable[[str], Client]


def names(response: Any) -> list[str]:
    """The first cell of each row of the page's table, in order."""
    body = response.content.decode()
    return [
        re.sub("<[^>]+>", "", each) for each in re.findall(r'class="entry-name">(.*?)</td>', body, flags=re.S)
    ]


@pytest.fixture
def three(cast: Cast, now: Clock, deal: Deal, expanding: None) -> Account:
    """Acme with 50,000.00 of new business and 300.00 of expansion, Beta with 400.00 of expansion, and Cobalt."""
    beta = create_account(cast.ann, now=now(), facts={"name": "beta", "segment": "Large", "country": "AT"})
    create_account(cast.ann, now=now(), facts={"name": "Cobalt", "country": "DE"})
    for account, amount in ((deal.account, 30_000), (beta, 40_000)):
        facts = {"name": "More", "account": account, "amount": amount, "pipeline": "Expansion"}
        create_deal(cast.ann, now=now(), facts=facts)
    return beta


def test_expansion_is_never_added_to_new_business(at: At, three: Account, acme: Account) -> None:
    words = text_of(at("ann").get("/accounts"))
    assert "Deals Open new business Qualified Open expansion Won" in words
    assert "50.0k EUR 50,000.00 EUR open new business · 700 EUR 700.00 EUR open expansion ·" in words
    assert "2 open of 2 50,000.00" in words
    rows = {row["name"]: row for row in _rows(at("ann").get("/accounts/export?format=csv"))}
    assert [(rows[name]["open_new_business"], rows[name]["open_expansion"]) for name in ("Acme Corp", "beta")] == [
        ("50000.00", "300.00"), ("0.00", "400.00"),
    ]  # fmt: skip
    words = text_of(at("ann").get(f"/accounts/{acme.pk}"))
    assert "Open new business" in words
    assert "Open expansion 300 EUR 300.00 EUR" in words


def test_without_an_expansion_pipeline_open_is_open(at: At, deal: Deal) -> None:
    words = text_of(at("ann").get("/accounts"))
    assert "Deals Open Qualified Won" in words


def test_a_figure_of_expansion_says_why_it_is_so(at: At, three: Account) -> None:
    page = at("ann").get("/accounts").content.decode()
    links = [unescape(each) for each in re.findall(r'class="fig" href="([^"]+)"', page)]
    [link] = [each for each in links if "pipeline=Expansion" in each and "account=beta" in each]
    assert "400.00 EUR" in text_of(at("ann").get(link))


def test_accounts_are_sorted_and_narrowed(at: At, three: Account) -> None:
    client = at("ann")
    assert names(client.get("/accounts")) == ["Acme Corp", "beta"]
    assert names(client.get("/accounts?sort=-open_expansion")) == ["beta", "Acme Corp"]
    assert names(client.get("/accounts?all=1")) == ["Acme Corp", "beta", "Cobalt"]
    assert names(client.get("/accounts?all=1&sort=-name")) == ["Cobalt", "beta", "Acme Corp"]
    # What is not known comes last, whichever way round.
    for sort, expected in (("country", ["beta", "Cobalt"]), ("-country", ["Cobalt", "beta"])):
        assert names(client.get(f"/accounts?all=1&sort={sort}")) == [*expected, "Acme Corp"]
    assert names(client.get("/accounts?all=1&country=AT")) == ["beta"]
    assert names(client.get("/accounts?all=1&segment=(none)")) == ["Acme Corp", "Cobalt"]
    assert "No account passes these filters" in text_of(client.get("/accounts?country=FR"))
    exported = client.get("/accounts/export?format=csv&all=1&sort=-name&country=AT")
    assert [row["name"] for row in _rows(exported)] == ["beta"]
    assert 'aria-sort="descending"' in client.get("/accounts?sort=-won").content.decode()


def test_accounts_as_they_were(at: At, cast: Cast, now: Clock, three: Account) -> None:
    then = now().date()
    now.days(5)
    edit_account(cast.ann, three.pk, now=now(), changes={"country": "CH"})
    create_account(cast.ann, now=now(), facts={"name": "Later"})
    assert names(at("ann").get(f"/accounts?all=1&country=AT&as_of={then}")) == ["beta"]
    assert names(at("ann").get(f"/accounts?all=1&as_of={then}")) == ["Acme Corp", "beta", "Cobalt"]
    assert names(at("ann").get("/accounts?all=1&country=CH")) == ["beta"]


@pytest.fixture
def people(cast: Cast, now: Clock, deal: Deal) -> dict[str, Contact]:
    """Cleo, champion, who called today; Dora of no account, seen by nobody; and ernst, who took part long ago."""
    cleo = create_contact(
        cast.ann, now=now(), facts={"name": "Cleo", "account": deal.account, "title": "COO"}
    )
    create_contact(cast.ann, now=now(), facts={"name": "Dora", "phone": "+43 1 55"})
    ernst = create_contact(cast.ann, now=now(), facts={"name": "ernst", "title": "CFO"})
    add_to_committee(cast.ann, deal.key, contact=cleo.pk, role="champion", now=now())
    log_activity(cast.ann, deal.key, kind="call", side="buyer", subject="Old", contact=ernst.pk, now=now())
    now.days(100)
    log_activity(cast.ann, deal.key, kind="call", side="buyer", subject="New", contact=cleo.pk, now=now())
    return {each.name: each for each in Contact.objects.all()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Cleo", "Dora", "ernst"]), ("sort=-name", ["ernst", "Dora", "Cleo"]),
        ("sort=title", ["ernst", "Cleo", "Dora"]), ("sort=-title", ["Cleo", "ernst", "Dora"]),
        ("sort=account", ["Cleo", "Dora", "ernst"]), ("sort=touched_at", ["ernst", "Cleo", "Dora"]),
        ("sort=-touched_at", ["Cleo", "ernst", "Dora"]), ("sort=nonsense", ["Cleo", "Dora", "ernst"]),
        ("role=champion", ["Cleo"]), ("seen=30", ["Cleo"]), ("seen=90", ["Dora", "ernst"]), ("seen=never", ["Dora"]),
        ("text=55", ["Dora"]), ("text=acme&role=champion", ["Cleo"]), ("text=acme&role=legal", []),
    ],
)  # fmt: skip
def test_contacts_are_sorted_and_narrowed(
    at: At, people: dict[str, Contact], query: str, expected: list[str]
) -> None:
    assert names(at("ann").get(f"/contacts?{query}")) == expected
    exported = _rows(at("ann").get(f"/contacts/export?format=csv&{query}"))
    assert [row["name"] for row in exported] == expected


def test_contacts_as_they_were(at: At, cast: Cast, now: Clock, people: dict[str, Contact]) -> None:
    then = now().date()
    now.days(5)
    edit_contact(cast.ann, people["Dora"].pk, now=now(), changes={"title": "CTO", "account": None})
    create_contact(cast.ann, now=now(), facts={"name": "Later"})
    page = at("ann").get(f"/contacts?as_of={then}")
    assert names(page) == ["Cleo", "Dora", "ernst"]
    assert "CTO" not in text_of(page)
    assert f"/contacts/{people['Dora'].pk}?as_of={then}" in page.content.decode()
    assert "New contact" not in text_of(page)
    # Whoever does not see the deal sees neither that somebody took part, nor the role.
    assert names(at("otto").get("/contacts?seen=30")) == []
    assert names(at("otto").get("/contacts?role=champion")) == []


def _rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
