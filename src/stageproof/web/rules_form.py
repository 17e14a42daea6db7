"""The rules of the four checks as fields of a form, and back as a table of TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from stageproof.engine.hygiene_rules import HygieneRules
from stageproof.engine.problem import Problem

LABELS: dict[str, tuple[str, str]] = {
    "closing_soon_days": ("Close date confirmed from", "days before; the buyer must have said it"),
    "close_date_evidence": ("Confirmed by evidence of", "the kind of evidence"),
    "close_date_within_days": ("A confirmation counts for", "days"),
    "pushes_allowed": ("Close date may be pushed", "times before it is reported"),
    "stage_age_factor": ("Stays too long beyond", "times the usual days"),
    "required_facts": ("Must not be blank", "facts of a deal, one per comma"),
    "one_contact_amount": ("More than one contact from", "in the major unit of the deal's currency"),
    "amount_far_factor": ("Amount is unusual beyond", "times the typical one, above or below"),
    "typical_from_deals": ("Typical takes at least", "won deals"),
}
"""What each rule is called, and what its value counts."""
USUAL = HygieneRules()


@dataclass
class RuleField:
    """A rule as typed; blank is the usual value."""

    name: str
    label: str
    hint: str
    text: str
    usual: str
    problems: list[Problem] = field(default_factory=list)


def rule_fields(rules: HygieneRules) -> list[RuleField]:
    """Every rule with its value; those at their usual value are blank, so that they follow it."""
    found = []
    for name, (label, hint) in LABELS.items():
        text, usual = said(getattr(rules, name)), said(getattr(USUAL, name))
        found.append(RuleField(name, label, hint, "" if text == usual else text, usual))
    return found


def typed_rules(given: Mapping[str, Any]) -> list[RuleField]:
    """The rules as they were posted."""
    found = rule_fields(USUAL)
    for each in found:
        each.text = " ".join(str(given.get(f"rule-{each.name}", "")).replace("\x00", "").split())
    return found


def rules_table(rules: list[RuleField]) -> dict[str, Any]:
    """The table of TOML of those rules that are not usual; what cannot be read stays text, so that it is refused."""
    kinds = {each.name: each.default for each in fields(HygieneRules)}
    return {each.name: _read(kinds[each.name], each.text) for each in rules if each.text}


def said(value: Any) -> str:
    """A value as a form shows it."""
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(usual: Any, text: str) -> Any:
    if isinstance(usual, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(usual, str):
        return text
    if isinstance(usual, int):
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    return int(number) if number == number.to_integral_value() else number
