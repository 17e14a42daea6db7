"""The report: the audit as one self-contained page that prints, without script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stageproof import __version__
from stageproof.audit.audit import Audit
from stageproof.audit.criteria_tally import criteria_tally
from stageproof.audit.deal_lists import ROWS, DealList, closed_lists, open_lists
from stageproof.audit.explanations import Explanation, explanations
from stageproof.audit.finding_lists import found_checks
from stageproof.audit.headline import headline
from stageproof.audit.unverified import gaps
from stageproof.charts.ages import ages_chart
from stageproof.charts.by_quarter import by_quarter_chart
from stageproof.charts.coverage import coverage_chart
from stageproof.charts.render import Drawing
from stageproof.charts.stages import BLANK, stages_chart
from stageproof.charts.wording import (
    UNKNOWN,
    day_text,
    days_text,
    exact_text,
    percent_text,
    ratio_text,
    share_text,
    short_text,
)
from stageproof.engine.counted import count_text
from stageproof.engine.frames import instant_of
from stageproof.engine.proof import sentence
from stageproof.engine.qualification import QUALIFICATIONS

PICKED = 60
"""Up to how many owners, stages or sources a reader may narrow the lists of deals to one."""


@dataclass(frozen=True)
class Group:
    """Key figures that belong together."""

    title: str
    says: str
    figures: tuple[Explanation, ...]


@dataclass(frozen=True)
class Pick:
    """One owner, stage, source or period to narrow the lists of deals to; `only` keeps one list alone."""

    anchor: str
    says: str
    key: str
    number: int
    only: str = ""


def report(audit: Audit) -> str:
    """The page, complete in itself: HTML with its style and drawings inside."""
    return _environment().get_template("report.html.j2").render(_context(audit), **_words(audit))


def _context(audit: Audit) -> dict[str, Any]:
    first, *more = headline(audit)
    numbers = {
        "stage": _numbered(audit.by_stage["stage"]),
        "owner": _numbered(audit.by_owner["owner"]),
        "source": _numbered(audit.by_source["source"]),
    }
    opened = open_lists(audit, numbers)
    lists = [*opened, *closed_lists(audit)]
    return {
        "audit": audit,
        "style": _style(),
        "version": __version__,
        "answer": first,
        "more": more,
        "groups": _groups(audit),
        "charts": _charts(audit),
        "parts": _parts(audit.open),
        "period_parts": _parts(audit.period_open or {}),
        "checks": found_checks(audit),
        "gaps": gaps(audit),
        "tally": criteria_tally(audit.pipeline, audit.definition).to_dicts(),
        "numbers": numbers,
        "picks": _picks(audit, numbers),
        "lists": lists,
        "cut": any(each.cut for each in lists),
        "anchors": _anchors(opened),
        "instant": instant_of(audit.pipeline.at).isoformat(timespec="seconds"),
        "rows_limit": ROWS,
        "sentence": sentence,
        "blank": BLANK,
    }


def _parts(row: Mapping[str, Any]) -> list[str]:
    """The qualifications that a drawing of the row shows."""
    of = "amount" if row.get("open_amount") else "count"
    return [name for name in QUALIFICATIONS if row.get(f"{name}_{of}")]


def _groups(audit: Audit) -> list[Group]:
    found = {each.name: each for each in explanations(audit)}
    opened = ("open", *QUALIFICATIONS)

    def group(title: str, says: str, names: Iterable[str]) -> Group:
        return Group(title, says, tuple(found[name] for name in names))

    groups = []
    if audit.period is not None:
        days = f"{day_text(audit.period.starts_on)} to {day_text(audit.period.ends_on)}"
        cover = [f"coverage_{name}" for name in ("nominal", "qualified", "remaining", "needed")]
        groups += [
            group(f"Closing in {audit.period.name}", days,
                  [*(f"period_{name}" for name in opened), "period_won", "period_lost"]),
            group(f"Coverage of {audit.period.name}", _target_words(audit), cover),
        ]  # fmt: skip
    record = ["won", "lost", "win_rate_by_count", "win_rate_by_amount", "average_deal_size"]
    record += ["cycle_length_days", "velocity_per_day", *([] if audit.period else ["coverage_needed"])]
    return [
        *groups,
        group("All that is open", "whatever the close date", opened),
        group("Track record", "all deals that have closed", record),
    ]


def _target_words(audit: Audit) -> str:
    target = audit.coverage["target"]
    return f"target {exact_text(target, audit.pipeline.currency)}" if target else "no target is set"


def _charts(audit: Audit) -> dict[str, Drawing | None]:
    currency, quarter = audit.pipeline.currency, None
    charts: dict[str, Drawing | None] = {"coverage": None}
    if audit.period is not None and audit.period_open is not None and audit.period_bookings is not None:
        quarter = audit.period.name if audit.period.grain == "quarter" else None
        charts["coverage"] = coverage_chart(
            audit.period_open,
            audit.coverage,
            won_amount=audit.period_bookings["won_amount"],
            period=audit.period.name,
            currency=currency,
        )
    factor = audit.definition.rules.stage_age_factor
    charts["stages"] = stages_chart(audit.by_stage, currency=currency) if audit.by_stage.height else None
    charts["ages"] = ages_chart(audit.by_stage, factor=factor)
    charts["quarters"] = by_quarter_chart(
        audit.by_period, currency=currency, target=audit.coverage["target"], period=quarter
    )
    return charts


def _numbered(values: pl.Series) -> dict[str | None, int]:
    """The values by number; nothing where there are too many to pick from."""
    return {value: number for number, value in enumerate(values)} if len(values) <= PICKED else {}


def _picks(audit: Audit, numbers: Mapping[str, Mapping[str | None, int]]) -> list[Pick]:
    picks = [
        Pick(f"{key}-{number}", f"Open deals with {key} {value or BLANK}", key, number)
        for key, values in numbers.items()
        for value, number in values.items()
    ]
    if audit.period is None:
        return picks
    whole = Pick("period-open", f"Deals that close or closed in {audit.period.name}", "in", 1)
    parts = [
        Pick(f"period-{name}", f"{name.capitalize()}, {audit.period.name}", "in", 1, f"deals-{name}")
        for name in (*QUALIFICATIONS, "won", "lost")
    ]
    return [*picks, whole, *parts]


def _anchors(lists: Sequence[DealList]) -> dict[str, str]:
    """Where each embedded open deal stands, by its id."""
    deals = [row["deal"] for each in lists for row in each.rows]
    return {deal: f"deal-{number}" for number, deal in enumerate(deals)}


def _words(audit: Audit) -> dict[str, Any]:
    """The functions with which the page words its figures."""
    currency = audit.pipeline.currency

    def amount(value: int | None) -> Markup:
        return spoken(short_text(value, currency), exact_text(value, currency))

    def of_target(value: int) -> str:
        target = audit.coverage["target"]
        return ratio_text(value / target if target and target > 0 else None)

    return {
        "amount": amount,
        "of_target": of_target,
        "spoken": spoken,
        "day": day_text,
        "days": days_text,
        "percent": percent_text,
        "ratio": ratio_text,
        "share": share_text,
        "counted": count_text,
        "unknown": UNKNOWN,
    }


def spoken(short: str, exact: str) -> Markup:
    """A short form for the eye, with the exact one on hover and for screen readers."""
    return Markup(
        '<span title="{1}"><span aria-hidden="true">{0}</span><span class="heard">{1}</span></span>'
    ).format(short, exact)


@cache
def _style() -> str:
    return files("stageproof.audit").joinpath("report.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("stageproof.audit", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Drawings and style are ours; everything else that reaches the page is escaped.
    environment.filters["drawn"] = Markup
    return environment
