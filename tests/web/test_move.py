"""Moving a deal: refused in the gate's own words, done once, and told to whoever came too late."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from stageproof.actions.deals import edit_deal, move_deal
from stageproof.engine.problem import Refused
from stageproof.records.models import Deal, DealVersion
from tests.web.conftest import PART, Cast, Clock, problems_of, text_of

At = Callable[[str], Client]


def test_a_refusal_says_word_for_word_what_the_verb_says(at: At, cast: Cast, deal: Deal, now: Clock) -> None:
    with pytest.raises(Refused) as refused:
        move_deal(cast.ann, deal.key, to="Proposal", now=now())
    page = at("ann").post(f"/deals/{deal.key}/move", {"to": "Proposal"})
    part = at("ann").post(f"/deals/{deal.key}/move", {"to": "Proposal"}, **PART)
    expected = [(each.says, each.remedy.rstrip(".")) for each in refused.value.problems]
    assert page.status_code == part.status_code == 422
    assert problems_of(page) == problems_of(part) == expected
    # Prospecting, Discovery and Qualification ask for nine things, and the account is known.
    assert len(expected) == 8
    assert part["HX-Retarget"] == "#dialog"


def test_a_refused_move_changes_nothing(at: At, deal: Deal) -> None:
    at("ann").post(f"/deals/{deal.key}/move", {"to": "won"})
    deal.refresh_from_db()
    assert (deal.stage, deal.status, deal.version) == ("Prospecting", "open", 1)
    assert DealVersion.objects.filter(deal=deal).count() == 1


def test_an_allowed_move_is_done_once_and_offers_to_undo_it(
    at: At, deal: Deal, ready: Callable[[], Deal]
) -> None:
    version = ready().version
    answer = at("ann").post(
        f"/deals/{deal.key}/move", {"to": "Discovery", "expected_version": version}, **PART
    )
    deal.refresh_from_db()
    events = json.loads(answer["HX-Trigger"])
    assert (answer.status_code, deal.stage, deal.version) == (204, "Discovery", version + 1)
    assert events["toast"]["text"] == "Acme rollout is now in Discovery."
    undone = at("ann").post(events["toast"]["undo"]["url"], events["toast"]["undo"]["values"], **PART)
    deal.refresh_from_db()
    assert (undone.status_code, deal.stage) == (204, "Prospecting")


def test_on_the_board_the_answer_carries_the_card_and_both_columns(
    at: At, deal: Deal, ready: Callable[[], Deal]
) -> None:
    ready()
    answer = at("ann").post(f"/deals/{deal.key}/move", {"to": "Discovery", "on_board": "1"}, **PART)
    body = answer.content.decode()
    assert 'id="head-0"' in body
    assert 'id="head-1"' in body
    assert 'id="head-2"' not in body
    assert f'<li id="card-{deal.key}" hx-swap-oob="delete"></li>' in body
    assert '<ol id="cards-1" hx-swap-oob="afterbegin">' in body
    assert "1 open deal" in text_of(answer)


def test_without_script_the_person_lands_on_the_deal_with_the_news(
    at: At, deal: Deal, ready: Callable[[], Deal]
) -> None:
    ready()
    browser = at("ann")
    answer = browser.post(f"/deals/{deal.key}/move", {"to": "Discovery"}, follow=True)
    assert answer.redirect_chain == [(f"/deals/{deal.key}", 302)]
    assert "Acme rollout is now in Discovery." in text_of(answer)


def test_who_moves_on_an_old_version_is_told_what_changed_and_by_whom(
    at: At, cast: Cast, deal: Deal, now: Clock
) -> None:
    edit_deal(cast.mia, deal.key, now=now(), changes={"amount": 6_000_000})
    answer = at("ann").post(
        f"/deals/{deal.key}/move", {"to": "lost", "lost_reason": "Price", "expected_version": 1}, **PART
    )
    words = text_of(answer)
    assert answer.status_code == 409
    assert "mia@northwind.example changed amount." in words
    assert "edited: amount" in words
    deal.refresh_from_db()
    assert deal.status == "open"


def test_losing_asks_for_the_reason_right_there_and_takes_it(at: At, deal: Deal) -> None:
    asked = at("ann").post(f"/deals/{deal.key}/move", {"to": "lost"}, **PART)
    assert problems_of(asked) == [("A lost deal needs a reason.", "Say why it was lost")]
    assert 'name="lost_reason"' in asked.content.decode()
    done = at("ann").post(f"/deals/{deal.key}/mend", {"to": "lost", "lost_reason": "No budget"}, **PART)
    deal.refresh_from_db()
    assert (done.status_code, deal.status, deal.lost_reason) == (204, "lost", "No budget")


def test_reopening_asks_for_a_reason(at: At, cast: Cast, deal: Deal, now: Clock) -> None:
    move_deal(cast.ann, deal.key, to="lost", lost_reason="Silence", now=now())
    asked = at("ann").post(f"/deals/{deal.key}/move", {"to": "Prospecting"}, **PART)
    assert ("Reopening a closed deal needs a reason.", "Say why it is open again") in problems_of(asked)
    assert 'name="reason"' in asked.content.decode()


@pytest.mark.parametrize(
    ("name", "status"), [("otto", 404), ("ben", 403), ("max", 403), ("fay", 403), ("eve", 403)]
)
def test_who_may_not_change_the_deal_does_not(at: At, deal: Deal, name: str, status: int) -> None:
    for path in ("move", "mend"):
        answer = at(name).post(f"/deals/{deal.key}/{path}", {"to": "lost", "lost_reason": "x"})
        assert answer.status_code == status
    deal.refresh_from_db()
    assert (deal.status, deal.version) == ("open", 1)


def test_the_form_without_script_offers_every_stage_but_the_present(at: At, deal: Deal) -> None:
    body = at("ann").get(f"/deals/{deal.key}/move").content.decode()
    assert body.count('name="to"') == 8
    assert 'value="Prospecting" required disabled' in body
