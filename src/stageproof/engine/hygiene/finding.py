"""Findings in words: what was seen, since when, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageproof.engine.counted import count_text
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import day_of
from stageproof.engine.money import Money
from stageproof.engine.proof import field_label
from stageproof.engine.proof import remedy as proof_remedy
from stageproof.engine.proof import sentence as proof_sentence

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Context:
    """What a sentence needs beyond its finding: the day, the currency, and the definitions in force."""

    on: dt.date
    currency: str
    definitions: Sequence[Definition] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of finding: its check, a label for counts, what was seen in a sentence, and the remedy."""

    check: int
    says: str
    seen: Callable[[Row, Context], str]
    remedy: str


def kind_of(code: str) -> Kind:
    """The kind of a code; of a missing fact, made from the name of the column."""
    if code in KINDS:
        return KINDS[code]
    label = field_label(code.removeprefix("no_"))
    return Kind(
        4,
        f"No {label}",
        lambda row, context: f"The {label} is missing{_since(row, context)}.",
        f"Fill in the {label}.",
    )


def seen(row: Row, context: Context) -> str:
    """What was seen, in one sentence."""
    return kind_of(row["code"]).seen(row, context)


def remedy(row: Row, context: Context) -> str:
    """What to do about it."""
    found = _criterion(row, context)
    if found is None:
        return kind_of(row["code"]).remedy
    stage, criterion = found
    return f"{proof_remedy(criterion.proof)}, or move the deal back to {stage.name}."


def day_text(number: int, context: Context) -> str:
    """A day as people say it; with its year where that is not the present one."""
    day = day_of(number)
    text = f"{day:%a} {day.day} {day:%b}"
    return text if day.year == context.on.year else f"{text} {day.year}"


def _since(row: Row, context: Context) -> str:
    return "" if row["since_on"] is None else f" since {day_text(row['since_on'], context)}"


def _days(count: float) -> str:
    """Whole days; half ones and the like with a decimal, so that a limit never reads as reached."""
    text = f"{count:,.0f}" if round(count, 1) == round(count) else f"{count:,.1f}"
    return f"{text} {'day' if text == '1' else 'days'}"


def _money(amount: float, context: Context) -> str:
    return Money(round(amount), context.currency).exact()


def _criterion(row: Row, context: Context) -> tuple[Stage, Criterion] | None:
    if row["check"] != 2:
        return None
    for definition in context.definitions:
        if definition.pipeline == row["definition"]:
            for stage, criterion in definition.all_criteria:
                if criterion.id == row["detail"]:
                    return stage, criterion
    return None


def _past(row: Row, context: Context) -> str:
    date = day_text(row["since_on"] - 1, context)
    return f"Close date {date} is {_days(row['value'])} past."


def _unconfirmed(row: Row, context: Context) -> str:
    due = "today" if row["value"] == 0 else f"in {_days(row['value'])}"
    asked = "" if row["since_on"] is None else f", due since {day_text(row['since_on'], context)}"
    return f"It is to close {due}, and the buyer's confirmation of the date is missing{asked}."


def _pushed(row: Row, context: Context) -> str:
    last = "" if row["since_on"] is None else f", last on {day_text(row['since_on'], context)}"
    return f"The close date was moved to a later day {count_text(round(row['value']), 'time')}{last}."


def _too_soon(row: Row, context: Context) -> str:
    return (
        f"It is to close in {_days(row['value'])}; half of the won deals took {_days(row['limit'])} or more "
        f"once they had left this stage."
    )


def _unmet(row: Row, context: Context) -> str:
    found = _criterion(row, context)
    says = row["detail"] if found is None else found[1].says
    missing = "" if found is None else f": {proof_sentence(found[1].proof)}"
    at = "" if row["since_on"] is None else f" It entered its stage on {day_text(row['since_on'], context)}."
    return f"“{says}” is not shown{missing}.{at}"


def _expired(what: str) -> Callable[[Row, Context], str]:
    def sentence(row: Row, context: Context) -> str:
        found = _criterion(row, context)
        says = row["detail"] if found is None else found[1].says
        return f"The {what} “{says}” has not counted{_since(row, context)}."

    return sentence


def _silent(row: Row, context: Context) -> str:
    return (
        f"The buyer was last heard on {day_text(row['since_on'], context)}, {_days(row['value'])} ago; "
        f"this stage allows {round(row['limit'])}."
    )


def _never(row: Row, context: Context) -> str:
    return f"No word from the buyer at all{_since(row, context)}; this stage allows {_days(row['limit'])}."


def _next_step_past(row: Row, context: Context) -> str:
    return f"The next step was due on {day_text(row['since_on'] - 1, context)}, {_days(row['value'])} ago."


def _overdue(row: Row, context: Context) -> str:
    return f"It has been in its stage for {_days(row['value'])}; more than {_days(row['limit'])} is too long."


def _ghost(row: Row, context: Context) -> str:
    return f"It is {_days(row['value'])} old; no deal has ever closed after more than {_days(row['limit'])}."


def _far(how: str) -> Callable[[Row, Context], str]:
    def sentence(row: Row, context: Context) -> str:
        amount, limit = _money(row["value"], context), _money(row["limit"], context)
        return f"{amount} is far {how} what was won before ({limit})."

    return sentence


def _one_contact(row: Row, context: Context) -> str:
    return f"{_money(row['value'], context)} hangs on one contact."


def _twin(row: Row, context: Context) -> str:
    return f"Deal {row['detail']} has the same account, amount and product."


def _plain(text: str) -> Callable[[Row, Context], str]:
    return lambda row, context: f"{text}{_since(row, context)}."


KINDS: dict[str, Kind] = {
    "no_close_date": Kind(
        1,
        "No close date",
        _plain("There has been no close date"),
        "Agree one with the buyer, or move it to nurture.",
    ),
    "past": Kind(
        1, "Close date past", _past, "Close the deal, or agree a new date with the buyer and record it."
    ),
    "unconfirmed": Kind(
        1,
        "Close date not confirmed by the buyer",
        _unconfirmed,
        "Ask the buyer to confirm the date in writing, and record it.",
    ),
    "pushed": Kind(
        1,
        "Close date pushed again",
        _pushed,
        "Qualify the deal again and confirm the timeline with the buyer.",
    ),
    "too_soon": Kind(
        1,
        "Close date sooner than the remaining stages take",
        _too_soon,
        "Move the date to when the remaining steps can be done, or write down what makes this one faster.",
    ),
    "criterion_unmet": Kind(
        2, "Exit criterion not met", _unmet, "Show that it holds, or move the deal back."
    ),
    "evidence_expired": Kind(
        2, "Evidence expired", _expired("evidence for"), "Get it renewed, or move the deal back."
    ),
    "waiver_expired": Kind(
        2, "Waiver expired", _expired("waiver of"), "Show that it holds, or move the deal back."
    ),
    "silent": Kind(
        3,
        "Buyer silent",
        _silent,
        "Reach the buyer from a new angle or through someone else, or close the deal.",
    ),
    "never_heard": Kind(
        3, "Buyer never heard", _never, "Record a conversation with the buyer, or close the deal."
    ),
    "no_next_step": Kind(
        3,
        "No next step",
        _plain("There has been no dated next step"),
        "Agree a next step with the buyer, with a date.",
    ),
    "next_step_past": Kind(
        3, "Next step past", _next_step_past, "Say what came of it, and agree the next one with a date."
    ),
    "too_long_in_stage": Kind(
        3, "Too long in its stage", _overdue, "Find what holds it up; move it on, back, or to nurture."
    ),
    "ghost": Kind(
        3, "Older than any deal that ever closed", _ghost, "Close it, or start again with a new deal."
    ),
    "no_contacts": Kind(
        4, "No contacts", _plain("No contact has been known"), "Name the people at the buyer and their roles."
    ),
    "no_economic_buyer": Kind(
        4,
        "No economic buyer",
        _plain("No economic buyer has been known"),
        "Find out who decides on the money, and meet them.",
    ),
    "one_contact": Kind(
        4, "One contact only", _one_contact, "Get to know at least one more person at the buyer."
    ),
    "amount_high": Kind(
        4, "Amount far above typical", _far("above"), "Check the amount and its currency with the buyer."
    ),
    "amount_low": Kind(
        4, "Amount far below typical", _far("below"), "Check the amount and its currency with the buyer."
    ),
    "twin": Kind(4, "Likely duplicate", _twin, "Keep one of them and merge the other into it."),
}
