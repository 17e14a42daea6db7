"""Cells of the pipeline table, drawn in Python because a page has more than a thousand of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from stageproof.web.cards import what_of
from stageproof.web.formats import NOTHING, age, day, fact_text, icon, money, query
from stageproof.web.table_columns import Column

if TYPE_CHECKING:
    from stageproof.web.pipeline import Table

register = template.Library()

PROOF = {
    "qualified": ("met", "Qualified"),
    "waived": ("waived", "Waived"),
    "unverifiable": ("unverifiable", "Cannot be shown"),
    "unqualified": ("unmet", "Not qualified"),
}


@register.simple_tag(takes_context=True)
def drawn_rows(context: Context, rows: Iterable[Mapping[str, Any]], table: Table) -> SafeString:
    """The rows of the table with their cells, in order."""
    return mark_safe("".join(_row(context, row, table) for row in rows))  # noqa: S308 (each part is escaped)


def _row(context: Context, row: Mapping[str, Any], table: Table) -> str:
    key, address = escape(row["deal"]), escape(reverse("pipeline_cell", args=[row["deal"], "row"]))
    cells = address.removesuffix("row")
    tick = (
        f'<td class="tick"><input type="checkbox" name="deal" value="{key}" form="bulk"'
        f' aria-label="Select {escape(str(row["name"]))}"></td>'
        if table.editable
        else ""
    )
    drawn = "".join(_cell(context, row, column, table, cells) for column in table.columns)
    return (
        f'<tr id="row-{key}" data-key="{key}" data-step tabindex="-1" class="{"new-row" if row["is_new"] else ""}"'
        f' hx-get="{address}" hx-trigger="refresh" hx-swap="outerHTML" hx-target="this">{tick}{drawn}</tr>'
    )


def _cell(context: Context, row: Mapping[str, Any], column: Column, table: Table, cells: str) -> str:
    """One cell, as a button where it is edited in place, marked where it has changed."""
    shown = _shown(context, row, column, table)
    if column.edit and table.editable and row["status"] == "open":
        shown = edited_in_place(shown, column, cells, _plain(row, column))
    number = " number" if column.number else ""
    beside = " has-account" if column.kind == "deal" and _beside_account(table) else ""
    was = row["marks"].get(column.name)
    if was is None:
        return f'<td class="col-{column.name}{number}{beside}">{shown}</td>'
    return (
        f'<td class="col-{column.name}{number}{beside} marked" title="Was {escape(was)}">{shown}'
        f'<span class="heard"> (was {escape(was)})</span></td>'
    )


def edited_in_place(shown: str, column: Column, cells: str, plain: str) -> str:
    """What a cell shows as the button that edits it; `cells` is the address of the row's cells, ready for a page."""
    edited = " data-edit" if column.name == "amount" else ""
    return (
        f'<button type="button" class="cell-button" data-url="{cells}{column.edit}"{edited}'
        f' aria-label="{column.label}: {escape(plain)}">{shown}</button>'
    )


def _plain(row: Mapping[str, Any], column: Column) -> str:
    value = row.get(column.name)
    return (
        "blank"
        if value in (None, "")
        else "edit"
        if column.kind == "money"
        else fact_text(column.name, value, None)
    )


def _shown(context: Context, row: Mapping[str, Any], column: Column, table: Table) -> str:
    value = row.get(column.name)
    match column.kind:
        case "deal":
            return _deal(row, table)
        case "money":
            same = row["currency"] == context.get("currency")
            return money(value, row["currency"], "plain" if same else "exact")
        case "day":
            late = (
                value is not None
                and value < table.moment.on
                and row["status"] == "open"
                and column.name != "created_on"
            )
            return f'<span class="{"past-due" if late else ""}">{day(context, value)}</span>'
        case "proof":
            return _proof(row)
        case "age":
            late = value is not None and row.get("norm_days") is not None and value > row["norm_days"]
            return f'<span class="{"past-due" if late else ""}">{age(value)}</span>'
        case "stage" if row["status"] != "open":
            status = escape(str(row["status"]))
            return f'<span class="state {status}">{status.capitalize()}</span>'
    return NOTHING if value in (None, "") else escape(fact_text(column.name, value, None))


def _deal(row: Mapping[str, Any], table: Table) -> str:
    """The deal as a link; beside its account without that in its name, and on a phone with it below."""
    name, account = row["name"] or row["deal"], row.get("account") or ""
    link = escape(reverse("deal", args=[row["deal"]]) + table.moment.query)
    if not _beside_account(table):
        return f'<a href="{link}">{escape(name)}</a>'
    below = f'<span class="phone-only muted small">{escape(account)}</span>' if account else ""
    return f'<a href="{link}" title="{escape(name)}">{escape(what_of(name, account))}</a>{below}'


def _beside_account(table: Table) -> bool:
    return any(column.name == "account" for column in table.columns)


def _proof(row: Mapping[str, Any]) -> str:
    if row.get("qualification") is None:
        return NOTHING
    name, label = PROOF[row["qualification"]]
    unmet = row.get("criteria_unmet") or 0
    more = f", {unmet} behind unmet" if unmet else ""
    return f'<span class="state {name}" title="{label}{more}">{icon(name)}{label}</span>'


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
