"""How the files of an upload are to be read, as it was chosen on the page, and as importers take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stageproof.actions.import_deals import Options
from stageproof.importers.encoding import encoding_named
from stageproof.importers.mapping import FileMapping, StageMapping
from stageproof.importers.mapping import Mapping as FilesMapping

WON, LOST = "won:", "lost:"
"""What stands for a stage that means won or lost."""
OF_ALL = ("pipeline", "zone", "currency", "date_order", "encoding", "reason")


def options_of(said: Mapping[str, Any]) -> Options:
    """What was chosen so far, as the action takes it."""
    return Options(
        mapping=mapping_of(said),
        **{name: said.get(name) or None for name in OF_ALL if name != "reason"},
        reason=said.get("reason", ""),
        same_accounts=said.get("same_accounts", {}),
        same_deals=said.get("same_deals", {}),
    )


def mapping_of(said: Mapping[str, Any]) -> FilesMapping:
    """The mapping of the files."""
    tables, columns = said.get("tables", {}), said.get("columns", {})
    cells, values = said.get("cells", {}), said.get("values", {})
    files = {
        source: FileMapping(
            tables.get(source),
            columns.get(source, {}),
            {
                header: {int(row): text for row, text in rows.items()}
                for header, rows in cells.get(source, {}).items()
            },
            values.get(source, {}),
        )
        for source in {*tables, *columns, *cells, *values}
    }
    stages: Mapping[str, str] = said.get("stages", {})
    return FilesMapping(
        files=files,
        stages=StageMapping(
            won=tuple(name for name, to in stages.items() if to == WON),
            lost=tuple(name for name, to in stages.items() if to == LOST),
            names={name: to for name, to in stages.items() if to and to not in (WON, LOST)},
        ),
        leave_out=frozenset(said.get("leave_out", ())),
        encoding=encoding_named(said["encoding"]) if said.get("encoding") else None,
    )


def take_columns(said: dict[str, Any], sheet: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Notes what the columns of one sheet were said to be; another table begins anew."""
    source, table = sheet["source"], given.get("table", "")
    left_out = set(said.get("leave_out", ()))
    if table == "leave out":
        said["leave_out"] = sorted(left_out | {source})
        return
    said["leave_out"] = sorted(left_out - {source})
    tables, columns = said.setdefault("tables", {}), said.setdefault("columns", {})
    if table != (sheet["table"] or ""):
        columns.pop(source, None)
        if table:
            tables[source] = table
        else:
            tables.pop(source, None)
        return
    chosen: dict[str, str] = {}
    for place, column in enumerate(sheet["columns"]):
        field = given.get(f"column-{place}", column["field"] or "")
        if field in sheet["fields"] and field not in chosen:
            chosen[field] = column["header"]
    # A field that no column was given is none: recognition must not choose one again.
    columns[source] = {field: chosen.get(field, "") for field in sheet["fields"]}


def twice(sheet: Mapping[str, Any], given: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The fields that several columns were said to be, with their headers."""
    by_field: dict[str, list[str]] = {}
    for place, column in enumerate(sheet["columns"]):
        field = given.get(f"column-{place}", "")
        if field:
            by_field.setdefault(field, []).append(column["header"])
    return [(field, headers) for field, headers in by_field.items() if len(headers) > 1]


def take_correction(said: dict[str, Any], fix: Mapping[str, Any], text: str, *, everywhere: bool) -> None:
    """Notes what a cell is to say instead, or every cell of its column that says the same."""
    kind, key = ("values", fix["value"]) if everywhere else ("cells", str(fix["row"]))
    said.setdefault(kind, {}).setdefault(fix["source"], {}).setdefault(fix["column"], {})[key] = text
