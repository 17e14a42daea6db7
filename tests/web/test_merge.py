"""Merging deals, accounts and contacts at their pages: seen first, then done, and refused to whom it is not allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.accounts import create_account, edit_account
from stageproof.actions.activities import log_activity
from stageproof.actions.contacts import create_contact
from stageproof.actions.deals import create_deal, move_deal
from stageproof.records.models import Account, Contact, Deal, RoleVersion
from tests.web.conftest import PART, Cast, Clock, text_of

At = Callable[[str], Client]


@pytest.fixture
def twin(cast: Cast, now: Clock, acme: Account) -> Account:
    facts = {"name": "ACME, Inc.", "industry": "Glass", "employees": 120}
    return create_account(cast.ann, now=now(), facts=facts, even_if_similar=True)


def test_likely_accounts_are_offered_and_others_are_found_by_name(
    at: At, cast: Cast, acme: Account, twin: Account, now: Clock
) -> None:
    create_account(cast.ann, now=now(), facts={"name": "Zebra"})
    words = text_of(at("mia").get(f"/accounts/{acme.pk}/merge"))
    assert "Likely the same as Acme Corp ACME, Inc. Has the same name" in words
    assert "Zebra" not in words
    assert "Zebra" in text_of(at("mia").get(f"/accounts/{acme.pk}/merge?q=zeb"))


def test_what_becomes_of_each_fact_is_shown_before(at: At, acme: Account, twin: Account, deal: Deal) -> None:
    words = text_of(at("mia").get(f"/accounts/{acme.pk}/merge?with={twin.pk}"))
    assert "Acme Corp goes on; ACME, Inc. becomes part of it" in words
    assert "Industry – Glass Glass filled in" in words
    assert "Nothing else hangs on the one that goes." in words
    words = text_of(at("mia").get(f"/accounts/{acme.pk}/merge?with={twin.pk}&keep=other"))
    assert "ACME, Inc. goes on; Acme Corp becomes part of it" in words
    assert "Passes over: 1 deal ." in words


def test_two_accounts_become_one(at: At, acme: Account, twin: Account, deal: Deal) -> None:
    path = f"/accounts/{acme.pk}/merge"
    done = at("mia").post(path, {"winner": twin.pk, "loser": acme.pk})
    assert done.url == f"/accounts/{twin.pk}"
    deal.refresh_from_db()
    twin.refresh_from_db()
    assert (deal.account_id, twin.domain) == (twin.pk, "acme.example")
    words = text_of(at("ann").get(f"/accounts/{acme.pk}"))
    assert "Took in Acme Corp" in words
    assert "No account is here twice" in text_of(at("mia").get("/accounts/duplicates"))


def test_an_account_is_taken_out_and_put_back(at: At, acme: Account, twin: Account, deal: Deal) -> None:
    ann = at("ann")
    assert f'action="/accounts/{twin.pk}/delete"' in ann.get(f"/accounts/{twin.pk}").content.decode()
    assert f"/accounts/{twin.pk}/delete" not in at("fay").get(f"/accounts/{twin.pk}").content.decode()
    held = ann.post(f"/accounts/{acme.pk}/delete", {"reason": "Mistake"})
    assert held.status_code == 422
    assert "1 deal hangs on Acme Corp: Acme rollout." in text_of(held)
    gone = ann.post(f"/accounts/{twin.pk}/delete", {"reason": "Mistake", "expected_version": twin.version})
    assert (gone.status_code, gone.url) == (302, "/accounts")
    assert ann.get(f"/accounts/{twin.pk}").status_code == 404
    assert "ACME, Inc." not in text_of(ann.get("/accounts?tab=all&text=inc"))
    listed = ann.get("/taken-out").content.decode()
    assert "Mistake" in listed
    (back,) = re.findall(r'action="(/changes/[0-9/]+/undo)"', listed)
    assert back not in at("ben").get("/taken-out").content.decode()
    ann.post(back)
    words = text_of(ann.get(f"/accounts/{twin.pk}"))
    assert "Taken out: Mistake" in words
    assert "Put back" in words


def test_a_contact_shows_what_whoever_became_part_of_it_took_part_in(
    at: At, cast: Cast, now: Clock, deal: Deal
) -> None:
    kept, gone = (create_contact(cast.ann, now=now(), facts={"name": name}) for name in ("Cleo", "C. Clark"))
    log_activity(
        cast.ann,
        deal.key,
        kind="meeting",
        side="buyer",
        subject="Talk about steel",
        contact=gone.pk,
        now=now(),
    )
    assert "1 activity" in text_of(at("mia").get(f"/contacts/{kept.pk}/merge?with={gone.pk}"))
    at("mia").post(f"/contacts/{kept.pk}/merge", {"winner": kept.pk, "loser": gone.pk})
    ann = at("ann")
    assert "Talk about steel" in text_of(ann.get(f"/contacts/{kept.pk}"))
    assert "never seen" not in text_of(ann.get("/contacts?text=Cleo"))
    # Cleo alone of the two is listed, and took part lately.
    for seen, listed in (("30", True), ("never", False)):
        words = text_of(ann.get(f"/contacts?seen={seen}&sort=touched_at"))
        assert ("Cleo" in words) is listed


def test_the_page_of_duplicates_leads_to_the_comparison(at: At, acme: Account, twin: Account) -> None:
    page = at("mia").get("/accounts/duplicates").content.decode()
    assert f'href="/accounts/{acme.pk}/merge?with={twin.pk}"' in page
    assert "Likely The same name" in text_of(at("mia").get("/accounts/duplicates"))
    assert "merge?with" not in at("ann").get("/accounts/duplicates").content.decode()


@pytest.mark.parametrize("name", ["ann", "max", "fay", "eve"])
def test_who_may_not_merge_accounts(at: At, acme: Account, twin: Account, name: str) -> None:
    path = f"/accounts/{acme.pk}/merge"
    assert at(name).get(path).status_code == 403
    assert at(name).post(path, {"winner": acme.pk, "loser": twin.pk}).status_code == 403
    assert "Merge…" not in text_of(at(name).get(f"/accounts/{acme.pk}"))
    assert Account.objects.filter(merged_into__isnull=False).count() == 0


@pytest.mark.parametrize("given", [{}, {"winner": "x", "loser": "y"}, {"winner": "999", "loser": "1"}])
def test_a_merge_of_nothing_is_not_found(at: At, acme: Account, given: dict[str, str]) -> None:
    assert at("mia").post(f"/accounts/{acme.pk}/merge", given).status_code == 404


def test_an_account_is_not_merged_with_itself(at: At, acme: Account) -> None:
    path = f"/accounts/{acme.pk}/merge"
    assert at("mia").get(f"{path}?with={acme.pk}").status_code == 404
    answer = at("mia").post(path, {"winner": acme.pk, "loser": acme.pk})
    assert answer.status_code == 422
    assert "An account cannot be merged with itself." in text_of(answer)


def test_two_contacts_become_one_with_the_roles_of_both(
    at: At, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    ready()
    cleo = Contact.objects.get(name="Cleo Clark")
    other = create_contact(cast.ann, now=now(), facts={"name": "C. Clark", "phone": "+43 1 5"})
    words = text_of(at("mia").get(f"/contacts/{other.pk}/merge?with={cleo.pk}"))
    roles = RoleVersion.objects.filter(contact=cleo, valid_to__isnull=True, removed=False).count()
    assert f"Passes over: {roles} role" in words
    done = at("mia").post(f"/contacts/{other.pk}/merge", {"winner": other.pk, "loser": cleo.pk})
    assert done.url == f"/contacts/{other.pk}"
    assert RoleVersion.objects.filter(contact=other, valid_to__isnull=True, removed=False).count() == roles
    assert "cleo@acme.example" in text_of(at("ann").get(f"/contacts/{cleo.pk}"))


def test_two_deals_become_one_and_the_stage_is_the_winners(
    at: At, cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    facts = {"name": "Acme roll-out", "account": acme, "competitor": "Initech"}
    second = create_deal(cast.ann, now=now(), facts=facts).deal
    client = at("ann")
    assert f"with={second.key}" in client.get(f"/deals/{deal.key}/merge").content.decode()
    words = text_of(client.get(f"/deals/{deal.key}/merge?with={second.key}"))
    assert "Competitor – Initech Initech filled in" in words
    form = {"winner": deal.key, "loser": second.key, "expected_version": "1"}
    assert client.post(f"/deals/{deal.key}/merge", form).url == f"/deals/{deal.key}"
    deal.refresh_from_db()
    second.refresh_from_db()
    assert (deal.competitor, deal.stage, second.status) == ("Initech", "Prospecting", "deleted")


def test_a_deal_that_changed_meanwhile_is_not_merged(at: At, cast: Cast, now: Clock, deal: Deal) -> None:
    second = create_deal(cast.ann, now=now(), facts={"name": "Acme roll-out"}).deal
    move_deal(cast.ann, deal.key, to="lost", lost_reason="Price", now=now())
    form = {"winner": deal.key, "loser": second.key, "expected_version": "1"}
    assert at("ann").post(f"/deals/{deal.key}/merge", form).status_code == 409
    second.refresh_from_db()
    assert second.status == "open"


def test_deals_of_others_are_neither_offered_nor_merged(
    at: At, cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    ottos = create_deal(cast.otto, now=now(), facts={"name": "Elsewhere", "account": acme}).deal
    client = at("ann")
    offered = client.get(f"/deals/{deal.key}/merge").content.decode()
    assert re.search(rf"\b{ottos.key}\b", offered) is None
    assert client.get(f"/deals/{deal.key}/merge?with={ottos.key}").status_code == 404
    form = {"winner": deal.key, "loser": ottos.key}
    assert client.post(f"/deals/{deal.key}/merge", form).status_code == 404
    assert at("eve").get(f"/deals/{deal.key}/merge").status_code == 403


def undo_of(response: Any) -> str:
    """Where the page's first button leads that undoes something."""
    found = re.search(r'<form[^>]* action="([^"]*/undo)"', response.content.decode())
    assert found
    return found[1]


def test_a_merge_is_undone_from_its_notice(at: At, acme: Account, twin: Account, deal: Deal) -> None:
    client = at("mia")
    done = client.post(f"/accounts/{acme.pk}/merge", {"winner": twin.pk, "loser": acme.pk}, follow=True)
    assert "The two are one account now: ACME, Inc." in text_of(done)
    back = client.post(undo_of(done), {"next": f"/accounts/{acme.pk}"}, follow=True)
    assert back.redirect_chain == [(f"/accounts/{acme.pk}", 302)]
    assert "Acme Corp and ACME, Inc. are two again." in text_of(back)
    deal.refresh_from_db()
    twin.refresh_from_db()
    assert (deal.account_id, twin.domain) == (acme.pk, "")
    assert client.post("/merges/4711/undo").status_code == 404


def test_a_merge_is_undone_from_the_history_by_whom_may(
    at: At, cast: Cast, now: Clock, acme: Account, deal: Deal
) -> None:
    second = create_deal(cast.ann, now=now(), facts={"name": "Acme roll-out", "account": acme}).deal
    at("ann").post(f"/deals/{deal.key}/merge", {"winner": deal.key, "loser": second.key}, follow=True)
    assert "Acme roll-out" in text_of(at("ann").get("/taken-out"))
    assert "Acme roll-out" not in text_of(at("otto").get("/taken-out"))
    assert "/undo" not in at("ben").get(f"/deals/{deal.key}").content.decode()
    assert "/undo" not in at("ben").get("/taken-out").content.decode()
    url = undo_of(at("ann").get(f"/deals/{deal.key}"))
    assert at("ben").post(url).status_code == 403
    assert at("otto").post(url).status_code == 404
    part = at("ann").post(url, **PART)
    assert json.loads(part["HX-Trigger"])["toast"]["text"].endswith("are two again.")
    second.refresh_from_db()
    assert second.status == "open"
    assert "Merge undone" in text_of(at("ann").get(f"/deals/{deal.key}"))


def test_what_stands_in_the_way_of_an_undo_is_said(at: At, cast: Cast, now: Clock, acme: Account) -> None:
    twin = create_account(cast.ann, now=now(), facts={"name": "Twin", "country": "AT"})
    done = at("mia").post(f"/accounts/{acme.pk}/merge", {"winner": acme.pk, "loser": twin.pk}, follow=True)
    edit_account(cast.ann, acme.pk, now=now(), changes={"country": "DE"})
    answer = at("mia").post(undo_of(done))
    assert answer.status_code == 422
    assert "Acme Corp was changed since the two became one by ann@northwind.example: country." in text_of(
        answer
    )
