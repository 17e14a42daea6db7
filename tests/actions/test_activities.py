"""Activities and notes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.actions.activities import add_note, log_activity
from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import move_deal
from stageproof.actions.permission import Forbidden
from stageproof.actions.waivers import grant_waiver
from stageproof.records.doctor import doctor
from stageproof.records.models import Activity, Deal
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied

CALL: dict[str, Any] = {"kind": "call", "side": "buyer", "subject": "They called back"}


def test_what_is_kept(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    happened = at - dt.timedelta(hours=3)
    log_activity(cast.ann, deal.key, **CALL, direction="inbound", happened_at=happened, now=at)
    row = Activity.objects.get()
    assert (row.key, row.kind, row.side, row.direction, row.subject) == (
        f"A{row.seq}", "call", "buyer", "inbound", "They called back",
    )  # fmt: skip
    assert (row.happened_at, row.recorded_at, row.actor, row.door) == (
        happened, at, "ann@northwind.example", "page",
    )  # fmt: skip
    assert (row.account_id, row.owner) == (deal.account_id, cast.ann.person)
    assert doctor().problems == ()


def test_it_opens_the_gate(cast: Cast, now: Clock, deal: Deal) -> None:
    until = now.at.date() + dt.timedelta(days=3)
    grant_waiver(cast.mia, deal.key, criterion="next_step", reason="Soon", expires_on=until, now=now())
    assert codes(lambda: move_deal(cast.ann, deal.key, to="Discovery", now=now())) == ["criterion_unmet"]
    log_activity(cast.ann, deal.key, **CALL, now=now())
    assert move_deal(cast.ann, deal.key, to="Discovery", now=now()).deal.stage == "Discovery"


def test_every_reason_at_once(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    ahead = at + dt.timedelta(minutes=1)
    assert codes(
        lambda: log_activity(
            cast.ann, deal.key, kind="any", side="both", subject="", direction="up", happened_at=ahead, now=at
        )
    ) == ["wrong_kind", "wrong_side", "wrong_direction", "wrong_happened_at", "missing_subject"]


def test_a_text_that_no_database_holds(cast: Cast, now: Clock, deal: Deal) -> None:
    assert codes(lambda: add_note(cast.ann, deal.key, text="a\x00b", now=now())) == ["wrong_subject"]
    assert codes(lambda: add_note(cast.ann, deal.key, text="a\ud800b", now=now())) == ["wrong_subject"]
    assert codes(lambda: add_note(cast.ann, deal.key, text="x" * 501, now=now())) == ["wrong_subject"]


@pytest.mark.parametrize("who", ["ann", "ben", "max", "fay", "eve"])
def test_whoever_sees_a_deal_may_note(cast: Cast, now: Clock, deal: Deal, who: str) -> None:
    note = add_note(cast[who], deal.key, text="Their year ends in June", now=now())
    assert (note.kind, note.side, note.actor) == ("note", "seller", cast[who].name)


def test_who_may_not(cast: Cast, now: Clock, deal: Deal) -> None:
    denied(lambda: add_note(cast.otto, deal.key, text="x", now=now()), NotFound)
    denied(lambda: log_activity(cast.otto, deal.key, **CALL, now=now()), NotFound)
    for who in ("ben", "max", "fay", "eve"):
        denied(lambda who=who: log_activity(cast[who], deal.key, **CALL, now=now()), Forbidden)  # type: ignore[misc]
    reading = Actor(cast.ann.person, "api", "read")
    denied(lambda: log_activity(reading, deal.key, **CALL, now=now()), Forbidden)
    denied(lambda: add_note(reading, deal.key, text="x", now=now()), Forbidden)
    denied(lambda: log_activity(cast.ann, deal.key, **CALL, contact=99, now=now()), NotFound)
