"""Accounts and contacts as they were, what was changed of them, and their lists as files."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from django.http import HttpResponse
from django.test import Client

from stageproof.actions.accounts import create_account, edit_account, merge_accounts
from stageproof.actions.activities import log_activity
from stageproof.actions.contacts import create_contact, edit_contact
from stageproof.actions.deals import edit_deal
from stageproof.records.models import Account, Contact, Deal
from tests.web.conftest import Cast, Clock, text_of

At = Callable[[str], Client]


def body(answer: Any) -> str:
    parts: Iterator[bytes] = answer.streaming_content
    return b"".join(parts).decode()


def test_an_account_shows_what_it_was_called_and_who_was_there(
    at: At, cast: Cast, now: Clock, acme: Account
) -> None:
    then = now().date()
    cleo = create_contact(cast.ann, now=now(), facts={"name": "Cleo Clark", "account": acme, "title": "COO"})
    now.days(3)
    edit_account(cast.ben, acme.pk, now=now(), changes={"name": "Acme Global", "country": "AT"})
    edit_contact(cast.ben, cleo.pk, now=now(), changes={"title": "CEO", "account": None})
    past = text_of(at("ann").get(f"/accounts/{acme.pk}?as_of={then}"))
    assert "Acme Corp" in past
    assert "Cleo Clark COO" in past
    assert "Acme Global" not in past
    present = text_of(at("ann").get(f"/accounts/{acme.pk}"))
    assert "Changed name, country" in present
    assert "Name Acme Corp Acme Global" in present
    assert "Ben Baker · page" in present
    assert "Nobody is known here yet." in present
    was = text_of(at("ann").get(f"/contacts/{cleo.pk}?as_of={then}"))
    assert "Title COO" in was
    assert (
        f"/contacts/{cleo.pk}/edit" not in at("ann").get(f"/contacts/{cleo.pk}?as_of={then}").content.decode()
    )
    assert "Account Acme Global nothing" in text_of(at("ann").get(f"/contacts/{cleo.pk}"))


def test_before_it_was_known_there_is_nothing(at: At, acme: Account, now: Clock) -> None:
    answer = at("ann").get(f"/accounts/{acme.pk}?as_of={now().date() - dt.timedelta(days=2)}")
    assert answer.status_code == 404


def test_a_merged_account_stands_by_itself_before_the_merge(
    at: At, cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    other = create_account(cast.ann, now=now(), facts={"name": "Acme Europe"})
    then = now().date()
    now.days(2)
    merge_accounts(cast.mia, winner=other.pk, loser=acme.pk, now=now())
    past = text_of(at("ann").get(f"/accounts/{acme.pk}?as_of={then}"))
    assert "Acme Corp" in past
    assert "1 open of 1" in past
    assert "0 open of 0" in text_of(at("ann").get(f"/accounts/{other.pk}?as_of={then}"))
    assert "1 open of 1" in text_of(at("ann").get(f"/accounts/{acme.pk}"))


def test_a_contact_last_took_part_when_an_activity_says_so(
    at: At, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    deal = ready()
    cleo = Contact.objects.get(name="Cleo Clark")
    now.days(1)
    happened = now()
    log_activity(
        cast.ann, deal.key, kind="meeting", side="buyer", subject="Plan", contact=cleo.pk,
        happened_at=happened, now=now(),
    )  # fmt: skip
    shown = f"Last took part {happened:%a} {happened.day} {happened:%b}"
    assert shown in text_of(at("ann").get(f"/contacts/{cleo.pk}"))
    row = text_of(at("ann").get("/contacts?text=cleo"))
    assert f"{happened:%a} {happened.day} {happened:%b}" in row
    # Who does not see the deal does not see when.
    assert "never seen" in text_of(at("otto").get("/contacts?text=cleo"))


def test_contacts_are_found_by_name_mail_and_account(at: At, cast: Cast, now: Clock, acme: Account) -> None:
    create_contact(cast.ann, now=now(), facts={"name": "Cleo Clark", "account": acme, "email": "c@x.example"})
    create_contact(cast.ann, now=now(), facts={"name": "Dora Dee"})
    for text in ("cleo", "x.example", "acme"):
        words = text_of(at("ann").get(f"/contacts?text={text}"))
        assert "1 contact" in words
        assert "Dora" not in words
    assert "2 contacts" in text_of(at("fay").get("/contacts"))
    assert "No contact passes these filters" in text_of(at("ann").get("/contacts?text=zebra"))
    assert "No account has a deal that you see" in text_of(at("ann").get("/accounts"))


def test_contacts_as_a_file_that_no_spreadsheet_runs(at: At, cast: Cast, now: Clock, acme: Account) -> None:
    create_contact(cast.ann, now=now(), facts={"name": "=1+1", "account": acme, "title": "COO"})
    [row] = csv.DictReader(io.StringIO(body(at("ann").get("/contacts/export?format=csv"))))
    assert row["name"] == "'=1+1"
    assert (row["account"], row["title"], row["last_touch"]) == ("Acme Corp", "COO", "")
    sheet = pl.read_excel(io.BytesIO(at("ann").get("/contacts/export?format=xlsx").content))
    assert sheet["name"].to_list() == ["=1+1"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_accounts_as_a_file_with_the_pages_amounts(
    at: At, cast: Cast, now: Clock, acme: Account, deal: Deal, form: str
) -> None:
    edit_account(cast.ann, acme.pk, now=now(), changes={"country": "AT", "employees": 12})
    create_account(cast.ann, now=now(), facts={"name": "Quiet"})
    edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 5_000_050})
    rows = _rows(at("ann").get(f"/accounts/export?format={form}"), form)
    assert [(row["name"], float(row["open_new_business"]), row["country"]) for row in rows] == [
        ("Acme Corp", 50_000.5, "AT")
    ]
    every = _rows(at("ann").get(f"/accounts/export?format={form}&all=1"), form)
    assert [row["name"] for row in every] == ["Acme Corp", "Quiet"]
    # Otto sees no deal of it.
    assert _rows(at("otto").get(f"/accounts/export?format={form}"), form) == []


def _rows(answer: HttpResponse, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(body(answer))))
    frame = pl.read_excel(io.BytesIO(answer.content), raise_if_empty=False)
    return frame.to_dicts()
