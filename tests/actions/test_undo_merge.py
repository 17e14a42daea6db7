"""Undoing a merge: both as they were, nothing erased, and refused where somebody built on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from stageproof.actions.accounts import create_account, edit_account, find_account, merge_accounts
from stageproof.actions.committee import add_to_committee, engage, remove_from_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.contacts import create_contact, find_contact, merge_contacts
from stageproof.actions.deals import create_deal, edit_deal, find_deal, move_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence
from stageproof.actions.leads import create_lead, find_lead, merge_leads
from stageproof.actions.merge_deals import merge_deals
from stageproof.actions.merges import last_merge
from stageproof.actions.permission import Forbidden
from stageproof.actions.undo_merge import undo_merge
from stageproof.engine.frames import collect
from stageproof.engine.measures.bridge import Mode, bridge
from stageproof.records.doctor import doctor
from stageproof.records.ledger import writing
from stageproof.records.models import (
    Account,
    Contact,
    Deal,
    DealVersion,
    EvidenceVersion,
    LeadVersion,
    Ledger,
    Merge,
    RoleVersion,
    Touch,
)
from stageproof.records.tables import book
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied, refused
from tests.actions.twin_deal import make_twin

TABLES = ("deals", "evidence", "roles", "activities", "leads", "touches")


def as_the_engine_has_it(at: dt.datetime) -> dict[str, Any]:
    """What held at an instant, as it was known then, in every table of the engine; not who wrote it, and when."""
    pipeline, shown = book().as_of(at, at), {}
    for name in TABLES:
        table = getattr(pipeline, name)
        if table is None:
            continue
        frame = collect(table)
        apart = {"valid_from", "valid_to", "recorded_at", "actor", "door", "withdrawn_at", "removed"}
        frame = frame.select(sorted(set(frame.columns) - apart))
        shown[name] = sorted(map(repr, frame.rows()))
    return shown


def present_rows() -> list[Any]:
    """Every fact of every deal, account and contact as it stands in the database."""
    found: list[Any] = []
    for model in (Deal, Account, Contact):
        names = [field.attname for field in model._meta.concrete_fields if field.name != "version"]
        found += sorted(map(repr, model._default_manager.values_list(*names)))
    return found


@pytest.fixture
def twin(cast: Cast, now: Clock) -> Deal:
    """A second deal of Ann's, which an import touched too."""
    made = make_twin(cast, now)
    with writing(recorded_at=now(), actor="system", door="import") as session:
        session.add([Touch(deal_id=made.pk, source="Fair", touched_at=now.at)])
    return made


def test_two_deals_are_two_again_with_all_that_was_theirs(
    cast: Cast, now: Clock, ready: Callable[[], Deal], twin: Deal
) -> None:
    deal = ready()
    rows, before = present_rows(), as_the_engine_has_it(now())
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    between, changes = now(), Ledger.objects.get().last_seq
    merged = as_the_engine_has_it(between)
    undone = undo_merge(cast.ann, last_merge("deal", deal.key).pk, now=now())
    assert (undone.undone_by, undone.undone_at) == (cast.ann.name, now.at)
    assert as_the_engine_has_it(now()) == before
    assert present_rows() == rows
    # What was true in between stays so, and is not written anew.
    assert as_the_engine_has_it(between) == merged != before
    assert Ledger.objects.get().last_seq > changes
    notes = DealVersion.objects.filter(change="merge undone").values_list("deal__key", "note")
    said = f"{twin.name} and {deal.name} are two again"
    assert sorted(notes) == sorted([(deal.key, said), (twin.key, said)])
    assert doctor().problems == ()


def test_the_bridge_over_a_merge_and_its_undo_closes(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    opened = now()
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    between = now()
    undo_merge(cast.ann, last_merge("deal", deal.key).pk, now=now())
    modes: tuple[Mode, ...] = ("endpoints", "events")
    for begin, end in ((opened, between), (between, now()), (opened, now())):
        for mode in modes:
            rows = bridge(book(), begin, end, mode=mode).lines.select("line", "amount").rows()
            lines = {line: amount for line, amount in rows if line != "closing"}
            ends = [
                sum(each.amount for each in Deal.objects.filter(status="open"))
                if at != between
                else 5_000_000
                for at in (begin, end)
            ]
            assert lines["opening"] == ends[0]
            assert sum(lines.values()) == ends[1] == dict(rows)["closing"]


def test_what_was_done_since_stays_with_the_one(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 6_000_000})
    fresh = attach_evidence(cast.ann, deal.key, kind="budget", what="Yes", given_by="Cleo", now=now())
    passed = EvidenceVersion.objects.get(kind="pain", valid_to__isnull=True)
    revoke_evidence(cast.ann, passed.evidence, reason="Not so", now=now())
    move_deal(cast.ann, deal.key, to="lost", lost_reason="Price", now=now())
    undo_merge(cast.ann, last_merge("deal", deal.key).pk, now=now())
    kept, back = find_deal(cast.ann, deal.key), find_deal(cast.ann, twin.key)
    assert (kept.amount, kept.status, kept.product) == (6_000_000, "lost", None)
    assert (back.amount, back.status, back.product) == (700, "open", "GTX")
    present = EvidenceVersion.objects.filter(valid_to__isnull=True)
    assert present.get(evidence=fresh.evidence).deal_id == kept.pk
    # It is the twin's again, and still taken back.
    assert [(each.deal_id, each.revoked) for each in present.filter(kind="pain")] == [(back.pk, True)]
    assert doctor().problems == ()


def test_what_somebody_built_on_stands_in_the_way(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    merge = last_merge("deal", deal.key)
    edit_deal(cast.ann, deal.key, now=now(), changes={"product": "MG Special"})
    role = RoleVersion.objects.get(deal=deal, valid_to__isnull=True)
    engage(cast.ann, deal.key, contact=role.contact_id, role="champion", engaged_at=now(), now=now())
    problems = refused(lambda: undo_merge(cast.ann, merge.pk, now=now()))
    assert [(each.code, each.says) for each in problems] == [
        ("changed_since", "Acme rollout was changed since the two became one by ann@northwind.example: product."),
        ("changed_since", "Cleo Clark as champion of Acme rollout was changed since the two became one by"
                          " ann@northwind.example: engaged time."),
    ]  # fmt: skip
    # Set back by hand, it is in nobody's way.
    edit_deal(cast.ann, deal.key, now=now(), changes={"product": None})
    remove_from_committee(cast.ann, deal.key, contact=role.contact_id, role="champion", now=now())
    undo_merge(cast.ann, merge.pk, now=now())
    assert codes(lambda: undo_merge(cast.ann, merge.pk, now=now())) == ["merge_undone"]
    assert doctor().problems == ()


def test_merges_are_undone_the_last_one_first(cast: Cast, now: Clock, deal: Deal, twin: Deal) -> None:
    third = create_deal(cast.ann, now=now(), facts={"name": "Third"}).deal
    rows = present_rows()
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    merge_deals(cast.ann, winner=third.key, loser=deal.key, now=now())
    first, second = Merge.objects.order_by("pk")
    assert codes(lambda: undo_merge(cast.ann, first.pk, now=now())) == ["winner_gone"]
    undo_merge(cast.ann, second.pk, now=now())
    undo_merge(cast.ann, first.pk, now=now())
    assert present_rows() == rows
    assert doctor().problems == ()


def test_who_may_not_undo(cast: Cast, now: Clock, deal: Deal, twin: Deal, acme: Account) -> None:
    merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    merge = last_merge("deal", deal.key).pk
    denied(lambda: undo_merge(cast.otto, merge, now=now()), NotFound)
    denied(lambda: undo_merge(cast.ben, merge, now=now()), Forbidden)
    denied(lambda: undo_merge(cast.eve, merge, now=now()), Forbidden)
    denied(lambda: undo_merge(cast.ann, 4711, now=now()), NotFound)
    other = create_account(cast.ann, now=now(), facts={"name": "Beta"})
    merge_accounts(cast.mia, winner=acme.pk, loser=other.pk, now=now())
    denied(lambda: undo_merge(cast.ann, last_merge("account", acme.pk).pk, now=now()), Forbidden)


def test_two_accounts_have_their_deals_contacts_and_identifiers_again(
    cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    facts = {"name": "Acme Europe", "country": "AT", "external_id": "7"}
    other = create_account(cast.ben, now=now(), facts=facts)
    create_deal(cast.ann, now=now(), facts={"name": "Theirs", "account": other})
    create_contact(cast.ben, now=now(), facts={"name": "Cleo", "account": other})
    rows, before = present_rows(), as_the_engine_has_it(now())
    merge_accounts(cast.mia, winner=acme.pk, loser=other.pk, now=now())
    assert find_account(other.pk).external_id == "7"
    late = create_deal(cast.ann, now=now(), facts={"name": "Late", "account": find_account(acme.pk)}).deal
    undo_merge(cast.mia, last_merge("account", acme.pk).pk, now=now())
    assert find_account(other.pk).pk == other.pk
    assert Deal.objects.get(key=late.key).account_id == acme.pk
    assert [row for row in present_rows() if "'Late'" not in row] == rows
    after = as_the_engine_has_it(now())
    after["deals"] = [row for row in after["deals"] if "'Late'" not in row]
    assert after == before
    assert doctor().problems == ()


def test_an_account_whose_identifier_another_has_by_now_is_not_parted(
    cast: Cast, now: Clock, acme: Account
) -> None:
    other = create_account(cast.ann, now=now(), facts={"name": "Beta", "external_id": "7"})
    third = create_account(cast.ann, now=now(), facts={"name": "Gamma"})
    edit_account(cast.ann, acme.pk, now=now(), changes={"external_id": "1"})
    merge_accounts(cast.mia, winner=acme.pk, loser=other.pk, now=now())
    edit_account(cast.ann, third.pk, now=now(), changes={"external_id": "7"})
    merge = last_merge("account", acme.pk).pk
    [problem] = refused(lambda: undo_merge(cast.mia, merge, now=now()))
    assert (problem.code, problem.says) == (
        "identifier_taken", "The identifier 7 has been given to Gamma since.",
    )  # fmt: skip


@pytest.mark.parametrize("same_name", [True, False])
def test_two_contacts_have_their_roles_again(cast: Cast, now: Clock, deal: Deal, same_name: bool) -> None:
    facts = {"name": "Cleo Clark", "email": "c@acme.example"}
    first = add_to_committee(cast.ann, deal.key, contact=facts, role="champion", now=now()).contact
    twin = {"name": "Cleo Clark" if same_name else "C. Clark", "phone": "+43 1 5"}
    second = add_to_committee(cast.ann, deal.key, contact=twin, role="champion", now=now()).contact
    add_to_committee(cast.ann, deal.key, contact=second.pk, role="legal", now=now())
    rows, before = present_rows(), as_the_engine_has_it(now())
    merge_contacts(cast.mia, winner=first.pk, loser=second.pk, now=now())
    undo_merge(cast.mia, last_merge("contact", first.pk).pk, now=now())
    assert present_rows() == rows
    assert as_the_engine_has_it(now()) == before
    present = RoleVersion.objects.filter(valid_to__isnull=True, removed=False)
    assert sorted(present.values_list("contact_id", "role")) == sorted(
        [(first.pk, "champion"), (second.pk, "champion"), (second.pk, "legal")]
    )
    assert find_contact(second.pk).pk == second.pk
    assert doctor().problems == ()


def test_two_leads_are_two_again(cast: Cast, now: Clock) -> None:
    one = create_lead(cast.ann, now=now(), facts={"name": "Dan", "source": "Web"}).lead
    two = create_lead(cast.ann, now=now(), facts={"name": "Dan Dorn", "source": "Fair", "phone": "5"}).lead
    before = as_the_engine_has_it(now())
    merge_leads(cast.mia, winner=one, loser=two, now=now())
    assert find_lead(two).lead == one
    undo_merge(cast.max, last_merge("lead", one).pk, now=now())
    assert (find_lead(one).phone, find_lead(two).phone) == (None, "5")
    assert as_the_engine_has_it(now()) == before
    last = LeadVersion.objects.filter(valid_to__isnull=True).values_list("change", flat=True)
    assert list(last) == ["merge undone", "merge undone"]
    assert doctor().problems == ()
