"""Figures: what each column of a measure says, its unit, and its formula with the numbers in it."""

from __future__ import annotations

from stageproof.engine.measures.figure import (
    Figure,
    Formula,
    Row,
    Unit,
    amount,
    exact,
    in_days,
    joined,
    number,
    per_day,
    said,
    share,
    sum_of,
)
from stageproof.engine.measures.lead_figures import LEAD_FIGURES
from stageproof.engine.qualification import QUALIFICATIONS


def figure_of(measure: str, column: str) -> Figure | None:
    """The figure of a measure in this column; None where the column holds none."""
    return next((each for each in FIGURES.get(measure, ()) if each.column == column), None)


_STATES = {
    "qualified": "Open deals for which every exit criterion of every stage before their present one is met.",
    "waived": "Open deals whose criteria are all met or waived; waived never counts as qualified.",
    "unverifiable": "Open deals with nothing unmet, but with criteria that there is no data for.",
    "unqualified": "Open deals for which at least one criterion behind their stage is unmet.",
}
_OPEN = "Every deal that is neither won nor lost."
_WON = "Deals won, on the day they closed."
_LOST = "Deals lost, on the day they closed."


def _open() -> tuple[Figure, ...]:
    parts = {name: amount(f"{name}_amount", name) for name in QUALIFICATIONS}
    whole = joined(" + ".join(f"{{{name}}}" for name in QUALIFICATIONS), **parts)
    counts = {name: number(f"{name}_count", name) for name in QUALIFICATIONS}
    counted = joined(" + ".join(f"{{{name}}}" for name in QUALIFICATIONS), **counts)
    found = [
        Figure("open_amount", "Open pipeline", "money", _OPEN, whole),
        Figure("open_count", "Open deals", "count", _OPEN, counted),
        Figure("unpriced_count", "Open deals without an amount", "count",
               "Open deals that have no amount, or no known rate for its currency: they add nothing.",
               said("open deals without an amount or a rate")),
    ]  # fmt: skip
    for name in QUALIFICATIONS:
        title = f"{name.capitalize()} pipeline"
        found.append(Figure(f"{name}_amount", title, "money", _STATES[name],
                            sum_of(f"{name}_count", f"{name} deals")))  # fmt: skip
        found.append(Figure(f"{name}_count", f"{name.capitalize()} deals", "count", _STATES[name],
                            said(f"open deals that are {name}")))  # fmt: skip
    return tuple(found)


def _over_win_rate(row: Row, currency: str) -> str:
    rate = 1 / row["needed"] if row["needed"] else None
    return f"1 / {exact(rate, 'share', currency)} win rate by count"


def _coverage() -> tuple[Figure, ...]:
    opened, real = amount("open_amount", "open"), amount("qualified_amount", "qualified")
    target, won = amount("target", "target"), amount("won_amount", "won")
    return (
        Figure("nominal", "Nominal coverage", "ratio", "Open amount closing in the period over its target.",
               joined("{a} / {b}", a=opened, b=target)),
        Figure("qualified", "Qualified coverage", "ratio",
               "The qualified part of what closes in the period over its target.",
               joined("{a} / {b}", a=real, b=target)),
        Figure("remaining", "Remaining coverage", "ratio",
               "Open amount closing in the period over what is left of the target; none once it is reached.",
               joined("{a} / ({b} − {c})", a=opened, b=target, c=won)),
        Figure("needed", "Needed coverage", "ratio",
               "One over the win rate by count, of all that has closed: how much pipeline one unit won has taken.",
               _over_win_rate),
        Figure("target", "Target", "money", "What is to be won in the period; targets of shorter periods add up.",
               said("the target in force")),
        Figure("open_amount", "Open in the period", "money", "Open deals whose close date lies in the period.",
               sum_of("open_count", "open deals that close in the period")),
        Figure("open_count", "Open deals in the period", "count", "Open deals whose close date lies in the period.",
               said("open deals that close in the period")),
        Figure("qualified_amount", "Qualified in the period", "money",
               "Qualified deals whose close date lies in the period.",
               said("the amounts of qualified deals that close in the period")),
        Figure("won_amount", "Won in the period", "money", "Deals won in the period, on the day they closed.",
               said("the amounts of deals won in the period")),
    )  # fmt: skip


def _closed() -> tuple[Figure, ...]:
    return (
        Figure("won_amount", "Won", "money", _WON, sum_of("won_count", "deals won")),
        Figure("won_count", "Deals won", "count", _WON, said("deals won")),
        Figure("won_priced", "Deals won with an amount", "count", "Deals won that have an amount.",
               said("deals won with an amount")),
        Figure("lost_amount", "Lost", "money", _LOST, sum_of("lost_count", "deals lost")),
        Figure("lost_count", "Deals lost", "count", _LOST, said("deals lost")),
    )  # fmt: skip


def _win_rate() -> tuple[Figure, ...]:
    won, lost = number("won_count", "won"), number("lost_count", "lost")
    says = "Won over won and lost, of the deals that closed"
    return (
        Figure("by_count", "Win rate", "share", f"{says}, by count.", joined("{a} / ({a} + {b})", a=won, b=lost)),
        Figure("by_amount", "Win rate by amount", "share", f"{says}, by amount.",
               said("amount won / (amount won + amount lost)")),
        Figure("low", "Win rate, low end", "share",
               "The low end of the 95% Wilson interval: with so few deals the true rate may be as low.",
               joined("Wilson interval of {a} and {b}", a=won, b=lost)),
        Figure("high", "Win rate, high end", "share",
               "The high end of the 95% Wilson interval: with so few deals the true rate may be as high.",
               joined("Wilson interval of {a} and {b}", a=won, b=lost)),
        *(each for each in _closed() if each.column in ("won_count", "lost_count")),
    )  # fmt: skip


def _velocity() -> tuple[Figure, ...]:
    levers = {
        "a": number("open_count", "open deals"), "b": amount("average_amount"), "c": share("win_rate", "win rate"),
        "d": in_days("cycle_days", "cycle"),
    }  # fmt: skip
    return (
        Figure("per_day", "Velocity", "per_day",
               "Open deals times average deal size times win rate by count, over the mean cycle length.",
               joined("{a} × {b} × {c} / {d}", **levers)),
        Figure("open_count", "Open deals", "count", _OPEN, said("open deals")),
        Figure("average_amount", "Average deal size", "money", "The mean amount of deals won that have one.",
               said("won amount / won deals that have an amount")),
        Figure("win_rate", "Win rate", "share", "Won over won and lost, by count.", said("won / (won + lost)")),
        Figure("cycle_days", "Cycle length", "days", "Days from created to closed, of won deals: the mean.",
               said("days of won deals / won deals")),
    )  # fmt: skip


def _cycle() -> tuple[Figure, ...]:
    days, deals = number("days", "days"), number("deals", "deals")
    return (
        Figure("mean", "Cycle length, mean", "days", "Days from created to closed: the mean.",
               joined("{a} / {b}", a=days, b=deals)),
        Figure("median", "Cycle length, median", "days", "Days from created to closed: half took fewer.",
               joined("the middle of {b}", b=deals)),
        Figure("p90", "Cycle length, ninth decile", "days", "Days from created to closed: nine in ten took fewer.",
               joined("the ninth decile of {b}", b=deals)),
        Figure("longest", "Longest cycle", "days", "Days from created to closed: the most that one took.",
               joined("the most of {b}", b=deals)),
        Figure("deals", "Deals timed", "count", "Deals whose creation is known and not after their closing.",
               said("deals timed")),
        Figure("days", "Days in all", "days", "Days from created to closed, of all deals timed.",
               joined("the days of {b}", b=deals)),
    )  # fmt: skip


def _conversion() -> tuple[Figure, ...]:
    entered, passed = number("entered", "entered"), number("passed", "passed")
    lost, open_ = number("lost", "lost"), number("undecided", "undecided")
    says = "Of the deals that first entered the stage in the period, or ever"
    return (
        Figure("rate", "Conversion", "share", f"{says}: those that reached a further stage or were won.",
               joined("{a} / {b}", a=passed, b=entered)),
        Figure("rate_decided", "Conversion of the decided", "share", f"{says}, without those still undecided.",
               joined("{a} / ({a} + {b})", a=passed, b=lost)),
        Figure("low", "Conversion, low end", "share", "The low end of the 95% Wilson interval of the conversion.",
               joined("Wilson interval of {a} of {b}", a=passed, b=entered)),
        Figure("high", "Conversion, high end", "share", "The high end of the 95% Wilson interval of the conversion.",
               joined("Wilson interval of {a} of {b}", a=passed, b=entered)),
        Figure("entered", "Deals that entered", "count", f"{says}: skipping counts as entering, coming back once.",
               joined("{a} + {b} + {c}", a=passed, b=lost, c=open_)),
        Figure("passed", "Deals that went further", "count", f"{says}: those that reached a further stage or were won.",
               said("deals that went further")),
        Figure("lost", "Deals lost there", "count", f"{says}: those lost before going further.",
               said("deals lost before going further")),
        Figure("undecided", "Deals undecided", "count", f"{says}: those still open that have not gone further.",
               said("open deals that have not gone further")),
    )  # fmt: skip


def _time_in_stage() -> tuple[Figure, ...]:
    done, here = number("completed", "that left"), number("still_there", "still there")
    both = joined("{a} and {b}", a=done, b=here)
    return (
        Figure("median", "Time in stage, median", "days",
               "The days by which half have left, those still there counted for the days so far (Kaplan-Meier).",
               joined("Kaplan-Meier of {a}", a=both)),
        Figure("p90", "Time in stage, ninth decile", "days",
               "The days by which nine in ten have left, those still there counted for the days so far.",
               joined("Kaplan-Meier of {a}", a=both)),
        Figure("mean", "Time in stage, mean", "days", "Days in the stage, of the deals that have left it: the mean.",
               joined("the mean of {a}", a=done)),
        Figure("median_completed", "Time in stage, median of those that left", "days",
               "Days in the stage, of the deals that have left it: half took fewer.",
               joined("the middle of {a}", a=done)),
        Figure("deals", "Deals that were there", "count", "Deals in the stage, first in the period or ever.", both),
        Figure("completed", "Deals that left", "count", "Deals that have left the stage.", said("deals that left")),
        Figure("still_there", "Deals still there", "count", "Deals that are in the stage now.",
               said("deals still there")),
    )  # fmt: skip


def _required() -> tuple[Figure, ...]:
    target, won, gap = amount("target", "target"), amount("won_amount", "won"), amount("gap_amount", "gap")
    needed, rate = amount("needed_amount", "needed"), share("win_rate", "win rate")
    return (
        Figure("required_amount", "Pipeline to create", "money",
               "What open pipeline is still missing for the gap to be won at the win rate so far; at least nothing.",
               joined("{a} − {b}", a=needed, b=amount("open_amount", "open in the period"))),
        Figure("required_qualified_amount", "Pipeline to create or qualify", "money",
               "The same where only qualified pipeline counts as there.",
               joined("{a} − {b}", a=needed, b=amount("qualified_amount", "qualified in the period"))),
        Figure("needed_amount", "Open pipeline needed", "money", "The gap over the win rate by count.",
               joined("{a} / {b}", a=gap, b=rate)),
        Figure("gap_amount", "Gap to target", "money", "The target less what is won so far; at least nothing.",
               joined("{a} − {b}", a=target, b=won)),
        Figure("progress", "Progress", "share", "What is won so far over the target.",
               joined("{a} / {b}", a=won, b=target)),
        Figure("target", "Target", "money", "What is to be won in the period; targets of shorter periods add up.",
               said("the target in force")),
        Figure("won_amount", "Won in the period", "money", "Deals won in the period, on the day they closed.",
               said("the amounts of deals won in the period")),
        Figure("open_amount", "Open in the period", "money", "Open deals whose close date lies in the period.",
               said("the amounts of open deals that close in the period")),
        Figure("qualified_amount", "Qualified in the period", "money",
               "Qualified deals whose close date lies in the period.",
               said("the amounts of qualified deals that close in the period")),
        Figure("win_rate", "Win rate", "share", "Won over won and lost, by count, of all that has closed.",
               said("won / (won + lost)")),
        Figure("average_amount", "Average deal size", "money", "The mean amount of deals won that have one.",
               said("won amount / won deals that have an amount")),
        Figure("required_deals", "Deals to create", "count", "The pipeline to create, in deals of average size.",
               joined("{a} / {b}, rounded up", a=amount("required_amount"), b=amount("average_amount"))),
        Figure("cycle_days", "Cycle length, median", "days", "Days from created to closed, of won deals: the median.",
               said("half of the won deals took fewer")),
        Figure("days_left", "Days left", "days", "Days until the period ends.", said("the end less today")),
        Figure("per_week_amount", "Pipeline to create per week", "money",
               "The pipeline to create, spread over the days left.",
               joined("{a} × 7 / {b}", a=amount("required_amount"), b=number("days_left", "days left"))),
    )  # fmt: skip


def _ahead() -> tuple[Figure, ...]:
    early, late = (
        Figure(f"{band}_amount", f"Open in {band} stages", "money", f"Open deals of the period in {band} stages.",
               said(f"the amounts of open deals of the period in {band} stages"))
        for band in ("early", "late")
    )  # fmt: skip
    return (*_coverage(), early, late)


def _moved() -> tuple[Figure, ...]:
    ends = {"a": per_day("velocity_after"), "b": per_day("velocity_before")}
    return (
        Figure("moved", "What the lever moved", "per_day",
               "The lever's part of the change of velocity: its effect averaged over every order in which the four "
               "levers can change. The four parts add up to the change.",
               joined("the lever's part of {a} − {b}", **ends)),
        Figure("velocity_before", "Velocity before", "per_day", "Velocity at the start.", said("the four levers then")),
        Figure("velocity_after", "Velocity", "per_day", "Velocity now.", said("the four levers now")),
    )  # fmt: skip


_OUTCOMES = {
    "due": "Deals open as the period began with their close date in it.",
    "slipped": "Due deals whose close date moved beyond the period, or that were still open when it ended.",
    "won": "Due deals that were won.",
    "lost": "Due deals that were lost.",
    "pulled": "Due deals whose close date moved to before the period.",
    "deleted": "Due deals that were deleted.",
    "undecided": "Due deals that are still open and due in the period.",
}


def _slippage() -> tuple[Figure, ...]:
    found = [
        Figure("rate_by_count", "Slippage", "share", "Slipped over due, by count.",
               joined("{a} / {b}", a=number("slipped_count", "slipped"), b=number("due_count", "due"))),
        Figure("rate_by_amount", "Slippage by amount", "share", "Slipped over due, by amount.",
               joined("{a} / {b}", a=amount("slipped_amount", "slipped"), b=amount("due_amount", "due"))),
    ]  # fmt: skip
    for name, says in _OUTCOMES.items():
        title = name.capitalize()
        found.append(Figure(f"{name}_amount", title, "money", says, sum_of(f"{name}_count", f"deals {name}")))
        found.append(Figure(f"{name}_count", f"{title} deals", "count", says, said(f"deals {name}")))
    return tuple(found)


LINE_SAYS = {
    "opening": "What was open at the start.",
    "late_arrivals": "What was learned later about the start: it held then, but was not known.",
    "new": "Deals that did not exist at the start.",
    "reopened": "Deals that were won, lost or deleted and are open again.",
    "pulled_in": "Deals whose close date moved into the period.",
    "transferred_in": "Deals that came from somewhere else.",
    "became_qualified": "Open deals whose criteria came to be met.",
    "increased": "Amounts that grew on deals that stayed.",
    "decreased": "Amounts that shrank on deals that stayed.",
    "lost_qualification": "Open deals whose criteria ceased to be met.",
    "pushed_out": "Deals whose close date moved out of the period.",
    "transferred_out": "Deals that went somewhere else.",
    "won": "Deals won: they leave the open pipeline.",
    "lost": "Deals lost: they leave the open pipeline.",
    "deleted": "Deals deleted or merged into another.",
    "definition": "What new rules alone did to deals.",
    "exchange": "What rates of exchange alone did to deals that stayed.",
    "closing": "What is open at the end: all other lines together.",
}
"""What each line of a bridge is, in words; lines of other names speak for themselves."""

_STATES_OF_CONTRACTS = {
    "lost": "Contracts whose renewals were all lost.",
    "lapsed": "Contracts whose day has passed without a renewal.",
    "open": "Contracts with a renewal that is still open.",
    "awaited": "Contracts whose day has not come and that nobody has begun to renew.",
    "renewed": "Contracts of which a renewal was won.",
}


def _retention() -> tuple[Figure, ...]:
    names = ("retained", "shrunk", "lost", "lapsed", "open", "awaited")
    parts = {name: amount(f"{name}_amount", name) for name in names}
    says = "Won deals whose contract is up for renewal in the period, or ever"
    decided = "the contracts that are decided: renewed, lost or lapsed"
    return (
        Figure("due_amount", "Up for renewal", "money", f"{says}.",
               joined(" + ".join(f"{{{name}}}" for name in names), **parts)),
        Figure("due_count", "Contracts up for renewal", "count", f"{says}.", said("contracts up for renewal")),
        Figure("unpriced_count", "Contracts without an amount", "count",
               f"{says} and that have no amount, or no known rate for its currency.",
               said("contracts without an amount or a rate")),
        Figure("retained_amount", "Retained", "money",
               "What renewals kept of the contracts they renew, at most the contract.",
               joined("the contracts of {a}, as far as renewals kept them", a=number("renewed_count", "renewed"))),
        Figure("shrunk_amount", "Shrunk", "money", "What renewals are smaller than the contracts they renew.",
               joined("contracts less renewals of {a}", a=number("renewed_count", "renewed"))),
        Figure("expanded_amount", "Expanded", "money",
               "What renewals brought beyond the contract, and what won deals that build on it brought.",
               said("renewals beyond their contract + deals won that build on it")),
        Figure("gross", "Gross retention", "share", f"What was retained over {decided}.",
               joined("{a} / ({b} + {c} + {d})", a=parts["retained"], **_decided())),
        Figure("net", "Net retention", "share", f"What was retained and expanded over {decided}.",
               joined("({a} + what was built on them) / ({b} + {c} + {d})", a=parts["retained"], **_decided())),
        *(Figure(f"{name}_{of}", f"{name.capitalize()}{' contracts' if unit == 'count' else ''}", unit, words,
                 said(f"contracts {name}") if unit == "count" else sum_of(f"{name}_count", f"contracts {name}"))
          for name, words in _STATES_OF_CONTRACTS.items()
          for of, unit in _OF),
    )  # fmt: skip


def _decided() -> dict[str, Formula]:
    states = {"b": "renewed", "c": "lost", "d": "lapsed"}
    return {letter: amount(f"{name}_amount", name) for letter, name in states.items()}


_OF: tuple[tuple[str, Unit], ...] = (("amount", "money"), ("count", "count"))


def _by_stage() -> tuple[Figure, ...]:
    won, closed = number("won", "won"), number("closed", "closed")
    reached = "Closed deals that stood in the stage or a further one"
    return (
        Figure("rate", "Win rate from the stage", "share", f"{reached}: the share that was won.",
               joined("{a} / {b}", a=won, b=closed)),
        Figure("probability", "Probability of the stage", "share",
               "The win rate from the stage, pulled towards that of all closed deals of the pipeline, as if ten more had "
               "closed at it; so few deals say little.",
               joined("({a} + 10 × the rate of all) / ({b} + 10)", a=won, b=closed)),
        Figure("closed", "Deals closed that got there", "count", f"{reached}.", said("deals closed")),
        Figure("won", "Deals won that got there", "count", f"{reached}, and were won.", said("deals won")),
    )  # fmt: skip


_BRIDGE = (
    Figure("amount", "Amount of the line", "money", "What the line adds to the opening, signed.",
           lambda row, _: f"the amounts of {row['count']:,} on the line"),
    Figure("count", "Rows on the line", "count", "How many deals, or by events changes, stand on the line.",
           said("rows on the line")),
)  # fmt: skip
FIGURES: dict[str, tuple[Figure, ...]] = {
    "open_pipeline": _open(),
    "coverage": _coverage(),
    "bookings": _closed(),
    "win_rate": _win_rate(),
    "average_deal_size": (
        Figure("average_amount", "Average deal size", "money", "The mean amount of deals won that have one.",
               joined("{a} / {b}", a=amount("won_amount", "won"), b=number("won_priced", "deals"))),
        *(each for each in _closed() if each.column in ("won_amount", "won_priced")),
    ),
    "cycle_length": _cycle(),
    "velocity": _velocity(),
    "conversion": _conversion(),
    "time_in_stage": _time_in_stage(),
    "slippage": _slippage(),
    "required_creation": _required(),
    "coverage_ahead": _ahead(),
    "velocity_change": _moved(),
    "cycle_distribution": (
        Figure("deals", "Deals that took so long", "count", "Won deals whose cycle lies in the step.",
               said("deals of the step")),
        Figure("share", "Share that took so long", "share", "Won deals of the step over all that are timed.",
               said("deals of the step / deals timed")),
    ),
    "stage_win_rate": _by_stage(),
    "retention": _retention(),
    "bridge": _BRIDGE,
    "qualified_bridge": _BRIDGE,
    "push_count": (
        Figure("pushes", "Pushes", "count", "How often the close date moved to a later day.", said("later moves")),
        Figure("days_pushed", "Days pushed", "days", "By how many days in all.", said("days of all later moves")),
    ),
    **LEAD_FIGURES,
}  # fmt: skip
"""The figures of each measure, the most telling one first."""


__all__ = ["FIGURES", "LINE_SAYS", "Figure", "figure_of"]
