"""Figures: a number as people read it, which opens why it is what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from stageproof.charts.wording import UNKNOWN, minutes_text, percent_text
from stageproof.engine.measures.asking import PARAMETERS
from stageproof.engine.measures.figure import Unit
from stageproof.engine.money import Money
from stageproof.engine.period import Period
from stageproof.web.filters import NONE

register = template.Library()


@register.simple_tag(takes_context=True)
def figure(
    context: Context,
    value: float | None,
    unit: Unit,
    measure: str,
    column: str,
    form: str = "short",
    where: Mapping[str, Any] | None = None,
    **asked: Any,
) -> SafeString:
    """A figure of a measure as a link to its why page: its definition, formula, deals, version, instant and rates.

        {% figure row.open_amount "money" "open_pipeline" "open_amount" period=period by="owner" owner=row.owner %}

    `unit`: money and per_day (whole minor units of the reporting currency), count, ratio (2.4 ×), share (a ratio of
    0 to 1 as percent), days, minutes. `measure` and `column` name the figure in the catalogue of measures. `form`:
    short with the exact value on hover, `exact`, or without the unit `bare` (short) and `plain` (exact). `where`
    narrows to some deals, as
    `{"owner": "Ann"}` or the page's filters; blanks in it are left out. Everything else is what the measure is asked
    with (period, by, start, mode ...) and, for the groups in `by` and the rows of the measure (stage, line ...), which
    row it is; a row's None is the group of blanks. The moment is that of the page. A value of None shows as a dash,
    and still says why.
    """
    asked = {**(where or {}), **asked}
    moment = context.get("moment")
    if moment is not None and not moment.is_now:
        asked.setdefault("as_of", moment.on.isoformat())
    short, exact = texts(
        value, unit, asked.pop("currency_shown", None) or context.get("currency") or "USD", form
    )
    address = why(measure, column, **asked)
    if short == exact:
        return format_html('<a class="fig" href="{}" title="Why">{}</a>', address, exact)
    return format_html(
        '<a class="fig" href="{}" title="{}: why"><span aria-hidden="true">{}</span><span class="heard">{}</span></a>',
        address, exact, short, exact,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def group_figure(
    context: Context,
    row: Mapping[str, Any],
    column: str,
    unit: Unit,
    measure: str,
    look: Any,
    period: Period,
    by: str,
) -> SafeString:
    """A figure of a group's row in a table; amounts without their unit, which the table says once."""
    return figure(
        context, row[column], unit, measure, column, "bare", look.links, period=period, by=by, **{by: row[by]}
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def stage_figure(
    context: Context,
    row: Mapping[str, Any],
    column: str,
    unit: Unit,
    measure: str,
    look: Any,
    period: Period | None = None,
    by: str = "",
) -> SafeString:
    """A figure of a stage's row in a table, or of a stage and group."""
    group = {"by": by, by: row[by]} if by else {}
    told = {"definition": row["definition"], "stage": row["stage"]}
    return figure(
        context, row[column], unit, measure, column, "bare", look.links, period=period, **told, **group
    )


@register.simple_tag(takes_context=True)
def step_figure(
    context: Context, value: float | None, unit: Unit, column: str, asked: Any, step: str, **row: Any
) -> SafeString:
    """A figure of a step of the funnel: of a `definition`, or of a `group` of what the funnel is cut by."""
    if "group" in row:
        row = {"by": asked.by, asked.by: row["group"]}
    form = "bare" if unit == "money" else "short"
    return figure(
        context, value, unit, "funnel", column, form, period=asked.period, view=asked.view, since=asked.since,
        step=step, **row,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def source_figure(
    context: Context, row: Mapping[str, Any], column: str, unit: Unit, asked: Any
) -> SafeString:
    """A figure of what a source or campaign brought."""
    form = "bare" if unit == "money" else "short"
    return figure(
        context, row[column], unit, "sources", column, form, period=asked.period, model=asked.model, by=asked.by,
        **{asked.by: row[asked.by]},
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def listed_figure(
    context: Context, value: int | None, unit: Unit, column: str, form: str = "short", of: Any = None
) -> SafeString:
    """A total of the deals that a board or table lists, or `of` a column of the board; a link where a measure can be
    asked for the same deals.

    Lists are narrowed by words and risks too, which no measure is, and show closed deals beside open ones.
    """
    board, table = context.get("board"), context.get("table")
    shown = board or table
    asked = dict(shown.filters.as_dict) if shown else {"text": "unknown"}
    measure, status = "open_pipeline", table.status if table is not None else "open"
    if status in ("won", "lost") and column == "open_amount":
        measure, column, status = "bookings", f"{status}_amount", "open"
    elsewhere = status != "open" or (table is not None and "stage" in context["request"].GET)
    if {"risk", "text"} & set(asked) or elsewhere or (of is not None and not of.is_called_so):
        return figure_text(context, value, unit, form)
    if board is not None and len(board.moment.pipeline.definitions) > 1:
        asked["pipeline"] = board.definition.pipeline
    row = {} if of is None else {"by": "stage", "stage": of.name}
    return figure(context, value, unit, measure, column, form, asked, **row)


@register.simple_tag(takes_context=True)
def figure_text(context: Context, value: float | None, unit: Unit, form: str = "short") -> SafeString:
    """A figure without its link, the exact value on hover."""
    short, exact = texts(value, unit, context.get("currency") or "USD", form)
    return format_html(
        '<span title="{}"><span aria-hidden="true">{}</span><span class="heard">{}</span></span>',
        exact,
        short,
        exact,
    )


def why(measure: str, column: str, **asked: Any) -> str:
    """The address of the page that explains a figure; None stands for the group of blanks, "" for nothing asked."""
    pairs = [("figure", column)]
    for name, value in asked.items():
        if isinstance(value, Period):
            pairs.append((name, value.name))
        elif value is None and name not in PARAMETERS:
            pairs.append((name, NONE))
        elif value not in (None, ""):
            pairs.append((name, str(value)))
    return f"{reverse('why', args=[measure])}?{urlencode(pairs)}"


def texts(value: float | None, unit: Unit, currency: str, form: str = "short") -> tuple[str, str]:
    """A figure short and exact."""
    if value is None:
        return UNKNOWN, "unknown"
    if unit in ("money", "per_day"):
        worth = Money(int(value), currency)
        exact, short = worth.exact(), worth.short()
        if form in ("bare", "plain"):
            short = (exact if form == "plain" else short).rsplit(" ", 1)[0]
        if unit == "per_day":
            exact, short = f"{exact} per day", f"{short} / day"
    elif unit == "share":
        exact, short = f"{value * 100:.2f}%".replace("-", "−"), percent_text(value)
    elif unit == "ratio":
        exact, short = (
            f"{value:,.{places}f} ×".replace("-", "−") for places in (4, 1 if abs(value) >= 1 else 2)
        )
    elif unit == "days":
        exact = f"{value:,.2f} days" if isinstance(value, float) else f"{value:,} days"
        short = f"{value:,.0f} d"
    elif unit == "minutes":
        exact, short = f"{value:,.1f} minutes", minutes_text(value)
    else:
        # Counts are whole, but for parts of deals.
        exact = f"{value:,.9g}" if isinstance(value, float) else f"{value:,}"
        short = f"{value:,.1f}".removesuffix(".0") if isinstance(value, float) else exact
    return (exact if form == "exact" else short), exact
