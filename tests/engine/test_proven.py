"""What was worked out once of all proofs says of each day what the rows in force then say."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import polars as pl
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Criterion, Definition, Stage, read_definition
from stageproof.engine.frames import collect, from_rows
from stageproof.engine.proof import EvidenceProof, FieldProof
from stageproof.engine.proven import proven_of_all_days
from stageproof.engine.qualification import criterion_states, qualified_deals
from stageproof.engine.tables import TABLES

EXAMPLES = int(os.environ.get("STAGEPROOF_EXAMPLES", "12"))
ZONE = "Europe/Berlin"
FIRST = dt.date(2025, 3, 20)
"""Ten days before clocks go forward."""
DAYS = [FIRST + dt.timedelta(days=days) for days in (0, 9, 10, 11, 17, 24, 45)]

PROOFS = (
    '{ evidence = "pain" }',
    '{ evidence = "pain", from = "buyer", verified = true }',
    '{ evidence = "budget", within_days = 7 }',
    '{ role = "champion" }',
    '{ role = "champion", engaged_within_days = 7 }',
    '{ activity = "any", side = "buyer", within_days = 7 }',
    '{ activity = "call", count = 2, within_days = 14 }',
    '{ any_of = [{ evidence = "budget" }, { not = { activity = "call", count = 3 } }] }',
)
NUMBERS = {"d0": 3, "d1": 4, "d2": 90}


def definition() -> Definition:
    stages = ["First", "Second", "Third", "Fourth"]
    exits = [PROOFS[place::4] for place in range(4)]
    text = '[pipeline]\nname = "New business"\nowner = "Ida Moreau"\n'
    for stage, proofs in zip(stages, exits, strict=True):
        text += f'[[stages]]\nname = "{stage}"\n'
        for place, proof in enumerate(proofs):
            text += f'[[stages.exit]]\nid = "{stage.lower()}_{place}"\nsays = "It is so."\nproof = {proof}\n'
    return read_definition(text)


def moment(hours: int) -> dt.datetime:
    return dt.datetime.combine(FIRST, dt.time(), dt.UTC) + dt.timedelta(hours=hours)


HOURS = st.integers(-100, 24 * 30)
DEALS = st.sampled_from(sorted(NUMBERS))
SIDES = st.sampled_from(["buyer", "seller"])
CONTACTS = st.sampled_from(["Bo", "Cy"])


@st.composite
def rows(draw: st.DrawFn, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index in range(draw(st.integers(0, 7))):
        hour = draw(HOURS)
        row: dict[str, Any] = {"deal": draw(DEALS), "recorded_at": moment(hour)}
        if name == "activities":
            row |= {
                "activity": f"a{index}",
                "kind": draw(st.sampled_from(["call", "meeting"])),
                "side": draw(SIDES),
            }
            row |= {"contact": draw(st.none() | CONTACTS), "happened_at": moment(hour)}
        elif name == "roles":
            stated = draw(st.none() | HOURS)
            row |= {"contact": draw(CONTACTS), "role": draw(st.sampled_from(["champion", "user"]))}
            row |= {"engaged_at": None if stated is None else moment(stated), "valid_from": moment(hour)}
            row |= {"removed": draw(st.booleans())}
        else:
            given_at, ahead = draw(HOURS), draw(st.none() | st.integers(-3, 20))
            row |= {"evidence": draw(st.sampled_from(["e0", "e1", "e2", "e3"])), "side": draw(SIDES)}
            row |= {"kind": draw(st.sampled_from(["pain", "budget", "waiver"])), "given_at": moment(given_at)}
            row |= {"criterion": draw(st.sampled_from([None, "first_0", "second_0", "third_0"]))}
            row |= {"verified_by": draw(st.sampled_from([None, "Ida Moreau"])), "valid_from": moment(hour)}
            row |= {"expires_on": None if ahead is None else FIRST + dt.timedelta(days=ahead)}
            row |= {"removed": draw(st.booleans())}
        found.append(row)
    stamp = "happened_at" if name == "activities" else "valid_from"
    # Two versions of one thing do not begin at the same instant.
    alone = {
        (row[stamp], row.get("evidence"), row.get("contact"), row.get("role"), row["deal"]): row
        for row in found
    }
    return list(alone.values())


BOOKS = st.fixed_dictionaries({name: st.none() | rows(name) for name in ("evidence", "roles", "activities")})


def book(drawn: dict[str, Any], *, numbered: bool) -> Book:
    opened = [
        {"deal": deal, "stage": stage, "status": "open", "amount": 100, "currency": "EUR", "valid_from": moment(-200),
         "created_at": moment(-200)}
        for deal, stage in zip(sorted(NUMBERS), ("Second", "Third", "Fourth"), strict=True)
    ]  # fmt: skip
    tables = {name: from_rows(TABLES[name], rows).collect() for name, rows in drawn.items() if rows}
    tables["deals"] = from_rows(TABLES["deals"], opened).collect()
    if numbered:
        number = pl.col("deal").replace_strict(NUMBERS, return_dtype=pl.Int64)
        tables = {name: frame.with_columns(deal_no=number) for name, frame in tables.items()}
    return Book.build(**tables, definitions=[definition()], currency="EUR", zone=ZONE)


def told(pipeline: Pipeline) -> list[pl.DataFrame]:
    qualified = collect(qualified_deals(pipeline)).drop("deal_no", strict=False)
    tables = [qualified.select(sorted(qualified.columns)), criterion_states(pipeline)]
    return [table.sort(pl.all()) for table in tables]


@given(drawn=BOOKS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_day_is_as_its_rows_in_force_tell_it(drawn: dict[str, Any]) -> None:
    quick, plain = book(drawn, numbered=True), book(drawn, numbered=False)
    for day in DAYS:
        assert proven_of_all_days(quick.as_of(day))
        assert not proven_of_all_days(plain.as_of(day))
        for found, expected in zip(told(quick.as_of(day)), told(plain.as_of(day)), strict=True):
            assert_frame_equal(found, expected)


def test_a_proof_holds_from_its_instant_until_its_last_day_is_over() -> None:
    row = {"deal": "d1", "evidence": "e0", "kind": "pain", "side": "buyer", "given_at": moment(0)}
    row |= {"valid_from": moment(0), "expires_on": FIRST + dt.timedelta(days=10), "recorded_at": moment(0)}
    pain = book({"evidence": [row]}, numbered=True)
    states = {
        days: criterion_states(pain.as_of(FIRST + dt.timedelta(days=days)), ["d1"])
        .filter(pl.col("criterion") == "first_0")["state"]
        .to_list()
        for days in (-1, 0, 10, 11)
    }
    assert states == {-1: ["unmet"], 0: ["met"], 10: ["met"], 11: ["unmet"]}


def test_criteria_that_ask_the_deal_alone_need_nothing_proven() -> None:
    known = replace(
        definition(),
        stages=(Stage("First", (Criterion("known", "It is.", FieldProof("amount", present=True)),)),),
    )
    quick = book({}, numbered=True).with_definitions([known])
    assert proven_of_all_days(quick.as_of(FIRST))
    assert criterion_states(quick.as_of(FIRST))["state"].to_list() == ["met"] * 3


def test_in_the_middle_of_a_day_rows_are_counted() -> None:
    assert not proven_of_all_days(book({}, numbered=True).as_of("2025-03-25T12:00:00+00:00"))


def test_each_deal_keeps_its_own_proofs_in_whatever_order_rates_bring_the_deals() -> None:
    opened = pl.DataFrame({"deal_no": range(1, 4001)}).with_columns(
        deal=pl.format("d{}", "deal_no"),
        stage=pl.lit("Second"),
        status=pl.lit("open"),
        amount=pl.lit(100),
        currency=pl.when(pl.col("deal_no") % 3 == 0).then(pl.lit("USD")).otherwise(pl.lit("EUR")),
        valid_from=pl.lit(moment(-200)),
        created_at=pl.lit(moment(-200)),
    )
    proven = opened.filter(pl.col("deal_no") % 2 == 0).select(
        "deal", "deal_no", "valid_from", evidence="deal", kind=pl.lit("pain"), given_at="valid_from"
    )
    pain = Criterion("pain", "It hurts.", EvidenceProof("pain"))
    rates = pl.DataFrame({"currency": ["USD"], "from_on": [FIRST - dt.timedelta(days=90)], "rate": ["0.9"]})
    whole = Book.build(
        deals=opened,
        evidence=proven,
        rates=rates,
        definitions=[replace(definition(), stages=(Stage("First", (pain,)), Stage("Second")))],
        currency="EUR",
        zone=ZONE,
    )
    for _ in range(5):
        found = collect(qualified_deals(whole.as_of(FIRST)))
        assert set(found.filter(pl.col("qualification") == "qualified")["deal_no"]) == set(range(2, 4001, 2))
