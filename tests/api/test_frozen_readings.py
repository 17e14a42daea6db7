"""Frozen readings over the API: the same as on their pages, to the cent, and the key of a link shown once."""

from __future__ import annotations

from collections.abc import Callable

from stageproof.actions.deals import edit_deal
from stageproof.records.models import Deal, FrozenReading, IdempotencyKey
from tests.actions.readings_world import world
from tests.api.conftest import Caller, Cast, Clock, acme, api, cast, deal, now, ready

__all__ = ["acme", "api", "cast", "deal", "now", "ready", "world"]

WHERE = "/frozen-readings"


def test_freeze_read_and_compare(api: Callable[..., Caller], cast: Cast, now: Clock, world: Deal) -> None:
    eve = api("eve")
    made = eve.post(WHERE, {"name": "Board", "period": "2026-Q2"})
    assert made.status == 200
    assert (made.body["name"], made.body["door"], made.body["pipelines"]) == ("Board", "api", None)
    one = f"{WHERE}/{made.body['id']}"
    read = eve.get(one).body
    lines = {line["name"]: line for line in read["lines"]}
    assert lines["nominal"]["amount"] == {"amount": "61111.10", "currency": "EUR"}
    assert read["unchanged"] is True
    for reader in ("sales", "marketing", "finance", "board"):
        figures = {each["name"]: each for each in read["figures"][reader]}
        assert figures["nominal"]["value"] == lines["nominal"]["amount"], reader
    assert read["digest"] == FrozenReading.objects.get().body_digest
    now.days(1)
    edit_deal(cast.ann, world.key, now=now(), changes={"amount": 4_999_999})
    moved = {line["name"]: line for line in eve.get(f"{one}/comparison").body["lines"]}["nominal"]
    assert (moved["then"]["amount"], moved["events"]["amount"], moved["now"]["amount"]) == (
        "61111.10", "-0.01", "61111.09",
    )  # fmt: skip
    assert [each["name"] for each in eve.get(WHERE).body["items"]] == ["Board"]
    assert eve.get(one).body["lines"] == read["lines"]
    assert eve.post(WHERE, {"name": "Board", "period": "2026-Q2"}).codes == ["name_taken"]
    assert eve.post(WHERE, {"name": "Other", "period": "2026-Q7"}).codes == ["period_unknown"]
    assert eve.get(f"{WHERE}/99").status == 404


def test_share_and_revoke(api: Callable[..., Caller], world: Deal) -> None:
    fay = api("fay")
    one = f"{WHERE}/{fay.post(WHERE, {'name': 'Board', 'period': '2026-Q2'}).body['id']}"
    made = fay.post(f"{one}/links", {"reader": "finance"}).body
    path = made["address"].removeprefix("http://testserver")
    assert fay.client.get(path).status_code == 200
    assert [set(each) & {"address"} for each in fay.get(f"{one}/links").body["items"]] == [set()]
    # An answer to a key is kept, so the address of a link is not given to one.
    assert fay.post(f"{one}/links", {"reader": "finance"}, **{"Idempotency-Key": "k"}).codes == [
        "key_not_taken"
    ]
    assert not IdempotencyKey.objects.filter(body__contains="/shared/").exists()
    assert fay.post(f"{one}/links/{made['id']}/revoke").body["revoked_at"]
    assert fay.client.get(path).status_code == 404
    assert fay.post(f"{one}/links/999/revoke").status == 404


def test_who_sees_only_some_deals_is_refused(api: Callable[..., Caller], world: Deal) -> None:
    for who in ("ann", "mia"):
        assert api(who).get(WHERE).status == 403
        assert api(who).post(WHERE, {"name": "Mine", "period": "2026-Q2"}).status == 403
    one = f"{WHERE}/{api('max').post(WHERE, {'name': 'Board', 'period': '2026-Q2'}).body['id']}"
    assert api("max").post(f"{one}/links", {"reader": "board"}).status == 403
    assert not FrozenReading.objects.exclude(name="Board").exists()
