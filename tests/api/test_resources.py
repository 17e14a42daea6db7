"""Every other resource: what is sent comes back, and its refusals are the verbs' own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stageproof.records.models import Account, Deal, DefinitionVersion, EvidenceVersion, RoleVersion
from tests.actions.conftest import Cast
from tests.actions.database import nothing_changes
from tests.api.conftest import Caller

Api = Callable[..., Caller]


def test_evidence_is_attached_verified_and_taken_back(api: Api, deal: Deal) -> None:
    ann, mia = api("ann"), api("mia")
    said = {
        "kind": "pain",
        "what": "Costs double",
        "given_by": "Cleo Clark",
        "given_at": "2026-03-01T10:00:00+01:00",
    }
    made = ann.post(f"/deals/{deal.key}/evidence", said)
    assert made.status == 201
    evidence = made.body["evidence"]
    assert (made.body["given_at"], made.body["verified_by"]) == ("2026-03-01T09:00:00Z", None)
    with nothing_changes():
        assert ann.post(f"/evidence/{evidence}/verify").codes == ["not_allowed"]
    assert mia.post(f"/evidence/{evidence}/verify").body["verified_by"] == "mia@northwind.example"
    assert (
        ann.post(f"/evidence/{evidence}/expire", {"expires_on": "2026-06-30"}).body["expires_on"]
        == "2026-06-30"
    )
    assert [row["evidence"] for row in ann.get(f"/deals/{deal.key}/evidence").body["items"]] == [evidence]
    full = ann.get(f"/deals/{deal.key}").body
    assert [row["what"] for row in full["evidence"]] == ["Costs double"]
    assert ann.post(f"/evidence/{evidence}/revoke", {"reason": " "}).codes == ["missing_reason"]
    assert ann.post(f"/evidence/{evidence}/revoke", {"reason": "Misheard"}).body["revoked"] is True
    assert ann.get(f"/deals/{deal.key}/evidence").body["items"] == []
    assert EvidenceVersion.objects.filter(evidence=evidence).count() == 4


def test_a_waiver_lets_a_criterion_pass(api: Api, deal: Deal) -> None:
    ann, olga = api("ann"), api("olga")
    asked = {"criterion": "next_step", "reason": "Year's end", "expires_on": "2026-03-20"}
    denied = ann.post(f"/deals/{deal.key}/waivers", asked)
    assert denied.status == 422
    assert "waiver_not_allowed" in denied.codes
    refused = ann.post(f"/deals/{deal.key}/move", {"to": "Discovery"}).body["problems"]
    unmet = [problem["column"] for problem in refused]
    for criterion in unmet:
        answer = olga.post(f"/deals/{deal.key}/waivers", {**asked, "criterion": criterion})
        assert answer.status == 201, answer.body
    states = {each["criterion"]: each["state"] for each in ann.get(f"/deals/{deal.key}").body["criteria"]}
    assert {states[criterion] for criterion in unmet} == {"waived"}
    moved = ann.post(f"/deals/{deal.key}/move", {"to": "Discovery"})
    assert (moved.status, moved.body["waived"]) == (200, unmet)


def test_the_committee_is_kept(api: Api, deal: Deal) -> None:
    ann = api("ann")
    cleo = {"name": "Cleo Clark", "email": "cleo@acme.example", "title": "CFO"}
    made = ann.post(f"/deals/{deal.key}/roles", {"contact": cleo, "role": "champion"})
    assert (made.status, made.body["title"]) == (201, "CFO")
    contact = made.body["contact"]["id"]
    twice = ann.post(f"/deals/{deal.key}/roles", {"contact": contact, "role": "champion"})
    assert (twice.status, twice.codes) == (422, ["role_held_already"])
    place = f"/deals/{deal.key}/roles/{contact}"
    assert ann.patch(f"{place}/champion", {"to": "economic_buyer"}).body["role"] == "economic_buyer"
    engaged = ann.patch(f"{place}/economic_buyer", {"engaged_at": "2026-03-01T12:00:00Z"})
    assert engaged.body["engaged_at"] == "2026-03-01T12:00:00Z"
    assert ann.patch(f"{place}/economic_buyer", {}).status == 422
    (shown,) = ann.get(f"/deals/{deal.key}").body["roles"]
    assert (shown["contact"], shown["role"]) == ({"id": contact, "name": "Cleo Clark"}, "economic_buyer")
    assert ann.send("DELETE", f"{place}/economic_buyer").status == 200
    assert ann.send("DELETE", f"{place}/economic_buyer").status == 404
    assert ann.get(f"/deals/{deal.key}/roles").body["items"] == []
    assert RoleVersion.objects.filter(deal=deal).count() == 5


def test_activities_and_notes_come_newest_first(api: Api, deal: Deal) -> None:
    ann = api("ann")
    for subject in ("First", "Second", "Third"):
        answer = ann.post(
            f"/deals/{deal.key}/activities", {"kind": "call", "side": "buyer", "subject": subject}
        )
        assert answer.status == 201
    assert api("max").post(f"/deals/{deal.key}/notes", {"text": "Seen at the fair"}).status == 201
    page = ann.get(f"/deals/{deal.key}/activities", limit=3).body
    assert [row["subject"] for row in page["items"]] == ["Seen at the fair", "Third", "Second"]
    rest = ann.get(f"/deals/{deal.key}/activities", cursor=page["next"]).body
    assert ([row["subject"] for row in rest["items"]], rest["next"]) == (["First"], None)
    wrong = ann.post(f"/deals/{deal.key}/activities", {"kind": "dance", "side": "us", "subject": " "})
    assert wrong.codes == ["wrong_kind", "wrong_side", "missing_subject"]


@pytest.mark.parametrize("what", ["accounts", "contacts"])
def test_accounts_and_contacts(api: Api, acme: Account, what: str) -> None:
    ann, mia = api("ann"), api("mia")
    first = ann.post(
        f"/{what}", {"name": "Zeta Works"} | ({"account": acme.pk} if what == "contacts" else {})
    )
    assert (first.status, first.body["version"]) == (201, 1)
    again = {"name": "ZETA works"} | ({"account": acme.pk} if what == "contacts" else {})
    assert ann.post(f"/{what}", again).codes == ["likely_duplicate"]
    other = ann.post(f"/{what}", {**again, "even_if_similar": True}).body
    place = f"/{what}/{first.body['id']}"
    field = "domain" if what == "accounts" else "email"
    edited = ann.patch(place, {field: "zeta@zeta.example"}, **{"If-Match": first.raw["ETag"]})
    assert (edited.status, edited.body["version"], edited.body[field]) == (200, 2, "zeta@zeta.example")
    late = ann.patch(place, {field: ""}, **{"If-Match": first.raw["ETag"]})
    assert (late.status, late.body["version"]) == (409, 2)
    assert ann.patch(place, {"colour": "red"}).codes == ["not_editable"]
    with nothing_changes():
        assert ann.post(f"{place}/merge", {"loser": other["id"]}).status == 403
    assert mia.post(f"{place}/merge", {"loser": other["id"]}).body["id"] == first.body["id"]
    assert ann.get(f"/{what}/{other['id']}").body["id"] == first.body["id"]
    assert [row["id"] for row in ann.get(f"/{what}", text="zeta").body["items"]] == [first.body["id"]]
    assert ann.get(f"/{what}/999999").status == 404
    assert ann.get(f"/{what}/0").status == 422
    # Taken out, and put back by undoing the change.
    gone = ann.post(f"{place}/delete", {"reason": "Typed twice"})
    assert (gone.status, gone.body["removed"], gone.body["note"]) == (200, True, "Typed twice")
    assert ann.get(place).status == 404
    assert ann.post("/changes/undo", {"first": gone.body["seq"]}).body == {"undone": 1}
    assert ann.get(place).status == 200


def test_likely_duplicates_are_listed_and_kept_apart(api: Api, acme: Account) -> None:
    ann, mia = api("ann"), api("mia")
    twin = ann.post("/accounts", {"name": "ACME Corp.", "even_if_similar": True}).body
    third = ann.post("/accounts", {"name": "Acme, Inc", "even_if_similar": True}).body
    first = ann.get("/duplicates/account", limit=1).body
    [pair] = first["items"]
    assert (pair["one"]["id"], pair["other"]["id"], pair["why"]) == (
        str(acme.pk), str(twin["id"]), ["the same name"],
    )  # fmt: skip
    assert len(ann.get("/duplicates/account", cursor=first["next"]).body["items"]) == 2
    both = {"one": str(twin["id"]), "other": str(acme.pk)}
    with nothing_changes():
        assert ann.post("/duplicates/account/apart", both).status == 403
    assert mia.post("/duplicates/account/apart", both).body == {"apart": True}
    left = [(each["one"]["id"], each["other"]["id"]) for each in mia.get("/duplicates/account").body["items"]]
    assert left == [(str(acme.pk), str(third["id"])), (str(twin["id"]), str(third["id"]))]
    assert mia.post("/duplicates/account/together", both).body == {"apart": False}
    assert len(mia.get("/duplicates/account").body["items"]) == 3
    assert ann.get("/duplicates/lead").status == 422
    assert ann.get("/duplicates/deal").body == {"items": [], "next": None}


def test_a_merge_and_a_change_are_undone(api: Api, cast: Cast, deal: Deal) -> None:
    ann, otto = api("ann"), api("otto")
    twin = ann.post("/deals", {"name": "Twin", "product": "GTX"}).body["key"]
    assert ann.post(f"/deals/{deal.key}/merge", {"loser": twin}).body["product"] == "GTX"
    assert ann.get(f"/deals/{twin}").status == 404
    [merge] = ann.get("/merges", what="deal", winner=deal.key).body["items"]
    assert (merge["loser"], merge["undone_at"]) == (twin, None)
    assert otto.get("/merges").body["items"] == []
    with nothing_changes():
        assert otto.post(f"/merges/{merge['id']}/undo", {}).status == 404
    assert ann.post(f"/merges/{merge['id']}/undo", {}).body["undone_by"] == cast.ann.name
    assert (ann.get(f"/deals/{deal.key}").body["product"], ann.get(f"/deals/{twin}").status) == (None, 200)
    assert ann.post(f"/merges/{merge['id']}/undo", {}).codes == ["merge_undone"]
    gone = ann.post(f"/deals/{twin}/delete", {"reason": "Twice"}).body
    assert ann.post("/changes/undo", {"first": gone["seq"]}).body == {"undone": 1}
    assert ann.get(f"/deals/{twin}").status == 200
    assert ann.post("/changes/undo", {"first": 1, "last": 4_711}).status == 404


def test_targets_and_rates(api: Api, cast: Cast) -> None:
    mia, olga, ann = api("mia"), api("olga"), api("ann")
    assert cast.ann.person is not None
    assert cast.otto.person is not None
    quarter = {"starts_on": "2026-04-01", "ends_on": "2026-06-30"}
    amount = {"amount": "250000.00", "currency": "EUR"}
    made = mia.post("/targets", {**quarter, "amount": amount, "owner": cast.ann.person.pk})
    assert (made.status, made.body["amount"]) == (200, amount)
    with nothing_changes():
        assert mia.post("/targets", {**quarter, "amount": amount, "owner": cast.otto.person.pk}).status == 403
        assert ann.post("/targets", {**quarter, "amount": amount}).status == 403
    assert olga.post("/targets", {**quarter, "amount": amount, "team": cast.west.pk}).status == 200
    assert [row["owner"]["name"] for row in ann.get("/targets").body["items"]] == ["Ann Archer"]
    assert len(olga.get("/targets", from_on="2026-04-01", to_on="2026-06-30").body["items"]) == 2
    assert olga.get("/targets", from_on="2026-04-02").body["items"] == []
    gone = olga.post("/targets", {**quarter, "amount": None, "team": cast.west.pk})
    assert gone.body["removed"] is True
    rate = {"currency": "usd", "from_on": "2026-01-01", "rate": "0.92"}
    assert olga.post("/rates", rate).body["rate"] == "0.92"
    assert olga.post("/rates", {**rate, "rate": "0.93"}).codes == ["rate_already_set"]
    assert olga.post("/rates", {**rate, "rate": "0.93", "correct": True}).body["rate"] == "0.93"
    (there,) = ann.get("/rates", currency="usd").body["items"]
    assert ann.send("DELETE", f"/rates/{there['id']}").status == 403
    assert olga.send("DELETE", f"/rates/{there['id']}").body["removed"] is True
    assert ann.get("/rates", currency="usd").body["items"] == []
    assert len(ann.get("/rates", currency="usd", history=True).body["items"]) == 3
    assert olga.send("DELETE", f"/rates/{there['id']}").status == 404


def test_a_definition_is_drafted_tried_and_published(api: Api, deal: Deal) -> None:
    olga, ann = api("olga"), api("ann")
    (version,) = ann.get("/definitions").body["items"]
    text = ann.get(f"/definitions/{version['id']}").body["toml"]
    lighter = text.replace("norm_days = 14", "norm_days = 15", 1)
    assert lighter != text
    checked = olga.post("/definitions/check", {"toml": text}).body
    assert checked["stages"][0]["name"] == "Prospecting"
    broken = olga.post("/definitions", {"toml": "nonsense"})
    assert broken.status == 422
    draft = olga.post("/definitions", {"toml": lighter})
    assert (draft.status, draft.body["published"]) == (201, False)
    place = f"/definitions/{draft.body['id']}"
    assert ann.get(place).status == 404
    assert ann.get(f"{place}/impact").status == 403
    impact = olga.get(f"{place}/impact").body
    assert impact["loses"] == {"count": 0, "deals": []}
    assert sum(float(each["amount"]) for each in impact["before"].values()) == 50_000
    changes = olga.get(f"{place}/changes", since=version["id"]).body["changes"]
    assert len(changes) == 1
    assert olga.send("PUT", place, {"toml": lighter + "\n"}).body["toml"] == lighter + "\n"
    late = olga.post(f"{place}/publish", {"effective_from": "2026-01-01"})
    assert late.codes == ["wrong_effective_from"]
    done = olga.post(f"{place}/publish", {"effective_from": "2026-03-10"})
    assert (done.body["published"], done.body["effective_from"]) == (True, "2026-03-10")
    assert olga.send("DELETE", place).codes == ["definition_published"]
    second = olga.post("/definitions", {"toml": text}).body
    assert olga.send("DELETE", f"/definitions/{second['id']}").status == 200
    assert DefinitionVersion.objects.count() == 2


def test_leads_become_deals(api: Api, cast: Cast) -> None:
    ann = api("ann")
    lead = ann.post("/leads", {"name": "Dora Dean", "account": "Delta", "source": "Fair"}).body["lead"]
    why = {"status": "qualified", "reason": "Asked for an offer"}
    assert ann.post(f"/leads/{lead}/status", why).body["status"] == "qualified"
    made = ann.post(f"/leads/{lead}/convert", {"name": "Delta rollout"})
    assert (made.status, made.body["source"]) == (201, "Fair")
    assert ann.post(f"/leads/{lead}/convert", {}).codes == ["lead_converted"]
    assert [row["status"] for row in ann.get("/leads").body["items"]] == ["converted"]
    assert api("fay").get("/leads").status == 200
    assert api("fay").post("/leads", {"name": "Eda"}).status == 403


def test_people_teams_and_who_calls(api: Api, cast: Cast) -> None:
    ann, ada = api("ann"), api("ada", "admin")
    me = ann.get("/me").body
    assert (me["email"], me["role"], me["scope"]) == ("ann@northwind.example", "rep", "write")
    assert (me["team"]["name"], me["currency"], me["zone"]) == ("East", "EUR", "Europe/Vienna")
    assert len(ann.get("/people").body["items"]) == 9
    north = ada.post("/teams", {"name": "North", "parent": cast.east.pk}).body
    assert ada.patch(f"/teams/{cast.east.pk}", {"parent": north["id"]}).codes == ["wrong_parent"]
    assert cast.ben.person is not None
    moved = ada.patch(f"/people/{cast.ben.person.pk}", {"team": north["id"], "role": "manager"}).body
    assert (moved["team"]["name"], moved["role"]) == ("North", "manager")
    (token,) = ann.get("/me/tokens").body["items"]
    assert set(token) == {
        "id",
        "name",
        "prefix",
        "scope",
        "created_at",
        "expires_at",
        "revoked_at",
        "used_at",
    }
    assert ada.post(f"/me/tokens/{token['id']}/revoke").status == 200
    assert ann.get("/me").status == 401


@pytest.mark.parametrize(
    "path",
    ["/accounts", "/contacts", "/targets", "/rates", "/definitions", "/people", "/teams", "/me/tokens"],
)
def test_every_list_comes_in_parts(api: Api, acme: Account, path: str) -> None:
    caller = api("olga")
    for answer in (caller.get(path, limit=1001), caller.get(path, limit=0), caller.get(path, cursor="x")):
        assert answer.status == 422
    page: dict[str, Any] = caller.get(path, limit=1).body
    assert len(page["items"]) <= 1
    if page["next"]:
        following = caller.get(path, limit=1, cursor=page["next"]).body["items"]
        assert [row["id"] for row in following] != [row["id"] for row in page["items"]]
        assert len(following) == 1
