"""Random books for readings: several currencies, rules that change, and much that was learned late."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import strategies as st

from stageproof.engine.book import Book
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import DAY, day_of, from_rows
from stageproof.engine.period import Period
from stageproof.engine.proof import EvidenceProof, FieldProof
from stageproof.engine.tables import DEALS, EVIDENCE, LEADS
from tests.engine.histories import FIRST_DAY, HOUR, deals_with_changes, moments

PERIOD = Period("some days", "range", day_of(FIRST_DAY + 20), day_of(FIRST_DAY + 60))
NEW, MORE = "New business", "Expansion"


def rules(version: int, *, strict: bool, pipeline: str = NEW, on: int | None = None) -> Definition:
    """Two stages, in front of the second a priced deal, or a pain that the buyer named."""
    pain = Criterion("pain", "The buyer named a problem", EvidenceProof("pain", "buyer", within_days=30))
    price = Criterion("price", "The amount is known", FieldProof("amount", present=True))
    first = Stage("Discovery", (pain, price) if strict else (price,))
    band = "early" if strict else "late"
    stages = (first, Stage("Proposal", band=band))  # type: ignore[arg-type]
    effective = None if on is None else day_of(on)
    kind: Any = "expansion" if pipeline == MORE else "new business"
    return Definition(pipeline, "ada@example.com", stages, version, effective, kind=kind)


@st.composite
def definitions(draw: st.DrawFn) -> tuple[Definition, ...]:
    """One pipeline whose rules change in the middle, sometimes beside an expansion pipeline."""
    before, after = draw(st.booleans()), draw(st.booleans())
    turn = draw(st.integers(FIRST_DAY, FIRST_DAY + 80))
    found = [rules(1, strict=before), rules(2, strict=after, on=turn)]
    if draw(st.booleans()):
        found.append(rules(1, strict=False, pipeline=MORE))
    return tuple(found)


@st.composite
def evidence(draw: st.DrawFn, deals: list[str]) -> list[dict[str, Any]]:
    """Pains that buyers named, some recorded days later, some waived, some revoked."""
    rows = []
    for number in range(draw(st.integers(0, 4))):
        given = draw(moments())
        late = draw(st.sampled_from([0, HOUR, 12 * DAY]))
        kind = draw(st.sampled_from(["pain", "pain", "waiver"]))
        row = {
            "evidence": f"e{number}", "deal": draw(st.sampled_from(deals)), "kind": kind, "side": "buyer",
            "criterion": "pain" if kind == "waiver" else None, "given_at": given, "valid_from": given,
            "recorded_at": given + late, "removed": False,
        }  # fmt: skip
        rows.append(row)
        if draw(st.booleans()):
            gone = given + draw(st.integers(1, 40)) * DAY
            rows.append({**row, "valid_from": gone, "recorded_at": gone, "removed": True})
    return rows


@st.composite
def rates(draw: st.DrawFn) -> pl.DataFrame:
    """Rates of two currencies, some of them corrected later."""
    rows = []
    for currency, choices in (("EUR", ["1.1", "1.2", "1.005", "0.5"]), ("JPY", ["0.0071", "0.0065", "0.01"])):
        for day in draw(st.sets(st.integers(FIRST_DAY - 10, FIRST_DAY + 80), max_size=3)):
            for late in draw(st.sets(st.sampled_from([0, 5, 30]), min_size=1, max_size=2)):
                rows.append((currency, day, draw(st.sampled_from(choices)), (day + late) * DAY))
    schema = {"currency": pl.String, "from_on": pl.Int64, "rate": pl.String, "recorded_at": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@st.composite
def books(draw: st.DrawFn) -> Book:
    """A book of a few deals; most are of new business, some of an expansion pipeline or of none."""
    names = [f"deal {number}" for number in range(draw(st.integers(1, 5)))]
    rows = []
    for name in names:
        facts = {
            "pipeline": draw(st.sampled_from([NEW, NEW, MORE, None])),
            "source": draw(st.sampled_from(["Web", "Fair", None])),
            "campaign": draw(st.sampled_from(["Spring", None])),
        }
        rows += [{**facts, **row} for row in draw(deals_with_changes(name))]
    leads = [
        {"lead": f"l{number}", "source": "Web", "status": "new", "created_at": at, "valid_from": at}
        for number, at in enumerate(draw(st.lists(moments(), max_size=3)))
    ]
    return Book.build(
        deals=from_rows(DEALS, rows),
        evidence=from_rows(EVIDENCE, draw(evidence(names))),
        leads=from_rows(LEADS, leads),
        rates=draw(rates()),
        definitions=draw(definitions()),
        currency="USD",
    )


@st.composite
def known(draw: st.DrawFn, points: int = 1) -> list[tuple[int, int | None]]:
    """Instants in order, each with the later instant at which it was known, or None for what is known now."""
    found = sorted(draw(st.lists(moments(), min_size=points, max_size=points)))
    return [(at, draw(st.sampled_from([None, at, at + 10 * DAY]))) for at in found]


def instant(number: int | None) -> dt.datetime | None:
    """The instant of a number, None of none."""
    from stageproof.engine.frames import instant_of

    return None if number is None else instant_of(number)
