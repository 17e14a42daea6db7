"""Accounts and contacts made by mistake are taken out, while nothing hangs on them; and put back."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.accounts import (
    ACCOUNTS,
    create_account,
    edit_account,
    find_account,
    likely_accounts,
    merge_accounts,
)
from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee, remove_from_committee
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.contacts import CONTACTS, create_contact, edit_contact, find_contact
from stageproof.actions.deals import create_deal, delete_deal, edit_deal
from stageproof.actions.merges import last_merge
from stageproof.actions.permission import Forbidden
from stageproof.actions.take_out import take_out
from stageproof.actions.undo_change import undo_changes
from stageproof.actions.undo_merge import undo_merge
from stageproof.records.doctor import doctor
from stageproof.records.models import Account, AccountVersion, Contact, Deal
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied, refused

OOPS = "Typed by mistake"


def test_an_account_goes_with_its_identifier_and_comes_back(cast: Cast, now: Clock, acme: Account) -> None:
    beta = create_account(cast.ann, now=now(), facts={"name": "Beta", "external_id": "7"})
    assert codes(lambda: take_out(ACCOUNTS, cast.ann, beta.pk, now=now(), reason=" ")) == ["reason_missing"]
    denied(lambda: take_out(ACCOUNTS, cast.fay, beta.pk, now=now(), reason=OOPS), Forbidden)
    denied(
        lambda: take_out(ACCOUNTS, cast.ann, beta.pk, now=now(), reason=OOPS, expected_version=9), Conflict
    )
    out = take_out(ACCOUNTS, cast.ann, beta.pk, now=now(), reason=OOPS)
    assert (out.removed, out.note, out.external_id, out.actor) == (True, OOPS, None, cast.ann.name)
    denied(lambda: find_account(beta.pk), NotFound)
    denied(lambda: take_out(ACCOUNTS, cast.ann, beta.pk, now=now(), reason=OOPS), NotFound)
    assert likely_accounts({"name": "Beta"}) == []
    assert AccountVersion.objects.get(account=beta, valid_to=out.valid_from).external_id == "7"
    denied(lambda: undo_changes(cast.ben, out.seq, out.seq, now=now()), Forbidden)
    # Its identifier is another's by now: both cannot have it.
    edit_account(cast.ann, acme.pk, now=now(), changes={"external_id": "7"})
    assert codes(lambda: undo_changes(cast.ann, out.seq, out.seq, now=now())) == ["identifier_taken"]
    edit_account(cast.ann, acme.pk, now=now(), changes={"external_id": "8"})
    undo_changes(cast.ann, out.seq, out.seq, now=now())
    assert (find_account(beta.pk).external_id, find_account(beta.pk).removed) == ("7", False)
    assert doctor().problems == ()


def test_what_hangs_on_an_account_is_named(cast: Cast, now: Clock, acme: Account, deal: Deal) -> None:
    create_contact(cast.ann, now=now(), facts={"name": "Cleo", "account": acme})
    for number in range(4):
        create_deal(cast.otto, now=now(), facts={"name": f"West {number}", "account": acme})
    # Ann sees her own deal of the five, and no other's name.
    problems = refused(lambda: take_out(ACCOUNTS, cast.ann, acme.pk, now=now(), reason=OOPS))
    assert [(each.code, each.says, each.count) for each in problems] == [
        ("still_used", "5 deals hang on Acme Corp: Acme rollout and more.", 5),
        ("still_used", "1 contact hangs on Acme Corp: Cleo.", 1),
    ]
    assert "merge Acme Corp into the right one" in problems[0].remedy


def test_a_deal_does_not_come_back_to_an_account_that_is_out(
    cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    gone = delete_deal(cast.ann, deal.key, now=now(), reason=OOPS)
    out = take_out(ACCOUNTS, cast.ann, acme.pk, now=now(), reason=OOPS)
    (problem,) = refused(lambda: undo_changes(cast.ann, gone.seq, gone.seq, now=now()))
    assert (problem.code, problem.remedy) == ("hangs_on_what_is_out", "Put Acme Corp back first.")
    undo_changes(cast.ann, out.seq, out.seq, now=now())
    undo_changes(cast.ann, gone.seq, gone.seq, now=now())
    assert Deal.objects.get(key=deal.key).status == "open"
    assert doctor().problems == ()


def test_nothing_new_is_hung_on_what_is_out(cast: Cast, now: Clock, acme: Account, deal: Deal) -> None:
    beta = create_account(cast.ann, now=now(), facts={"name": "Beta"})
    gamma = create_account(cast.ann, now=now(), facts={"name": "Gamma"})
    take_out(ACCOUNTS, cast.ann, beta.pk, now=now(), reason=OOPS)
    merge_accounts(cast.mia, winner=acme.pk, loser=gamma.pk, now=now())
    # Whoever chose the account before has it in hand still.
    for stale in (beta, gamma):
        facts = {"name": "Late", "account": stale}
        assert codes(lambda facts=facts: create_deal(cast.ann, now=now(), facts=facts)) == ["wrong_account"]  # type: ignore[misc]
        assert codes(lambda facts=facts: create_contact(cast.ann, now=now(), facts=facts)) == [
            "wrong_account"
        ]  # type: ignore[misc]
        change = {"account": stale}
        assert codes(lambda change=change: edit_deal(cast.ann, deal.key, now=now(), changes=change)) == [  # type: ignore[misc]
            "wrong_account"
        ]


def test_a_merge_is_not_undone_onto_what_is_out(cast: Cast, now: Clock, acme: Account) -> None:
    beta = create_account(cast.ann, now=now(), facts={"name": "Beta"})
    merge_accounts(cast.mia, winner=acme.pk, loser=beta.pk, now=now())
    out = take_out(ACCOUNTS, cast.ann, acme.pk, now=now(), reason=OOPS)
    merge = last_merge("account", acme.pk).pk
    assert codes(lambda: undo_merge(cast.mia, merge, now=now())) == ["winner_gone"]
    undo_changes(cast.ann, out.seq, out.seq, now=now())
    undo_merge(cast.mia, merge, now=now())
    assert find_account(beta.pk).name == "Beta"


def test_a_contact_goes_when_it_holds_no_role_and_did_nothing(
    cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    cleo = create_contact(cast.ann, now=now(), facts={"name": "Cleo", "account": acme})
    add_to_committee(cast.ann, deal.key, contact=cleo.pk, role="champion", now=now())
    happened = log_activity(
        cast.ann, deal.key, kind="meeting", side="buyer", subject="First talk", contact=cleo.pk,
        happened_at=now.at - dt.timedelta(days=1), now=now(),
    )  # fmt: skip
    problems = refused(lambda: take_out(CONTACTS, cast.ann, cleo.pk, now=now(), reason=OOPS))
    assert [each.says for each in problems] == [
        "1 role hangs on Cleo: champion of Acme rollout.", "1 activity hangs on Cleo: First talk.",
    ]  # fmt: skip
    undo_changes(cast.ann, happened.seq, happened.seq, now=now())
    ended = remove_from_committee(cast.ann, deal.key, contact=cleo.pk, role="champion", now=now())
    out = take_out(CONTACTS, cast.ann, cleo.pk, now=now(), reason=OOPS)
    denied(
        lambda: add_to_committee(cast.ann, deal.key, contact=cleo.pk, role="champion", now=now()), NotFound
    )
    assert codes(lambda: undo_changes(cast.ann, ended.seq, ended.seq, now=now())) == ["hangs_on_what_is_out"]
    # An account goes when those at it are out, and they come back after it.
    other = create_account(cast.ann, now=now(), facts={"name": "Beta"})
    dan = create_contact(cast.ann, now=now(), facts={"name": "Dan", "account": other})
    first = take_out(CONTACTS, cast.ann, dan.pk, now=now(), reason=OOPS)
    take_out(ACCOUNTS, cast.ann, other.pk, now=now(), reason=OOPS)
    assert codes(lambda: undo_changes(cast.ann, first.seq, first.seq, now=now())) == ["hangs_on_what_is_out"]
    undo_changes(cast.ann, out.seq, out.seq, now=now())
    undo_changes(cast.ann, ended.seq, ended.seq, now=now())
    assert find_contact(cleo.pk).pk == cleo.pk
    assert not Contact.objects.get(pk=cleo.pk).removed
    edit_contact(cast.ann, cleo.pk, now=now(), changes={"title": "CFO"})
    assert doctor().problems == ()
