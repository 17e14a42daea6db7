"""Cards: what a board shows of a deal, in words."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.criteria import MET, WAIVED
from stageproof.engine.definition import Definition
from stageproof.engine.frames import day_of
from stageproof.engine.hygiene.finding import Context, kind_of, remedy, seen
from stageproof.engine.proof import sentence
from stageproof.records.models import Deal
from stageproof.web.deal_list import DealList, risks_among

FIRST = (
    "past",
    "no_close_date",
    "next_step_past",
    "no_next_step",
    "silent",
    "never_heard",
    "pushed",
    "unconfirmed",
)
"""The order in which marks are shown where not all have room; the others come after."""


@dataclass(frozen=True)
class Risk:
    """One thing the matter with a deal: its kind in a few words, and what was seen."""

    code: str
    label: str
    seen: str
    remedy: str


@dataclass(frozen=True)
class Card:
    """A deal on the board."""

    key: str
    name: str
    account: str
    owner: str
    amount: int | None
    currency: str
    close_on: dt.date | None
    days: int | None
    norm: int | None
    met: int
    of: int
    missing: str
    behind: int
    qualification: str
    risks: list[Risk] = field(default_factory=list)
    version: int = 0

    @property
    def what(self) -> str:
        """The deal's name, without that of its account before it."""
        return what_of(self.name, self.account)

    @property
    def late(self) -> bool:
        return self.days is not None and self.norm is not None and self.days > self.norm

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.owner.split()[:2]).upper()

    @property
    def dots(self) -> list[bool]:
        """One per exit criterion of the stage: whether it is met or waived."""
        return [place < self.met for place in range(self.of)]


def what_of(name: str, account: str) -> str:
    """A deal's name without that of its account before it, for where the account stands beside it."""
    return name.removeprefix(f"{account}: ").removeprefix(f"{account} - ") if account else name


def cards(listed: DealList, definition: Definition, rows: pl.DataFrame, *, editable: bool) -> list[Card]:
    """The cards of some rows of the list, in their order; with versions where they can be moved."""
    keys = rows["deal"].to_list()
    versions = dict(Deal.objects.filter(key__in=keys).values_list("key", "version")) if editable else {}
    risks = risks_of(listed.pipeline, keys)
    return [
        _card(listed, definition, row, risks.get(row["deal"], []), versions.get(row["deal"], 0))
        for row in rows.iter_rows(named=True)
    ]


def risks_of(pipeline: Pipeline, keys: list[str]) -> dict[str, list[Risk]]:
    """What the checks found about some deals, the most pressing first."""
    context = Context(pipeline.on, pipeline.currency, pipeline.definitions)
    found: dict[str, list[Risk]] = defaultdict(list)
    for row in risks_among(pipeline, keys).iter_rows(named=True):
        kind = kind_of(row["code"])
        found[row["deal"]].append(Risk(row["code"], kind.says, seen(row, context), remedy(row, context)))
    for risks in found.values():
        risks.sort(key=lambda risk: FIRST.index(risk.code) if risk.code in FIRST else len(FIRST))
    return found


def _card(
    listed: DealList, definition: Definition, row: Mapping[str, Any], risks: list[Risk], version: int
) -> Card:
    states = listed.exit_criteria(row, definition)
    passed = [criterion for criterion, state in states if state in (MET, WAIVED)]
    missing = [sentence(criterion.proof) for criterion, state in states if state not in (MET, WAIVED)]
    return Card(
        key=row["deal"],
        name=row["name"] or row["deal"],
        account=row["account"] or "",
        owner=row["owner"] or "",
        amount=row["amount"],
        currency=row["currency"],
        close_on=None if row["close_on"] is None else day_of(row["close_on"]),
        days=row["days_in_stage"],
        norm=row["norm_days"],
        met=len(passed),
        of=len(states),
        missing="; ".join(missing),
        behind=(row["criteria_unmet"] or 0),
        qualification=row["qualification"] or "",
        risks=risks,
        version=version,
    )
