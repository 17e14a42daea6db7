"""Exchange rates, each from a day on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.history import names_changed, succeed
from stageproof.actions.permission import demand
from stageproof.actions.wrong import wrong
from stageproof.engine.money import is_currency, minor_rate
from stageproof.engine.problem import Problem, Refused
from stageproof.records.ledger import writing
from stageproof.records.models import Organisation, RateVersion

SETS_RATES = ("finance", "pipeline owner", "admin")
_LARGEST = Decimal(10) ** 9


def set_rate(
    actor: Actor,
    *,
    currency: str,
    from_on: dt.date,
    rate: str | Decimal,
    now: dt.datetime,
    correct: bool = False,
) -> RateVersion:
    """What one unit is worth in the reporting currency from a day on.

    A rate that is there is replaced only where `correct` says that it was wrong: figures given out may change. The
    wrong one is kept, for what was known by then.
    """
    demand(actor, SETS_RATES, "set exchange rates")
    currency = currency.strip().upper()
    reporting = Organisation.objects.get().currency
    value, problems = _decimal(rate)
    if not is_currency(currency):
        problems.append(
            wrong("currency", currency, "This is not a currency.", "Use a code such as USD or EUR.")
        )
    elif currency == reporting:
        says = "This is the reporting currency, whose rate is 1."
        problems.append(wrong("currency", currency, says, "Choose another currency."))
    elif value is not None:
        try:
            minor_rate(value, source=currency, target=reporting)
        except (Refused, ValueError, ArithmeticError):
            problems.append(wrong("rate", rate, "This rate is beyond all measure.", "Check its digits."))
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        same = RateVersion.objects.filter(currency=currency, from_on=from_on, valid_to__isnull=True)
        last = same.first()
        there = None if last is None or last.removed else last
        if there is not None and value is not None and Decimal(there.rate) != value and not correct:
            says = f"There is a rate of {there.rate} from this day already."
            remedy = "Say that it was wrong, or give the new one from its own day."
            problems.append(Problem("rate_already_set", says, remedy, column="from_on", value=str(from_on)))
        if problems or value is None:
            raise Refused(problems)
        text = format(value.normalize(), "f")
        if there is not None and there.rate == text:
            return there
        if last is not None:
            row = succeed(session, last, at=now, rate=text, removed=False)
        else:
            row = RateVersion(currency=currency, from_on=from_on, rate=text, valid_from=now)
            session.add([row])
        note_rate(actor, row, before=there.rate if there else None, now=now)
        names_changed()
    return row


def remove_rate(actor: Actor, rate: int, *, now: dt.datetime) -> RateVersion:
    """The rate of this id taken out: the one before it holds on. What it was stays, for what was known by then."""
    demand(actor, SETS_RATES, "take out exchange rates")
    with writing(recorded_at=now, actor=actor.name, door=actor.door) as session:
        there = RateVersion.objects.filter(pk=rate, valid_to__isnull=True, removed=False).first()
        if there is None:
            raise NotFound("rate", str(rate))
        row = succeed(session, there, at=now, removed=True)
        note_rate(actor, row, before=there.rate, now=now)
        names_changed()
    return row


def note_rate(actor: Actor, row: RateVersion, *, before: str | None, now: dt.datetime) -> None:
    """Keeps in the list of changes what a rate was, and what it is: nothing where it was taken out."""
    fields = {"rate": (before, None if row.removed else row.rate)}
    note_change(actor, what="rate", which=f"{row.currency} from {row.from_on}", fields=fields, now=now)


def _decimal(rate: str | Decimal) -> tuple[Decimal | None, list[Problem]]:
    try:
        value = Decimal(str(rate).strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if value.is_finite() and 0 < value < _LARGEST and len(format(value.normalize(), "f")) <= 40:
        return value, []
    return None, [wrong("rate", rate, "This is not a rate.", "Write a number above zero such as 1.0845.")]
