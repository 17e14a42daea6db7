"""What is wrong with single values, said alike by every verb."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db import models

from stageproof.engine.money import is_currency
from stageproof.engine.problem import Problem


def wrong(column: str, value: Any, says: str, remedy: str) -> Problem:
    """A problem with the value of one fact."""
    return Problem(f"wrong_{column}", says, remedy, column=column, value=str(value)[:80])


def missing(column: str, says: str, remedy: str) -> Problem:
    """A problem with a fact that was left out."""
    return Problem(f"missing_{column}", says, remedy, column=column)


def text_problems(model: type[models.Model], values: Mapping[str, Any]) -> list[Problem]:
    """Texts that are too long for their place, or that no database holds."""
    problems = []
    for name, text in values.items():
        if not isinstance(text, str):
            continue
        limit: int | None = getattr(model._meta.get_field(name), "max_length", None)
        if limit is not None and len(text) > limit:
            problems.append(wrong(name, text, f"This is longer than {limit} characters.", "Shorten it."))
        if not storable(text):
            problems.append(
                wrong(name, "", "This holds a character that cannot be kept.", "Type it again as plain text.")
            )
    return problems


def storable(text: str) -> bool:
    """Whether every database can hold the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def one_of(column: str, value: Any, choices: Collection[str], noun: str) -> list[Problem]:
    """A problem unless the value is one of the choices."""
    if value in choices:
        return []
    return [wrong(column, value, f"There is no {noun} '{value}'.", f"Use one of: {', '.join(choices)}.")]


def not_ahead(column: str, at: dt.datetime, now: dt.datetime) -> list[Problem]:
    """A problem where something that happened lies in the future."""
    if at <= now:
        return []
    return [
        wrong(
            column,
            at.isoformat(),
            "This lies in the future.",
            "Record it once it has happened, with its time.",
        )
    ]


def amount_problems(amount: int, currency: str) -> list[Problem]:
    """Problems of money that must not be negative."""
    problems = []
    if amount < 0:
        problems.append(wrong("amount", amount, "An amount cannot be negative.", "Give zero or more."))
    if amount >= 2**63:
        problems.append(wrong("amount", amount, "This amount is beyond all measure.", "Check its digits."))
    if not is_currency(currency):
        problems.append(
            wrong("currency", currency, "This is not a currency.", "Use a code such as USD or EUR.")
        )
    return problems
