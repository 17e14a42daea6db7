"""The deals behind the figures, as the report lists them: the largest first, and how many more there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from stageproof.audit.audit import Audit
from stageproof.charts.wording import day_text, digits_text
from stageproof.engine.counted import count_text
from stageproof.engine.frames import day_of
from stageproof.engine.hygiene.finding import kind_of
from stageproof.engine.qualification import QUALIFICATIONS, criterion_states

ROWS = 500
"""How many deals a list embeds at most; `--deals FILE` writes all."""

_SAYS = {
    "qualified": "Every exit criterion behind their stage is met.",
    "waived": "All criteria are met or waived; waived never counts as qualified.",
    "unverifiable": "Nothing is unmet, but these files hold no data for some criteria.",
    "unqualified": "At least one criterion behind their stage is unmet.",
    "won": "Last closed first.",
    "lost": "Last closed first.",
}


@dataclass(frozen=True)
class DealList:
    """The deals of one kind: `whole` in all, of which `rows` are embedded; `cut` says so where some are not."""

    anchor: str
    title: str
    says: str
    whole: int
    rows: tuple[dict[str, Any], ...]
    is_open: bool

    @property
    def cut(self) -> str:
        if len(self.rows) == self.whole:
            return ""
        kind = "largest" if self.is_open else "last closed"
        return f"The {len(self.rows):,} {kind} of {self.whole:,}; write all with --deals FILE."


def open_lists(audit: Audit, filters: Mapping[str, Mapping[str | None, int]]) -> list[DealList]:
    """One list per qualification that has deals, largest first; `filters` number the values one can pick."""
    parts = {name: audit.deals.filter(pl.col("qualification") == name) for name in QUALIFICATIONS}
    embedded = [deal for table in parts.values() for deal in table.head(ROWS)["deal"]]
    missing = _missing(audit, embedded)
    findings = _findings(audit, embedded)
    lists = []
    for name, table in parts.items():
        if table.is_empty():
            continue
        rows = tuple(
            _open_row(audit, row, missing.get(row["deal"], ()), findings.get(row["deal"], ()), filters)
            for row in table.head(ROWS).iter_rows(named=True)
        )
        lists.append(
            DealList(f"deals-{name}", name.capitalize(), _SAYS[name], table.height, rows, is_open=True)
        )
    return lists


def closed_lists(audit: Audit) -> list[DealList]:
    """The won and the lost deals, last closed first."""
    lists = []
    for status in ("won", "lost"):
        table = audit.closed.filter(pl.col("status") == status)
        rows = tuple(_row(audit, row) for row in table.head(ROWS).iter_rows(named=True))
        if rows:
            title = status.capitalize()
            lists.append(DealList(f"deals-{status}", title, _SAYS[status], table.height, rows, is_open=False))
    return lists


def _row(audit: Audit, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "deal": row["deal"],
        "name": row["name"] or row["deal"],
        "account": row["account"],
        "owner": row["owner"],
        "stage": row["stage"],
        "amount": digits_text(row["value"], audit.pipeline.currency),
        "close_on": day_text(row["close_on"]),
        "in_period": _in_period(audit, row["close_on"]),
    }


def _in_period(audit: Audit, day: int | None) -> bool:
    return audit.period is not None and day is not None and audit.period.contains(day_of(day))


def _open_row(
    audit: Audit,
    row: Mapping[str, Any],
    missing: Sequence[str],
    findings: Sequence[str],
    filters: Mapping[str, Mapping[str | None, int]],
) -> dict[str, Any]:
    states = {name: row[f"criteria_{name}"] for name in ("met", "waived", "unverifiable", "unmet")}
    asked = sum(states.values())
    others = [f"{states[name]} {name}" for name in ("waived", "unverifiable") if states[name]]
    met = f"{states['met']} of {asked} met" if asked else "nothing to prove yet"
    if row["position"] < 0:
        met = "stage not in the definition"
    return {
        **_row(audit, row),
        "met": ", ".join([met, *others]),
        "missing": missing,
        "findings": findings,
        "picks": {key: values[row[key]] for key, values in filters.items() if row[key] in values},
    }


def _missing(audit: Audit, deals: list[str]) -> dict[str, list[str]]:
    """What each deal still has to prove, in the definition's words."""
    if not deals:
        return {}
    states = criterion_states(audit.pipeline, deals).filter(pl.col("behind"), pl.col("state") == "unmet")
    found: dict[str, list[str]] = {}
    for deal, says in states.select("deal", "says").iter_rows():
        found.setdefault(deal, []).append(says)
    return found


def _findings(audit: Audit, deals: list[str]) -> dict[str, list[str]]:
    """What the four checks found on each deal, by the name of the finding and how often."""
    table = audit.monday.findings.filter(pl.col("deal").is_in(deals))
    found: dict[str, list[str]] = {}
    for deal, code, times in (
        table.group_by("deal", "check", "code").len().sort("deal", "check", "code").drop("check").iter_rows()
    ):
        text = kind_of(code).says
        found.setdefault(deal, []).append(text if times == 1 else f"{text} ({count_text(times, 'time')})")
    return found
