"""Sharing a frozen reading: whom it is open to, for how long, and that only the hash of its key is kept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps

from stageproof.actions.freeze_reading import Asked, freeze_reading
from stageproof.actions.people import change_person
from stageproof.actions.share_reading import (
    LONGEST,
    USUAL,
    links_of,
    open_shared,
    revoke_share,
    share_reading,
)
from stageproof.engine.period import Calendar
from stageproof.records.models import Change, FrozenReading, SharedLink
from tests.actions.conftest import Cast, Clock, cast, now
from tests.actions.database import codes, forbidden, not_found

__all__ = ["cast", "now"]


@pytest.fixture
def frozen(cast: Cast, now: Clock) -> FrozenReading:
    return freeze_reading(cast.eve, name="Board", asked=Asked(Calendar().period("2026-Q2")), now=now())


def test_a_link_opens_until_it_expires(cast: Cast, now: Clock, frozen: FrozenReading) -> None:
    link, text = share_reading(cast.fay, frozen.pk, reader="board", now=now())
    assert link.expires_at == now.at + USUAL
    found = open_shared(text, now=now())
    assert found is not None
    assert (found.pk, found.reader, found.frozen.name) == (link.pk, "board", "Board")
    assert SharedLink.objects.get().opened_at == now.at
    assert open_shared(text[:-1], now=now()) is None
    assert open_shared(text, now=link.expires_at) is None
    assert [each.pk for each in links_of(frozen.pk)] == [link.pk]


def test_a_revoked_link_is_closed_for_good(cast: Cast, now: Clock, frozen: FrozenReading) -> None:
    link, text = share_reading(cast.fay, frozen.pk, reader="finance", now=now())
    first = revoke_share(cast.olga, link.pk, now=now()).revoked_at
    assert open_shared(text, now=now()) is None
    assert revoke_share(cast.olga, link.pk, now=now()).revoked_at == first
    said = Change.objects.filter(what="shared link").order_by("pk").values_list("actor", "fields")
    assert [(actor, sorted(fields)) for actor, fields in said] == [
        ("fay@northwind.example", ["expires_at", "reader"]),
        ("olga@northwind.example", ["revoked"]),
    ]


def test_with_whoever_made_it_shut_out_a_link_is_closed(
    cast: Cast, now: Clock, frozen: FrozenReading
) -> None:
    _, text = share_reading(cast.fay, frozen.pk, reader="board", now=now())
    assert cast.fay.person is not None
    change_person(cast.ada, cast.fay.person.pk, changes={"is_active": False}, now=now())
    assert open_shared(text, now=now()) is None


def test_the_key_itself_is_kept_nowhere(cast: Cast, now: Clock, frozen: FrozenReading) -> None:
    _, text = share_reading(cast.fay, frozen.pk, reader="board", now=now())
    for model in apps.get_app_config("records").get_models():
        for row in model._default_manager.values_list():
            assert text not in repr(row), model


def test_sharing_is_refused_with_all_that_is_wrong(cast: Cast, now: Clock, frozen: FrozenReading) -> None:
    far = now.at + LONGEST + dt.timedelta(days=1)
    assert codes(lambda: share_reading(cast.fay, frozen.pk, reader="all", now=now(), expires_at=far)) == [
        "wrong_reader", "wrong_expires_at",
    ]  # fmt: skip
    past = now.at - dt.timedelta(days=1)
    assert codes(lambda: share_reading(cast.fay, frozen.pk, reader="board", now=now(), expires_at=past)) == [
        "wrong_expires_at"
    ]
    not_found(lambda: share_reading(cast.fay, frozen.pk + 1, reader="board", now=now()))
    not_found(lambda: revoke_share(cast.fay, 999, now=now()))


@pytest.mark.parametrize("who", ["ann", "mia", "max"])
def test_who_may_not_share(cast: Cast, now: Clock, frozen: FrozenReading, who: str) -> None:
    link, _ = share_reading(cast.fay, frozen.pk, reader="board", now=now())
    forbidden(lambda: share_reading(cast[who], frozen.pk, reader="board", now=now()))
    forbidden(lambda: revoke_share(cast[who], link.pk, now=now()))
