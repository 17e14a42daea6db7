"""Every open deal of the audit as CSV, with its qualification and findings: what the report may only list in part."""

from __future__ import annotations

import csv
import io

import polars as pl

from stageproof.audit.audit import Audit
from stageproof.engine.frames import day_of
from stageproof.engine.hygiene.finding import kind_of
from stageproof.engine.money import Money
from stageproof.importers.rejects import harmless

COLUMNS = (
    "deal", "name", "account", "owner", "team", "stage", "amount", "currency", "close_on", "created_on", "source",
    "qualification", "criteria_met", "criteria_waived", "criteria_unverifiable", "criteria_unmet", "findings",
)  # fmt: skip


def deals_csv(audit: Audit) -> str:
    """One line per open deal, the largest first; cells that a spreadsheet would run are made harmless."""
    currency = audit.pipeline.currency
    found = audit.monday.findings.group_by("deal").agg(pl.col("code").unique().sort())
    table = audit.deals.join(found, on="deal", how="left", maintain_order="left")
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    says: dict[str, str] = {}
    for row in table.iter_rows(named=True):
        codes = row["code"] or []
        for code in codes:
            says.setdefault(code, kind_of(code).says)
        cells = {
            **row,
            "amount": "" if row["value"] is None else str(Money(row["value"], currency).decimal),
            "currency": currency,
            "close_on": "" if row["close_on"] is None else day_of(row["close_on"]).isoformat(),
            "created_on": "" if row["created_on"] is None else day_of(row["created_on"]).isoformat(),
            "findings": "; ".join(says[code] for code in codes),
        }
        lines.writerow([harmless("" if cells[name] is None else str(cells[name])) for name in COLUMNS])
    return text.getvalue()
