"""A book small enough to work out by hand: seven deals, three stages, three criteria."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from stageproof.audit.audit import Audit, audit
from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.frames import from_rows
from stageproof.engine.tables import DEALS, EVIDENCE

ON = dt.date(2024, 9, 23)
TARGET = 2_500_000_00

DEFINITION = """
[pipeline]
name = "New business"
owner = "ada@example.com"
[[stages]]
name = "Discovery"
norm_days = 20
[[stages.exit]]
id = "pain"
says = "The buyer named a problem that we solve"
proof = { evidence = "pain", from = "buyer" }
[[stages]]
name = "Proposal"
norm_days = 30
[[stages.exit]]
id = "budget"
says = "The buyer confirmed the budget"
proof = { evidence = "budget", from = "buyer" }
[[stages.exit]]
id = "account_known"
says = "The buying company is known"
proof = { field = "account", present = true }
[[stages]]
name = "Closing"
norm_days = 10
"""

ALPHA: dict[str, Any] = {
    "deal": "A", "name": "Alpha rollout", "account": "Alpha Ltd", "owner": "Ada Okafor", "source": "Referral",
    "stage": "Proposal", "status": "open", "amount": 600_000_00, "currency": "USD",
    "close_on": dt.date(2024, 9, 28), "created_on": dt.date(2024, 8, 24),
    "created_at": dt.datetime(2024, 8, 24, 9), "valid_from": dt.datetime(2024, 8, 24, 9),
}  # fmt: skip
BRAVO = {**ALPHA, "deal": "B", "name": "Bravo", "stage": "Closing", "amount": 1_400_000_00,
         "close_on": dt.date(2024, 9, 30)}  # fmt: skip
CHARLIE = {**ALPHA, "deal": "C", "name": "Charlie", "stage": "Discovery", "amount": 200_000_00,
           "close_on": dt.date(2024, 9, 25), "owner": "Ben Wu"}  # fmt: skip
DELTA = {**ALPHA, "deal": "D", "name": "Delta", "amount": 300_000_00, "close_on": dt.date(2024, 11, 15)}


def closed(
    deal: str, status: str, amount: int, created_on: dt.date, closed_on: dt.date
) -> list[dict[str, Any]]:
    """The two versions of a deal that was worked in Proposal and then closed."""
    created_at = dt.datetime(created_on.year, created_on.month, created_on.day, 9)
    closed_at = dt.datetime(closed_on.year, closed_on.month, closed_on.day, 15)
    row = {**ALPHA, "deal": deal, "name": f"Deal {deal}", "amount": amount, "created_on": created_on,
           "created_at": created_at, "valid_from": created_at, "close_on": closed_on}  # fmt: skip
    return [row, {**row, "status": status, "valid_from": closed_at}]


DEALS_ROWS = [
    ALPHA, BRAVO, CHARLIE, DELTA,
    *closed("E", "won", 900_000_00, dt.date(2024, 5, 2), dt.date(2024, 8, 10)),
    *closed("F", "lost", 100_000_00, dt.date(2024, 6, 1), dt.date(2024, 7, 20)),
    *closed("G", "lost", 500_000_00, dt.date(2024, 3, 1), dt.date(2024, 5, 20)),
]  # fmt: skip
PAIN = [
    {"evidence": deal, "deal": deal, "kind": "pain", "side": "buyer", "given_at": dt.datetime(2024, 9, 1),
     "valid_from": dt.datetime(2024, 9, 1)}
    for deal in ("A", "B")
]  # fmt: skip


def definition() -> Definition:
    return read_definition(DEFINITION)


def book(rows: list[dict[str, Any]] | None = None, evidence: list[dict[str, Any]] | None = PAIN) -> Book:
    """The book of these rows; no evidence table at all where `evidence` is None."""
    given: pl.LazyFrame | None = None if evidence is None else from_rows(EVIDENCE, evidence)
    return Book.build(
        deals=from_rows(DEALS, DEALS_ROWS if rows is None else rows),
        evidence=given,
        definitions=[definition()],
        currency="USD",
    )


def small_audit(
    deals: list[dict[str, Any]] | None = None,
    *,
    evidence: list[dict[str, Any]] | None = PAIN,
    period: str | None = "2024-Q3",
    target: int | None = TARGET,
    **more: Any,
) -> Audit:
    """The audit of the small book as of its Monday."""
    held = book(deals, evidence)
    chosen = None if period is None else held.calendar.period(period)
    return audit(held, as_of=ON, definition=definition(), period=chosen, target=target, **more)
