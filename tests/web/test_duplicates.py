"""The pages of likely duplicates: pairs by likelihood, compared, or said to be two and that taken back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from stageproof.actions.accounts import create_account
from stageproof.actions.contacts import create_contact
from stageproof.actions.deals import create_deal
from stageproof.records.models import Account, Apart, Deal
from tests.web.conftest import PART, Cast, Clock, text_of

At = Callable[[str], Client]


@pytest.fixture
def twin(cast: Cast, now: Clock, acme: Account) -> Account:
    return create_account(cast.ann, now=now(), facts={"name": "ACME, Inc."}, even_if_similar=True)


def test_pairs_come_by_likelihood_or_by_name(at: At, cast: Cast, now: Clock, twin: Account) -> None:
    for name in ("Aurora Borealis", "Aurora Boreallis"):
        create_account(cast.ann, now=now(), facts={"name": name})
    words = text_of(at("mia").get("/accounts/duplicates"))
    assert "2 pairs of accounts likely the same" in words
    assert words.index("ACME, Inc.") < words.index("Aurora Boreallis")
    for sort, first in (
        ("likelihood", "Aurora Boreallis"),
        ("-name", "Aurora Boreallis"),
        ("name", "ACME, Inc."),
    ):
        words = text_of(at("mia").get(f"/accounts/duplicates?sort={sort}"))
        other = {"Aurora Boreallis": "ACME, Inc.", "ACME, Inc.": "Aurora Boreallis"}[first]
        assert words.index(first) < words.index(other), sort


def test_a_pair_is_kept_apart_and_that_is_taken_back(at: At, acme: Account, twin: Account) -> None:
    client, both = at("mia"), {"what": "account", "one": acme.pk, "other": twin.pk}
    answer = client.post("/duplicates/apart", both, **PART)
    told = json.loads(answer["HX-Trigger"])
    assert "list-changed" in told
    words = text_of(client.get("/accounts/duplicates"))
    assert "No account is here twice" in words
    assert "Said not to be the same: 1" in words
    assert "mia@northwind.example" in words
    client.post(told["toast"]["undo"]["url"], told["toast"]["undo"]["values"], **PART)
    assert "1 pair of accounts likely the same" in text_of(client.get("/accounts/duplicates"))
    plain = client.post("/duplicates/apart", both, follow=True)
    assert plain.redirect_chain == [("/accounts/duplicates", 302)]


def test_whoever_may_not_merge_sees_and_decides_nothing(at: At, acme: Account, twin: Account) -> None:
    client = at("ann")
    assert "ACME, Inc." in text_of(client.get("/accounts/duplicates"))
    assert "Not the same" not in text_of(client.get("/accounts/duplicates"))
    assert (
        client.post("/duplicates/apart", {"what": "account", "one": acme.pk, "other": twin.pk}).status_code
        == 403
    )
    assert client.post("/duplicates/apart", {"what": "stage", "one": "1", "other": "2"}).status_code == 422
    assert Apart.objects.count() == 0


def test_contacts_and_deals_have_a_page_each(
    at: At, cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    assert "No contact is here twice" in text_of(at("mia").get("/contacts/duplicates"))
    for name in ("Cleo Clark", "Clark, Cleo"):
        create_contact(cast.ann, now=now(), facts={"name": name, "account": acme}, even_if_similar=True)
    words = text_of(at("mia").get("/contacts/duplicates"))
    assert "The same name at the same account" in words
    create_deal(cast.ann, now=now(), facts={"name": "Acme Rollout", "account": acme, "amount": 5_000_000})
    page = at("ann").get("/deals/duplicates")
    assert "Almost certain" in text_of(page)
    assert f"/deals/{deal.key}/merge?with=" in page.content.decode()
    assert "No deal is here twice" in text_of(at("otto").get("/deals/duplicates"))
