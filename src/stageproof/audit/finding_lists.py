"""The findings of the four checks as the report lists them: what was seen, what to do, and the deals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from stageproof.audit.audit import Audit
from stageproof.audit.deal_lists import ROWS
from stageproof.charts.wording import day_text, digits_text
from stageproof.engine.hygiene.finding import kind_of
from stageproof.engine.hygiene.monday import TITLES, Counted

STAGE_EARNED = 2
"""The check whose remedies differ from criterion to criterion."""


@dataclass(frozen=True)
class FoundCode:
    """One kind of finding: how many deals and how much it touches; of `whole` findings the largest as `rows`."""

    code: str
    says: str
    remedy: str
    deals: int
    amount: int
    whole: int
    rows: tuple[dict[str, Any], ...]

    @property
    def cut(self) -> str:
        if len(self.rows) == self.whole:
            return ""
        return f"The findings on the {len(self.rows):,} largest of {self.whole:,}; all with --deals FILE."


@dataclass(frozen=True)
class FoundCheck:
    """One of the four checks with its findings; `deals` counts a deal once."""

    number: int
    title: str
    deals: int
    amount: int
    codes: tuple[FoundCode, ...]


def found_checks(audit: Audit) -> list[FoundCheck]:
    """The four checks in order."""
    checks = []
    for number, title in TITLES.items():
        whole = audit.monday.by_check(number)
        codes = tuple(_found(audit, each) for each in audit.monday.by_code(number))
        checks.append(FoundCheck(number, title, whole.deals, whole.amount, codes))
    return checks


def _found(audit: Audit, counted: Counted) -> FoundCode:
    findings = audit.monday.findings.filter(pl.col("code") == counted.code)
    order = ["amount", "deal", "detail"]
    largest = findings.top_k(ROWS, by=order, reverse=[False, True, True]).sort(
        order, descending=[True, False, False], nulls_last=True
    )
    shown = largest.join(
        audit.deals.select("deal", "name", "account", "owner"), on="deal", how="left", maintain_order="left"
    )
    rows = tuple(_row(audit, row) for row in shown.iter_rows(named=True))
    kind = kind_of(counted.code)
    return FoundCode(
        counted.code, kind.says, kind.remedy, counted.deals, counted.amount, findings.height, rows
    )


def _row(audit: Audit, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "deal": row["deal"],
        "name": row["name"] or row["deal"],
        "account": row["account"],
        "owner": row["owner"],
        "amount": digits_text(row["amount"], audit.pipeline.currency),
        "since": day_text(row["since_on"]),
        "seen": audit.monday.seen(row),
        "remedy": audit.monday.remedy(row) if row["check"] == STAGE_EARNED else "",
    }
