"""The history of accounts and contacts: who changed what, when, and how it was at any instant before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stageproof.actions.accounts import create_account, edit_account, merge_accounts
from stageproof.actions.committee import add_to_committee
from stageproof.actions.conflict import Conflict
from stageproof.actions.contacts import create_contact, edit_contact, merge_contacts
from stageproof.actions.directory import version_at, versions_of
from stageproof.records.doctor import doctor
from stageproof.records.models import Account, AccountVersion, Contact, ContactVersion, Deal
from tests.actions.conftest import START, Cast, Clock


def test_each_change_of_an_account_is_a_version(cast: Cast, now: Clock, acme: Account) -> None:
    edit_account(cast.ben, acme.pk, now=now(), changes={"industry": "Glass"})
    edit_account(cast.ann, acme.pk, now=now(), changes={"industry": "Glass"})
    rows = versions_of(acme).order_by("seq").values_list("change", "industry", "actor", "door", "valid_to")
    first, second = rows
    assert first[:4] == ("created", "", "ann@northwind.example", "page")
    assert second == ("edited", "Glass", "ben@northwind.example", "page", None)
    assert first[4] == versions_of(acme).get(change="edited").valid_from
    acme.refresh_from_db()
    assert acme.version == 2


def test_an_account_as_it_was(cast: Cast, now: Clock, acme: Account) -> None:
    before = now()
    edit_account(cast.ann, acme.pk, now=now(), changes={"name": "Acme Global", "country": "AT"})
    then, present = version_at(acme, before), version_at(acme, now())
    assert isinstance(then, AccountVersion)
    assert isinstance(present, AccountVersion)
    assert (then.name, then.country) == ("Acme Corp", "")
    assert (present.name, present.country) == ("Acme Global", "AT")
    assert version_at(acme, START.replace(year=2000)) is None


def test_a_conflict_names_who_changed_what(cast: Cast, now: Clock, acme: Account) -> None:
    edit_account(cast.ben, acme.pk, now=now(), changes={"country": "AT"})
    with pytest.raises(Conflict) as raised:
        edit_account(cast.ann, acme.pk, now=now(), changes={"country": "DE"}, expected_version=1)
    [change] = raised.value.changed
    assert (change["actor"], change["fields"]) == ("ben@northwind.example", ["country"])
    assert "ben@northwind.example changed country" in raised.value.problem.says


def test_both_sides_of_a_merge_and_what_passed_keep_their_history(
    cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    cleo = create_contact(cast.ann, now=now(), facts={"name": "Cleo", "account": acme})
    other = create_account(cast.ann, now=now(), facts={"name": "Acme Europe"})
    merge_accounts(cast.mia, winner=other.pk, loser=acme.pk, now=now())
    assert [each.note for each in versions_of(acme).filter(change="merged")] == ["became part of Acme Europe"]
    assert [each.note for each in versions_of(other).filter(change="merged")] == ["took in Acme Corp"]
    passed = ContactVersion.objects.filter(contact=cleo).order_by("-seq")[0]
    assert (passed.change, passed.account, passed.actor) == ("account merged", other, cast.mia.name)
    assert doctor().problems == ()


@pytest.mark.parametrize("by_email", [True, False])
def test_contacts_made_by_a_committee_have_their_first_version(
    cast: Cast, now: Clock, deal: Deal, by_email: bool
) -> None:
    facts = {"name": "Cleo", "email": "c@acme.example"} if by_email else {"name": "Cleo"}
    add_to_committee(cast.ann, deal.key, contact=facts, role="champion", now=now())
    [version] = ContactVersion.objects.all()
    assert (version.name, version.change, version.actor) == ("Cleo", "created", cast.ann.name)
    assert doctor().problems == ()


def test_merged_contacts_keep_their_history(
    cast: Cast, now: Clock, acme: Account, ready: Callable[[], Deal]
) -> None:
    ready()
    cleo = Contact.objects.get(name="Cleo Clark")
    twin = create_contact(cast.ann, now=now(), facts={"name": "C. Clark", "phone": "+43 1 234"})
    edit_contact(cast.ann, twin.pk, now=now(), changes={"title": "Head of supply"})
    before = now()
    merge_contacts(cast.mia, winner=cleo.pk, loser=twin.pk, now=now())
    then = version_at(cleo, before)
    assert isinstance(then, ContactVersion)
    assert then.phone == ""
    assert ContactVersion.objects.get(contact=cleo, valid_to=None).phone == "+43 1 234"
    assert ContactVersion.objects.get(contact=twin, valid_to=None).merged_into_id == cleo.pk
    assert doctor().problems == ()
