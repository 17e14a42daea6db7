"""Cells of the pipeline table, drawn in Python because a page has more than a thousand of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from stageproof.web.as_of import Moment
from stageproof.web.cards import what_of
from stageproof.web.formats import NOTHING, age, day, icon, money, query
from stageproof.web.table_columns import Column

register = template.Library()

PROOF = {
    "qualified": ("met", "Qualified"),
    "waived": ("waived", "Waived"),
    "unverifiable": ("unverifiable", "Cannot be shown"),
    "unqualified": ("unmet", "Not qualified"),
}


@register.simple_tag(takes_context=True)
def cell(
    context: Context, row: Mapping[str, Any], column: Column, editable: bool, moment: Moment
) -> SafeString:
    """One cell of the table, as a button where it is edited in place, marked where it has changed."""
    shown = _shown(context, row, column, moment)
    if editable and column.edit and row["status"] == "open":
        shown = format_html(
            '<button type="button" class="cell-button" data-url="{}"{} aria-label="{}: {}">{}</button>',
            reverse("pipeline_cell", args=[row["deal"], column.edit]),
            mark_safe(" data-edit") if column.name == "amount" else "",
            column.label, _plain(row, column), shown,
        )  # fmt: skip
    classes = [f"col-{column.name}", *(["number"] if column.number else [])]
    if column.kind == "deal" and _beside_account(context):
        classes.append("has-account")
    was = row["marks"].get(column.name)
    if was is None:
        return format_html('<td class="{}">{}</td>', " ".join(classes), shown)
    return format_html(
        '<td class="{} marked" title="Was {}">{}<span class="heard"> (was {})</span></td>',
        " ".join(classes), was, shown, was,
    )  # fmt: skip


def _plain(row: Mapping[str, Any], column: Column) -> str:
    value = row.get(column.name)
    return "blank" if value in (None, "") else "edit" if column.kind == "money" else str(value)


def _shown(context: Context, row: Mapping[str, Any], column: Column, moment: Moment) -> SafeString:
    value = row.get(column.name)
    match column.kind:
        case "deal":
            return _deal(context, row, moment)
        case "money":
            return (
                money(value, row["currency"], "plain")
                if row["currency"] == context.get("currency")
                else money(value, row["currency"], "exact")
            )
        case "day":
            late = (
                value is not None
                and value < moment.on
                and row["status"] == "open"
                and column.name != "created_on"
            )
            return format_html('<span class="{}">{}</span>', "past-due" if late else "", day(context, value))
        case "proof":
            return _proof(row)
        case "age":
            late = value is not None and row.get("norm_days") is not None and value > row["norm_days"]
            return format_html('<span class="{}">{}</span>', "past-due" if late else "", age(value))
        case "stage" if row["status"] != "open":
            return format_html(
                '<span class="state {}">{}</span>', row["status"], str(row["status"]).capitalize()
            )
    return NOTHING if value in (None, "") else conditional_escape(value)


def _deal(context: Context, row: Mapping[str, Any], moment: Moment) -> SafeString:
    """The deal as a link; beside its account without that in its name, and on a phone with it below."""
    name, account = row["name"] or row["deal"], row.get("account") or ""
    link = reverse("deal", args=[row["deal"]]) + moment.query
    if not _beside_account(context):
        return format_html('<a href="{}">{}</a>', link, name)
    below = format_html('<span class="phone-only muted small">{}</span>', account) if account else ""
    return format_html('<a href="{}" title="{}">{}</a>{}', link, name, what_of(name, account), below)


def _beside_account(context: Context) -> bool:
    return any(column.name == "account" for column in context["table"].columns)


def _proof(row: Mapping[str, Any]) -> SafeString:
    if row.get("qualification") is None:
        return NOTHING
    name, label = PROOF[row["qualification"]]
    unmet = row.get("criteria_unmet") or 0
    more = f", {unmet} behind unmet" if unmet else ""
    return format_html(
        '<span class="state {}" title="{}{}">{}{}</span>', name, label, more, icon(name), label
    )


@register.simple_tag(takes_context=True)
def sorted_by(context: Context, column: Column) -> str:
    """The query that sorts by a column: figures and ages largest first, all else from its beginning."""
    given = context["request"].GET.get("sort", "")
    first = f"-{column.name}" if column.number else column.name
    return query(
        context,
        sort=column.name
        if given == first and column.number
        else first
        if given != first
        else f"-{column.name}",
        page="",
    )


@register.filter
def choices(text: str) -> list[str]:
    """The parts of a text that bars divide."""
    return text.split("|")
