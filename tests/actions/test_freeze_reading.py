"""Frozen readings: kept to the cent through all that comes later, and every difference explained."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from stageproof.actions.deals import create_deal, edit_deal
from stageproof.actions.definitions import draft_definition, publish_definition
from stageproof.actions.freeze_reading import (
    Asked,
    asked_then,
    body_as_asked,
    body_as_frozen,
    compared,
    freeze_reading,
    frozen_reading,
    frozen_readings,
    reading_then,
    recomputed,
)
from stageproof.actions.rates import set_rate
from stageproof.actions.reading_body import Body, digest_of_body
from stageproof.engine.book import Book
from stageproof.engine.period import Calendar
from stageproof.engine.readings.frozen import CAUSES
from stageproof.records.doctor import doctor
from stageproof.records.ledger import Writing, writing
from stageproof.records.models import Deal, FrozenReading, Ledger
from stageproof.records.tables import book, pipeline_now
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now, ready
from tests.actions.database import codes, forbidden, not_found, nothing_changes
from tests.actions.readings_world import set_deal, world
from tests.actions.test_definitions import NAME, STRICTER

__all__ = ["acme", "cast", "deal", "now", "ready", "world"]

Q2 = Calendar().period("2026-Q2")


def amounts(row: FrozenReading) -> dict[str, int | None]:
    return {line["name"]: line["amount"] for line in body_as_frozen(row)["statement"]["lines"]}


def test_what_is_frozen_is_what_the_database_says(cast: Cast, now: Clock, world: Deal) -> None:
    row = freeze_reading(cast.eve, name="  Board   in April ", asked=Asked(Q2), now=now())
    assert (row.name, row.actor, row.door, row.seq) == (
        "Board in April", "eve@northwind.example", "page", Ledger.objects.get().last_seq,
    )  # fmt: skip
    with connection.cursor() as cursor:
        # 12,345.67 USD at 0.9 is 11,111.103 EUR, half-even 11,111.10.
        cursor.execute(
            "SELECT SUM(CASE WHEN currency = 'USD' THEN 1111110 ELSE amount END) FROM records_deal"
            " WHERE status = 'open'"
        )
        (nominal,) = cursor.fetchone()
    said = amounts(row)
    assert said["nominal"] == nominal == 5_000_000 + 1_111_110
    assert said["qualified"] == 5_000_000 + 1_111_110
    assert (said["base"], said["outside"], said["target"]) == (6_111_110, 0, 6_000_000)
    assert said["won"] == 0, "Delta was won in March, before the second quarter"
    assert said["forecast"] == said["expected"]
    assert said["gap"] == said["expected"] - 6_000_000  # type: ignore[operator]
    assert body_as_frozen(row)["statement"]["ties"] is True
    assert doctor().problems == ()


def test_a_frozen_reading_stays_as_it_was_and_every_difference_has_its_cause(
    cast: Cast, now: Clock, world: Deal
) -> None:
    row = freeze_reading(cast.fay, name="Board", asked=Asked(Q2), now=now())
    before, text = amounts(row), row.body
    frozen_at = now.at
    beta = Deal.objects.get(name="Beta")

    # Events: a new deal, another amount.
    now.days(3)
    create_deal(
        cast.ben, now=now(), facts={"name": "Epsilon", "amount": 700_000, "close_on": dt.date(2026, 6, 1)}
    )
    edit_deal(cast.ann, world.key, now=now(), changes={"amount": 5_500_000})
    # A late arrival: Beta had been worth 10,000 USD already on the day before it was frozen.
    set_deal(beta, frozen_at - dt.timedelta(seconds=90), learned=now(), amount=1_000_000)
    # A corrected rate, and rules that ask for more.
    set_rate(cast.fay, currency="USD", from_on=dt.date(2026, 1, 1), rate="0.8", now=now(), correct=True)
    drafted = draft_definition(cast.olga, toml=STRICTER, now=now())
    publish_definition(cast.olga, NAME, drafted.row.version, now=now(), effective_from=now.at.date())
    now.days(1)

    again = frozen_reading(cast.eve, row.pk)
    assert again.body == text
    assert amounts(again) == before
    assert recomputed(again) == again.body_digest

    found = compared(again, pipeline_now(now())).lines
    present = {"nominal": 5_500_000 + 700_000 + 800_000}
    for line in found.iter_rows(named=True):
        parts = [line[cause] for cause in CAUSES]
        assert line["then"] == before[line["line"]]
        assert line["then"] + sum(parts) == line["now"], line["line"]
        assert line["altered"] == 0
        assert line["now"] == present.get(line["line"], line["now"])
    (nominal,) = found.filter(line="nominal").iter_rows(named=True)
    # 10,000 USD instead of 12,345.67 at the rate known then; then at 0.8 instead of 0.9.
    assert nominal["late_arrivals"] == 900_000 - 1_111_110
    assert nominal["rates"] == 800_000 - 900_000
    assert nominal["definition"] == 0
    assert nominal["events"] == 700_000 + 500_000
    (qualified,) = found.filter(line="qualified").iter_rows(named=True)
    assert qualified["definition"] == -5_000_000, "Acme's buyer was met once, and the new rules ask for twice"
    late = compared(again, pipeline_now(now())).deals("nominal", "late_arrivals")
    assert late.select("deal", "amount").rows() == [(beta.key, 900_000 - 1_111_110)]
    assert doctor().problems == ()


def test_the_deals_behind_a_frozen_figure_are_those_of_then(cast: Cast, now: Clock, world: Deal) -> None:
    row = freeze_reading(cast.eve, name="Board", asked=Asked(Q2, where={"owner": ["Ann Archer"]}), now=now())
    now.days(1)
    edit_deal(cast.ann, world.key, now=now(), changes={"amount": 9_900_000})
    deals = reading_then(row, "finance").deals("nominal")
    assert deals.select("deal", "value").rows() == [(world.key, 5_000_000)]
    assert amounts(row)["nominal"] == 5_000_000
    assert asked_then(row).where == {"owner": ["Ann Archer"]}


def test_what_moved_since_a_frozen_reading_begins_with_its_cents(cast: Cast, now: Clock, world: Deal) -> None:
    first = freeze_reading(cast.eve, name="March", asked=Asked(Q2), now=now())
    now.days(7)
    edit_deal(cast.ann, world.key, now=now(), changes={"amount": 4_000_000})
    asked = Asked(Q2, since=first.as_of, since_known_at=first.known_at)
    second = freeze_reading(cast.eve, name="April", asked=asked, now=now())
    lines = {
        row["line"]: row["amount"] for row in body_as_frozen(second)["readings"]["board"]["tables"]["bridge"]
    }
    assert lines["opening"] == amounts(first)["nominal"]
    assert lines["closing"] == amounts(second)["nominal"]
    assert lines["decreased"] == -1_000_000
    assert sum(amount for line, amount in lines.items() if line != "closing") == lines["closing"]
    assert recomputed(second) == second.body_digest


@pytest.mark.parametrize(("learned", "seconds"), [("before", -1), ("after", 1)])
def test_nobody_waits_while_it_is_computed_and_a_change_counts_where_it_was_known_by_then(
    cast: Cast, now: Clock, world: Deal, monkeypatch: pytest.MonkeyPatch, learned: str, seconds: int
) -> None:
    at, steps = now(), []
    beta = Deal.objects.get(name="Beta")

    def computed(whole: Book, asked: Asked) -> Body:
        body = body_as_asked(whole, asked)
        if not steps:
            entered = at + dt.timedelta(seconds=seconds)
            set_deal(beta, at - dt.timedelta(seconds=30), learned=entered, amount=1_000_000)
        steps.append("computed")
        return body

    @contextmanager
    def locked(**said: Any) -> Iterator[Writing]:
        steps.append("locked")
        with writing(**said) as session:
            yield session

    with monkeypatch.context() as patch:
        patch.setattr("stageproof.actions.freeze_reading.body_as_asked", computed)
        patch.setattr("stageproof.actions.freeze_reading.writing", locked)
        row = freeze_reading(cast.eve, name="Board", asked=Asked(Q2), now=at)
    known = learned == "before"
    # 10,000.00 USD at 0.9 where that was known, 12,345.67 where it was not.
    assert amounts(row)["nominal"] == 5_000_000 + (900_000 if known else 1_111_110)
    assert steps == ["computed", "locked", *(["computed", "locked"] if known else [])]
    assert recomputed(row) == row.body_digest


def test_who_writes_on_and_on_waits_in_the_end(
    cast: Cast, now: Clock, world: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that was known by then comes whenever the ledger is free; the last time it cannot."""
    at, steps = now(), []
    beta = Deal.objects.get(name="Beta")

    def computed(whole: Book, asked: Asked) -> Body:
        body = body_as_asked(whole, asked)
        steps.append("computed")
        if steps.count("computed") <= 2:
            entered = at - dt.timedelta(seconds=9 - len(steps))
            set_deal(
                beta,
                at - dt.timedelta(seconds=30 - len(steps)),
                learned=entered,
                amount=1_000_000 * len(steps),
            )
        return body

    @contextmanager
    def locked(**said: Any) -> Iterator[Writing]:
        steps.append("locked")
        with writing(**said) as session:
            yield session

    with monkeypatch.context() as patch:
        patch.setattr("stageproof.actions.freeze_reading.AGAIN", 1)
        patch.setattr("stageproof.actions.freeze_reading.body_as_asked", computed)
        patch.setattr("stageproof.actions.freeze_reading.writing", locked)
        row = freeze_reading(cast.eve, name="Board", asked=Asked(Q2), now=at)
    assert steps == ["computed", "locked", "computed", "locked", "computed"]
    # 30,000.00 USD at 0.9: the second change counts.
    assert amounts(row)["nominal"] == 5_000_000 + 2_700_000
    assert recomputed(row) == row.body_digest
    assert doctor().problems == ()


def test_freezing_is_refused_with_all_that_is_wrong(cast: Cast, now: Clock, world: Deal) -> None:
    ahead = Asked(Q2, as_of=now.at + dt.timedelta(days=2))
    assert codes(lambda: freeze_reading(cast.eve, name=" ", asked=ahead, now=now())) == [
        "missing_name",
        "day_ahead",
    ]
    assert codes(lambda: freeze_reading(cast.eve, name="x" * 121, asked=Asked(Q2), now=now())) == [
        "wrong_name"
    ]
    then = now.at - dt.timedelta(days=2)
    for since in (then, then + dt.timedelta(days=1)):
        later = Asked(Q2, since=since, as_of=then)
        refused = codes(lambda later=later: freeze_reading(cast.eve, name="B", asked=later, now=now()))  # type: ignore[misc]
        assert refused == ["since_not_before"]
    unknown = Asked(Q2, pipelines=("Nowhere",))
    assert codes(lambda: freeze_reading(cast.eve, name="B", asked=unknown, now=now())) == ["unknown_pipeline"]
    freeze_reading(cast.eve, name="Board", asked=Asked(Q2), now=now())
    assert codes(lambda: freeze_reading(cast.fay, name="board", asked=Asked(Q2), now=now())) == ["name_taken"]


@pytest.mark.parametrize("who", ["ann", "mia"])
def test_who_sees_only_some_deals_neither_freezes_nor_opens(
    cast: Cast, now: Clock, world: Deal, who: str
) -> None:
    row = freeze_reading(cast.eve, name="Board", asked=Asked(Q2), now=now())
    forbidden(lambda: freeze_reading(cast[who], name="Mine", asked=Asked(Q2), now=now()))
    forbidden(lambda: frozen_reading(cast[who], row.pk))
    assert frozen_readings(cast[who]) == []
    assert [each.pk for each in frozen_readings(cast.fay)] == [row.pk]
    not_found(lambda: frozen_reading(cast.fay, row.pk + 1))


def test_a_frozen_reading_that_was_altered_is_not_shown(cast: Cast, now: Clock, world: Deal) -> None:
    row = freeze_reading(cast.eve, name="Board", asked=Asked(Q2), now=now())
    body = json.loads(row.body)
    body["statement"]["lines"][0]["amount"] += 1
    text = json.dumps(body)
    FrozenReading.objects.filter(pk=row.pk).update(body=text)
    assert codes(lambda: body_as_frozen(frozen_reading(cast.eve, row.pk))) == ["frozen_altered"]
    # Whoever mends the digest too still breaks the chain of all changes.
    FrozenReading.objects.filter(pk=row.pk).update(body=text, body_digest=digest_of_body(text))
    assert {problem.code for problem in doctor().problems} >= {"change_altered"}


def test_reading_what_is_frozen_changes_nothing(cast: Cast, now: Clock, world: Deal) -> None:
    row = freeze_reading(cast.eve, name="Board", asked=Asked(Q2), now=now())
    with nothing_changes():
        recomputed(row)
        compared(row, pipeline_now(now()))
        body_as_frozen(row)
    assert book().holds("deals")


def test_freezing_a_past_day_freezes_what_was_known_of_it_by_now(
    cast: Cast, now: Clock, world: Deal, ready: Callable[[], Deal]
) -> None:
    past = now()
    now.days(10)
    edit_deal(cast.ann, world.key, now=now(), changes={"amount": 100})
    row = freeze_reading(cast.eve, name="As of then", asked=Asked(Q2, as_of=past), now=now())
    assert amounts(row)["nominal"] == 6_111_110
    assert row.known_at == now.at
