"""The audit as a document: what `--json` writes, described by docs/reference/audit.schema.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stageproof import __version__
from stageproof.audit.audit import Audit
from stageproof.audit.explanations import explanations
from stageproof.audit.finding_lists import found_checks
from stageproof.audit.headline import headline
from stageproof.engine.frames import instant_of
from stageproof.engine.money import Money
from stageproof.engine.proof import sentence
from stageproof.engine.qualification import QUALIFICATIONS

SCHEMA = 1
LARGEST = 50
"""Of each kind of finding so many are told in words; `findings` counts all, and `--deals` writes all."""


def document(audit: Audit) -> dict[str, Any]:
    """The whole audit in plain values: money as text with its currency, ratios as numbers, unknown as null."""
    return {
        "stageproof": __version__,
        "schema": SCHEMA,
        "as_of": audit.pipeline.on.isoformat(),
        "as_of_instant": instant_of(audit.pipeline.at).isoformat(),
        "zone": audit.pipeline.book.zone,
        "currency": audit.pipeline.currency,
        "headline": headline(audit),
        "definition": _definition(audit),
        "period": _period(audit),
        "figures": _figures(audit),
        "by_owner": [_owner(audit, row, "owner") for row in audit.by_owner.iter_rows(named=True)],
        "by_stage": [_stage(audit, row) for row in audit.by_stage.iter_rows(named=True)],
        "by_source": [_owner(audit, row, "source") for row in audit.by_source.iter_rows(named=True)],
        "by_period": [_quarter(audit, row) for row in audit.by_period.iter_rows(named=True)],
        "findings": _findings(audit),
        "not_checked": list(audit.monday.unchecked),
        "problems": [problem.as_dict() for problem in audit.problems],
        "notes": list(audit.notes),
        "rows": audit.rows,
        "explanations": {
            each.name: {"says": each.says, "formula": each.formula} for each in explanations(audit)
        },
    }


def money(amount: int | None, currency: str) -> dict[str, str] | None:
    """An amount in minor units as `{"amount": "10005534.00", "currency": "USD"}`; unknown as null."""
    return None if amount is None else Money(amount, currency).as_dict()


def _figures(audit: Audit) -> dict[str, Any]:
    currency = audit.pipeline.currency
    ratios = {name: audit.coverage[name] for name in ("nominal", "qualified", "remaining", "needed")}
    return {
        **_opened(audit.open, currency),
        **_closed(audit.bookings, currency),
        "win_rate": {name: audit.win_rate[name] for name in ("by_count", "by_amount")},
        "average_deal_size": money(audit.average_deal_size, currency),
        "cycle_length_days": {name: audit.cycle_length[name] for name in ("mean", "median", "p90")},
        "velocity_per_day": money(audit.velocity_per_day, currency),
        "coverage": ratios,
        "unpriced_open_deals": audit.open["unpriced_count"],
    }


def _period(audit: Audit) -> dict[str, Any] | None:
    if audit.period is None or audit.period_open is None or audit.period_bookings is None:
        return None
    currency = audit.pipeline.currency
    return {
        "name": audit.period.name,
        "starts_on": audit.period.starts_on.isoformat(),
        "ends_on": audit.period.ends_on.isoformat(),
        "target": money(audit.coverage["target"], currency),
        **_opened(audit.period_open, currency),
        **_closed(audit.period_bookings, currency),
    }


def _opened(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {name: _pair(row, name, currency) for name in ("open", *QUALIFICATIONS)}


def _closed(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {name: _pair(row, name, currency) for name in ("won", "lost")}


def _pair(row: Mapping[str, Any], name: str, currency: str) -> dict[str, Any]:
    return {"count": row[f"{name}_count"], "amount": money(row[f"{name}_amount"], currency)}


def _owner(audit: Audit, row: Mapping[str, Any], key: str) -> dict[str, Any]:
    currency = audit.pipeline.currency
    found = {
        key: row[key],
        **_opened(row, currency),
        **_closed(row, currency),
        "win_rate": {"by_count": row["by_count"], "by_amount": row["by_amount"]},
        "average_deal_size": money(row["average_amount"], currency),
        "cycle_length_days": {name: row[name] for name in ("mean", "median", "p90")},
    }
    return {**found, "target": money(row["target"], currency)} if "target" in row else found


def _stage(audit: Audit, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stage": row["stage"],
        "position": row["position"],
        **_opened(row, audit.pipeline.currency),
        "age_days": {"median": row["age_median"], "longest": row["age_longest"]},
        "norm_days": row["norm_days"],
    }


def _quarter(audit: Audit, row: Mapping[str, Any]) -> dict[str, Any]:
    currency = audit.pipeline.currency
    return {
        "period": row["quarter"],
        **_opened(row, currency),
        **_closed(row, currency),
        "win_rate": {"by_count": row["by_count"], "by_amount": row["by_amount"]},
    }


def _definition(audit: Audit) -> dict[str, Any]:
    definition = audit.definition
    return {
        "given": audit.definition_given,
        "pipeline": definition.pipeline,
        "owner": definition.owner,
        "version": definition.version,
        "stages": [
            {
                "name": stage.name,
                "norm_days": stage.norm_days,
                "exit": [
                    {"id": each.id, "says": each.says, "proof": sentence(each.proof)} for each in stage.exit
                ],
            }
            for stage in definition.stages
        ],
    }


def _findings(audit: Audit) -> list[dict[str, Any]]:
    """The four checks: counts of everything, and of each kind of finding the largest in words."""
    currency = audit.pipeline.currency
    return [
        {
            "check": check.number,
            "title": check.title,
            "count": check.deals,
            "amount": money(check.amount, currency),
            "codes": [
                {
                    "code": code.code,
                    "says": code.says,
                    "remedy": code.remedy,
                    "count": code.deals,
                    "amount": money(code.amount, currency),
                    "findings": code.whole,
                    "largest": [
                        {"deal": row["deal"], "seen": row["seen"], "remedy": row["remedy"] or code.remedy}
                        for row in code.rows[:LARGEST]
                    ],
                }
                for code in check.codes
            ],
        }
        for check in found_checks(audit)
    ]
