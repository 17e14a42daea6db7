"""Cells of the table of leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe

from stageproof.charts.wording import minutes_text
from stageproof.web.as_of import Moment
from stageproof.web.cells import edited_in_place
from stageproof.web.formats import NOTHING, day, icon
from stageproof.web.lead_list import FINDINGS
from stageproof.web.table_columns import Column

if TYPE_CHECKING:
    from stageproof.web.leads import LeadTable

register = template.Library()

STATUS = {
    "new": ("open", "note", "New"),
    "working": ("open", "call", "Working"),
    "qualified": ("met", "met", "Qualified"),
    "converted": ("won", "right", "Converted"),
    "disqualified": ("lost", "unmet", "Disqualified"),
}
FIT = {
    "fits": ("met", "met"),
    "unclear": ("unverifiable", "unverifiable"),
    "does not fit": ("unmet", "unmet"),
}
HANDOVER = {
    "never_met": ("risk", "risk"), "met_late": ("late", "clock"), "waiting": ("open", "clock"),
    "met_in_time": ("met", "met"), "untouched": ("risk", "risk"), "converted_unqualified": ("late", "waived"),
    "unverifiable": ("unverifiable", "unverifiable"),
}  # fmt: skip


@register.simple_tag(takes_context=True)
def lead_cell(context: Context, row: Mapping[str, Any], column: Column, table: LeadTable) -> SafeString:
    """One cell of the table of leads, as a button where it is edited in place."""
    classes = " ".join([f"col-{column.name}", *(["number"] if column.number else [])])
    shown = _shown(context, row, column, table.moment)
    if column.edit and table.editable:
        cells = escape(reverse("lead_cell", args=[row["lead"], "row"])).removesuffix("row")
        value = row.get(column.name)
        plain = "blank" if value in (None, "") else str(value)
        shown = mark_safe(edited_in_place(shown, column, cells, plain))  # noqa: S308 (each part is escaped)
    return format_html('<td class="{}">{}</td>', classes, shown)


def _shown(context: Context, row: Mapping[str, Any], column: Column, moment: Moment) -> SafeString:
    value = row.get(column.name)
    match column.kind:
        case "lead":
            address = reverse("lead", args=[row["lead"]])
            return format_html('<a href="{}{}">{}</a>', address, moment.query, value or row["lead"])
        case "lead_deal" if value:
            return format_html('<a href="{}{}">{}</a>', reverse("deal", args=[value]), moment.query, value)
        case "day":
            return day(context, value)
        case "lead_status":
            return lead_state(str(value))
        case "fit":
            return fit_state(row.get("fit"), row.get("fit_points"), row.get("fit_of"))
        case "handover":
            return handover_state(value)
        case "wait":
            return _answered(row)
    if column.number and value is not None:
        return format_html("{}", f"{value:,}")
    return NOTHING if value in (None, "") else conditional_escape(value)


@register.simple_tag
def lead_state(status: str) -> SafeString:
    """The status of a lead with its sign."""
    name, sign, label = STATUS.get(status, ("open", "note", status))
    return format_html('<span class="state {}">{}{}</span>', name, icon(sign), label)


@register.simple_tag
def fit_state(fit: str | None, points: int | None, of: int | None) -> SafeString:
    """How well a lead fits, with its points."""
    if fit is None:
        return NOTHING
    name, sign = FIT[fit]
    return format_html(
        '<span class="state {}" title="{} of {} points">{}{} <span class="muted">{}</span></span>',
        name, points, of, icon(sign), fit.capitalize(), points,
    )  # fmt: skip


@register.simple_tag
def handover_state(finding: str | None) -> SafeString:
    """What the audit of the hand-over says of a lead."""
    if finding is None:
        return NOTHING
    name, sign = HANDOVER[finding]
    return format_html(
        '<span class="state {}">{}{}</span>', name, icon(sign), FINDINGS.get(finding, "Cannot be told")
    )


@register.filter
def waited(minutes: int | None) -> str:
    """A wait in minutes as people say it."""
    return minutes_text(minutes)


def _answered(row: Mapping[str, Any]) -> SafeString:
    minutes = row.get("minutes")
    if minutes is not None:
        return format_html('<span title="{} minutes">{}</span>', f"{minutes:,}", minutes_text(minutes))
    if row["status"] in ("new", "working"):
        return format_html('<span class="{}">{}</span>', "past-due", "not yet")
    return NOTHING
