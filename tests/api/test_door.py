"""The door: who is let in, with which scope, and one shape for everything that is not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.test import Client
from ninja import Router
from ninja.operation import PathView

from stageproof.actions.people import change_person
from stageproof.actions.tokens import create_token, revoke_token
from stageproof.api import limits
from stageproof.api.app import urlpatterns
from stageproof.api.door import Door
from stageproof.records.models import Deal, Token
from stageproof.records.models.organisation import ROLES
from stageproof.web.policy import PUBLIC
from tests.actions.conftest import Cast, Clock
from tests.actions.database import nothing_changes
from tests.api.conftest import Answer, Caller

Api = Callable[..., Caller]


def assert_problems(answer: Answer, status: int, code: str) -> None:
    """The one shape of everything that goes wrong."""
    assert answer.status == status
    assert answer.raw["Content-Type"] == "application/json; charset=utf-8"
    assert answer.codes == [code]
    for problem in answer.body["problems"]:
        assert set(problem) <= {"code", "says", "remedy", "source", "row", "column", "value", "count"}
        assert problem["says"]
        assert problem["remedy"]


@pytest.mark.parametrize("token", ["", "nonsense", "stp_" + "x" * 43, "Bearer", "\u00fc"])
def test_nobody_comes_in_without_a_token(deal: Deal, token: str) -> None:
    answer = Caller(token).get("/deals")
    assert_problems(answer, 401, "not_signed_in")
    assert answer.raw["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_by_time_by_hand_and_with_its_person(cast: Cast, api: Api, now: Clock) -> None:
    row, text = create_token(
        cast.ann, name="short", scope="read", now=now(), expires_at=now.at + dt.timedelta(days=1)
    )
    assert Caller(text).get("/me").status == 200
    now.days(2)
    assert_problems(Caller(text).get("/me"), 401, "not_signed_in")
    row, text = create_token(cast.ann, name="gone", scope="read", now=now())
    revoke_token(cast.ann, row.pk, now=now())
    assert_problems(Caller(text).get("/me"), 401, "not_signed_in")
    ben = api("ben")
    assert cast.ben.person is not None
    change_person(cast.ada, cast.ben.person.pk, changes={"is_active": False}, now=now())
    assert_problems(ben.get("/me"), 401, "not_signed_in")


def test_last_use_is_noted(cast: Cast, api: Api, now: Clock) -> None:
    api("ann")
    assert Token.objects.get(person=cast.ann.person).used_at == now.at + dt.timedelta(seconds=1)


def test_a_reading_token_changes_nothing(api: Api, deal: Deal) -> None:
    caller = api("ann", "read")
    assert caller.get(f"/deals/{deal.key}").status == 200
    with nothing_changes():
        answer = caller.patch(f"/deals/{deal.key}", {"name": "Mine"})
    assert_problems(answer, 403, "token_scope")
    assert caller.get("/me").body["scope"] == "read"


def test_administering_takes_the_admin_scope(api: Api, cast: Cast) -> None:
    writer = api("ada", "write")
    with nothing_changes():
        assert_problems(api_patch(writer, cast), 403, "token_scope")
    assert api_patch(api("ada", "admin"), cast).status == 200


def api_patch(caller: Caller, cast: Cast) -> Answer:
    assert cast.ben.person is not None
    return caller.patch(f"/people/{cast.ben.person.pk}", {"role": "manager"})


def test_a_role_that_may_not_is_told_who_may(api: Api, cast: Cast) -> None:
    caller = api("ann")
    with nothing_changes():
        answer = caller.post("/definitions", {"toml": ""})
    assert_problems(answer, 403, "not_allowed")
    assert "pipeline owner, admin" in answer.body["problems"][0]["remedy"]


def test_a_session_counts_and_writes_with_its_proof_alone(cast: Cast, api: Api, deal: Deal) -> None:
    assert cast.ann.person is not None
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ann.person)
    assert client.get("/api/v1/me").json()["email"] == "ann@northwind.example"
    body, place = json.dumps({"name": "Renamed"}), f"/api/v1/deals/{deal.key}"
    denied = client.patch(place, body, content_type="application/json")
    assert denied.status_code == 401
    assert Deal.objects.get(pk=deal.pk).name == "Acme rollout"
    client.cookies["csrftoken"] = proof = "a" * 32
    given = client.patch(place, body, content_type="application/json", headers={"X-CSRFToken": proof})
    assert given.status_code == 200
    # A token that is wrong is not saved by a session that is right.
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer stp_wrong"}).status_code == 401


def test_methods_addresses_and_bodies_that_are_none(api: Api, deal: Deal) -> None:
    caller = api("ann")
    assert_problems(caller.send("PUT", f"/deals/{deal.key}", {}), 405, "method_not_allowed")
    assert caller.send("DELETE", "/deals").raw["Allow"] == "GET, POST"
    for path in ("/nothing", "/deals/", "/", "/deals/x/y/z"):
        assert_problems(caller.get(path), 404, "not_found")
    assert_problems(caller.patch(f"/deals/{deal.key}", "{"), 400, "unreadable_body")
    assert_problems(caller.patch(f"/deals/{deal.key}", '{"name": NaN}'), 400, "unreadable_body")
    assert_problems(caller.patch(f"/deals/{deal.key}", "[" * 100_000), 400, "unreadable_body")
    assert_problems(caller.patch(f"/deals/{deal.key}", b"\xff\xfe"), 400, "unreadable_body")
    assert_problems(caller.patch(f"/deals/{deal.key}", "[]"), 422, "wrong_value")
    assert_problems(caller.patch(f"/deals/{deal.key}", '{"name": "a\\u0000b"}'), 422, "unstorable_text")
    assert_problems(caller.patch(f"/deals/{deal.key}", '{"name": "\\ud800"}'), 422, "unstorable_text")
    form = caller.client.post("/api/v1/deals", {"name": "x"}, headers=caller.headers())
    assert_problems(Answer(form.status_code, form.json(), form), 415, "unsupported_media_type")
    large = json.dumps({"name": "x" * (11 * 1024 * 1024)})
    assert_problems(caller.patch(f"/deals/{deal.key}", large), 413, "body_too_large")
    assert_problems(caller.post("/deals", large, **{"Idempotency-Key": "k"}), 413, "body_too_large")


def test_wrong_fields_are_named_all_at_once(api: Api, deal: Deal) -> None:
    body = {"name": 5, "close_on": "31/12/2026", "amount": {"amount": 5}, "next_step_on": 20_000}
    answer = api("ann").post("/deals", body)
    assert answer.status == 422
    columns = {problem["column"] for problem in answer.body["problems"]}
    assert columns == {"name", "close_on", "amount.amount", "amount.currency", "next_step_on"}


def test_who_asks_too_often_waits(api: Api, deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, ben = api("ann"), api("ben")
    monkeypatch.setattr(limits, "requests", limits.Bucket(per_minute=3))
    assert [ann.get("/me").status for _ in range(3)] == [200, 200, 200]
    answer = ann.get("/me")
    assert_problems(answer, 429, "too_many_requests")
    assert 1 <= int(answer.raw["Retry-After"]) <= 20
    assert ben.get("/me").status == 200


def test_every_operation_declares_its_roles() -> None:
    doors = [pattern.callback for pattern in urlpatterns if isinstance(pattern.callback, Door)]
    assert len(doors) > 40
    for door in doors:
        for method, roles in door.policies.items():
            assert method in ("GET", "POST", "PATCH", "PUT", "DELETE")
            assert roles != PUBLIC
            assert set(roles) <= set(ROLES)


def test_an_operation_without_a_policy_is_not_served() -> None:
    router = Router()

    @router.get("/open")
    def undeclared(request: object) -> None:
        return None

    view: PathView = router.path_operations["/open"]
    with pytest.raises(ImproperlyConfigured, match="undeclared declares no policy"):
        Door(view)


def test_a_fault_of_ours_is_one_sentence_and_no_trace(
    api: Api, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = api("ann")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("stageproof.api.deals.edit_deal", broken)
    with nothing_changes():
        answer = caller.patch(f"/deals/{deal.key}", {"name": "x"}, **{"Idempotency-Key": "once"})
    assert_problems(answer, 500, "internal_error")
    assert b"secret" not in answer.raw.content
    assert answer.body["problems"][0]["value"] == answer.raw["X-Request-Id"]


@pytest.mark.parametrize("place", ["stageproof.api.deals.edit_deal", "stageproof.api.door.caller"])
def test_a_database_that_is_away_is_said_so_and_the_key_stays_free(
    api: Api, deal: Deal, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    caller, once = api("ann"), {"Idempotency-Key": "once"}

    def away(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched, nothing_changes():
        patched.setattr(place, away)
        answer = caller.patch(f"/deals/{deal.key}", {"name": "x"}, **once)
    assert_problems(answer, 503, "database_away")
    assert answer.raw["Retry-After"] == "1"
    assert caller.patch(f"/deals/{deal.key}", {"name": "x"}, **once).body["name"] == "x"
