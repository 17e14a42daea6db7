"""Mending: what a refusal asks for is filled in where it was refused, recorded by its verb, and the move done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client

from stageproof.records.models import Activity, Deal, EvidenceVersion, RoleVersion
from tests.web.conftest import PART, Cast, Clock, problems_of, text_of

At = Callable[[str], Client]
DUE = "2026-03-09"
STEP = {"next_step-0-next_step": "Workshop with Cleo", "next_step-0-next_step_on": DUE}
REPLY = {"buyer_replied-0-subject": "First call"}


def test_filling_in_what_is_missing_moves_the_deal(at: At, deal: Deal) -> None:
    answer = at("ann").post(
        f"/deals/{deal.key}/mend", {"to": "Discovery", "expected_version": 1, **STEP, **REPLY}, **PART
    )
    deal.refresh_from_db()
    assert answer.status_code == 204
    assert (deal.stage, deal.next_step, deal.next_step_on) == (
        "Discovery",
        "Workshop with Cleo",
        dt.date(2026, 3, 9),
    )
    activity = Activity.objects.get(deal=deal)
    assert (activity.kind, activity.side, activity.subject, activity.door) == (
        "meeting",
        "buyer",
        "First call",
        "page",
    )


def test_what_was_filled_in_stays_where_the_rest_is_still_missing(at: At, deal: Deal) -> None:
    answer = at("ann").post(
        f"/deals/{deal.key}/mend", {"to": "Discovery", "expected_version": 1, **STEP}, **PART
    )
    deal.refresh_from_db()
    assert answer.status_code == 422
    assert (deal.stage, deal.next_step) == ("Prospecting", "Workshop with Cleo")
    assert [says for says, _ in problems_of(answer)] == [
        "Prospecting: The buyer answered or met us. Missing: an activity with the buyer."
    ]
    assert "1 thing recorded. This is still missing." in text_of(answer)


def test_evidence_role_and_step_are_taken_together(at: At, deal: Deal) -> None:
    given = {
        **STEP, **REPLY, "to": "Qualification", "expected_version": 1,
        "pain_confirmed-0-what": "Invoices take nine days", "pain_confirmed-0-given_by": "Cleo Clark",
        "impact_measured-0-what": "40,000 a month", "impact_measured-0-given_by": "Cleo Clark",
        "champion-0-name": "Cleo Clark", "champion-0-engaged_on": "2026-03-01",
    }  # fmt: skip
    answer = at("ann").post(f"/deals/{deal.key}/mend", given, **PART)
    deal.refresh_from_db()
    assert (answer.status_code, deal.stage) == (204, "Qualification")
    kinds = EvidenceVersion.objects.filter(deal=deal).values_list("kind", "side", "given_by", "actor")
    assert sorted(kinds) == [
        ("metrics", "buyer", "Cleo Clark", "ann@northwind.example"),
        ("pain", "buyer", "Cleo Clark", "ann@northwind.example"),
    ]
    role = RoleVersion.objects.get(deal=deal)
    # Noon of the day in Vienna, an hour ahead of UTC in winter.
    assert (role.role, role.contact.name) == ("champion", "Cleo Clark")
    assert role.engaged_at == dt.datetime(2026, 3, 1, 11, tzinfo=dt.UTC)


def test_a_wrong_field_is_told_at_its_place_and_keeps_what_was_typed(at: At, deal: Deal) -> None:
    given = {
        **REPLY,
        "to": "Discovery",
        "expected_version": 1,
        "next_step-0-next_step": "Meet",
        "next_step-0-next_step_on": "soon",
    }
    answer = at("ann").post(f"/deals/{deal.key}/mend", given, **PART)
    words = text_of(answer)
    deal.refresh_from_db()
    assert (answer.status_code, deal.stage, deal.next_step) == (422, "Prospecting", None)
    assert "'soon' is not a date. Write it as 2026-03-31." in words
    assert 'value="Meet"' in answer.content.decode()
    assert Activity.objects.filter(deal=deal).count() == 1


def test_evidence_without_who_gave_it_is_refused_in_the_words_of_its_verb(at: At, deal: Deal) -> None:
    given = {"to": "Qualification", "pain_confirmed-0-what": "Invoices take nine days"}
    answer = at("ann").post(f"/deals/{deal.key}/mend", given, **PART)
    assert "It is not said who gave this. Name the person at the buyer." in text_of(answer)
    assert not EvidenceVersion.objects.filter(deal=deal).exists()


WAIVERS = {
    f"{criterion}-waive-{name}": value
    for criterion in ("buyer_replied", "next_step")
    for name, value in (("reason", "They asked for a quote first"), ("expires_on", "2026-03-20"))
}


def test_a_manager_waives_where_a_rep_is_not_offered_to(at: At, deal: Deal) -> None:
    refused = {
        name: at(name).post(f"/deals/{deal.key}/move", {"to": "Discovery"}, **PART) for name in ("ann", "mia")
    }
    assert "Waive this instead" not in text_of(refused["ann"])
    assert text_of(refused["mia"]).count("Waive this instead") == 2
    done = at("mia").post(f"/deals/{deal.key}/mend", {"to": "Discovery", **WAIVERS}, **PART)
    deal.refresh_from_db()
    assert (done.status_code, deal.stage) == (204, "Discovery")
    waivers = EvidenceVersion.objects.filter(deal=deal, kind="waiver").values_list(
        "criterion", "verified_by", "expires_on"
    )
    assert sorted(waivers) == [
        ("buyer_replied", "mia@northwind.example", dt.date(2026, 3, 20)),
        ("next_step", "mia@northwind.example", dt.date(2026, 3, 20)),
    ]


def test_a_rep_who_sends_a_waiver_all_the_same_is_refused(at: At, deal: Deal) -> None:
    answer = at("ann").post(f"/deals/{deal.key}/mend", {"to": "Discovery", **WAIVERS}, **PART)
    deal.refresh_from_db()
    assert (answer.status_code, deal.stage) == (422, "Prospecting")
    assert not EvidenceVersion.objects.filter(deal=deal).exists()


def test_a_waiver_beyond_the_limit_is_told_with_the_limit(at: At, deal: Deal) -> None:
    given = {**WAIVERS, "to": "Discovery", "next_step-waive-expires_on": "2026-12-31"}
    answer = at("mia").post(f"/deals/{deal.key}/mend", given, **PART)
    assert "A waiver needs an expiry that lies ahead. Choose a day within the next 30 days." in text_of(
        answer
    )


@pytest.mark.usefixtures("deal")
def test_nothing_filled_in_is_refused_as_before(at: At, cast: Cast, deal: Deal, now: Clock) -> None:
    first = at("ann").post(f"/deals/{deal.key}/move", {"to": "Discovery"}, **PART)
    again = at("ann").post(f"/deals/{deal.key}/mend", {"to": "Discovery"}, **PART)
    assert problems_of(first) == problems_of(again)
    assert len(problems_of(again)) == 2
