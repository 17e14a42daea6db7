"""Warm tables: brought up to date change by change, they are what a load from the beginning gives."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee, remove_from_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import create_deal, delete_deal, edit_deal, move_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence
from stageproof.engine.problem import Refused
from stageproof.records import warm_table
from stageproof.records.deal_rows import OF_A_DEAL
from stageproof.records.models import Deal, EvidenceVersion, RoleVersion
from stageproof.records.tables import book, forget, rows_of_deals
from stageproof.records.warm_table import WarmTable
from tests.actions.conftest import Cast, Clock
from tests.engine.test_days_at_once import told

THINGS = st.sampled_from([None, "A", "B", "C", "Ä", ""])
ROWS = st.lists(
    st.tuples(THINGS, st.sampled_from(["x", "y"]), st.integers(0, 6), st.integers(0, 2)), max_size=9
)


def _rows(some: list[tuple[Any, ...]], seq: int, more: dict[str, Any] | None = None) -> pl.DataFrame:
    frame = pl.DataFrame(
        [(*row, seq + place) for place, row in enumerate(some)],
        schema={"thing": pl.String, "part": pl.String, "valid_from": pl.Int64, "recorded_at": pl.Int64, "seq": pl.Int64},
        orient="row",
    )  # fmt: skip
    return frame.with_columns(valid_to=pl.lit(None, pl.Int64), **(more or {}))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(ROWS, min_size=1, max_size=6),
    st.sampled_from([("thing", "part"), ("part", "thing"), ("thing",)]),
)
def test_batches_one_by_one_give_the_table_of_all(batches: list[Any], key: tuple[str, ...]) -> None:
    seq, table, all_rows = 1, None, []
    for batch in batches:
        fresh = _rows(batch, seq)
        seq += len(batch)
        all_rows.append(fresh)
        before = None if table is None else table.frame
        held = None if before is None else before.clone().rechunk()
        table = WarmTable.loaded(fresh, key) if table is None else table.with_changes(fresh)
        if before is not None and held is not None:
            assert_frame_equal(before, held)
    assert table is not None
    whole = WarmTable.loaded(pl.concat(all_rows), key)
    assert_frame_equal(table.frame.sort("seq"), whole.frame.sort("seq"))


def test_a_column_that_comes_later_is_blank_before() -> None:
    table = WarmTable.loaded(_rows([("A", "x", 1, 1), ("B", "x", 1, 1)], 1), ("thing",))
    table = table.with_changes(_rows([("A", "x", 5, 5)], 3, {"colour": pl.lit("red")}))
    table = table.with_changes(_rows([("B", "x", 6, 6)], 4))
    rows = table.frame.sort("seq").select("thing", "valid_from", "valid_to", "colour").rows()
    forever = 2**62
    assert rows == [("A", 1, 5, None), ("B", 1, 6, None), ("A", 5, forever, "red"), ("B", 6, forever, None)]


def test_what_lies_beside_is_sorted_in_before_it_grows_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_table, "FOLDED_AT", 3)
    table = WarmTable.loaded(_rows([("A", "x", 0, 0)], 1), ("thing",))
    heights = []
    for number in range(1, 9):
        table = table.with_changes(_rows([("A", "x", number, 0)], 1 + number))
        heights.append((table.base.height, table.tail.height))
    assert heights == [(1, 1), (1, 2), (1, 3), (5, 0), (5, 1), (5, 2), (5, 3), (9, 0)]
    assert table.frame["valid_to"].sort().to_list() == [*range(1, 9), 2**62]


@pytest.mark.parametrize("seed", range(3))
def test_changes_in_any_order_give_what_a_load_gives(
    cast: Cast, now: Clock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    if seed == 2:
        monkeypatch.setattr(warm_table, "FOLDED_AT", 5)
    forget()
    for number in range(3):
        create_deal(cast.ann, now=now(), facts={"name": f"Deal {number}", "amount": number})
    book()
    renews = False
    for step in range(25):
        _any_change(cast, now(), chance, step)
        if chance.random() < 0.6:
            _of_some_deals(chance)
        if step in (4, 14):
            told(book().as_of(now().date()))
        renews |= any(worked.behind is not None for worked in book()._worked_out.values())
    assert renews
    days = [now().date() + dt.timedelta(days=days) for days in (0, 40)]
    past = [told(book().as_of(day)) for day in days]
    warm = {name: _in_order(table) for name, table in book().tables.items()}
    forget()
    cold = {name: _in_order(table) for name, table in book().tables.items()}
    assert warm.keys() == cold.keys()
    for name, table in cold.items():
        assert_frame_equal(warm[name], table, check_column_order=False)
    assert cold["deals"].height > 10
    for found, day in zip(past, days, strict=True):
        for one, other in zip(found, told(book().as_of(day)), strict=True):
            assert_frame_equal(one, other, check_column_order=False)


def test_the_day_on_which_a_deal_was_created_is_that_of_the_organisation(cast: Cast) -> None:
    forget()
    late = dt.datetime(2025, 6, 30, 22, 30, tzinfo=dt.UTC)
    create_deal(cast.ann, now=late, facts={"name": "After midnight in Vienna"})
    created = book().tables["deals"].select("created_on").collect("polars").to_native()
    assert created["created_on"].to_list() == [(dt.date(2025, 7, 1) - dt.date(1970, 1, 1)).days]


def _of_some_deals(chance: random.Random) -> None:
    """Rows found by their places are those that looking through every row finds."""
    whole, keys = book(), chance.sample(sorted(Deal.objects.values_list("key", flat=True)), 2)
    found = rows_of_deals(whole, [*keys, "nowhere"])
    assert found is not None
    assert found.keys() == set(OF_A_DEAL)
    for name, rows in found.items():
        theirs = _in_order(whole.tables[name]).filter(pl.col("deal").is_in(keys))
        assert_frame_equal(
            _in_order(whole.with_rows(name, rows).tables[name]), theirs, check_column_order=False
        )


def _in_order(table: Any) -> pl.DataFrame:
    frame: pl.DataFrame = table.collect("polars").to_native()
    return frame.sort(sorted(frame.columns))


def _any_change(cast: Cast, at: dt.datetime, chance: random.Random, step: int) -> None:
    key = chance.choice(list(Deal.objects.values_list("key", flat=True)))
    evidence = EvidenceVersion.objects.filter(valid_to__isnull=True, revoked=False).first()
    role = RoleVersion.objects.filter(valid_to__isnull=True, removed=False).select_related("deal").first()
    contact = {"name": f"Contact {chance.randrange(3)}"}
    verbs: list[Any] = [
        lambda: create_deal(cast.ann, now=at, facts={"name": "Another", "custom": {f"f{chance.randrange(3)}": "1"}}),
        lambda: edit_deal(cast.olga, key, now=at, changes={"amount": chance.randrange(99)}),
        lambda: edit_deal(cast.olga, key, now=at, changes={"custom": {"region": "North", "tier": str(step)}}),
        lambda: move_deal(cast.olga, key, to="lost", lost_reason="Price", now=at),
        lambda: delete_deal(cast.olga, key, reason="Twin", now=at),
        lambda: attach_evidence(cast.olga, key, kind="pain", what="Said", given_by="Cleo", now=at),
        lambda: log_activity(cast.olga, key, kind="call", side="buyer", subject="Talk", now=at),
        lambda: add_to_committee(cast.olga, key, contact=contact, role="champion", engaged_at=at, now=at),
        lambda: evidence and revoke_evidence(cast.olga, evidence.evidence, reason="Wrong", now=at),
        lambda: role and remove_from_committee(cast.olga, role.deal.key, contact=role.contact_id, role=role.role, now=at),
    ]  # fmt: skip
    try:
        chance.choice(verbs)()
    except (Refused, NotFound):
        return
