"""Fields of forms: what a person typed, as the values that verbs take; every unreadable one becomes a problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from stageproof.engine.money import is_currency, minor_units
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Account, Organisation, Person
from stageproof.records.models.accounts import HERE

NOBODY = "(none)"


def read_facts(given: Mapping[str, str], names: list[str], currency: str) -> dict[str, Any]:
    """The facts of a deal among the fields given; refused with every one that cannot be read."""
    facts: dict[str, Any] = {}
    problems: list[Problem] = []
    stated = given.get("currency", "").strip().upper()
    unit = stated if is_currency(stated) else currency
    for name in names:
        if name not in given:
            continue
        try:
            facts[name] = _fact(name, given[name].strip(), unit)
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems)
    return facts


def _fact(name: str, text: str, currency: str) -> Any:
    if name == "amount":
        return amount(text, currency) if text else None
    if name.endswith("_on"):
        return day(text, name) if text else None
    if name == "owner":
        return person(text) if text else None
    if name == "account":
        return account(text) if text else None
    if name == "currency":
        return text.upper()
    return text or None


def amount(text: str, currency: str) -> int:
    """The amount in minor units, written with or without spaces and commas between thousands."""
    plain = text.replace(",", "").replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
    try:
        return minor_units(plain.removesuffix(currency), currency)
    except Refused as refused:
        raise Refused(
            Problem(each.code, each.says, each.remedy, column="amount", value=each.value)
            for each in refused.problems
        ) from None


def day(text: str, name: str) -> dt.date:
    """The day written as 2026-03-31; refused otherwise."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        says = f"'{text[:40]}' is not a date."
        raise Refused(
            [Problem(f"wrong_{name}", says, "Write it as 2026-03-31.", column=name, value=text[:40])]
        ) from None


def instant_on(text: str, name: str, now: dt.datetime) -> dt.datetime | None:
    """An instant on the day written: now where that is today, noon where it is another; None where blank."""
    if not text.strip():
        return None
    on = day(text.strip(), name)
    zone = ZoneInfo(Organisation.objects.get().zone)
    if on == now.astimezone(zone).date():
        return now
    return dt.datetime.combine(on, dt.time(12), zone).astimezone(dt.UTC)


def person(name: str) -> Person:
    """The person of this name or e-mail address; refused where there is none."""
    found = Person.objects.filter(name=name).first() or Person.objects.filter(email=name.casefold()).first()
    if found is None:
        says = f"There is nobody called '{name[:80]}'."
        raise Refused(
            [Problem("wrong_owner", says, "Choose one of the list.", column="owner", value=name[:80])]
        )
    return found


def account(name: str) -> Account:
    """The account of this name; refused where there is none."""
    found = Account.objects.filter(HERE, name=name).first()
    if found is None:
        says = f"There is no account '{name[:80]}'."
        raise Refused(
            [
                Problem(
                    "wrong_account",
                    says,
                    "Create it first, or choose one of the list.",
                    column="account",
                    value=name[:80],
                )
            ]
        )
    return found
