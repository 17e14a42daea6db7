"""The facts of a lead between forms and actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stageproof.records.models import LeadVersion
from stageproof.records.models.marketing import LEAD_FACTS
from stageproof.web.fields import person


def read_lead(given: Mapping[str, str]) -> dict[str, Any]:
    """The facts that a form gives; refused where one cannot be read."""
    facts: dict[str, Any] = {name: given[name].strip() or None for name in LEAD_FACTS if name in given}
    if "name" in facts:
        facts["name"] = facts["name"] or ""
    if facts.get("employees"):
        digits = str(facts["employees"]).replace(",", "").replace(" ", "")
        facts["employees"] = (
            int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else facts["employees"]
        )
    if "owner" in given:
        facts["owner"] = person(given["owner"].strip()) if given["owner"].strip() else None
    return facts


def values_of_lead(row: LeadVersion) -> dict[str, str]:
    """The facts of a lead as a form shows them."""
    facts = {name: getattr(row, name) for name in LEAD_FACTS}
    texts = {name: "" if value is None else str(value) for name, value in facts.items()}
    return {**texts, "owner": row.owner.name if row.owner else ""}
