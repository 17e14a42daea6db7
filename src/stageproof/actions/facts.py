"""The facts of a deal that people set, and everything that can be wrong with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from stageproof.actions.wrong import missing, one_of, text_problems, wrong
from stageproof.engine.money import is_currency
from stageproof.engine.problem import Problem
from stageproof.records.models import Account, Deal, Person
from stageproof.records.models.accounts import HERE
from stageproof.records.models.deals import CATEGORIES

EDITABLE = (
    "name", "account", "owner", "amount", "currency", "close_on", "forecast_category", "source", "campaign",
    "segment", "product", "next_step", "next_step_on", "competitor", "lost_reason",
    "deal_type", "renews_on", "follows", "custom",
)  # fmt: skip
MOST_MONEY = 2**63 - 1
_KINDS: dict[str, tuple[type, str, str]] = {
    "account": (Account, "There is no such account.", "Choose an existing one."),
    "owner": (Person, "There is no such owner.", "Choose an existing one."),
    "amount": (int, "This is not an amount in minor units.", "Give a whole number, 1250000 for 12,500.00."),
    "close_on": (dt.date, "This is not a date.", "Write it as 2026-03-31."),
    "next_step_on": (dt.date, "This is not a date.", "Write it as 2026-03-31."),
    "renews_on": (dt.date, "This is not a date.", "Write it as 2026-03-31."),
    "custom": (dict, "Fields of your own come as names with values.", "Give each a name and a value."),
}


def check_facts(facts: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with values given for a deal."""
    problems = text_problems(Deal, {name: facts[name] for name in facts if name not in _KINDS})
    for name, value in facts.items():
        kind, says, remedy = _KINDS.get(name, (str, "This is not a text.", "Give it as text."))
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool | dt.datetime)):
            problems.append(wrong(name, value, says, remedy))
    if "name" in facts and not str(facts["name"] or "").strip():
        problems.append(missing("name", "A deal needs a name.", "Give it one."))
    currency, category = facts.get("currency", "USD"), facts.get("forecast_category")
    if not isinstance(currency, str) or not is_currency(currency):
        problems.append(
            wrong("currency", currency, "This is not a currency.", "Use a code such as USD or EUR.")
        )
    if category is not None:
        problems += one_of("forecast_category", category, CATEGORIES, "forecast category")
    return problems + _of_amount(facts.get("amount"))


def check_account_here(deal: Deal) -> list[Problem]:
    """A problem where the deal's account was merged or taken out since it was chosen; for under the lock."""
    if deal.account_id is None or Account.objects.filter(HERE, pk=deal.account_id).exists():
        return []
    says = "This account is no longer here: it became part of another, or was taken out."
    return [wrong("account", deal.account_id, says, "Choose the one that there is.")]


def check_edit(changes: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with an edit, whichever deal it is of."""
    return unknown_facts(changes, EDITABLE) + check_facts(
        {name: value for name, value in changes.items() if name in EDITABLE}
    )


def unknown_facts(facts: Mapping[str, Any], known: Collection[str]) -> list[Problem]:
    """A problem for each fact that is not to be set in this way."""
    gate = "Stage and status change by moving the deal."
    return [
        Problem(
            "not_editable",
            f"'{name}' cannot be set here.",
            gate if name in ("stage", "status") else "Leave it out.",
            column=name,
        )
        for name in facts
        if name not in known
    ]


def _of_amount(amount: Any) -> list[Problem]:
    if not isinstance(amount, int):
        return []
    if amount < 0:
        return [wrong("amount", amount, "An amount cannot be negative.", "Give what the deal is worth.")]
    if amount > MOST_MONEY:
        return [wrong("amount", amount, "This amount is beyond all measure.", "Check its digits.")]
    return []
