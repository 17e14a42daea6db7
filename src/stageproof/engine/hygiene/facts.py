"""Check 4: are the facts right?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw

from stageproof.engine.book import Pipeline, in_memory
from stageproof.engine.definition import Definition, HygieneRules
from stageproof.engine.frames import collect
from stageproof.engine.hygiene.subjects import Checked, Test, day_of_instant, findings, missing_since, ruled
from stageproof.engine.money import exponent
from stageproof.engine.proof import field_label

CHECK = 4
_NO_DATA = {"close_on"}
"""Facts that another check looks at."""


def facts(pipeline: Pipeline) -> Checked:
    """Deals with facts missing, too few contacts, an amount far from typical, or a likely twin."""
    committees = _committees(pipeline)
    twins = _twins(pipeline)
    found: list[nw.LazyFrame[Any]] = []
    notes: list[str] = []
    for definition, rules, deals in ruled(pipeline):
        names = [name for name in rules.required_facts if name not in _NO_DATA]
        held = [name for name in names if name in pipeline.book.fields]
        notes += [_not_held(name) for name in names if name not in held]
        frame = missing_since(pipeline, deals, held) if held else deals
        frame = frame.join(twins, on="deal", how="left")
        if committees is not None:
            frame = frame.join(committees, on="deal", how="left")
        tests = [*_missing(held), *_amounts(pipeline, rules, notes), _twin()]
        if committees is not None:
            tests += _contacts(pipeline, definition, rules)
        found += findings(in_memory(frame), CHECK, tests)
    if committees is None:
        notes.append("Contacts and the economic buyer: the book holds no roles.")
    return Checked(tuple(found), tuple(dict.fromkeys(notes)))


def _missing(names: Sequence[str]) -> Iterator[Test]:
    for name in names:
        yield Test(f"no_{name}", nw.col(f"{name}_missing"), nw.col(f"{name}_missing_on"), detail=nw.lit(name))


def _not_held(name: str) -> str:
    return f"The {field_label(name)}: the book holds no column '{name}'."


def _committees(pipeline: Pipeline) -> nw.LazyFrame[Any] | None:
    """Per deal: `contacts`, `buyers` (economic), and the days from which neither was known any more."""
    roles, versions = pipeline.roles, pipeline.role_versions
    if roles is None or versions is None:
        return None
    buyer = nw.col("role") == "economic_buyer"
    present = roles.group_by("deal").agg(
        contacts=nw.col("contact").n_unique(),
        buyers=nw.when(buyer).then(nw.lit(1)).otherwise(nw.lit(0)).sum(),
    )
    past = versions.group_by("deal").agg(
        contact_until=nw.col("valid_to").max(), buyer_until=nw.when(buyer).then(nw.col("valid_to")).max()
    )
    return past.join(present, on="deal", how="left").with_columns(
        contact_until=day_of_instant(pipeline, nw.col("contact_until")),
        buyer_until=day_of_instant(pipeline, nw.col("buyer_until")),
    )


def _contacts(pipeline: Pipeline, definition: Definition | None, rules: HygieneRules) -> Iterator[Test]:
    """Contacts of every deal; the economic buyer of those past the early stages, where one has to be
    known."""
    contacts = nw.coalesce(nw.col("contacts").cast(nw.Int64), nw.lit(0))
    buyers = nw.coalesce(nw.col("buyers").cast(nw.Int64), nw.lit(0))
    created = nw.col("created_on")
    alone_from = _minor(rules.one_contact_amount, pipeline)
    yield Test("no_contacts", contacts == 0, nw.coalesce(nw.col("contact_until"), created))
    early = [
        position
        for position, stage in enumerate(definition.stages if definition else ())
        if stage.band == "early"
    ]
    late = ~nw.col("position").is_in(early) if early else ~nw.col("deal").is_null()
    unknown = late & (contacts > 0) & (buyers == 0)
    yield Test("no_economic_buyer", unknown, nw.coalesce(nw.col("buyer_until"), created))
    yield Test(
        "one_contact",
        (contacts == 1) & (nw.col("value") >= alone_from),
        None,
        nw.col("value"),
        nw.lit(alone_from),
    )


def _amounts(pipeline: Pipeline, rules: HygieneRules, notes: list[str]) -> Iterator[Test]:
    """Amounts beyond what won deals make likely, in minor units of the reporting currency."""
    worth = pipeline.closed.filter(nw.col("status") == "won", nw.col("value") > 0).select("value")
    typical = collect(
        worth.select(
            deals=nw.len(),
            low=nw.col("value").quantile(0.1, interpolation="linear"),
            high=nw.col("value").quantile(0.9, interpolation="linear"),
        )
    ).row(0, named=True)
    if typical["deals"] < rules.typical_from_deals:
        notes.append(
            f"Whether amounts are typical: fewer than {rules.typical_from_deals} won deals have one."
        )
        return
    low = float(typical["low"]) / rules.amount_far_factor
    high = float(typical["high"]) * rules.amount_far_factor
    value = nw.col("value")
    yield Test("amount_high", value > high, None, value, nw.lit(high))
    yield Test("amount_low", (value < low) & (value != 0), None, value, nw.lit(low))


def _twins(pipeline: Pipeline) -> nw.LazyFrame[Any]:
    """Per open deal how many of the same account, amount and product there are, and one of the others."""
    keyed = pipeline.open.filter(
        ~nw.col("account").is_null(), nw.col("account") != "", nw.col("value") != 0
    ).select(
        "deal",
        "value",
        buyer=nw.col("account").str.to_lowercase(),
        what=nw.coalesce(nw.col("product"), nw.lit("")),
    )
    groups = (
        keyed.group_by("buyer", "value", "what")
        .agg(alike=nw.len(), first=nw.col("deal").min(), last=nw.col("deal").max())
        .filter(nw.col("alike") > 1)
    )
    other = nw.when(nw.col("deal") == nw.col("first")).then(nw.col("last")).otherwise(nw.col("first"))
    return keyed.join(groups, on=["buyer", "value", "what"], how="inner").select(
        "deal", alike=nw.col("alike"), twin=other
    )


def _twin() -> Test:
    return Test(
        "twin", ~nw.col("twin").is_null(), nw.col("created_on"), nw.col("alike"), detail=nw.col("twin")
    )


def _minor(amount: Decimal, pipeline: Pipeline) -> int:
    return int(amount.scaleb(exponent(pipeline.currency)))
