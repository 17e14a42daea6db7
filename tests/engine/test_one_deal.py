"""The gate gives the same answer for a deal in hand as for the deal in a book."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
from hypothesis import example, given, settings

from stageproof.engine.book import Book
from stageproof.engine.criteria import Moment
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import from_rows, instant_number, number
from stageproof.engine.one_deal import OneDeal
from stageproof.engine.proof import (
    ActivityProof,
    AllOf,
    AnyOf,
    EvidenceProof,
    FieldProof,
    NextStepProof,
    Not,
    Proof,
    RoleProof,
)
from stageproof.engine.stage_moves import decide_one_stage_move, decide_stage_move
from stageproof.engine.tables import TABLES

NOW = dt.datetime(2025, 3, 3, 12, tzinfo=dt.UTC)
DAYS = st.integers(-60, 20)


def at(days: int) -> int:
    return instant_number(NOW + dt.timedelta(days=days))


def day(days: int) -> int:
    found: int = number(NOW.date() + dt.timedelta(days=days))
    return found


LEAVES: st.SearchStrategy[Proof] = st.one_of(
    st.builds(FieldProof, st.sampled_from(["source", "next_step", "region"]), present=st.booleans()),
    st.builds(FieldProof, st.just("source"), one_of=st.just(("Web", "event"))),
    st.builds(
        FieldProof,
        st.just("amount"),
        at_least=st.sampled_from([Decimal(0), Decimal("120.5"), Decimal(500)]),
        currency=st.sampled_from([None, "EUR", "GBP"]),
    ),
    st.builds(FieldProof, st.just("close_on"), at_most=st.just(NOW.date())),
    st.builds(RoleProof, st.sampled_from(["champion", "legal"]), st.none() | st.integers(1, 50)),
    st.builds(
        EvidenceProof,
        st.sampled_from(["pain", "budget"]),
        st.sampled_from([None, "buyer", "seller"]),
        st.none() | st.integers(1, 50),
        st.booleans(),
    ),
    st.builds(
        ActivityProof,
        st.sampled_from(["any", "email", "meeting"]),
        st.sampled_from([None, "buyer"]),
        st.integers(1, 2),
        st.none() | st.integers(1, 50),
    ),
    st.builds(NextStepProof, st.integers(1, 20)),
)
PROOFS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(AllOf, st.tuples(inner, inner)),
        st.builds(AnyOf, st.tuples(inner, inner)),
        st.builds(Not, inner),
    ),
    max_leaves=4,
)
EVIDENCE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["pain", "budget", "waiver"]),
        "criterion": st.sampled_from([None, "one", "two"]),
        "side": st.sampled_from(["buyer", "seller"]),
        "given_at": DAYS.map(at),
        "expires_on": st.none() | DAYS.map(day),
        "verified_by": st.sampled_from([None, "olga@example.com"]),
    }
)
ROLES = st.fixed_dictionaries(
    {
        "contact": st.sampled_from(["c1", "c2"]),
        "role": st.sampled_from(["champion", "legal"]),
        "engaged_at": st.none() | DAYS.map(at),
    }
)
ACTIVITIES = st.fixed_dictionaries(
    {
        "contact": st.sampled_from([None, "c1", "c2"]),
        "kind": st.sampled_from(["email", "meeting"]),
        "side": st.sampled_from(["buyer", "seller"]),
        "happened_at": DAYS.map(at),
    }
)
DEAL = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["First", "Second", "Third", "Elsewhere"]),
        "status": st.sampled_from(["open", "won", "lost"]),
        "amount": st.none() | st.integers(0, 100_000),
        "currency": st.sampled_from(["USD", "EUR", "GBP"]),
        "source": st.sampled_from([None, "", "Web", "Event"]),
        "next_step": st.sampled_from([None, "Call"]),
        "next_step_on": st.none() | DAYS.map(day),
        "close_on": st.none() | DAYS.map(day),
    }
)


PLAIN: dict[str, Any] = {
    "stage": "First", "status": "open", "amount": None, "currency": "USD", "source": None, "next_step": None,
    "next_step_on": None, "close_on": None,
}  # fmt: skip


def with_history(rows: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    return [{**row, "deal": "d", "valid_from": at(-100), **more} for row in rows]


@settings(max_examples=60, deadline=None)
@given(
    proofs=st.tuples(PROOFS, PROOFS),
    deal=DEAL,
    evidence=st.none() | st.lists(EVIDENCE, max_size=4),
    roles=st.none() | st.lists(ROLES, max_size=3, unique_by=lambda row: (row["contact"], row["role"])),
    activities=st.none() | st.lists(ACTIVITIES, max_size=4),
    to=st.sampled_from(["First", "Second", "Third", "won", "lost", "Nowhere"]),
    reasons=st.tuples(st.sampled_from(["", "because"]), st.sampled_from(["", "budget"])),
)
@example(
    # What was engaged tomorrow is not known yet, and what expires today still counts.
    proofs=(AnyOf((RoleProof("champion", 30), EvidenceProof("pain"))), EvidenceProof("budget")),
    deal=PLAIN,
    evidence=[
        {
            "kind": "budget",
            "criterion": None,
            "side": "buyer",
            "given_at": at(-3),
            "expires_on": day(0),
            "verified_by": None,
        },
    ],
    roles=[{"contact": "c1", "role": "champion", "engaged_at": at(1)}],
    activities=None,
    to="Third",
    reasons=("", ""),
)
def test_a_deal_in_hand_gets_the_answer_it_gets_in_a_book(
    proofs: tuple[Proof, Proof],
    deal: dict[str, Any],
    evidence: list[dict[str, Any]] | None,
    roles: list[dict[str, Any]] | None,
    activities: list[dict[str, Any]] | None,
    to: str,
    reasons: tuple[str, str],
) -> None:
    definition = Definition(
        pipeline="New business",
        owner="Olga",
        stages=(
            Stage("First", (Criterion("one", "One", proofs[0]),)),
            Stage("Second", (Criterion("two", "Two", proofs[1]),)),
            Stage("Third"),
        ),
    )
    whole = {**deal, "deal": "d", "valid_from": at(-100)}
    # A euro is two dollars, and nobody knows what a pound is.
    euros = {"currency": "EUR", "from_on": day(-100), "rate": "2"}
    tables: dict[str, Any] = {"rates": from_rows(TABLES["rates"], [euros])}
    worth = {"USD": 1, "EUR": 2}.get(deal["currency"])
    value = deal["amount"] and (worth and deal["amount"] * worth)
    if evidence is not None:
        numbered = [{**row, "evidence": f"e{index}"} for index, row in enumerate(with_history(evidence))]
        tables["evidence"] = from_rows(TABLES["evidence"], numbered)
    if roles is not None:
        tables["roles"] = from_rows(TABLES["roles"], with_history(roles))
    if activities is not None:
        tables["activities"] = from_rows(TABLES["activities"], with_history(activities))
    book = Book.build(
        deals=from_rows(TABLES["deals"], [whole]), definitions=[definition], currency="USD", **tables
    )
    pipeline = book.as_of(NOW)
    reason, lost_reason = reasons

    in_book = decide_stage_move(pipeline, deal="d", to=to, reason=reason, lost_reason=lost_reason)
    one = OneDeal(
        Moment.of(pipeline, [definition]),
        {**whole, "value": value},
        evidence or (),
        roles or (),
        activities or (),
    )
    in_hand = decide_one_stage_move(one, definition, to=to, reason=reason, lost_reason=lost_reason)

    assert in_hand == in_book
