"""Measures over the API: the engine's own figures, of the deals that the caller may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stageproof.actions.campaigns import create_campaign
from stageproof.actions.deals import create_deal, move_deal
from stageproof.actions.leads import create_lead, log_on_lead, qualify_lead
from stageproof.engine.measures import MEASURES
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock
from tests.api.conftest import Caller

Api = Callable[..., Caller]
NEEDED: dict[str, dict[str, str]] = {
    "coverage": {"period": "2026-Q2"},
    "coverage_ahead": {"period": "2026-Q1"},
    "required_creation": {"period": "2026-Q1"},
    "velocity_change": {"start": "2026-03-01"},
    "cycle_distribution": {"outcomes": "won,lost"},
    "slippage": {"period": "2026-Q1"},
    "funnel": {"period": "2026-Q1"},
    "leaks": {"period": "2026-Q1"},
    "bridge": {"start": "2026-03-01"},
    "qualified_bridge": {"start": "2026-03-01"},
    "attribution": {"of": "open"},
}


@pytest.fixture
def book(cast: Cast, deal: Deal, now: Clock) -> None:
    """Ann's 50,000 open; Ben's 20,000 lost; Otto's 7,000 open in West."""
    lost = create_deal(cast.ben, now=now(), facts={"name": "Lost", "amount": 2_000_000}).deal
    move_deal(cast.ben, lost.key, to="lost", lost_reason="Price", now=now())
    create_deal(cast.otto, now=now(), facts={"name": "West", "amount": 700_000})
    create_campaign(cast.max, name="Spring", now=now(), facts={"source": "Event", "cost": 100_000})


@pytest.mark.parametrize("name", list(MEASURES))
def test_every_measure_answers(api: Api, book: None, name: str) -> None:
    answer = api("olga").get(f"/measures/{name}", **NEEDED.get(name, {}))
    assert answer.status == 200, answer.body
    columns = {column["name"]: column["kind"] for column in answer.body["columns"]}
    assert answer.body["rows"]
    for row in answer.body["rows"]:
        assert set(row) == set(columns)
        for column, value in row.items():
            if columns[column] == "money":
                assert value is None or set(value) == {"amount", "currency"}
            assert not (column.endswith("_amount") and isinstance(value, int))


def test_the_list_says_what_each_takes(api: Api, cast: Cast) -> None:
    listed = {each["name"]: each for each in api("ann").get("/measures").body["items"]}
    assert set(listed) == set(MEASURES)
    assert listed["coverage"]["needs"] == ["period"]
    assert "start" in listed["bridge"]["needs"]


def test_figures_are_of_the_deals_that_one_sees(api: Api, book: None) -> None:
    def opened(name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = api(name).get("/measures/open_pipeline", by="owner").body["rows"]
        return [{"owner": row["owner"], "amount": row["open_amount"]["amount"]} for row in rows]

    ann, otto = {"owner": "Ann Archer", "amount": "50000.00"}, {"owner": "Otto Olsen", "amount": "7000.00"}
    assert opened("ann") == opened("mia") == [ann]
    assert opened("otto") == [otto]
    assert opened("fay") == [ann, otto]
    visits = api("otto").get("/measures/stage_visits").body["rows"]
    assert len(visits) == 1
    lost = api("otto").get("/measures/bookings").body["rows"][0]
    assert (lost["lost_count"], lost["lost_amount"]) == (0, {"amount": "0.00", "currency": "EUR"})


def test_the_bridge_adds_up(api: Api, book: None) -> None:
    body = api("olga").get("/measures/bridge", start="2026-03-01", mode="events").body
    amounts = {row["line"]: float(row["amount"]["amount"]) for row in body["rows"]}
    closing = amounts.pop("closing")
    assert (sum(amounts.values()), closing) == (57_000, 57_000)
    assert amounts["lost"] == -20_000


def test_how_soon_a_meeting_is_due_is_asked_for(api: Api, cast: Cast, now: Clock) -> None:
    """Qualified, and met ten days later."""
    lead = create_lead(cast.max, now=now(), facts={"name": "Dan Dorn", "source": "Web"}).lead
    qualify_lead(cast.max, lead, reason="Has a budget", now=now())
    now.days(10)
    log_on_lead(cast.ann, lead, kind="meeting", subject="First meeting", now=now())
    max_ = api("max")

    def found(**asked: int) -> tuple[int, int]:
        (row,) = max_.get("/measures/handover", **asked).body["rows"]
        return row["met_in_time"], row["met_late"]

    assert (found(), found(days=7), found(days=14)) == ((0, 1), (0, 1), (1, 0))
    for days in ("0", "367", "soon", "²"):
        answer = max_.get("/measures/handover", days=days)
        assert (answer.status, answer.body["problems"][0]["column"]) == (422, "days"), days
    assert max_.get("/measures/win_rate", days=7).codes == ["unknown_field"]


def test_parts_of_a_long_measure_are_of_one_instant(cast: Cast, api: Api, book: None, now: Clock) -> None:
    olga = api("olga")
    first = olga.get("/measures/stage_visits", limit=2).body
    create_deal(cast.ann, now=now(), facts={"name": "Later"})
    rest = olga.get("/measures/stage_visits", limit=2, cursor=first["next"]).body
    assert (len(first["rows"]), len(rest["rows"]), rest["next"]) == (2, 1, None)
    assert len({row["deal"] for row in first["rows"] + rest["rows"]}) == 3


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ({"name": "open_pipeline", "mode": "events"}, "mode"),
        ({"name": "coverage"}, "period"),
        ({"name": "bridge", "start": "2026-03-01", "mode": "sideways"}, "mode"),
        ({"name": "attribution", "model": "best"}, "model"),
        ({"name": "attribution", "by": "colour"}, "by"),
        ({"name": "funnel", "period": "2026-Q1", "view": "x"}, "view"),
    ],
)
def test_what_a_measure_does_not_take_is_refused(
    api: Api, book: None, query: dict[str, str], column: str
) -> None:
    name = query.pop("name")
    answer = api("olga").get(f"/measures/{name}", **query)
    assert (answer.status, answer.body["problems"][0]["column"]) == (422, column)


def test_what_is_no_measure_group_or_period_is_refused(api: Api, book: None) -> None:
    olga = api("olga")
    assert olga.get("/measures/luck").status == 404
    assert olga.get("/measures/open_pipeline", by="colour").codes == ["unknown_group"]
    assert olga.get("/measures/open_pipeline", period="someday").codes == ["period_unknown"]


def test_the_pipeline_in_one_answer(api: Api, book: None) -> None:
    body = api("olga").get("/pipeline", period="2026-Q2").body
    assert body["figures"]["open"] == {"count": 2, "amount": {"amount": "57000.00", "currency": "EUR"}}
    assert body["figures"]["lost"]["count"] == 1
    assert body["period"]["open"]["count"] == 1
    seen = api("otto").get("/pipeline").body
    assert seen["figures"]["open"]["amount"]["amount"] == "7000.00"
    assert "Acme" not in str(seen)
    assert api("olga").get("/pipeline", as_of="2026-03-01").body["figures"]["open"]["count"] == 0
    assert api("olga").get("/pipeline", pipeline="Other").codes == ["unknown_pipeline"]
