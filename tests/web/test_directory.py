"""Accounts, contacts, search, the palette and saved views."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from stageproof.actions.deals import create_deal, move_deal
from stageproof.records.models import Account, Contact, Deal, SavedView
from tests.web.conftest import Cast, Clock, text_of

At = Callable[[str], Client]


def test_accounts_show_what_is_open_and_what_was_won_to_the_cent(
    at: At, cast: Cast, deal: Deal, acme: Account, now: Clock
) -> None:
    create_deal(cast.ann, now=now(), facts={"name": "More", "account": acme, "amount": 1_050})
    create_deal(cast.otto, now=now(), facts={"name": "Elsewhere", "account": acme, "amount": 99_900})
    assert "Acme Corp – – – 2 open of 2 50,010.50 50,010.50 EUR" in text_of(at("ann").get("/accounts"))
    assert "Acme Corp – – – 3 open of 3 51,009.50 51,009.50 EUR" in text_of(at("olga").get("/accounts"))


def test_accounts_without_deals_are_among_all(at: At, acme: Account) -> None:
    assert "No account has a deal that you see" in text_of(at("ann").get("/accounts"))
    assert "Acme Corp" in text_of(at("ann").get("/accounts?all=1"))
    assert "No account&#x27;s name" not in at("ann").get("/accounts?all=1&text=acm").content.decode()


def test_an_account_shows_only_deals_that_the_person_sees(
    at: At, cast: Cast, deal: Deal, acme: Account, now: Clock
) -> None:
    create_deal(cast.otto, now=now(), facts={"name": "Elsewhere", "account": acme, "amount": 99_900})
    words = text_of(at("ann").get(f"/accounts/{acme.pk}"))
    assert "Acme rollout" in words
    assert "Elsewhere" not in words
    assert "1 open of 1" in words


def test_a_likely_duplicate_is_shown_before_it_is_made(at: At, acme: Account) -> None:
    client = at("ann")
    asked = client.post("/accounts/new", {"name": "ACME Corp.", "domain": "acme.example"})
    assert asked.status_code == 422
    assert "This is likely Acme Corp, which" in text_of(asked)
    assert Account.objects.count() == 1
    made = client.post("/accounts/new", {"name": "ACME Corp.", "even_if_similar": "on"})
    assert made.status_code == 302
    assert Account.objects.count() == 2


def test_an_account_is_edited_and_an_old_form_is_a_conflict(at: At, acme: Account) -> None:
    client = at("ann")
    assert (
        client.post(
            f"/accounts/{acme.pk}/edit", {"name": "Acme", "employees": "120", "expected_version": "1"}
        ).status_code
        == 302
    )
    acme.refresh_from_db()
    assert (acme.name, acme.employees, acme.version) == ("Acme", 120, 2)
    page = client.get(f"/accounts/{acme.pk}").content.decode()
    client.post(re.findall(r'action="(/changes/[^"]+)"', page)[0])
    acme.refresh_from_db()
    assert (acme.name, acme.employees, acme.version) == ("Acme Corp", None, 3)
    assert (
        client.post(f"/accounts/{acme.pk}/edit", {"name": "Late", "expected_version": "1"}).status_code == 409
    )
    assert client.post(f"/accounts/{acme.pk}/edit", {"employees": "many"}).status_code == 422


def test_contacts_are_made_shown_and_edited(at: At, acme: Account) -> None:
    client = at("ann")
    made = client.post(
        "/contacts/new",
        {"name": "Cleo Clark", "account": "Acme Corp", "email": "cleo@acme.example", "title": "COO"},
    )
    contact = Contact.objects.get()
    assert made.url == f"/contacts/{contact.pk}"
    assert contact.account == acme
    assert (
        client.post(f"/contacts/{contact.pk}/edit", {"name": "Cleo Clark", "title": "CEO"}).status_code == 302
    )
    words = text_of(client.get(f"/contacts/{contact.pk}"))
    assert "Title CEO" in words
    assert client.post("/contacts/new", {"name": "X", "email": "not mail"}).status_code == 422


@pytest.mark.parametrize("name", ["fay", "eve"])
def test_readers_keep_no_accounts_and_contacts(at: At, acme: Account, name: str) -> None:
    for path in ("/accounts/new", f"/accounts/{acme.pk}/edit", "/contacts/new"):
        assert at(name).post(path, {"name": "x"}).status_code == 403
    assert (Account.objects.count(), Contact.objects.count()) == (1, 0)


def test_what_is_not_there_is_not_found(at: At, deal: Deal) -> None:
    for path in ("/accounts/999", "/contacts/999", "/accounts/999/edit", "/nowhere"):
        assert at("ann").get(path).status_code == 404


def test_search_finds_deals_accounts_and_people_by_a_part_of_the_name(
    at: At, ready: Callable[[], Deal]
) -> None:
    ready()
    client = at("ann")
    assert "2 results for “acm”" in text_of(client.get("/search?q=acm"))
    assert "Cleo Clark" in text_of(client.get("/search?q=CLEO"))
    assert "Nothing that you see holds “zebra”" in text_of(client.get("/search?q=zebra"))
    assert "What are you looking for?" in text_of(client.get("/search"))


def test_search_keeps_deals_of_others_from_whom_they_are_not(at: At, deal: Deal) -> None:
    assert "Acme rollout" in text_of(at("ann").get("/search?q=rollout"))
    assert "Acme rollout" not in text_of(at("otto").get("/search?q=rollout"))
    assert "Acme rollout" not in text_of(at("otto").get("/palette?q=rollout"))


def test_open_deals_come_before_closed_ones(at: At, cast: Cast, deal: Deal, now: Clock) -> None:
    create_deal(cast.ann, now=now(), facts={"name": "Acme small", "amount": 100})
    move_deal(cast.ann, deal.key, to="lost", lost_reason="Price", now=now())
    words = text_of(at("ann").get("/search?q=acme"))
    assert words.index("Acme small") < words.index("Acme rollout")


def test_the_palette_offers_pages_actions_and_what_is_found(at: At, deal: Deal) -> None:
    client = at("ann")
    names = re.findall(
        r'role="option".*?<span>(.*?)</span>', client.get("/palette?q=").content.decode(), flags=re.S
    )
    assert names[:2] == ["Board", "Pipeline"]
    assert "Accounts" in names
    assert "New deal" in names
    found = client.get("/palette?q=acme").content.decode()
    assert re.findall(r'role="option".*?<span>(.*?)</span>', found, flags=re.S) == [
        "Acme rollout",
        "Acme Corp",
    ]
    assert "New deal" not in text_of(at("eve").get("/palette?q="))


@pytest.mark.parametrize(
    ("who", "typed", "pages"),
    [
        ("ann", "coverage", ["Coverage"]),
        ("ann", "win rate", ["Conversion"]),
        (
            "ann",
            "reading",
            ["Readings", "Sales reading", "Marketing reading", "Finance reading", "Board reading"],
        ),
        ("ann", "invitations", []),
        ("ada", "invitations", ["People and invitations"]),
        ("fay", "quota", ["Coverage", "Targets"]),
    ],
)
def test_every_page_is_found_by_its_name_and_by_what_people_call_it(
    at: At, cast: Cast, who: str, typed: str, pages: list[str]
) -> None:
    found = at(who).get(f"/palette?q={typed}").content.decode()
    assert re.findall(r"<span>([^<]*)</span><span[^>]*>Page<", found) == pages
    searched = text_of(at(who).get(f"/search?q={typed}"))
    assert all(f"Pages {pages[0]}" in searched for _ in pages[:1])
    for address in re.findall(r'role="option"[^>]*href="([^"]+)"', found):
        assert at(who).get(address).status_code in (200, 302), address


@pytest.mark.parametrize(("who", "page"), [("ann", "/board"), ("fay", "/readings"), ("eve", "/readings")])
def test_work_begins_where_a_role_has_its_own(at: At, cast: Cast, who: str, page: str) -> None:
    assert at(who).get("/")["Location"] == page


def test_the_navigation_keeps_to_the_day_that_is_shown(at: At, deal: Deal, now: Clock) -> None:
    now.days(3)
    then = at("ann").get("/board?as_of=2026-03-02").content.decode()
    assert 'href="/coverage?as_of=2026-03-02"' in then
    assert 'href="/definition"' in then
    assert 'href="/coverage"' in at("ann").get("/board").content.decode()


def test_a_view_is_saved_used_and_forgotten(at: At, cast: Cast, deal: Deal) -> None:
    client = at("ann")
    saved = client.post(
        "/views", {"page": "board", "name": "Mine", "query": "owner=Ann+Archer&as_of=2026-01-01&page=3"}
    )
    assert saved.url == "/board?owner=Ann+Archer"
    assert SavedView.objects.get().query == {"owner": "Ann Archer"}
    assert 'href="/board?owner=Ann+Archer">Mine' in client.get("/board").content.decode()
    assert "Mine" not in text_of(at("ben").get("/board"))
    view = SavedView.objects.get()
    assert at("ben").post(f"/views/{view.pk}/forget").status_code == 404
    assert client.post(f"/views/{view.pk}/forget").status_code == 302
    assert not SavedView.objects.exists()


def test_a_shared_view_is_everyones_to_use(at: At, deal: Deal) -> None:
    at("olga").post(
        "/views", {"page": "pipeline", "name": "Commit", "query": "sort=close_on", "shared": "on"}
    )
    assert 'href="/pipeline?sort=close_on">Commit' in at("ben").get("/pipeline").content.decode()


def test_a_view_needs_a_name_and_a_page(at: At) -> None:
    answer = at("ann").post("/views", {"page": "moon", "name": " "})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_an_accounts_figures_lead_to_their_deals_and_definition(
    at: At, cast: Cast, deal: Deal, acme: Account, now: Clock
) -> None:
    create_deal(cast.ann, now=now(), facts={"name": "Elsewhere", "amount": 99_900})
    page = at("ann").get(f"/accounts/{acme.pk}").content.decode()
    [link] = re.findall(r'<span class="label">Open</span><b><a[^>]* href="([^"]+)"', page)
    words = text_of(at("ann").get(link.replace("&amp;", "&")))
    assert "50,000.00 EUR" in words
    assert "Acme rollout" in words
    assert "Elsewhere" not in words
