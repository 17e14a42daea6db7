"""The deal page: its path, its proof, its committee, its history; and what each form on it does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.deals import edit_deal, move_deal
from stageproof.actions.evidence import attach_evidence
from stageproof.records.models import Activity, Deal, DealVersion, EvidenceVersion, RoleVersion
from tests.web.conftest import PART, Cast, Clock, on, text_of

At = Callable[[str], Client]


def states(response: Any) -> dict[str, str]:
    """The state of each criterion, by its id."""
    body = response.content.decode()
    return dict(re.findall(r'class="criterion" data-criterion="(\w+)"><span class="state (\w+)"', body))


def test_each_criterion_stands_with_its_state(at: At, ready: Callable[[], Deal]) -> None:
    deal = ready()
    shown = states(at("ann").get(f"/deals/{deal.key}"))
    assert {name for name, state in shown.items() if state == "met"} == {
        "buyer_replied", "account_known", "next_step", "pain_confirmed", "impact_measured", "champion",
        "amount_known",
    }  # fmt: skip
    assert len(shown) == 16


def test_what_is_missing_is_headed_by_where_it_leads(at: At, deal: Deal, ready: Callable[[], Deal]) -> None:
    assert "2 criteria missing before Discovery" in text_of(at("ann").get(f"/deals/{deal.key}"))
    ready()
    assert "Nothing is missing: it may move to Discovery" in text_of(at("ann").get(f"/deals/{deal.key}"))


def test_the_past_shows_the_states_of_then(at: At, ready: Callable[[], Deal], now: Clock) -> None:
    deal = ready()
    now.days(20)
    # The next step is past by then, and the champion was last seen three weeks ago.
    assert states(at("ann").get(f"/deals/{deal.key}"))["next_step"] == "unmet"
    past = at("ann").get(f"/deals/{deal.key}?as_of=2026-03-04")
    assert states(past)["next_step"] == "met"
    assert "It can be read, not changed." in text_of(past)
    assert f"/deals/{deal.key}/move" not in past.content.decode()


def test_before_the_deal_there_is_nothing(at: At, deal: Deal) -> None:
    assert at("ann").get(f"/deals/{deal.key}?as_of=2026-02-28").status_code == 404


def test_the_timeline_tells_who_did_what_through_which_door(
    at: At, cast: Cast, ready: Callable[[], Deal], now: Clock
) -> None:
    deal = ready()
    edit_deal(cast.mia, deal.key, now=now(), changes={"amount": 6_000_000, "close_on": on("2026-07-31")})
    move_deal(cast.ann, deal.key, to="Discovery", now=now())
    words = text_of(at("ann").get(f"/deals/{deal.key}"))
    for expected in (
        "Moved from Prospecting to Discovery",
        "amount 50,000.00 EUR 60,000.00 EUR",
        "close date Tue 30 Jun Fri 31 Jul",
        "Mia Moser · page",
        "Evidence of pain from Cleo",
        "Cleo Clark is champion",
        "Created in Prospecting",
        "The amount went up by 10.0k EUR",
        "Pushed once, 31 days in all",
    ):
        assert expected in words, expected


def test_the_score_card_counts_what_is_shown(at: At, ready: Callable[[], Deal]) -> None:
    words = text_of(at("ann").get(f"/deals/{ready().key}"))
    # Pain and metrics are given, the champion is known; nobody decides yet.
    assert "BANT 1 of 4" in words
    assert "CHAMP 1 of 4" in words
    assert "MEDDIC 3 of 6" in words


@pytest.mark.parametrize(("name", "status"), [("otto", 404), ("ben", 200), ("eve", 200)])
def test_the_page_opens_for_whom_the_deal_is(at: At, deal: Deal, name: str, status: int) -> None:
    answer = at(name).get(f"/deals/{deal.key}")
    assert answer.status_code == status
    assert f"/deals/{deal.key}/edit" not in answer.content.decode()


def test_a_deal_that_is_not_there_and_one_of_others_look_alike(at: At, deal: Deal) -> None:
    of_others, missing = at("otto").get(f"/deals/{deal.key}"), at("otto").get("/deals/D999")
    assert text_of(of_others).replace(deal.key, "X") == text_of(missing).replace("D999", "X")


def test_edits_are_saved_with_the_way_back(at: At, deal: Deal) -> None:
    client = at("ann")
    form = {"name": "Acme rollout", "amount": "70000", "currency": "EUR", "owner": "Ann Archer", "account": "Acme Corp",
            "close_on": "2026-06-30", "source": "Referral", "expected_version": "1"}  # fmt: skip
    answer = client.post(f"/deals/{deal.key}/edit", form, **PART)
    deal.refresh_from_db()
    assert (answer.status_code, deal.amount, deal.version) == (204, 7_000_000, 2)
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
    client.post(undo["url"], undo["values"], **PART)
    deal.refresh_from_db()
    assert (deal.amount, deal.source, deal.version) == (5_000_000, "Referral", 3)


def test_every_wrong_field_is_told_at_once(at: At, deal: Deal) -> None:
    wrong = {"name": "", "amount": "lots", "close_on": "31.02.2026", "account": "Nowhere Ltd"}
    answer = at("ann").post(f"/deals/{deal.key}/edit", wrong)
    words = text_of(answer)
    assert answer.status_code == 422
    for says in (
        "“lots” is not an amount.",
        "'31.02.2026' is not a date.",
        "There is no account 'Nowhere Ltd'.",
    ):
        assert says in words
    assert 'value="lots"' in answer.content.decode()
    assert DealVersion.objects.filter(deal=deal).count() == 1


def test_a_new_deal_begins_in_the_first_stage_with_its_maker(at: At, acme: object) -> None:
    given = {
        "name": "Fresh",
        "account": "Acme Corp",
        "amount": "1,234.50",
        "currency": "EUR",
        "owner": "Ann Archer",
    }
    answer = at("ann").post("/deals/new", given)
    made = Deal.objects.get(name="Fresh")
    assert answer.url == f"/deals/{made.key}"
    assert made.owner is not None
    assert (made.stage, made.amount, made.owner.name, made.account_id) == (
        "Prospecting",
        123_450,
        "Ann Archer",
        acme.pk,
    )  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "status"), [("fay", 403), ("eve", 403)])
def test_a_new_deal_is_not_for_everyone(at: At, name: str, status: int) -> None:
    assert at(name).get("/deals/new").status_code == status
    assert at(name).post("/deals/new", {"name": "x", "currency": "EUR"}).status_code == status
    assert not Deal.objects.exists()


def test_notes_activities_evidence_and_roles_are_kept(at: At, deal: Deal) -> None:
    client = at("ann")
    client.post(f"/deals/{deal.key}/note", {"text": "They like it"}, **PART)
    call = {"kind": "call", "side": "buyer", "subject": "Pricing", "happened_on": "2026-03-01"}
    client.post(f"/deals/{deal.key}/activity", call, **PART)
    proof = {
        "kind": "Budget",
        "what": "80,000 set aside",
        "given_by": "Dana",
        "side": "buyer",
        "expires_on": "2026-06-01",
    }
    client.post(f"/deals/{deal.key}/evidence", proof, **PART)
    client.post(
        f"/deals/{deal.key}/committee",
        {"name": "Dana Diaz", "title": "CFO", "role": "economic_buyer"},
        **PART,
    )
    assert sorted(Activity.objects.filter(deal=deal).values_list("kind", "subject")) == [
        ("call", "Pricing"), ("note", "They like it"),
    ]  # fmt: skip
    held = EvidenceVersion.objects.get(deal=deal)
    assert (held.kind, held.given_by, held.expires_on, held.actor) == (
        "budget",
        "Dana",
        on("2026-06-01"),
        "ann@northwind.example",
    )
    assert RoleVersion.objects.get(deal=deal).contact.title == "CFO"
    words = text_of(client.get(f"/deals/{deal.key}"))
    assert "80,000 set aside" in words
    assert "Dana Diaz CFO economic buyer" in words
    client.post(
        f"/deals/{deal.key}/committee/end", {"contact": "Dana Diaz", "role": "economic_buyer"}, **PART
    )
    assert RoleVersion.objects.filter(deal=deal).latest("seq").removed


def test_evidence_is_verified_by_another_and_taken_back_with_a_reason(
    at: At, cast: Cast, deal: Deal, now: Clock
) -> None:
    held = attach_evidence(cast.ann, deal.key, kind="budget", what="80,000", given_by="Dana", now=now())
    address = f"/deals/{deal.key}/evidence/{held.evidence}"
    assert at("ann").post(f"{address}/verify", **PART).status_code == 403
    assert at("mia").post(f"{address}/verify", **PART).status_code == 204
    assert EvidenceVersion.objects.latest("seq").verified_by == "mia@northwind.example"
    assert at("ann").post(f"{address}/revoke", {"reason": " "}, **PART).status_code == 422
    assert at("ann").post(f"{address}/revoke", {"reason": "Said in error"}, **PART).status_code == 204
    assert EvidenceVersion.objects.latest("seq").revoked


def test_a_deal_is_taken_out_with_a_reason_and_then_is_not_found(at: At, deal: Deal) -> None:
    client = at("ann")
    assert client.post(f"/deals/{deal.key}/delete", {"reason": ""}).status_code == 422
    assert client.post(f"/deals/{deal.key}/delete", {"reason": "Twin"}).url == "/board"
    assert client.get(f"/deals/{deal.key}").status_code == 404
    assert DealVersion.objects.filter(deal=deal).latest("seq").note == "Twin"


@pytest.mark.parametrize(
    "path", ["note", "activity", "evidence", "committee", "committee/end", "delete", "edit"]
)
def test_nobody_writes_to_a_deal_of_another_team(at: At, deal: Deal, path: str) -> None:
    given = {
        "text": "x",
        "kind": "call",
        "side": "buyer",
        "subject": "x",
        "what": "x",
        "given_by": "x",
        "reason": "x",
        "name": "x",
    }
    assert at("otto").post(f"/deals/{deal.key}/{path}", given).status_code == 404
    assert (Activity.objects.count(), EvidenceVersion.objects.count(), RoleVersion.objects.count()) == (
        0,
        0,
        0,
    )
    assert DealVersion.objects.count() == 1


def test_what_people_write_is_shown_as_text(at: At, cast: Cast, deal: Deal, now: Clock) -> None:
    edit_deal(
        cast.ann,
        deal.key,
        now=now(),
        changes={"name": "<script>alert(1)</script>", "next_step": "\"'<img src=x>"},
    )
    for page in (
        f"/deals/{deal.key}",
        "/board",
        "/pipeline",
        "/search?q=script",
        f"/deals/{deal.key}/edit",
        "/palette?q=script",
    ):
        body = at("ann").get(page).content.decode()
        assert "<script>alert" not in body, page
        assert "<img src=x" not in body, page
        assert "alert(1)" in body, page
