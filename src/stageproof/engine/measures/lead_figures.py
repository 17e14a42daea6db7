"""Figures of leads and of what led to deals: each column's definition in words, unit and formula."""

from __future__ import annotations

from stageproof.engine.measures.figure import (
    Figure,
    Formula,
    Row,
    Unit,
    amount,
    exact,
    joined,
    number,
    said,
)

_CREDIT = "Each deal's amount split over the touches before it; the parts add up to the whole."
_PARTS = ("passed", "lost", "disqualified", "undecided")


def _reached(row: Row, _currency: str) -> str:
    """What those at a step became; of a period only how they are counted, for nobody is followed there."""
    if row["passed"] is None:
        return "those that reached it in the period for the first time"
    return " + ".join(f"{row[name]:,} {name}" for name in _PARTS)


def _over_before(row: Row, _currency: str) -> str:
    before = row["before"]
    if row["rate"] is None or before is None:
        return "this step / the one before"
    return f"{round(row['rate'] * before):,} / {before:,} at the step before"


_STEPS: tuple[tuple[str, str, Unit, str, Formula], ...] = (
    ("count", "Reached the step", "count", "Leads or deals that reached the step.", _reached),
    ("amount", "Amount at the step", "money", "The amounts of the deals that reached the step.",
     joined("the amounts of {a}", a=number("count", "deals that reached it"))),
    ("joined", "Joined at the step", "count", "Those that came in at this step.", said("those that came in here")),
    ("passed", "Passed the step", "count", "Those that reached the step after.", said("those that went further")),
    ("lost", "Lost at the step", "count", "Deals lost before going further.", said("deals lost here")),
    ("disqualified", "Disqualified at the step", "count", "Leads disqualified before going further.",
     said("leads disqualified here")),
    ("undecided", "Undecided at the step", "count", "Those that are still there.", said("those still there")),
    ("rate", "Rate of the step", "share",
     "The step over the one before: of a cohort those that went on, of a period one count over the other.",
     _over_before),
)  # fmt: skip


def _response() -> tuple[Figure, ...]:
    answered = number("responded", "leads answered")
    return (
        Figure("median", "First response, median", "minutes",
               "Minutes from coming in to the first answer, of the leads that were answered: half took fewer.",
               joined("the middle of {a}", a=answered)),
        Figure("p90", "First response, ninth decile", "minutes",
               "Minutes from coming in to the first answer, of the leads that were answered: nine in ten took fewer.",
               joined("the ninth decile of {a}", a=answered)),
        *(
            Figure(f"within_{name}", f"Answered within {words}", "share",
                   f"Leads answered within {words} over those that were, or are older than that.",
                   said(f"answered within {words} / leads as old as that or answered by then"))
            for name, words in (("hour", "an hour"), ("day", "a day"))
        ),
        Figure("leads", "Leads that came in", "count", "Leads that came in during the period, or ever.",
               said("leads that came in")),
        Figure("responded", "Leads answered", "count", "Leads that one of us answered, or did something about.",
               said("leads answered")),
        Figure("waiting", "Leads not answered", "count", "Leads that nobody has answered yet.",
               said("leads not answered")),
        Figure("unverifiable", "Leads of which no answer could be known", "count",
               "Leads of a book that holds neither answers nor activities of leads.",
               said("leads of which nothing is known")),
    )  # fmt: skip


_MET = {
    "met_in_time": ("Met in time", "Qualified leads with a meeting within the days it is due in."),
    "met_late": ("Met late", "Qualified leads with a meeting after the days it was due in."),
    "waiting": ("Meeting still due", "Qualified leads without a meeting whose days are not over."),
    "never_met": ("Never met", "Qualified leads without a meeting whose days are over."),
    "unverifiable": ("Unverifiable", "Qualified leads of a book that holds no activities."),
}


def _handover() -> tuple[Figure, ...]:
    parts = {name: number(name, title.lower()) for name, (title, _) in _MET.items()}
    decided = {name: number(name, _MET[name][0].lower()) for name in ("met_in_time", "met_late", "never_met")}
    return (
        Figure("rate", "Taken up in time", "share",
               "Qualified leads met in time over those that were met or whose days are over.",
               joined("{met_in_time} / ({met_in_time} + {met_late} + {never_met})", **decided)),
        Figure("qualified", "Leads qualified", "count", "Leads first qualified in the period, or ever.",
               joined(" + ".join(f"{{{name}}}" for name in parts), **parts)),
        *(Figure(name, title, "count", says, said(f"qualified leads: {title.lower()}"))
          for name, (title, says) in _MET.items()),
        Figure("untouched", "Untouched", "count",
               "Leads that came in during the period and are still new days later, unanswered.",
               said("leads that nobody touched")),
        Figure("converted_unqualified", "Converted unqualified", "count",
               "Leads that became a deal in the period without ever having been qualified.",
               said("leads converted without being qualified")),
    )  # fmt: skip


def _sources() -> tuple[Figure, ...]:
    won, lost = number("won_deals", "won"), number("lost_deals", "lost")
    cost = amount("cost", "cost")
    return (
        Figure("won_amount", "Won revenue", "money", f"Deals won in the period, or ever. {_CREDIT}",
               joined("the parts of {a}", a=number("won_deals", "deals won"))),
        Figure("open_amount", "Open pipeline", "money", f"Open deals. {_CREDIT}",
               said("the parts of open deals")),
        Figure("qualified_amount", "Qualified pipeline", "money", f"Open deals that are qualified. {_CREDIT}",
               said("the parts of qualified deals")),
        Figure("leads", "Leads", "count", "Leads that came in during the period, or ever, by their own source.",
               said("leads that came in")),
        Figure("qualified_leads", "Qualified leads", "count",
               "Leads first qualified in the period, or ever, by their own source.", said("leads qualified")),
        Figure("deals", "Deals", "count", "Deals created in the period, or ever, split over the touches before them.",
               said("the parts of deals created")),
        Figure("won_deals", "Deals won", "count", "Deals won in the period, or ever, split over the touches before them.",
               said("the parts of deals won")),
        Figure("lost_deals", "Deals lost", "count",
               "Deals lost in the period, or ever, split over the touches before them.", said("the parts of deals lost")),
        Figure("win_rate", "Win rate", "share", "Won over won and lost, in parts of deals.",
               joined("{a} / ({a} + {b})", a=won, b=lost)),
        Figure("cycle_days", "Cycle length", "days",
               "Days from created to won: the mean, each deal by its part.",
               said("days of deals won × their parts / their parts")),
        Figure("cost", "Cost", "money", "What its campaigns spent in the period, or ever.",
               said("what its campaigns spent")),
        Figure("cost_per_won", "Cost per won deal", "money", "The cost over the deals won, in parts of deals.",
               joined("{a} / {b}", a=cost, b=won)),
        Figure("return_on_cost", "Won per cost", "ratio", "The won revenue over the cost.",
               joined("{a} / {b}", a=amount("won_amount", "won"), b=cost)),
    )  # fmt: skip


def _spent(row: Row, currency: str) -> str:
    return f"the part of {exact(row['cost'], 'money', currency)} that falls on the days gone by"


LEAD_FIGURES: dict[str, tuple[Figure, ...]] = {
    "funnel": tuple(Figure(*each) for each in _STEPS),
    "first_response": _response(),
    "handover": _handover(),
    "leaks": (
        Figure("count", "Left at the step", "count",
               "Leads disqualified or deals lost at the furthest step they reached, for this reason.",
               said("leads or deals that left here for the reason")),
        Figure("amount", "Amount lost at the step", "money", "The amounts of the deals lost here for this reason.",
               joined("the amounts of {a}", a=number("count", "deals lost"))),
    ),
    "sources": _sources(),
    "attribution": (
        Figure("amount", "Attributed amount", "money", _CREDIT,
               joined("the parts of {a}", a=number("deals", "deals"))),
        Figure("deals", "Attributed deals", "count", _CREDIT, said("its parts of the deals")),
    ),
    "campaign_costs": (
        Figure("spent", "Spent", "money",
               "What of the campaign's cost falls on its days so far, or on those of the period; spread evenly.",
               _spent),
        Figure("cost", "Cost", "money", "What the campaign costs in all.", said("as it was written down")),
    ),
}  # fmt: skip
"""The figures of each measure of leads, sources and campaigns, the most telling one first."""


__all__ = ["LEAD_FIGURES"]
