"""Leads and campaigns at the API: every verb, its refusals, parts of lists, and any past moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stageproof.records.models import LeadVersion
from tests.actions.conftest import Cast, Clock
from tests.actions.database import nothing_changes
from tests.api.conftest import Caller

Api = Callable[..., Caller]
DAN = {"name": "Dan Dorn", "account": "Delta Foods", "email": "dan@delta.example", "employees": 400, "source": "Web",
       "campaign": "Spring"}  # fmt: skip


@pytest.fixture
def lead(api: Api) -> str:
    made = api("max").post("/leads", DAN)
    assert made.status == 201
    found: str = made.body["lead"]
    return found


def test_from_coming_in_to_a_deal(api: Api, lead: str, now: Clock) -> None:
    ann = api("ann")
    assert ann.post("/leads", {**DAN, "name": "D. Dorn"}).codes == ["likely_duplicate"]
    now.days(1)
    logged = ann.post(f"/leads/{lead}/activities", {"kind": "call", "subject": "Answered"})
    assert (logged.status, logged.body["side"]) == (201, "seller")
    assert ann.post(f"/leads/{lead}/touches", {"source": "Event", "campaign": "Fair"}).status == 201
    assert (
        ann.post(f"/leads/{lead}/qualify", {"framework": "BANT", "answers": {"Budget": "40k"}}).codes
        == ["answer_missing"] * 3
    )
    assert ann.post(f"/leads/{lead}/convert", {}).codes == ["lead_not_qualified"]
    assert ann.post(f"/leads/{lead}/qualify", {"reason": "Wants an offer"}).body["status"] == "qualified"
    now.days(1)
    made = ann.post(
        f"/leads/{lead}/convert", {"amount": {"amount": "900.00", "currency": "EUR"}, "role": "champion"}
    )
    assert (made.status, made.body["account"]["name"], made.body["source"]) == (201, "Delta Foods", "Web")
    body = ann.get(f"/leads/{lead}").body
    assert (body["status"], body["deal"], body["minutes_to_response"]) == (
        "converted",
        made.body["key"],
        1440,
    )
    assert [each["source"] for each in body["touched"]] == ["Web", "Event"]
    assert [each["change"] for each in body["versions"]] == ["created", "answered", "qualified", "converted"]


def test_any_past_moment(api: Api, lead: str, now: Clock) -> None:
    ann = api("ann")
    now.days(2)
    ann.post(f"/leads/{lead}/disqualify", {"reason": "Too small"})
    now.days(2)
    then = ann.get(f"/leads/{lead}", as_of="2026-03-03").body
    assert (then["status"], then["version"], then["disqualified_reason"]) == ("new", None, None)
    assert len(then["versions"]) == 1
    assert [row["status"] for row in ann.get("/leads", as_of="2026-03-03").body["items"]] == ["new"]
    assert [row["status"] for row in ann.get("/leads").body["items"]] == ["disqualified"]
    assert ann.get(f"/leads/{lead}", as_of="2026-03-01").status == 404
    assert ann.get("/leads", as_of="2026-01-01").body["items"] == []


def test_lists_come_in_parts_that_fit(api: Api, lead: str) -> None:
    ann = api("ann")
    more = [ann.post("/leads", {"name": f"Lead {n}", "source": "Event"}).body["lead"] for n in range(4)]
    whole = [row["lead"] for row in ann.get("/leads").body["items"]]
    assert sorted(whole) == sorted([lead, *more])
    found: list[str] = []
    cursor: Any = ""
    while cursor is not None:
        part = ann.get("/leads", limit=2, **({"cursor": cursor} if cursor else {})).body
        found += [row["lead"] for row in part["items"]]
        cursor = part["next"]
    assert found == whole
    assert [row["lead"] for row in ann.get("/leads", source="Web").body["items"]] == [lead]
    assert ann.get("/leads", text="dan@").body["items"][0]["lead"] == lead
    assert ann.get("/leads", cursor="x").codes == ["wrong_cursor"]
    assert ann.get("/leads", period="soon").status == 422


def test_whoever_was_slower_is_told(api: Api, lead: str, cast: Cast) -> None:
    ann, seen = api("ann"), api("ann").get(f"/leads/{lead}")
    tag = seen.raw["ETag"]
    person = cast.ann.person
    assert person is not None
    assert (
        ann.patch(f"/leads/{lead}", {"owner": person.pk}, **{"If-Match": tag}).body["owner"] == "Ann Archer"
    )
    late = ann.patch(f"/leads/{lead}", {"title": "COO"}, **{"If-Match": tag})
    assert (late.status, late.body["changed"][0]["fields"]) == (409, ["owner"])
    wrong = ann.patch(f"/leads/{lead}", {"status": "won", "email": "x", "owner": 9_999})
    assert wrong.codes == ["not_editable", "wrong_email", "wrong_owner"]


def test_merging_and_bulk(api: Api, lead: str) -> None:
    top, ann = api("mia"), api("ann")
    other = top.post("/leads", {"name": "Daniel Dorn", "phone": "1"}).body["lead"]
    with nothing_changes():
        assert ann.post(f"/leads/{lead}/merge", {"loser": other}).status == 403
    assert top.post(f"/leads/{lead}/merge", {"loser": other}).body["phone"] == "1"
    assert top.get(f"/leads/{other}").body["lead"] == lead
    done = top.post("/leads/bulk", {"leads": [lead, "L9"], "what": "disqualified", "value": "Too small"})
    assert [(each["lead"], each["status"]) for each in done.body] == [(lead, "done"), ("L9", "not_found")]
    assert top.post("/leads/bulk", {"leads": [lead], "what": "disqualified"}).codes == ["missing_reason"]
    assert top.post(f"/leads/{lead}/reopen", {}).body["status"] == "working"


@pytest.mark.parametrize("who", ["fay", "eve"])
def test_readers_read_and_change_nothing(api: Api, lead: str, who: str) -> None:
    reader = api(who)
    assert (
        reader.get("/leads").status
        == reader.get(f"/leads/{lead}").status
        == reader.get("/campaigns").status
        == 200
    )
    with nothing_changes():
        for place, body in (
            ("qualify", {"reason": "x"}), ("disqualify", {"reason": "x"}), ("reopen", {}), ("touches", {"source": "x"}),
            ("activities", {"kind": "call", "subject": "x"}), ("convert", {"reason": "x"}),
        ):  # fmt: skip
            assert reader.post(f"/leads/{lead}/{place}", body).status == 403
        assert reader.post("/campaigns", {"name": "X", "source": "Web"}).status == 403
    assert LeadVersion.objects.count() == 1


def test_campaigns_and_their_cost(api: Api, now: Clock) -> None:
    top = api("max")
    cost = {"amount": "3000.00", "currency": "EUR"}
    body = {
        "name": "Spring / Summer",
        "source": "Web",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-30",
        "cost": cost,
    }
    made = top.post("/campaigns", body)
    assert (made.status, made.body["cost"]) == (201, cost)
    place = "/campaigns/Spring / Summer"
    dearer = top.patch(
        place, {"cost": {"amount": "6000.00", "currency": "EUR"}}, **{"If-Match": made.raw["ETag"]}
    )
    assert dearer.body["cost"]["amount"] == "6000.00"
    assert top.patch(place, {"ends_on": "2026-02-01"}).codes == ["wrong_ends_on"]
    now.days(8)
    (line,) = top.get("/campaigns").body["items"]
    # Ten of thirty days are gone.
    assert (line["spent"]["amount"], line["cost"]["amount"]) == ("2000.00", "6000.00")
    (april,) = top.get("/campaigns", period="2026-04").body["items"]
    assert april["spent"]["amount"] == "0.00"
    assert top.send("DELETE", place).status == 200
    assert top.get("/campaigns").body["items"] == []
    assert top.get(place).status == 404
