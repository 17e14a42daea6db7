"""Leads: answered, qualified, disqualified, merged and converted, with every version kept and nothing half done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.accounts import create_account
from stageproof.actions.bulk_leads import bulk_leads
from stageproof.actions.campaigns import campaign_history, create_campaign, edit_campaign, remove_campaign
from stageproof.actions.contacts import create_contact
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.leads import (
    create_lead,
    disqualify_lead,
    edit_lead,
    find_lead,
    lead_history,
    log_on_lead,
    merge_leads,
    qualify_lead,
    reopen_lead,
    respond,
    touch_lead,
)
from stageproof.actions.permission import Forbidden
from stageproof.engine.frames import collect
from stageproof.records.doctor import doctor
from stageproof.records.models import Account, Activity, Contact, Deal, RoleVersion, Touch
from stageproof.records.tables import book, pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, conflicts, denied, nothing_changes, refused

DAN: dict[str, Any] = {
    "name": "Dan Dorn", "account": "Delta Foods", "email": "dan@delta.example", "title": "COO", "industry": "Food",
    "employees": 400, "country": "AT", "source": "Web", "campaign": "Spring",
}  # fmt: skip
BANT = {"Budget": "40k approved", "Authority": "Dan", "Need": "Waste", "Timing": "By May"}


@pytest.fixture
def lead(cast: Cast, now: Clock) -> str:
    return create_lead(cast.max, now=now(), facts=DAN).lead


def test_a_lead_comes_in_with_its_first_touch(cast: Cast, now: Clock, lead: str) -> None:
    touch = Touch.objects.get()
    assert (touch.lead, touch.source, touch.campaign) == (lead, "Web", "Spring")
    assert touch.touched_at == find_lead(lead).created_at
    assert codes(lambda: create_lead(cast.max, now=now(), facts={**DAN, "email": "x", "employees": -1})) == [
        "wrong_email", "wrong_employees",
    ]  # fmt: skip


def test_a_likely_duplicate_is_shown_before_it_is_made(cast: Cast, now: Clock, lead: str) -> None:
    again = {"name": "D. Dorn", "email": "DAN@delta.example"}
    assert [
        (each.code, each.value) for each in refused(lambda: create_lead(cast.ann, now=now(), facts=again))
    ] == [("likely_duplicate", lead)]
    same = {"name": "Dorn, Dan", "account": "Delta Foods GmbH"}
    assert codes(lambda: create_lead(cast.ann, now=now(), facts=same)) == ["likely_duplicate"]
    assert create_lead(cast.ann, now=now(), facts=again, even_if_similar=True).lead != lead


def test_the_first_response_is_the_earliest_of_ours(cast: Cast, now: Clock, lead: str) -> None:
    log_on_lead(cast.ann, lead, kind="email", side="buyer", subject="Asks again", now=now())
    log_on_lead(cast.ann, lead, kind="note", side="seller", subject="To do", now=now())
    assert find_lead(lead).responded_at is None
    late, early = now(), now.at - dt.timedelta(seconds=30)
    assert respond(cast.ann, lead, subject="Called", kind="call", now=late).responded_at == late
    answered = respond(cast.ben, lead, subject="Wrote", happened_at=early, now=now())
    assert (answered.responded_at, answered.status) == (early, "working")
    respond(cast.ann, lead, subject="Again", now=now())
    assert [each.change for each in lead_history(lead)] == ["created", "answered", "answered"]
    assert codes(lambda: log_on_lead(cast.ann, lead, kind="fax", side="us", subject=" ", now=now())) == [
        "wrong_kind", "wrong_side", "missing_subject",
    ]  # fmt: skip


def test_qualified_takes_a_reason_or_every_answer_of_a_framework(cast: Cast, now: Clock, lead: str) -> None:
    assert codes(lambda: qualify_lead(cast.max, lead, now=now())) == ["missing_qualification"]
    some = {"Budget": "40k", "Authority": " ", "Mood": "good"}
    wrong = refused(lambda: qualify_lead(cast.max, lead, framework="BANT", answers=some, now=now()))
    assert [(each.code, each.column) for each in wrong] == [
        ("answer_missing", "Authority"), ("answer_missing", "Need"), ("answer_missing", "Timing"),
        ("unknown_answer", "Mood"),
    ]  # fmt: skip
    assert codes(lambda: qualify_lead(cast.max, lead, framework="SPIN", now=now())) == ["wrong_framework"]
    row = qualify_lead(cast.max, lead, framework="BANT", answers=BANT, now=now())
    assert row.qualification == "BANT. Budget: 40k approved; Authority: Dan; Need: Waste; Timing: By May"
    with nothing_changes():
        qualify_lead(cast.max, lead, framework="BANT", answers=BANT, now=now())


def test_disqualified_takes_a_reason_and_may_come_back(cast: Cast, now: Clock, lead: str) -> None:
    assert codes(lambda: disqualify_lead(cast.max, lead, reason="  ", now=now())) == ["missing_reason"]
    assert disqualify_lead(cast.max, lead, reason="No  budget", now=now()).disqualified_reason == "No budget"
    back = reopen_lead(cast.ann, lead, now=now())
    assert (back.status, back.disqualified_reason) == ("working", None)
    assert [each.change for each in lead_history(lead)] == ["created", "disqualified", "reopened"]
    at_first = book().as_of(lead_history(lead)[1].valid_from).leads
    assert collect(at_first)["disqualified_reason"].to_list() == ["No budget"]  # type: ignore[arg-type]


def test_whoever_was_slower_sees_what_changed(cast: Cast, now: Clock, lead: str) -> None:
    seen = find_lead(lead).version
    edit_lead(cast.ann, lead, now=now(), changes={"owner": cast.ann.person}, expected_version=seen)
    clash = conflicts(
        lambda: edit_lead(cast.ben, lead, now=now(), changes={"title": "CEO"}, expected_version=seen)
    )
    assert [(each["actor"], each["fields"]) for each in clash.changed] == [
        ("ann@northwind.example", ["owner"])
    ]
    with nothing_changes():
        edit_lead(cast.ben, lead, now=now(), changes={"title": "COO "})


def test_converted_with_a_new_account_and_contact(cast: Cast, now: Clock, lead: str) -> None:
    log_on_lead(cast.ann, lead, kind="meeting", side="buyer", subject="First talk", now=now())
    assert codes(lambda: convert_lead(cast.ann, lead, facts={}, now=now())) == ["lead_not_qualified"]
    qualify_lead(cast.max, lead, reason="Wants an offer", now=now())
    done = convert_lead(cast.ann, lead, facts={"amount": 900}, role="champion", now=now())
    account, contact = Account.objects.get(), Contact.objects.get()
    assert (account.name, account.domain, account.industry, account.employees) == (
        "Delta Foods", "delta.example", "Food", 400,
    )  # fmt: skip
    assert (contact.name, contact.email, contact.account) == ("Dan Dorn", "dan@delta.example", account)
    deal = Deal.objects.get()
    assert (deal, deal.account, deal.stage, deal.source, deal.owner) == (
        done.deal, account, "Prospecting", "Web", cast.ann.person,
    )  # fmt: skip
    assert list(Activity.objects.filter(deal=deal).values_list("kind", "side", "contact")) == [
        ("meeting", "buyer", contact.pk)
    ]
    role = RoleVersion.objects.get()
    assert (role.role, role.contact, role.engaged_at) == (
        "champion",
        contact,
        Activity.objects.first().happened_at,
    )  # type: ignore[union-attr]
    row = find_lead(lead)
    assert (row.status, row.deal, row.contact) == ("converted", deal, contact)
    assert codes(lambda: disqualify_lead(cast.max, lead, reason="x", now=now())) == ["lead_converted"]
    assert codes(lambda: reopen_lead(cast.max, lead, now=now())) == ["lead_converted"]
    assert doctor().problems == ()


def test_converted_into_what_is_there_and_refused_where_that_is_not_clear(
    cast: Cast, now: Clock, lead: str
) -> None:
    first = create_account(cast.ann, now=now(), facts={"name": "Delta Foods Inc", "domain": "delta.example"})
    dan = create_contact(cast.ann, now=now(), facts={"name": "Daniel Dorn", "email": "dan@delta.example"})
    second = create_account(cast.ann, now=now(), facts={"name": "Delta Foods"}, even_if_similar=True)
    unclear = refused(lambda: convert_lead(cast.ann, lead, facts={}, reason="Wants it", now=now()))
    assert [(each.code, each.column, each.value) for each in unclear] == [
        ("likely_duplicate", "account", str(first.pk)), ("likely_duplicate", "account", str(second.pk)),
    ]  # fmt: skip
    done = convert_lead(cast.ann, lead, facts={"account": first}, reason="Wants it", now=now())
    assert (done.deal.account, find_lead(lead).contact) == (first, dan)
    assert Account.objects.count() == 2
    assert [each.change for each in lead_history(lead)] == ["created", "qualified", "converted"]


def test_a_contact_of_another_account_is_refused_and_a_mail_provider_is_no_domain(
    cast: Cast, now: Clock, lead: str, acme: Account
) -> None:
    theirs = create_contact(cast.ann, now=now(), facts={"name": "Cleo Clark", "account": acme})
    asked: dict[str, Any] = {"facts": {}, "reason": "Wants it"}
    assert codes(lambda: convert_lead(cast.ann, lead, contact=theirs, **asked, now=now())) == [
        "wrong_contact"
    ]
    mine = {"name": "Eda Ender", "account": "Ender Ltd", "email": "eda@gmail.com", "source": "Web"}
    private = create_lead(cast.ann, now=now(), facts=mine).lead
    assert convert_lead(cast.ann, private, **asked, now=now()).deal.account.domain == ""
    # What is a deal already is merged as a deal.
    merging = {"winner": lead, "loser": private}
    assert codes(lambda: merge_leads(cast.max, **merging, now=now())) == ["lead_converted"]


def test_a_deal_that_cannot_be_made_leaves_nothing_behind(cast: Cast, now: Clock, lead: str) -> None:
    facts = {"amount": -1, "stage": "Won"}
    assert codes(lambda: convert_lead(cast.ann, lead, facts=facts, reason="Wants it", now=now())) == [
        "not_editable", "wrong_amount",
    ]  # fmt: skip
    assert codes(lambda: convert_lead(cast.ann, lead, facts={}, role="king", reason="x", now=now())) == [
        "wrong_role"
    ]


def test_merged_leads_are_one(cast: Cast, now: Clock, lead: str) -> None:
    other = create_lead(
        cast.ann, now=now(), facts={"name": "Dan Dorn", "phone": "+43 1", "source": "Event"}
    ).lead
    respond(cast.ann, other, subject="Called", now=now())
    touch_lead(cast.max, other, source="Event", campaign="Fair", now=now())
    assert codes(lambda: merge_leads(cast.max, winner=lead, loser=lead, now=now())) == ["wrong_loser"]
    merged = merge_leads(cast.max, winner=lead, loser=other, now=now())
    assert (merged.phone, merged.title, merged.responded_at is None) == ("+43 1", "COO", False)
    assert find_lead(other).lead == lead
    assert sorted(Touch.objects.filter(lead=lead).values_list("source", flat=True)) == [
        "Event",
        "Event",
        "Web",
    ]
    pipeline = pipeline_now(now.at)
    assert collect(pipeline.leads)["lead"].to_list() == [lead]  # type: ignore[arg-type]
    assert doctor().problems == ()


def test_who_may_not(cast: Cast, now: Clock, lead: str) -> None:
    for who in ("fay", "eve"):
        denied(lambda who=who: create_lead(cast[who], now=now(), facts=DAN), Forbidden)  # type: ignore[misc]
        denied(lambda who=who: respond(cast[who], lead, subject="x", now=now()), Forbidden)  # type: ignore[misc]
        denied(lambda who=who: qualify_lead(cast[who], lead, reason="x", now=now()), Forbidden)  # type: ignore[misc]
        denied(lambda who=who: convert_lead(cast[who], lead, facts={}, reason="x", now=now()), Forbidden)  # type: ignore[misc]
        denied(lambda who=who: bulk_leads(cast[who], [lead], what="working", now=now()), Forbidden)  # type: ignore[misc]
    denied(lambda: merge_leads(cast.ann, winner=lead, loser="L9", now=now()), Forbidden)
    denied(lambda: create_campaign(cast.ann, name="X", facts={"source": "Web"}, now=now()), Forbidden)


def test_bulk_answers_for_each_lead(cast: Cast, now: Clock, lead: str) -> None:
    gone = create_lead(cast.max, now=now(), facts={"name": "Eda"}).lead
    qualify_lead(cast.max, gone, reason="x", now=now())
    convert_lead(cast.ann, gone, facts={}, now=now())
    found = bulk_leads(
        cast.max, [lead, gone, "L999", lead], what="disqualified", value="Too small", now=now()
    )
    assert [(each.deal, each.status) for each in found] == [
        (lead, "done"), (gone, "refused"), ("L999", "not_found"),
    ]  # fmt: skip
    assert [
        each.status
        for each in bulk_leads(cast.max, [lead], what="disqualified", value="Too small", now=now())
    ] == ["unchanged"]
    assert codes(lambda: bulk_leads(cast.max, [lead], what="owner", value="Nobody", now=now())) == [
        "wrong_owner"
    ]
    assert codes(lambda: bulk_leads(cast.max, [lead], what="melted", now=now())) == ["wrong_what"]
    bulk_leads(cast.max, [lead], what="owner", value="Ann Archer", now=now())
    assert find_lead(lead).owner == cast.ann.person


def test_what_a_campaign_costs_has_both_times(cast: Cast, now: Clock) -> None:
    days = {"starts_on": dt.date(2026, 3, 1), "ends_on": dt.date(2026, 3, 31)}
    create_campaign(cast.max, name="Spring", facts={"source": "Web", "cost": 100_000, **days}, now=now())
    before = now.at
    now.days(3)
    edit_campaign(cast.max, "Spring", changes={"cost": 150_000}, now=now())
    assert [each.cost for each in campaign_history("Spring")] == [150_000, 100_000]
    assert collect(book().as_of(before).campaigns)["cost"].to_list() == [100_000]  # type: ignore[arg-type]
    assert collect(pipeline_now(now.at).campaigns)["cost"].to_list() == [150_000]  # type: ignore[arg-type]
    assert codes(lambda: create_campaign(cast.max, name="Spring", facts={"source": ""}, now=now())) == [
        "missing_source", "wrong_name",
    ]  # fmt: skip
    turned = {"ends_on": dt.date(2026, 1, 1), "cost": -5, "currency": "XXQ"}
    assert codes(lambda: edit_campaign(cast.max, "Spring", changes=turned, now=now())) == [
        "wrong_ends_on", "wrong_amount", "wrong_currency",
    ]  # fmt: skip
    remove_campaign(cast.max, "Spring", now=now())
    assert collect(pipeline_now(now.at).campaigns).is_empty()  # type: ignore[arg-type]
    assert doctor().problems == ()
