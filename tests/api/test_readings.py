"""Readings over the API: the library's own, of the deals that the caller may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.actions.targets import set_target
from stageproof.engine.readings import READERS, reconciliation
from stageproof.records.models import Deal
from stageproof.records.tables import book as whole_book
from tests.actions.conftest import Cast, Clock
from tests.api.conftest import Caller

Api = Callable[..., Caller]
Q2 = {"period": "2026-Q2"}


@pytest.fixture
def book(cast: Cast, deal: Deal, now: Clock) -> None:
    """Ann's 50,000 closing in June; Ben's 20,000 lost; Otto's 7,000 in West; a target of 100,000."""
    lost = create_deal(cast.ben, now=now(), facts={"name": "Lost", "amount": 2_000_000}).deal
    move_deal(cast.ben, lost.key, to="lost", lost_reason="Price", now=now())
    facts = {"name": "West", "amount": 700_000, "close_on": dt.date(2026, 5, 4)}
    create_deal(cast.otto, now=now(), facts=facts)
    span = {"starts_on": dt.date(2026, 4, 1), "ends_on": dt.date(2026, 6, 30)}
    set_target(cast.fay, **span, amount=10_000_000, now=now())


def test_the_four_readings_and_the_statement_say_the_same(api: Api, book: None) -> None:
    statement = api("olga").get("/reconciliation", **Q2)
    assert statement.status == 200, statement.body
    lines = {line["name"]: line["amount"] for line in statement.body["lines"]}
    assert statement.body["ties"] is True
    assert lines["nominal"] == {"amount": "57000.00", "currency": "EUR"}
    assert lines["target"] == {"amount": "100000.00", "currency": "EUR"}
    for reader in READERS:
        answer = api("olga").get(f"/readings/{reader}", **Q2)
        assert answer.status == 200, answer.body
        figures = {each["name"]: each["value"] for each in answer.body["figures"]}
        shared = figures.keys() & lines.keys()
        assert {name: figures[name] for name in shared} == {name: lines[name] for name in shared}
        assert {**answer.body["head"], "as_of": ""} == {**statement.body["head"], "as_of": ""}
    period = whole_book().calendar.period("2026-Q2")
    ours = reconciliation(whole_book().as_of(timezone.now()), period=period)
    assert [line.name for line in ours.lines] == list(lines)


def test_everyone_reads_what_they_may_see(api: Api, book: None) -> None:
    found = {
        who: api(who).get("/reconciliation", **Q2).body["lines"][0]["amount"]["amount"]
        for who in ("olga", "otto", "ann")
    }
    assert found["olga"] == "57000.00"
    assert found["otto"] == "7000.00"
    assert found["ann"] != "7000.00"


def test_the_deals_behind_a_figure_come_in_parts(api: Api, book: None) -> None:
    first = api("olga").get("/readings/sales/deals/nominal", limit="1", **Q2).body
    assert [(each["name"], each["value"]["amount"]) for each in first["items"]] == [
        ("Acme rollout", "50000.00")
    ]
    second = api("olga").get("/readings/sales/deals/nominal", limit="1", cursor=first["next"], **Q2).body
    assert [each["name"] for each in second["items"]] == ["West"]
    assert second["next"] is None
    mine = api("olga").get("/readings/sales/deals/nominal", owner="Otto Ortner", **Q2).body
    assert mine["head"]["where"] == {"owner": ["Otto Ortner"]}


def test_the_board_is_told_what_moved(api: Api, cast: Cast, book: None, deal: Deal, now: Clock) -> None:
    before = now()
    edit_deal(cast.ann, deal.key, changes={"amount": 6_000_000}, now=now())
    asked = {"since": before.isoformat(), "since_known_at": before.isoformat(), "as_of": now().isoformat()}
    answer = api("olga").get("/readings/board", **asked, **Q2)
    assert answer.status == 200, answer.body
    moved = {row["line"]: row["amount"]["amount"] for row in answer.body["tables"]["bridge"]}
    assert (moved["opening"], moved["late_arrivals"]) == ("57000.00", "0.00")
    assert (moved["increased"], moved["closing"]) == ("10000.00", "67000.00")


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/readings/press", {}, 404),
        ("/readings/sales", {"pipeline": "Renewals"}, 422),
        ("/readings/sales", {"since": "2026-01-01"}, 422),
        ("/readings/board", {"since": "2999-01-01"}, 422),
        ("/readings/sales/deals/luck", {}, 422),
        ("/reconciliation", {"period": "soon"}, 422),
    ],
)
def test_what_is_not_there_is_refused(
    api: Api, book: None, path: str, asked: dict[str, str], status: int
) -> None:
    answer = api("olga").get(path, **asked)
    assert answer.status == status, answer.body
    assert answer.body["problems"]
