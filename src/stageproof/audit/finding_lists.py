"""The findings of the four checks as the report lists them: what was seen, what to do, and the deals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from stageproof.audit.audit import Audit
from stageproof.audit.deal_lists import ROWS
from stageproof.charts.wording import day_text, digits_text
from stageproof.engine.hygiene.monday import TITLES


@dataclass(frozen=True)
class FoundCode:
    """One kind of finding: how many deals and how much it touches, and the largest of them."""

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
        return f"The {len(self.rows):,} largest of {self.whole:,}; write all with --deals FILE."


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


def _found(audit: Audit, code: Any) -> FoundCode:
    findings = audit.monday.findings.filter(pl.col("code") == code.code).drop("value")
    deals = audit.deals.select("deal", "name", "account", "owner", "value")
    largest = (
        findings.join(deals, on="deal", how="left")
        .sort(["value", "deal"], descending=[True, False], nulls_last=True)
        .head(ROWS)
    )
    rows = tuple(_row(audit, row) for row in largest.iter_rows(named=True))
    return FoundCode(code.code, code.says, code.remedy, code.deals, code.amount, findings.height, rows)


def _row(audit: Audit, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "deal": row["deal"],
        "name": row["name"] or row["deal"],
        "account": row["account"],
        "owner": row["owner"],
        "amount": digits_text(row["value"], audit.pipeline.currency),
        "since": day_text(row["since_on"]),
        "seen": row["detail"] or "",
    }
