"""Likely duplicates: which signs make a pair, what is remembered, and how long it takes among many."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.accounts import create_account, edit_account
from stageproof.actions.apart import allow_same, keep_apart
from stageproof.actions.conflict import NotFound
from stageproof.actions.contacts import create_contact
from stageproof.actions.deals import create_deal, move_deal
from stageproof.actions.duplicates import duplicates
from stageproof.actions.likeness import a_letter_apart, phone_key
from stageproof.actions.merge_deals import merge_deals
from stageproof.actions.permission import Forbidden
from stageproof.records.models import Account, Apart, Change, Deal
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("northwind", "northwnd", True), ("northwind", "nortwhind", True), ("northwind", "northwint", True),
        ("northwind", "northwinds", True), ("northwind", "northwind", False), ("northwind", "southwind", False),
        ("northwind 1", "northwind 2", False), ("northwind", "northwind 2", False), ("northwind 1", "nortwind 1", True),
        ("alfa", "alva", False), ("northwind", "northw", False),
    ],
)  # fmt: skip
def test_a_letter_apart(one: str, other: str, alike: bool) -> None:
    assert a_letter_apart(one, other) is a_letter_apart(other, one) is alike


def test_phones_as_compared() -> None:
    assert phone_key("+43 (1) 234-5678 9") == phone_key("0043 1 23456789") == "123456789"
    assert phone_key("12 34") == ""


def test_accounts_and_what_speaks_for_each_pair(cast: Cast, now: Clock) -> None:
    def account(name: str, **facts: Any) -> int:
        return create_account(cast.ann, now=now(), facts={"name": name, **facts}, even_if_similar=True).pk

    acme = account("Acme Corp", domain="acme.example", country="AT")
    exact = account("ACME, Inc.", domain="www.acme.example", country="at")
    moved = account("Acme Ltd", country="US")
    wind, typo = account("Northwind Traders"), account("Northwnd Traders")
    turned = account("Traders Northwind")
    account("Zebra 1")
    account("Zebra 2")
    found = {(each.one, each.other): (each.likelihood, each.why) for each in duplicates(cast.ann, "account")}
    assert found == {
        (acme, exact): ("almost certain", ("the same name", "the same domain")),
        (acme, moved): ("possible", ("the same name", "but different countries")),
        (exact, moved): ("possible", ("the same name", "but different countries")),
        (wind, typo): ("possible", ("names a letter apart",)),
        (wind, turned): ("possible", ("the same words in their names",)),
    }
    assert next(iter(found)) == (acme, exact)


def test_contacts_and_deals(cast: Cast, now: Clock, acme: Account, deal: Deal) -> None:
    def contact(name: str, **facts: Any) -> int:
        return create_contact(cast.ann, now=now(), facts={"name": name, **facts}, even_if_similar=True).pk

    cleo = contact("Cleo Clark", account=acme, email="cleo@acme.example")
    same = contact("C. Clark", email="CLEO@acme.example")
    turned = contact("Clark, Cleo", account=acme)
    contact("Cleo Clark")
    assert {(each.one, each.other): each.why for each in duplicates(cast.ann, "contact")} == {
        (cleo, same): ("the same mail address",),
        (cleo, turned): ("the same name at the same account",),
    }
    facts = {"account": acme, "amount": 5_000_000, "close_on": dt.date(2026, 6, 30)}
    again = create_deal(cast.ann, now=now(), facts={"name": "acme ROLLOUT", **facts}).deal
    other = create_deal(cast.ann, now=now(), facts={"name": "Training", "account": acme, "amount": 5}).deal
    create_deal(cast.otto, now=now(), facts={"name": "Acme rollout", **facts})
    [pair] = duplicates(cast.ann, "deal")
    assert (pair.one, pair.other, pair.likelihood) == (deal.pk, again.pk, "almost certain")
    assert len(duplicates(cast.olga, "deal")) == 3
    move_deal(cast.ann, again.key, to="lost", lost_reason="Twice", now=now())
    assert duplicates(cast.ann, "deal") == []
    assert other.pk not in {each.other for each in duplicates(cast.olga, "deal")}


def test_what_was_said_to_be_two_stays_so(cast: Cast, now: Clock, acme: Account) -> None:
    twin = create_account(cast.ann, now=now(), facts={"name": "ACME Inc"}, even_if_similar=True)
    both = (str(twin.pk), str(acme.pk))
    denied(lambda: keep_apart(cast.ann, "account", *both, now=now()), Forbidden)
    assert codes(lambda: keep_apart(cast.mia, "account", both[0], both[0], now=now())) == ["wrong_other"]
    assert codes(lambda: keep_apart(cast.mia, "lead", *both, now=now())) == ["wrong_what"]
    denied(lambda: keep_apart(cast.mia, "account", "x", both[0], now=now()), NotFound)
    keep_apart(cast.mia, "account", *both, now=now())
    keep_apart(cast.mia, "account", *reversed(both), now=now())
    assert duplicates(cast.mia, "account") == []
    # Another change of theirs does not ask again.
    edit_account(cast.ann, acme.pk, now=now(), changes={"industry": "Glass"})
    assert (duplicates(cast.mia, "account"), Apart.objects.count()) == ([], 1)
    allow_same(cast.mia, "account", *both, now=now())
    assert len(duplicates(cast.mia, "account")) == 1
    assert list(Change.objects.filter(what="duplicates").values_list("actor", "fields")) == [
        (cast.mia.name, {"the same": ["not said", "no"]}), (cast.mia.name, {"the same": ["no", "not said"]}),
    ]  # fmt: skip


def test_deals_are_kept_apart_by_whom_may_change_both(cast: Cast, now: Clock, deal: Deal) -> None:
    twin = create_deal(cast.ann, now=now(), facts={"name": "Acme rollout", "account": deal.account}).deal
    denied(lambda: keep_apart(cast.otto, "deal", deal.key, twin.key, now=now()), NotFound)
    denied(lambda: keep_apart(cast.ben, "deal", deal.key, twin.key, now=now()), Forbidden)
    keep_apart(cast.ann, "deal", deal.key, twin.key, now=now())
    assert duplicates(cast.ann, "deal") == []
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    assert duplicates(cast.ann, "deal") == []


def test_many_accounts_are_not_each_compared_with_each(
    cast: Cast, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, compared = now(), []
    names = [f"Harbor {chr(97 + n % 26)}{n // 26:03d} Works" for n in range(2_000)]
    rows = [Account(name=name, domain=f"d{n}.example", created_at=at) for n, name in enumerate(names)]
    rows += [Account(name=f"{name} GmbH", domain="mail.example", created_at=at) for name in names[:300]]
    Account.objects.bulk_create(rows)

    def counted(one: str, other: str) -> bool:
        compared.append((one, other))
        return a_letter_apart(one, other)

    monkeypatch.setattr("stageproof.actions.duplicates.a_letter_apart", counted)
    found = duplicates(cast.ann, "account")
    # Each name with "GmbH" once with the one without; the names a letter apart, which a number tells apart, never.
    whys = [each.why for each in found]
    assert whys.count(("the same name",)) == 300
    assert len(compared) < 40 * len(rows)
