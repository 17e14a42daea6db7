"""Accounts and contacts: duplicates before they are made, merges after."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.accounts import (
    create_account,
    edit_account,
    find_account,
    merge_accounts,
)
from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee
from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.contacts import create_contact, edit_contact, find_contact, merge_contacts
from stageproof.actions.duplicates import duplicates
from stageproof.actions.leads import create_lead
from stageproof.actions.likeness import company_key, domain_key, person_key
from stageproof.actions.merges import last_merge
from stageproof.actions.permission import Forbidden
from stageproof.actions.undo_merge import undo_merge
from stageproof.engine.frames import collect, instant_number
from stageproof.records.doctor import doctor
from stageproof.records.models import Account, Contact, Deal, DealVersion, LeadVersion, RoleVersion
from stageproof.records.tables import book, pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied, refused


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Corp", "ACME, Inc."), ("The Müller GmbH", "muller"), ("A.C.M.E Ltd", "a c m e"), ("SE", "se")],
)
def test_names_of_one_company(one: str, other: str) -> None:
    assert company_key(one) == company_key(other) != ""


@pytest.mark.parametrize(("one", "other"), [("Acme East", "Acme West"), ("Inc", "Ltd"), ("Co 1", "Co 2")])
def test_names_of_two(one: str, other: str) -> None:
    assert company_key(one) != company_key(other)


def test_names_and_addresses_as_compared() -> None:
    assert person_key("Wu, Bén") == person_key("ben  WU") == "ben wu"
    assert {
        domain_key(text) for text in ("https://www.Acme.example/x", "acme.example", "a@acme.example")
    } == {"acme.example"}


def test_a_likely_twin_is_shown_before_it_is_made(cast: Cast, now: Clock, acme: Account) -> None:
    for facts in ({"name": "ACME Inc"}, {"name": "Other", "domain": "www.acme.example"}):
        [problem] = refused(lambda facts=facts: create_account(cast.ann, now=now(), facts=facts))  # type: ignore[misc]
        assert (problem.code, problem.value) == ("likely_duplicate", str(acme.pk))
    twin = create_account(cast.ann, now=now(), facts={"name": "ACME Inc"}, even_if_similar=True)
    assert [(each.one, each.other) for each in duplicates(cast.ann, "account")] == [(acme.pk, twin.pk)]


def test_a_merge_takes_deals_contacts_and_fills_blanks(
    cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    other = create_account(
        cast.ben, now=now(), facts={"name": "Acme Europe", "country": "AT", "external_id": "7"}
    )
    cleo = create_contact(cast.ben, now=now(), facts={"name": "Cleo", "account": acme})
    at = now()
    kept = merge_accounts(cast.mia, winner=other.pk, loser=acme.pk, now=at)
    assert (kept.domain, kept.country, kept.external_id) == ("acme.example", "AT", "7")
    deal.refresh_from_db()
    cleo.refresh_from_db()
    assert (deal.account_id, cleo.account_id) == (other.pk, other.pk)
    first, second = DealVersion.objects.filter(deal=deal).order_by("seq")
    assert (first.account_id, second.account_id, second.change) == (acme.pk, other.pk, "account merged")
    assert find_account(acme.pk).pk == other.pk
    names = pipeline_now(now.at).deals.select("account").collect().to_native()["account"].to_list()
    assert names == ["Acme Europe"]
    assert codes(lambda: merge_accounts(cast.mia, winner=other.pk, loser=acme.pk, now=now())) == [
        "wrong_loser"
    ]
    assert doctor().problems == ()


def test_a_rename_shows_in_figures_at_once(cast: Cast, now: Clock, acme: Account, deal: Deal) -> None:
    assert pipeline_now(now()).deals.select("account").collect().to_native()["account"].to_list() == [
        "Acme Corp"
    ]
    edit_account(cast.ann, acme.pk, now=now(), changes={"name": "Acme Global"}, expected_version=1)
    assert pipeline_now(now()).deals.select("account").collect().to_native()["account"].to_list() == [
        "Acme Global"
    ]
    denied(
        lambda: edit_account(cast.ann, acme.pk, now=now(), changes={"name": "x"}, expected_version=1),
        Conflict,
    )


def test_every_reason_at_once(cast: Cast, now: Clock, acme: Account) -> None:
    edit_account(cast.ann, acme.pk, now=now(), changes={"external_id": "7"})
    facts: dict[str, Any] = {
        "name": "",
        "employees": -1,
        "external_id": "7",
        "owner": 1,
        "country": "x" * 121,
    }
    assert sorted(codes(lambda: create_account(cast.ann, now=now(), facts=facts))) == [
        "missing_name", "not_editable", "wrong_country", "wrong_employees", "wrong_external_id",
    ]  # fmt: skip


def test_a_contact_with_a_twin(cast: Cast, now: Clock, acme: Account) -> None:
    cleo = create_contact(
        cast.ann, now=now(), facts={"name": "Cleo Clark", "email": "cleo@acme.example", "account": acme}
    )
    for facts in ({"name": "C", "email": "CLEO@acme.example"}, {"name": "Clark, Cleo", "account": acme}):
        [problem] = refused(lambda facts=facts: create_contact(cast.ann, now=now(), facts=facts))  # type: ignore[misc]
        assert problem.value == str(cleo.pk)
    elsewhere = create_contact(cast.ann, now=now(), facts={"name": "Cleo Clark"})
    assert edit_contact(cast.ann, elsewhere.pk, now=now(), changes={"title": "CFO"}).version == 2


def test_roles_pass_to_the_contact_that_stays(cast: Cast, now: Clock, deal: Deal) -> None:
    first = add_to_committee(cast.ann, deal.key, contact={"name": "Cleo Clark", "email": "c@acme.example"},
                             role="champion", now=now())  # fmt: skip
    second = add_to_committee(cast.ann, deal.key, contact={"name": "Cleo Clark"}, role="champion", now=now())
    add_to_committee(cast.ann, deal.key, contact=second.contact_id, role="legal", now=now())
    merge_contacts(cast.mia, winner=first.contact_id, loser=second.contact_id, now=now())
    present = RoleVersion.objects.filter(valid_to__isnull=True, removed=False)
    assert sorted(present.values_list("contact_id", "role")) == [
        (first.contact_id, "champion"), (first.contact_id, "legal"),
    ]  # fmt: skip
    roles = pipeline_now(now.at).roles
    assert roles is not None
    # Two of the same name are one to the engine: the end of the one must not hide the other.
    assert sorted(roles.select("contact", "role").collect().to_native().rows()) == [
        ("Cleo Clark", "champion"), ("Cleo Clark", "legal"),
    ]  # fmt: skip
    assert find_contact(second.contact_id).pk == first.contact_id
    assert Contact.objects.get(pk=first.contact_id).email == "c@acme.example"
    assert doctor().problems == ()


def test_what_the_merged_contact_took_part_in_counts_for_the_one(cast: Cast, now: Clock, deal: Deal) -> None:
    """Cleo holds the role; C. Clark, the same person, was at the meeting, and came here as a lead."""
    cleo = add_to_committee(
        cast.ann, deal.key, contact={"name": "Cleo Clark"}, role="champion", now=now()
    ).contact
    clark = create_contact(cast.ann, now=now(), facts={"name": "C. Clark", "account": deal.account})
    met = now.at - dt.timedelta(hours=2)
    log_activity(
        cast.ann,
        deal.key,
        kind="meeting",
        side="buyer",
        subject="Talk",
        contact=clark.pk,
        happened_at=met,
        now=now(),
    )
    lead = create_lead(cast.ann, now=now(), facts={"name": "C. Clark", "source": "Web"}).lead
    LeadVersion.objects.filter(lead=lead).update(contact=clark)

    def engaged(at: dt.datetime) -> int | None:
        found = collect(pipeline_now(at).roles).filter(contact="Cleo Clark")["engaged_at"].to_list()
        return found[0] if found else None

    before = now()
    assert engaged(before) is None
    merge_contacts(cast.mia, winner=cleo.pk, loser=clark.pk, now=now())
    assert engaged(now()) == instant_number(met)
    assert LeadVersion.objects.get(lead=lead, valid_to=None).contact_id == cleo.pk
    # What was known before the merge is as it was.
    assert collect(book().as_of(now.at, before).roles)["engaged_at"].to_list() == [None]
    undo_merge(cast.mia, last_merge("contact", cleo.pk).pk, now=now())
    assert engaged(now()) is None
    assert LeadVersion.objects.get(lead=lead, valid_to=None).contact_id == clark.pk


def test_who_may_not(cast: Cast, now: Clock, acme: Account) -> None:
    other = create_account(cast.ann, now=now(), facts={"name": "Beta"})
    cleo = create_contact(cast.ann, now=now(), facts={"name": "Cleo"})
    dora = create_contact(cast.ann, now=now(), facts={"name": "Dora"})
    for who in ("fay", "eve"):
        actor = cast[who]
        denied(lambda actor=actor: create_account(actor, now=now(), facts={"name": "x"}), Forbidden)  # type: ignore[misc]
        denied(lambda actor=actor: edit_account(actor, acme.pk, now=now(), changes={"name": "x"}), Forbidden)  # type: ignore[misc]
        denied(lambda actor=actor: create_contact(actor, now=now(), facts={"name": "x"}), Forbidden)  # type: ignore[misc]
        denied(lambda actor=actor: edit_contact(actor, cleo.pk, now=now(), changes={"name": "x"}), Forbidden)  # type: ignore[misc]
    for who in ("ann", "max", "fay", "eve", "otto"):
        actor = cast[who]
        denied(
            lambda actor=actor: merge_accounts(actor, winner=acme.pk, loser=other.pk, now=now()), Forbidden
        )  # type: ignore[misc]
        denied(lambda actor=actor: merge_contacts(actor, winner=cleo.pk, loser=dora.pk, now=now()), Forbidden)  # type: ignore[misc]
    denied(lambda: edit_account(cast.ann, 99, now=now(), changes={}), NotFound)
    denied(lambda: edit_contact(cast.ann, 99, now=now(), changes={}), NotFound)
