"""Every figure with its definition in words and its formula with the numbers in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stageproof.audit.audit import Audit
from stageproof.charts.wording import (
    UNKNOWN,
    days_text,
    exact_text,
    percent_text,
    ratio_text,
    share_text,
    short_text,
)
from stageproof.engine.counted import count_text
from stageproof.engine.qualification import QUALIFICATIONS

_SAYS = {
    "open": "The amount of every deal that is neither won nor lost.",
    "qualified": "Open deals for which every exit criterion of every stage before their present one is met.",
    "waived": "Open deals whose criteria are all met or waived; waived never counts as qualified.",
    "unverifiable": "Open deals with nothing unmet, but with criteria that these files hold no data for.",
    "unqualified": "Open deals for which at least one criterion behind their stage is unmet.",
    "won": "The amount of the deals won, on the day they closed.",
    "lost": "The amount of the deals lost, on the day they closed.",
}
_TITLES = {"open": "Open", "won": "Won", "lost": "Lost"}


@dataclass(frozen=True)
class Explanation:
    """One figure: short and exact, what it means, how it comes about, and where its deals are listed.

    `value` is short, `exact` has every digit, `note` stands beside it; `deals` is an anchor of the report.
    """

    name: str
    title: str
    value: str
    exact: str
    note: str
    says: str
    formula: str
    deals: str


def explanations(audit: Audit) -> list[Explanation]:
    """One per figure, in the order of the report; those of the period first where one is given."""
    found = []
    if audit.period is not None and audit.period_open is not None and audit.period_bookings is not None:
        found += [
            _opened(audit, name, audit.period_open, in_period=True) for name in ("open", *QUALIFICATIONS)
        ]
        found += [_closed(audit, name, audit.period_bookings, in_period=True) for name in ("won", "lost")]
    found += _coverage(audit)
    found += [_opened(audit, name, audit.open) for name in ("open", *QUALIFICATIONS)]
    found += [_closed(audit, name, audit.bookings) for name in ("won", "lost")]
    return [*found, _win_rate(audit, "by_count"), _win_rate(audit, "by_amount"), *_levers(audit)]


def _opened(audit: Audit, name: str, row: Mapping[str, Any], *, in_period: bool = False) -> Explanation:
    count, amount = row[f"{name}_count"], row[f"{name}_amount"]
    deals = count_text(count, "deal")
    formula = f"{deals} with {_exact(audit, amount)} in all"
    note = deals
    if name == "open":
        parts = " + ".join(f"{_exact(audit, row[f'{each}_amount'])} {each}" for each in QUALIFICATIONS)
        formula = f"{parts} = {_exact(audit, amount)}"
        formula += _unpriced(row["unpriced_count"])
    elif not count:
        note = "no deals"
    elif row["open_amount"]:
        share = share_text(amount, row["open_amount"])
        note = f"{deals} · {share}"
        formula += f", {share} of the {_exact(audit, row['open_amount'])} open"
    anchor = "deals-open" if name == "open" else f"deals-{name}"
    return _amount(audit, name, amount, note, formula, anchor, in_period=in_period)


def _closed(audit: Audit, name: str, row: Mapping[str, Any], *, in_period: bool = False) -> Explanation:
    count, amount = row[f"{name}_count"], row[f"{name}_amount"]
    deals = count_text(count, "deal")
    formula = f"{deals} with {_exact(audit, amount)} in all"
    formula += _unpriced(count - row["won_priced"] if name == "won" else 0)
    return _amount(audit, name, amount, deals, formula, f"deals-{name}", in_period=in_period)


def _unpriced(count: int) -> str:
    if not count:
        return ""
    return f"; {count_text(count, 'deal')} without an amount or a rate add{'s' if count == 1 else ''} nothing"


def _amount(
    audit: Audit, name: str, amount: int, note: str, formula: str, anchor: str, *, in_period: bool
) -> Explanation:
    period = audit.period.name if in_period and audit.period is not None else ""
    says = f"{_SAYS[name]} Only those whose close date lies in {period}." if period else _SAYS[name]
    return Explanation(
        name=f"period_{name}" if period else name,
        title=_TITLES.get(name, name.capitalize()),
        value=short_text(amount, audit.pipeline.currency),
        exact=_exact(audit, amount),
        note=note,
        says=says,
        formula=formula,
        deals=f"period-{name}" if period else anchor,
    )


def _coverage(audit: Audit) -> list[Explanation]:
    cover = audit.coverage
    found = []
    if audit.period is not None:
        why_not = "no target is set" if not cover["target"] else ""
        target = _exact(audit, cover["target"])
        closing = f"closing in {audit.period.name}"
        nominal = f"{_exact(audit, cover['open_amount'])} open {closing} / {target} target"
        real = f"{_exact(audit, cover['qualified_amount'])} qualified {closing} / {target} target"
        left = (
            f"{_exact(audit, cover['open_amount'])} open {closing} / "
            f"({target} target − {_exact(audit, cover['won_amount'])} won so far)"
        )
        reached = why_not or ("the target is reached" if cover["remaining"] is None else "")
        found = [
            _ratio(audit, "nominal", "Nominal coverage", "as claimed", why_not, nominal,
                   "Open amount closing in the period over the target of the period.", "period-open"),
            _ratio(audit, "qualified", "Qualified coverage", "of it proven", why_not, real,
                   "The qualified part of what closes in the period over the target.", "period-qualified"),
            _ratio(audit, "remaining", "Remaining coverage", "of what is left to win", reached, left,
                   "Open amount closing in the period over what is left of the target.", "period-open"),
        ]  # fmt: skip
    rate = audit.win_rate["by_count"]
    needed = f"1 / {percent_text(rate)} win rate by count"
    says = "One over the win rate by count: how much pipeline it has taken to win one unit of it."
    nothing = "nothing was won" if audit.bookings["lost_count"] else "nothing has closed"
    why_not = nothing if cover["needed"] is None else ""
    return [*found, _ratio(audit, "needed", "Needed coverage", "at the win rate so far", why_not, needed,
                           says, "deals-won")]  # fmt: skip


def _ratio(
    audit: Audit, name: str, title: str, note: str, why_not: str, formula: str, says: str, anchor: str
) -> Explanation:
    value = audit.coverage[name]
    return Explanation(
        name=f"coverage_{name}",
        title=title,
        value=ratio_text(value),
        exact="unknown" if value is None else f"{value:,.4f}x",
        note=why_not or note,
        says=says,
        formula=f"Unknown: {why_not}" if value is None else f"{formula} = {value:,.2f}x",
        deals=anchor,
    )


def _win_rate(audit: Audit, by: str) -> Explanation:
    rate, done = audit.win_rate[by], audit.bookings
    in_words = by.replace("_", " ")
    if by == "by_count":
        formula = f"{done['won_count']:,} won / ({done['won_count']:,} won + {done['lost_count']:,} lost)"
    else:
        won, lost = _exact(audit, done["won_amount"]), _exact(audit, done["lost_amount"])
        formula = f"{won} won / ({won} won + {lost} lost)"
    note = f"of {done['won_count'] + done['lost_count']:,} closed"
    if by == "by_amount" and done["lost_count"] and not done["lost_amount"]:
        # A rate of 100% would flatter where exports blank the amounts of what was lost.
        note = "no lost deal has an amount"
    return Explanation(
        name=f"win_rate_{by}",
        title=f"Win rate {in_words}",
        value=percent_text(rate),
        exact="unknown" if rate is None else f"{rate * 100:.4f}%",
        note=note if rate is not None else "nothing has closed",
        says=f"Won over won and lost, {in_words}, of all deals that have closed.",
        formula=f"{formula} = {percent_text(rate)}" if rate is not None else "Unknown: nothing has closed",
        deals="deals-won",
    )


def _levers(audit: Audit) -> list[Explanation]:
    done, size, cycle = audit.bookings, audit.average_deal_size, audit.cycle_length
    average = Explanation(
        name="average_deal_size",
        title="Average deal size",
        value=short_text(size, audit.pipeline.currency),
        exact=_exact(audit, size),
        note=f"mean of {done['won_priced']:,} won",
        says="The mean amount of the deals won that have an amount.",
        formula=_quotient(audit, done["won_amount"], done["won_priced"], size),
        deals="deals-won",
    )
    mean = cycle["mean"]
    length = Explanation(
        name="cycle_length_days",
        title="Cycle length",
        value=days_text(mean, 1),
        exact="unknown" if mean is None else f"{mean:,.2f} days",
        note=f"median {cycle['median']:,.0f}, p90 {cycle['p90']:,.0f}" if mean is not None else "",
        says="Days from created to closed, of won deals: the mean, beside median and 90th percentile.",
        formula=_days_formula(cycle),
        deals="deals-won",
    )
    return [average, length, _velocity(audit)]


def _velocity(audit: Audit) -> Explanation:
    size, rate, mean = audit.average_deal_size, audit.win_rate["by_count"], audit.cycle_length["mean"]
    per_day = audit.velocity_per_day
    formula = (
        f"{count_text(audit.open['open_count'], 'open deal')} × {_exact(audit, size)} × "
        f"{percent_text(rate)} / {UNKNOWN if mean is None else f'{mean:,.1f}'} days"
    )
    return Explanation(
        name="velocity_per_day",
        title="Velocity",
        value=short_text(per_day, audit.pipeline.currency),
        exact=_exact(audit, per_day),
        note="per day",
        says="Open deals times average deal size times win rate by count, over the mean cycle length.",
        formula=f"{formula} = {_exact(audit, per_day)} per day" if per_day is not None else
        "Unknown: deal size, win rate or cycle length is not known",
        deals="deals-open",
    )  # fmt: skip


def _quotient(audit: Audit, amount: int, count: int, size: int | None) -> str:
    if size is None:
        return "Unknown: no won deal has an amount"
    return f"{_exact(audit, amount)} won / {count_text(count, 'deal')} = {_exact(audit, size)}"


def _days_formula(cycle: Mapping[str, Any]) -> str:
    if cycle["mean"] is None:
        return "Unknown: no won deal has a day on which it was created"
    return f"{cycle['days']:,} days / {count_text(cycle['deals'], 'won deal')} = {cycle['mean']:,.2f} days"


def _exact(audit: Audit, amount: int | None) -> str:
    return exact_text(amount, audit.pipeline.currency)
