"""Deals over the API: every field exact, every refusal in the verbs' own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stageproof.actions.deals import edit_deal, find_deal, move_deal
from stageproof.engine.problem import Refused
from stageproof.records.models import Account, Deal, DealVersion, Person
from tests.actions.conftest import Cast, Clock
from tests.actions.database import nothing_changes
from tests.actions.won_deal import expanding, won
from tests.api.conftest import Caller

__all__ = ["expanding", "won"]

Api = Callable[..., Caller]


def test_a_deal_is_created_read_and_edited(api: Api, acme: Account) -> None:
    ann = api("ann")
    facts = {
        "name": "Acme rollout", "account": acme.pk, "amount": {"amount": "12500.50", "currency": "EUR"},
        "close_on": "2026-12-31", "source": "Referral", "custom": {"region": "North"},
    }  # fmt: skip
    made = ann.post("/deals", facts)
    assert made.status == 201
    key = made.body["key"]
    assert made.raw["ETag"] == '"1"'
    shown = ann.get(f"/deals/{key}").body
    assert shown["amount"] == {"amount": "12500.50", "currency": "EUR"}
    assert shown["account"] == {"id": acme.pk, "name": "Acme Corp"}
    assert shown["owner"]["name"] == "Ann Archer"
    assert (shown["stage"], shown["status"], shown["version"]) == ("Prospecting", "open", 1)
    assert shown["custom"] == {"region": "North"}
    assert [each["change"] for each in shown["versions"]] == ["created"]
    edited = ann.patch(f"/deals/{key}", {"close_on": "2027-01-31", "expected_version": 1})
    assert (edited.status, edited.body["version"], edited.body["close_on"]) == (200, 2, "2027-01-31")
    # What was left out is not touched.
    assert edited.body["amount"] == {"amount": "12500.50", "currency": "EUR"}
    assert Deal.objects.get(key=key).amount == 1_250_050
    version = DealVersion.objects.get(deal__key=key, change="edited")
    assert (version.actor, version.door) == ("ann@northwind.example", "api")


def test_a_move_is_refused_with_every_reason_of_the_verb(
    cast: Cast, api: Api, deal: Deal, now: Clock
) -> None:
    with pytest.raises(Refused) as refused:
        move_deal(cast.ann, deal.key, to="Qualification", now=now())
    caller = api("ann")
    with nothing_changes():
        answer = caller.post(f"/deals/{deal.key}/move", {"to": "Qualification", "expected_version": 1})
    assert answer.status == 422
    assert answer.body == {"problems": [problem.as_dict() for problem in refused.value.problems]}
    assert len(answer.body["problems"]) > 1


def test_a_ready_deal_moves(api: Api, ready: Callable[[], Deal]) -> None:
    deal = ready()
    answer = api("ann").post(f"/deals/{deal.key}/move", {"to": "Discovery", "expected_version": deal.version})
    assert (answer.status, answer.body["stage"], answer.body["kind"]) == (200, "Discovery", "forward")
    assert answer.raw["ETag"] == f'"{deal.version + 1}"'


def test_who_was_slower_learns_what_changed(cast: Cast, api: Api, deal: Deal, now: Clock) -> None:
    edit_deal(cast.mia, deal.key, now=now(), changes={"amount": 1_000_000})
    caller = api("ann")
    with nothing_changes():
        by_body = caller.post(
            f"/deals/{deal.key}/move", {"to": "lost", "lost_reason": "Price", "expected_version": 1}
        )
        by_header = caller.patch(f"/deals/{deal.key}", {"name": "Mine"}, **{"If-Match": '"1"'})
    for answer in (by_body, by_header):
        assert (answer.status, answer.codes) == (409, ["changed_meanwhile"])
        assert answer.body["version"] == 2
        (change,) = answer.body["changed"]
        assert (change["actor"], change["fields"]) == ("mia@northwind.example", ["amount"])
    assert caller.patch(f"/deals/{deal.key}", {"name": "Mine"}, **{"If-Match": '"2"'}).status == 200


@pytest.mark.parametrize("header", ["abc", '"1.0"', '"-1"', '"99999999999999999999999"'])
def test_a_strange_if_match_is_refused(api: Api, deal: Deal, header: str) -> None:
    answer = api("ann").patch(f"/deals/{deal.key}", {"name": "Mine"}, **{"If-Match": header})
    assert (answer.status, answer.codes) == (422, ["wrong_if_match"])


def test_stage_and_status_change_by_moving_alone(api: Api, deal: Deal) -> None:
    caller = api("ann")
    with nothing_changes():
        answer = caller.patch(
            f"/deals/{deal.key}", {"stage": "Closing", "status": "won", "team": 3, "key": "X"}
        )
    assert answer.status == 422
    assert sorted(problem["column"] for problem in answer.body["problems"]) == [
        "key",
        "stage",
        "status",
        "team",
    ]
    remedies = {problem["column"]: problem["remedy"] for problem in answer.body["problems"]}
    assert remedies["stage"] == remedies["status"] == "Stage and status change by moving the deal."
    assert remedies["team"] == "Leave it out."


def test_missing_and_not_visible_look_the_same(api: Api, deal: Deal) -> None:
    otto = api("otto")
    for path in ("", "/versions", "/evidence", "/roles", "/activities"):
        hidden, missing = otto.get(f"/deals/{deal.key}{path}"), otto.get(f"/deals/NOPE{path}")
        assert (hidden.status, missing.status) == (404, 404)
        assert (
            hidden.body["problems"][0]["says"].replace(deal.key, "NOPE")
            == missing.body["problems"][0]["says"]
        )
    with nothing_changes():
        assert otto.post(f"/deals/{deal.key}/move", {"to": "lost", "lost_reason": "x"}).status == 404
        assert otto.patch(f"/deals/{deal.key}", {"name": "x"}).status == 404
    assert otto.get("/deals", status="all").body["items"] == []


def test_seeing_is_not_editing(api: Api, deal: Deal) -> None:
    caller = api("eve")
    with nothing_changes():
        answer = caller.patch(f"/deals/{deal.key}", {"name": "Mine"})
    assert (answer.status, answer.codes) == (403, ["not_allowed"])


def test_a_past_day_is_read_as_it_was(cast: Cast, api: Api, deal: Deal, now: Clock) -> None:
    now.days(5)
    edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 1_000_000, "owner": cast.ben.person})
    caller = api("ann")
    then = caller.get(f"/deals/{deal.key}", as_of="2026-03-03").body
    assert then["amount"] == {"amount": "50000.00", "currency": "EUR"}
    assert (then["owner"]["name"], then["version"], len(then["versions"])) == ("Ann Archer", None, 1)
    assert caller.get(f"/deals/{deal.key}").body["amount"] == {"amount": "10000.00", "currency": "EUR"}
    listed = caller.get("/deals", as_of="2026-03-03").body
    assert [row["amount"]["amount"] for row in listed["items"]] == ["50000.00"]
    assert caller.get(f"/deals/{deal.key}", as_of="2026-01-01").status == 404
    # Known before the edit was recorded: as of now it is still worth what it was.
    known = caller.get(f"/deals/{deal.key}", known_at="2026-03-04").body
    assert known["amount"] == {"amount": "50000.00", "currency": "EUR"}


@pytest.mark.parametrize(
    "when", ["2999-01-01", "yesterday", "2026-13-01", "0001-01-01", "2999-01-01T00:00:00Z"]
)
def test_a_moment_that_is_none_is_refused(api: Api, deal: Deal, when: str) -> None:
    caller = api("ann")
    for name in ("as_of", "known_at"):
        answer = caller.get("/deals", **{name: when})
        assert (answer.status, answer.body["problems"][0]["column"]) == (422, name)


@pytest.fixture
def many(api: Api) -> list[str]:
    """Seven deals of Ann's, three of the same amount and one with none."""
    caller = api("ann")
    amounts = ["100.00", "300.00", "200.00", "200.00", "200.00", None, "50.00"]
    keys = []
    for number, amount in enumerate(amounts):
        facts: dict[str, Any] = {"name": f"Deal {number}"}
        if amount:
            facts["amount"] = {"amount": amount, "currency": "EUR"}
        keys.append(caller.post("/deals", facts).body["key"])
    return keys


@pytest.mark.parametrize("sort", ["-amount", "amount", "name", "-name", "key", "created_at", "-close_on"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_hold_every_deal_once(api: Api, many: list[str], sort: str, limit: int) -> None:
    caller = api("ann")
    whole = [row["key"] for row in caller.get("/deals", sort=sort, limit=100).body["items"]]
    assert sorted(whole) == sorted(many)
    found, cursor = [], None
    while True:
        page = caller.get("/deals", sort=sort, limit=limit, **({"cursor": cursor} if cursor else {})).body
        assert len(page["items"]) <= limit
        assert page["count"] == 7
        found += [row["key"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole


def test_a_cursor_stays_right_while_the_list_changes(api: Api, many: list[str]) -> None:
    caller = api("ann")
    first = caller.get("/deals", sort="-amount", limit=3).body
    caller.post("/deals", {"name": "Ahead", "amount": {"amount": "999.00", "currency": "EUR"}})
    caller.post(f"/deals/{first['items'][0]['key']}/delete", {"reason": "Twice"})
    rest = caller.get("/deals", sort="-amount", limit=100, cursor=first["next"]).body
    seen = [row["key"] for row in first["items"] + rest["items"]]
    assert sorted(seen) == sorted(many)


@pytest.mark.parametrize("cursor", ["x", "!!", "bnVsbA", "WzEsMl0", "W10", "WyJhIiwiYiJd", "e30"])
def test_a_strange_cursor_is_refused(api: Api, many: list[str], cursor: str) -> None:
    answer = api("ann").get("/deals", cursor=cursor)
    assert (answer.status, answer.codes) == (422, ["wrong_cursor"])


@pytest.mark.parametrize(("limit", "status"), [(0, 422), (1000, 200), (1001, 422), ("x", 422)])
def test_no_page_is_beyond_a_thousand(api: Api, deal: Deal, limit: Any, status: int) -> None:
    assert api("ann").get("/deals", limit=limit).status == status


def test_filters_narrow_the_list(cast: Cast, api: Api, deal: Deal, many: list[str]) -> None:
    caller = api("ann")
    assert [row["key"] for row in caller.get("/deals", source="Referral").body["items"]] == [deal.key]
    assert caller.get("/deals", text="rollout").body["count"] == 1
    assert caller.get("/deals", owner="Ann Archer").body["count"] == 8
    assert caller.get("/deals", owner="Ben Baker").body["count"] == 0
    assert caller.get("/deals", stage="Prospecting").body["count"] == 8
    assert caller.get("/deals", period="2026-Q2").body["count"] == 1
    assert caller.get("/deals", status="lost").body["count"] == 0
    assert caller.get("/deals", period="someday").codes == ["period_unknown"]
    assert caller.get("/deals", sort="secret").codes == ["wrong_sort"]


def test_many_deals_are_each_answered_for(
    api: Api, cast: Cast, deal: Deal, many: list[str], now: Clock
) -> None:
    with pytest.raises(Refused) as refused:
        move_deal(cast.ann, deal.key, to="Discovery", now=now())
    outcomes = (
        api("ann").post("/bulk/move", {"deals": [deal.key, "NOPE"], "to": "Discovery"}).body["outcomes"]
    )
    assert [each["status"] for each in outcomes] == ["refused", "not_found"]
    said = [{name: problem[name] for name in ("says", "remedy")} for problem in outcomes[0]["problems"]]
    assert said == [{"says": each.says, "remedy": each.remedy} for each in refused.value.problems]
    body = {"deals": many, "changes": {"close_on": "2026-11-30"}, "expected_versions": {many[0]: 5}}
    outcomes = api("ann").post("/bulk/edit", body).body["outcomes"]
    assert [each["status"] for each in outcomes] == ["conflict"] + ["done"] * 6


def test_an_owner_who_is_nobody_is_refused_by_the_verb(api: Api, deal: Deal) -> None:
    answer = api("ann").patch(f"/deals/{deal.key}", {"owner": 999_999, "account": 999_999})
    assert sorted(answer.codes) == ["wrong_account", "wrong_owner"]
    ben = Person.objects.get(name="Ben Baker")
    assert api("ann").patch(f"/deals/{deal.key}", {"owner": ben.pk}).body["owner"] == {
        "id": ben.pk,
        "name": ben.name,
    }


def test_two_deals_become_one(api: Api, cast: Cast, deal: Deal, many: list[str]) -> None:
    answer = api("ann").post(f"/deals/{deal.key}/merge", {"loser": many[0]})
    assert (answer.status, answer.body["key"]) == (200, deal.key)
    assert api("ann").get(f"/deals/{many[0]}").status == 404
    assert find_deal(cast.ann, deal.key).status == "open"


@pytest.mark.usefixtures("expanding")
def test_a_renewal_follows_a_won_deal_once(api: Api, won: Deal) -> None:
    opened = api("ann").post(f"/deals/{won.key}/expansion", {"deal_type": "renewal"})
    assert (opened.status, opened.body["follows"], opened.body["deal_type"]) == (200, won.key, "renewal")
    again = api("ann").post(f"/deals/{won.key}/expansion", {"deal_type": "renewal"})
    assert (again.status, again.body["problems"][0]["code"]) == (422, "renewal_open")
