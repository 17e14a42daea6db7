"""Idempotency keys: the same request is answered the same and done once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from stageproof.actions.activities import log_activity
from stageproof.actions.actor import Actor
from stageproof.records.models import Deal, DealVersion, IdempotencyKey
from tests.actions.conftest import Cast, Clock
from tests.actions.database import nothing_changes
from tests.api.conftest import Caller, token_of

Api = Callable[..., Caller]
KEY = {"Idempotency-Key": "9f1c"}


def test_the_same_request_is_done_once(api: Api, deal: Deal) -> None:
    caller = api("ann")
    first = caller.post("/deals", {"name": "Only one"}, **KEY)
    with nothing_changes():
        again = caller.post("/deals", {"name": "Only one"}, **KEY)
    assert (again.status, again.body) == (first.status, first.body) == (201, first.body)
    assert again.raw["Idempotent-Replayed"] == "true"
    assert again.raw["ETag"] == first.raw["ETag"] == '"1"'
    assert "Idempotent-Replayed" not in first.raw
    assert Deal.objects.filter(name="Only one").count() == 1


def test_another_request_with_the_key_is_refused(api: Api, deal: Deal) -> None:
    caller = api("ann")
    caller.post("/deals", {"name": "Only one"}, **KEY)
    with nothing_changes():
        for method, path, body in (
            ("POST", "/deals", {"name": "Another"}),
            ("PATCH", f"/deals/{deal.key}", {"name": "Only one"}),
            ("POST", "/deals?x=1", {"name": "Only one"}),
        ):
            answer = caller.send(method, path, body, **KEY)
            assert (answer.status, answer.codes) == (409, ["idempotency_key_reused"])


def test_a_key_is_of_one_person_alone(api: Api, cast: Cast) -> None:
    made = [api(name).post("/deals", {"name": "Mine"}, **KEY).body["key"] for name in ("ann", "ben")]
    assert made[0] != made[1]


def test_a_refusal_is_kept_too(cast: Cast, api: Api, deal: Deal, now: Clock) -> None:
    caller = api("ann")
    first = caller.post(f"/deals/{deal.key}/move", {"to": "Discovery"}, **KEY)
    assert first.status == 422
    log_activity(cast.ann, deal.key, kind="meeting", side="buyer", subject="First", now=now())
    again = caller.post(f"/deals/{deal.key}/move", {"to": "Discovery"}, **KEY)
    assert (again.status, again.body) == (422, first.body)


def test_a_fault_leaves_neither_write_nor_key(api: Api, deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = api("ann")
    with monkeypatch.context() as patched:
        # The verb has written when the answer breaks.
        patched.setattr("stageproof.api.deals.deal_shown", lambda *_: 1 / 0)
        with nothing_changes():
            assert caller.post("/deals", {"name": "Half"}, **KEY).status == 500
    assert caller.post("/deals", {"name": "Half"}, **KEY).status == 201


def test_keys_are_kept_for_a_day_at_least_and_not_for_good(api: Api, deal: Deal, now: Clock) -> None:
    caller = api("ann")
    caller.post("/deals", {"name": "Old"}, **KEY)
    now.at += dt.timedelta(hours=25)
    assert caller.post("/deals", {"name": "Old"}, **KEY).raw["Idempotent-Replayed"] == "true"
    now.at += dt.timedelta(hours=24)
    caller.post("/deals", {"name": "New"}, **{"Idempotency-Key": "other"})
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["other"]


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00fc"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    answer = api("ann").post("/deals", {"name": "x"}, **{"Idempotency-Key": key})
    assert (answer.status, answer.codes) == (422, ["wrong_idempotency_key"])


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_are_one(real_database: Actor) -> None:
    token = token_of(real_database)

    def send(number: int) -> tuple[int, str]:
        try:
            answer = Caller(token).post(
                "/deals", {"name": "Race"}, **{"Idempotency-Key": f"race-{number // 2}"}
            )
            return answer.status, answer.body.get("key", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(20)))
    assert {status for status, _ in answers} == {201}
    assert all(answers[each] == answers[each + 1] for each in range(0, 20, 2))
    assert Deal.objects.filter(name="Race").count() == 10
    assert DealVersion.objects.filter(name="Race").count() == 10


@pytest.mark.django_db(transaction=True)
def test_of_those_who_edit_at_once_all_but_one_are_told(real_database: Actor) -> None:
    token = token_of(real_database)
    key = Caller(token).post("/deals", {"name": "Race"}).body["key"]

    def send(number: int) -> int:
        try:
            return (
                Caller(token).patch(f"/deals/{key}", {"name": f"Race {number}", "expected_version": 1}).status
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(send, range(6)))
    assert statuses == [200, 409, 409, 409, 409, 409]
    assert Deal.objects.get(key=key).version == 2
