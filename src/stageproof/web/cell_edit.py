"""Editing a cell of a table in place: the field by itself, and the answer to an edit with its undo."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from stageproof.records.models import Person
from stageproof.web.answers import came_from, wants_part
from stageproof.web.table_columns import Column


@dataclass(frozen=True)
class CellField:
    """The field of one cell: of what, where it is sent, and what it holds; `choices` of a select, `hints` of a text.

    `table` is the table that it stands in, by the name of its address.
    """

    name: str
    key: str
    address: str
    table: str
    version: int
    column: Column
    value: str
    owners: list[Person] = field(default_factory=list)
    choices: tuple[str, ...] = ()
    hints: list[str] = field(default_factory=list)


def field_page(request: HttpRequest, cell: CellField) -> HttpResponse:
    """The field to edit a cell, as a part of its table or as a page."""
    page = "partials/cell_edit.html" if wants_part(request) else "cell_edit.html"
    back = came_from(request)
    return render(request, page, {"cell": cell, "back": back if back != "/" else reverse(cell.table)})


def edited(request: HttpRequest, cell: CellField, now: str, version: int) -> HttpResponse:
    """The answer to an edit after which the cell holds `now`: the row is drawn anew, and a toast undoes it."""
    text = f"{cell.name}: {cell.column.label.lower()} is {now or 'blank'}."
    if not wants_part(request):
        messages.success(request, text)
        return redirect(came_from(request) if came_from(request) != "/" else cell.table)
    undo = {"url": cell.address, "values": {"value": cell.value, "expected_version": str(version)}}
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {"toast": {"text": text, "undo": undo}, "row-changed": {"key": cell.key}}
    )
    return response


def asked_by_table(request: HttpRequest) -> dict[str, str]:
    """What the table that is open in the browser asks for."""
    query = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    return {name: ",".join(values) for name, values in query.items() if name != "as_of"}
