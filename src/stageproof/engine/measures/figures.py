"""Figures: what each column of a measure says, its unit, and its formula with the numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from stageproof.engine.money import Money
from stageproof.engine.qualification import QUALIFICATIONS

Unit = Literal["money", "per_day", "count", "ratio", "share", "days"]
Row: TypeAlias = Mapping[str, Any]
Formula: TypeAlias = Callable[[Row, str], str]
"""The formula of a row with its numbers in it, in words of a currency."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Figure:
    """One figure of a measure: its column, title, unit, definition in words, and formula."""

    column: str
    title: str
    unit: Unit
    says: str
    formula: Formula

    def shown(self, row: Row, currency: str) -> str:
        """The formula with the row's numbers and its result."""
        return f"{self.formula(row, currency)} = {exact(row[self.column], self.unit, currency)}"


def exact(value: float | None, unit: Unit, currency: str) -> str:
    """Every digit that matters, with the unit."""
    if value is None:
        return UNKNOWN
    if unit in ("money", "per_day"):
        return Money(int(value), currency).exact() + (" per day" if unit == "per_day" else "")
    if unit == "share":
        return f"{value * 100:.2f}%"
    if unit == "ratio":
        return f"{value:,.4f}".rstrip("0").rstrip(".") + "x"
    if unit == "days":
        return f"{value:,.2f} days" if isinstance(value, float) else f"{value:,} days"
    return f"{value:,.9g}" if isinstance(value, float) else f"{value:,}"


def figure_of(measure: str, column: str) -> Figure | None:
    """The figure of a measure in this column; None where the column holds none."""
    return next((each for each in FIGURES.get(measure, ()) if each.column == column), None)


# The words of formulas


def _m(name: str, label: str = "") -> Formula:
    def words(row: Row, currency: str) -> str:
        return f"{exact(row[name], 'money', currency)}{' ' + label if label else ''}"

    return words


def _n(name: str, label: str) -> Formula:
    return lambda row, _: f"{row[name] or 0:,} {label}"


def _sum_of(count: str | None, what: str) -> Formula:
    """What is added up: the deals counted in a column beside it."""
    return lambda row, _: (
        f"the amounts of {row[count] or 0:,} {what}" if count and count in row else f"the amounts of {what}"
    )


def _joined(pattern: str, **parts: Formula) -> Formula:
    return lambda row, currency: pattern.format(**{name: part(row, currency) for name, part in parts.items()})


def _said(text: str) -> Formula:
    return lambda _row, _currency: text


def _s(name: str, label: str) -> Formula:
    return lambda row, currency: f"{exact(row[name], 'share', currency)} {label}"


def _d(name: str, label: str) -> Formula:
    return lambda row, currency: f"{exact(row[name], 'days', currency)} {label}"


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
    parts = {name: _m(f"{name}_amount", name) for name in QUALIFICATIONS}
    whole = _joined(" + ".join(f"{{{name}}}" for name in QUALIFICATIONS), **parts)
    counts = {name: _n(f"{name}_count", name) for name in QUALIFICATIONS}
    counted = _joined(" + ".join(f"{{{name}}}" for name in QUALIFICATIONS), **counts)
    found = [
        Figure("open_amount", "Open pipeline", "money", _OPEN, whole),
        Figure("open_count", "Open deals", "count", _OPEN, counted),
        Figure("unpriced_count", "Open deals without an amount", "count",
               "Open deals that have no amount, or no known rate for its currency: they add nothing.",
               _said("open deals without an amount or a rate")),
    ]  # fmt: skip
    for name in QUALIFICATIONS:
        title = f"{name.capitalize()} pipeline"
        found.append(Figure(f"{name}_amount", title, "money", _STATES[name],
                            _sum_of(f"{name}_count", f"{name} deals")))  # fmt: skip
        found.append(Figure(f"{name}_count", f"{name.capitalize()} deals", "count", _STATES[name],
                            _said(f"open deals that are {name}")))  # fmt: skip
    return tuple(found)


def _coverage() -> tuple[Figure, ...]:
    opened, real = _m("open_amount", "open"), _m("qualified_amount", "qualified")
    target, won = _m("target", "target"), _m("won_amount", "won")
    return (
        Figure("nominal", "Nominal coverage", "ratio", "Open amount closing in the period over its target.",
               _joined("{a} / {b}", a=opened, b=target)),
        Figure("qualified", "Qualified coverage", "ratio",
               "The qualified part of what closes in the period over its target.",
               _joined("{a} / {b}", a=real, b=target)),
        Figure("remaining", "Remaining coverage", "ratio",
               "Open amount closing in the period over what is left of the target; none once it is reached.",
               _joined("{a} / ({b} − {c})", a=opened, b=target, c=won)),
        Figure("needed", "Needed coverage", "ratio",
               "One over the win rate by count, of all that has closed: how much pipeline one unit won has taken.",
               _said("1 / win rate by count")),
        Figure("target", "Target", "money", "What is to be won in the period; targets of shorter periods add up.",
               _said("the target in force")),
        Figure("open_amount", "Open in the period", "money", "Open deals whose close date lies in the period.",
               _sum_of("open_count", "open deals that close in the period")),
        Figure("open_count", "Open deals in the period", "count", "Open deals whose close date lies in the period.",
               _said("open deals that close in the period")),
        Figure("qualified_amount", "Qualified in the period", "money",
               "Qualified deals whose close date lies in the period.",
               _said("the amounts of qualified deals that close in the period")),
        Figure("won_amount", "Won in the period", "money", "Deals won in the period, on the day they closed.",
               _said("the amounts of deals won in the period")),
    )  # fmt: skip


def _closed() -> tuple[Figure, ...]:
    return (
        Figure("won_amount", "Won", "money", _WON, _sum_of("won_count", "deals won")),
        Figure("won_count", "Deals won", "count", _WON, _said("deals won")),
        Figure("won_priced", "Deals won with an amount", "count", "Deals won that have an amount.",
               _said("deals won with an amount")),
        Figure("lost_amount", "Lost", "money", _LOST, _sum_of("lost_count", "deals lost")),
        Figure("lost_count", "Deals lost", "count", _LOST, _said("deals lost")),
    )  # fmt: skip


def _win_rate() -> tuple[Figure, ...]:
    won, lost = _n("won_count", "won"), _n("lost_count", "lost")
    says = "Won over won and lost, of the deals that closed"
    return (
        Figure("by_count", "Win rate", "share", f"{says}, by count.", _joined("{a} / ({a} + {b})", a=won, b=lost)),
        Figure("by_amount", "Win rate by amount", "share", f"{says}, by amount.",
               _said("amount won / (amount won + amount lost)")),
        Figure("low", "Win rate, low end", "share",
               "The low end of the 95% Wilson interval: with so few deals the true rate may be as low.",
               _joined("Wilson interval of {a} and {b}", a=won, b=lost)),
        Figure("high", "Win rate, high end", "share",
               "The high end of the 95% Wilson interval: with so few deals the true rate may be as high.",
               _joined("Wilson interval of {a} and {b}", a=won, b=lost)),
        *(each for each in _closed() if each.column in ("won_count", "lost_count")),
    )  # fmt: skip


def _velocity() -> tuple[Figure, ...]:
    levers = {
        "a": _n("open_count", "open deals"), "b": _m("average_amount"), "c": _s("win_rate", "win rate"),
        "d": _d("cycle_days", "cycle"),
    }  # fmt: skip
    return (
        Figure("per_day", "Velocity", "per_day",
               "Open deals times average deal size times win rate by count, over the mean cycle length.",
               _joined("{a} × {b} × {c} / {d}", **levers)),
        Figure("open_count", "Open deals", "count", _OPEN, _said("open deals")),
        Figure("average_amount", "Average deal size", "money", "The mean amount of deals won that have one.",
               _said("won amount / won deals that have an amount")),
        Figure("win_rate", "Win rate", "share", "Won over won and lost, by count.", _said("won / (won + lost)")),
        Figure("cycle_days", "Cycle length", "days", "Days from created to closed, of won deals: the mean.",
               _said("days of won deals / won deals")),
    )  # fmt: skip


def _cycle() -> tuple[Figure, ...]:
    days, deals = _n("days", "days"), _n("deals", "deals")
    return (
        Figure("mean", "Cycle length, mean", "days", "Days from created to closed: the mean.",
               _joined("{a} / {b}", a=days, b=deals)),
        Figure("median", "Cycle length, median", "days", "Days from created to closed: half took fewer.",
               _joined("the middle of {b}", b=deals)),
        Figure("p90", "Cycle length, ninth decile", "days", "Days from created to closed: nine in ten took fewer.",
               _joined("the ninth decile of {b}", b=deals)),
        Figure("longest", "Longest cycle", "days", "Days from created to closed: the most that one took.",
               _joined("the most of {b}", b=deals)),
        Figure("deals", "Deals timed", "count", "Deals whose creation is known and not after their closing.",
               _said("deals timed")),
        Figure("days", "Days in all", "days", "Days from created to closed, of all deals timed.",
               _joined("the days of {b}", b=deals)),
    )  # fmt: skip


def _conversion() -> tuple[Figure, ...]:
    entered, passed = _n("entered", "entered"), _n("passed", "passed")
    lost, open_ = _n("lost", "lost"), _n("undecided", "undecided")
    says = "Of the deals that first entered the stage in the period, or ever"
    return (
        Figure("rate", "Conversion", "share", f"{says}: those that reached a further stage or were won.",
               _joined("{a} / {b}", a=passed, b=entered)),
        Figure("rate_decided", "Conversion of the decided", "share", f"{says}, without those still undecided.",
               _joined("{a} / ({a} + {b})", a=passed, b=lost)),
        Figure("low", "Conversion, low end", "share", "The low end of the 95% Wilson interval of the conversion.",
               _joined("Wilson interval of {a} of {b}", a=passed, b=entered)),
        Figure("high", "Conversion, high end", "share", "The high end of the 95% Wilson interval of the conversion.",
               _joined("Wilson interval of {a} of {b}", a=passed, b=entered)),
        Figure("entered", "Deals that entered", "count", f"{says}: skipping counts as entering, coming back once.",
               _joined("{a} + {b} + {c}", a=passed, b=lost, c=open_)),
        Figure("passed", "Deals that went further", "count", f"{says}: those that reached a further stage or were won.",
               _said("deals that went further")),
        Figure("lost", "Deals lost there", "count", f"{says}: those lost before going further.",
               _said("deals lost before going further")),
        Figure("undecided", "Deals undecided", "count", f"{says}: those still open that have not gone further.",
               _said("open deals that have not gone further")),
    )  # fmt: skip


def _time_in_stage() -> tuple[Figure, ...]:
    done, here = _n("completed", "that left"), _n("still_there", "still there")
    both = _joined("{a} and {b}", a=done, b=here)
    return (
        Figure("median", "Time in stage, median", "days",
               "The days by which half have left, those still there counted for the days so far (Kaplan-Meier).",
               _joined("Kaplan-Meier of {a}", a=both)),
        Figure("p90", "Time in stage, ninth decile", "days",
               "The days by which nine in ten have left, those still there counted for the days so far.",
               _joined("Kaplan-Meier of {a}", a=both)),
        Figure("mean", "Time in stage, mean", "days", "Days in the stage, of the deals that have left it: the mean.",
               _joined("the mean of {a}", a=done)),
        Figure("median_completed", "Time in stage, median of those that left", "days",
               "Days in the stage, of the deals that have left it: half took fewer.",
               _joined("the middle of {a}", a=done)),
        Figure("deals", "Deals that were there", "count", "Deals that were ever in the stage.", both),
        Figure("completed", "Deals that left", "count", "Deals that have left the stage.", _said("deals that left")),
        Figure("still_there", "Deals still there", "count", "Deals that are in the stage now.",
               _said("deals still there")),
    )  # fmt: skip


def _required() -> tuple[Figure, ...]:
    target, won, gap = _m("target", "target"), _m("won_amount", "won"), _m("gap_amount", "gap")
    needed, rate = _m("needed_amount", "needed"), _s("win_rate", "win rate")
    return (
        Figure("required_amount", "Pipeline to create", "money",
               "What open pipeline is still missing for the gap to be won at the win rate so far; at least nothing.",
               _joined("{a} − {b}", a=needed, b=_m("open_amount", "open in the period"))),
        Figure("required_qualified_amount", "Pipeline to create or qualify", "money",
               "The same where only qualified pipeline counts as there.",
               _joined("{a} − {b}", a=needed, b=_m("qualified_amount", "qualified in the period"))),
        Figure("needed_amount", "Open pipeline needed", "money", "The gap over the win rate by count.",
               _joined("{a} / {b}", a=gap, b=rate)),
        Figure("gap_amount", "Gap to target", "money", "The target less what is won so far; at least nothing.",
               _joined("{a} − {b}", a=target, b=won)),
        Figure("progress", "Progress", "share", "What is won so far over the target.",
               _joined("{a} / {b}", a=won, b=target)),
        Figure("target", "Target", "money", "What is to be won in the period; targets of shorter periods add up.",
               _said("the target in force")),
        Figure("won_amount", "Won in the period", "money", "Deals won in the period, on the day they closed.",
               _said("the amounts of deals won in the period")),
        Figure("open_amount", "Open in the period", "money", "Open deals whose close date lies in the period.",
               _said("the amounts of open deals that close in the period")),
        Figure("qualified_amount", "Qualified in the period", "money",
               "Qualified deals whose close date lies in the period.",
               _said("the amounts of qualified deals that close in the period")),
        Figure("win_rate", "Win rate", "share", "Won over won and lost, by count, of all that has closed.",
               _said("won / (won + lost)")),
        Figure("average_amount", "Average deal size", "money", "The mean amount of deals won that have one.",
               _said("won amount / won deals that have an amount")),
        Figure("required_deals", "Deals to create", "count", "The pipeline to create, in deals of average size.",
               _joined("{a} / {b}, rounded up", a=_m("required_amount"), b=_m("average_amount"))),
        Figure("cycle_days", "Cycle length, median", "days", "Days from created to closed, of won deals: the median.",
               _said("half of the won deals took fewer")),
        Figure("days_left", "Days left", "days", "Days until the period ends.", _said("the end less today")),
        Figure("per_week_amount", "Pipeline to create per week", "money",
               "The pipeline to create, spread over the days left.",
               _joined("{a} × 7 / {b}", a=_m("required_amount"), b=_n("days_left", "days left"))),
    )  # fmt: skip


def _ahead() -> tuple[Figure, ...]:
    early, late = (
        Figure(f"{band}_amount", f"Open in {band} stages", "money", f"Open deals of the period in {band} stages.",
               _said(f"the amounts of open deals of the period in {band} stages"))
        for band in ("early", "late")
    )  # fmt: skip
    return (*_coverage(), early, late)


def _moved() -> tuple[Figure, ...]:
    ends = {"a": _pd("velocity_after"), "b": _pd("velocity_before")}
    return (
        Figure("moved", "What the lever moved", "per_day",
               "The lever's part of the change of velocity: its effect averaged over every order in which the four "
               "levers can change. The four parts add up to the change.",
               _joined("the lever's part of {a} − {b}", **ends)),
        Figure("velocity_before", "Velocity before", "per_day", "Velocity at the start.", _said("the four levers then")),
        Figure("velocity_after", "Velocity", "per_day", "Velocity now.", _said("the four levers now")),
    )  # fmt: skip


def _pd(name: str) -> Formula:
    return lambda row, currency: exact(row[name], "per_day", currency)


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
               _joined("{a} / {b}", a=_n("slipped_count", "slipped"), b=_n("due_count", "due"))),
        Figure("rate_by_amount", "Slippage by amount", "share", "Slipped over due, by amount.",
               _joined("{a} / {b}", a=_m("slipped_amount", "slipped"), b=_m("due_amount", "due"))),
    ]  # fmt: skip
    for name, says in _OUTCOMES.items():
        title = name.capitalize()
        found.append(
            Figure(f"{name}_amount", title, "money", says, _sum_of(f"{name}_count", f"deals {name}"))
        )
        found.append(Figure(f"{name}_count", f"{title} deals", "count", says, _said(f"deals {name}")))
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

_BRIDGE = (
    Figure("amount", "Amount of the line", "money", "What the line adds to the opening, signed.",
           lambda row, _: f"the amounts of {row['count']:,} on the line"),
    Figure("count", "Rows on the line", "count", "How many deals, or by events changes, stand on the line.",
           _said("rows on the line")),
)  # fmt: skip
_STEPS: tuple[tuple[str, str, Unit, str, str], ...] = (
    ("count", "Reached the step", "count", "Leads or deals that reached the step.", "those that reached it"),
    ("amount", "Amount at the step", "money", "The amounts of the deals that reached the step.",
     "the amounts of deals that reached it"),
    ("joined", "Joined at the step", "count", "Those that came in at this step.", "those that came in here"),
    ("passed", "Passed the step", "count", "Those that reached the step after.", "those that went further"),
    ("lost", "Lost at the step", "count", "Deals lost before going further.", "deals lost here"),
    ("disqualified", "Disqualified at the step", "count", "Leads disqualified before going further.",
     "leads disqualified here"),
    ("undecided", "Undecided at the step", "count", "Those that are still there.", "those still there"),
    ("rate", "Rate of the step", "share", "The step over the one before.", "this step / the one before"),
)  # fmt: skip
_FUNNEL = tuple(Figure(name, title, unit, says, _said(words)) for name, title, unit, says, words in _STEPS)
_CREDIT = "Each deal's amount split over the touches before it; the parts add up to the whole."
FIGURES: dict[str, tuple[Figure, ...]] = {
    "open_pipeline": _open(),
    "coverage": _coverage(),
    "bookings": _closed(),
    "win_rate": _win_rate(),
    "average_deal_size": (
        Figure("average_amount", "Average deal size", "money", "The mean amount of deals won that have one.",
               _joined("{a} / {b}", a=_m("won_amount", "won"), b=_n("won_priced", "deals"))),
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
               _said("deals of the step")),
        Figure("share", "Share that took so long", "share", "Won deals of the step over all that are timed.",
               _said("deals of the step / deals timed")),
    ),
    "bridge": _BRIDGE,
    "qualified_bridge": _BRIDGE,
    "funnel": _FUNNEL,
    "attribution": (
        Figure("amount", "Attributed amount", "money", _CREDIT, _said("its parts of the amounts")),
        Figure("deals", "Attributed deals", "count", _CREDIT, _said("its parts of the deals")),
    ),
    "push_count": (
        Figure("pushes", "Pushes", "count", "How often the close date moved to a later day.", _said("later moves")),
        Figure("days_pushed", "Days pushed", "days", "By how many days in all.", _said("days of all later moves")),
    ),
}  # fmt: skip
"""The figures of each measure, the most telling one first."""


__all__ = ["FIGURES", "LINE_SAYS", "Figure", "exact", "figure_of"]
