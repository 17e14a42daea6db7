"""JSON as the APIs of CRMs give it, flattened into sheets of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from stageproof.engine.problem import Problem, Refused
from stageproof.importers.rows import Sheet

MAX_JSON_BYTES = 512 * 1024**2
"""A JSON file is held in memory whole, so it may be no larger."""
_LISTS = ("results", "data", "records", "items", "deals", "changes", "values")
_HISTORY = ("propertiesWithHistory", "properties_with_history")
Row = dict[str, Any]


def is_json(path: Path) -> bool:
    """Whether the name says that a file is JSON."""
    return path.suffix.casefold() in (".json", ".jsonl", ".ndjson")


def read_json(path: Path) -> list[Sheet]:
    """The tables in a JSON file: deals, their history, their accounts and contacts; refused where there is none."""
    loaded = _load(path)
    tables = _tables(loaded, path.name)
    sheets = [_sheet(path, name, rows) for name, rows in tables if any(rows)]
    if not sheets:
        raise _refused(
            path,
            "json_without_rows",
            "There is no list of objects in this JSON.",
            "Export the API's answer as it is.",
        )
    return sheets


def _load(path: Path) -> Any:
    if not path.is_file():
        raise _refused(path, "file_missing", f"There is no file “{path}”.", "Check the path.")
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        says = f"The file has {size:,} bytes; JSON may have {MAX_JSON_BYTES:,} (512 MiB)."
        raise _refused(path, "file_too_large", says, "Export it as CSV, or in parts.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.casefold() in (".jsonl", ".ndjson"):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        # Numbers stay as written: a float would not be the amount that the system keeps.
        return json.loads(text, parse_float=str, parse_int=str)
    except UnicodeDecodeError:
        raise _refused(path, "not_json", "The file is not UTF-8.", "Export it again.") from None
    except json.JSONDecodeError as error:
        says = f"The file is not JSON: {error.msg} in line {error.lineno}."
        raise _refused(path, "not_json", says, "Export it again.") from None
    except RecursionError:
        raise _refused(
            path, "not_json", "The JSON is nested too deeply.", "Export the API's answer as it is."
        ) from None


def _refused(path: Path, code: str, says: str, remedy: str) -> Refused:
    return Refused([Problem(code, says, remedy, source=path.name)])


def _tables(loaded: Any, name: str) -> list[tuple[str, list[Row]]]:
    """The lists of rows in a document, with what to add to the file's name for each."""
    objects, by_id = _objects(loaded)
    if by_id:
        return [("", [row for key, rows in by_id.items() for row in _changes(rows, key)])]
    if any(_is_change(each) for each in objects):
        number = "".join(letter for letter in name if letter.isdigit())
        return [("", _changes(objects, number))]
    if any("properties" in each or _history_of(each) for each in objects):
        return _hubspot(objects)
    nested = [row for each in objects for row in _nested_changes(each)]
    return [("", [_flat(each) for each in objects]), ("#changes", nested)]


def _objects(loaded: Any) -> tuple[list[Row], dict[str, list[Row]]]:
    """The objects of a document; or, where it is keyed by deal, the lists under each key."""
    if isinstance(loaded, list):
        parts = [_objects(each)[0] if _wraps(each) else [each] for each in loaded]
        return [each for part in parts for each in part if isinstance(each, dict)], {}
    if not isinstance(loaded, dict):
        return [], {}
    for key in _LISTS:
        inside = loaded.get(key)
        if isinstance(inside, list):
            return [each for each in inside if isinstance(each, dict)], {}
        if isinstance(inside, dict) and key == "data":
            return _objects(inside) if _wraps(inside) or _keyed(inside) else ([inside], {})
    if _keyed(loaded):
        return [], {key: _objects(value)[0] for key, value in loaded.items()}
    return [loaded], {}


def _wraps(value: Any) -> bool:
    """Whether a page of an answer wraps the objects."""
    return (
        isinstance(value, dict)
        and any(isinstance(value.get(key), list) for key in _LISTS)
        and "id" not in value
    )


def _keyed(value: Mapping[str, Any]) -> bool:
    """Whether the keys are ids, with a list of changes under each."""
    return (
        bool(value)
        and all(isinstance(each, list | dict) for each in value.values())
        and all(key.isdigit() for key in value)
    )


def _is_change(each: Row) -> bool:
    inner = each.get("data") if each.get("object") == "dealChange" else each
    return isinstance(inner, dict) and "field_key" in inner and "new_value" in inner


def _changes(rows: Iterable[Row], number: str) -> list[Row]:
    """Changelog entries with the deal that they are of."""
    found: list[Row] = []
    for row in rows:
        inner = row["data"] if isinstance(row.get("data"), dict) else row
        if not _is_change(inner):
            continue
        deal = next((inner[key] for key in ("deal_id", "item_id", "object_id") if inner.get(key)), number)
        flat = {
            key: value
            for key, value in _flat(inner).items()
            if key not in ("deal_id", "item_id", "object_id")
        }
        found.append({"deal_id": deal, **flat})
    return found


def _nested_changes(each: Row) -> list[Row]:
    for key in ("changelog", "changes", "flow"):
        inside = each.get(key)
        if isinstance(inside, list | dict):
            return _changes(_objects(inside)[0], str(each.get("deal_id") or each.get("id") or ""))
    return []


def _history_of(each: Row) -> Mapping[str, Any]:
    for key in _HISTORY:
        found = each.get(key)
        if isinstance(found, dict):
            return found
    return {}


def _hubspot(objects: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """HubSpot's objects: their properties, the history of these, and their associations."""
    deals: list[Row] = []
    history: list[Row] = []
    companies: list[Row] = []
    contacts: list[Row] = []
    for each in objects:
        number = str(each.get("id") or "")
        by_name = _history_of(each)
        latest = {name: _latest(values) for name, values in by_name.items()}
        row = {"hs_object_id": number, **latest, **(each.get("properties") or {})}
        row["hs_object_id"] = row.get("hs_object_id") or number
        deals.append({**row, "archived": each.get("archived")})
        history += [
            {
                "deal_id": row["hs_object_id"],
                "property": name,
                "value": value.get("value"),
                "timestamp": value.get("timestamp"),
                "sourceType": value.get("sourceType"),
                "updatedByUserId": value.get("updatedByUserId") or _user_in(value.get("sourceId")),
            }
            for name, values in by_name.items()
            for value in values
            if isinstance(value, dict)
        ]
        companies += [{"deal_id": number, "company_id": to} for to in _associated(each, "companies")]
        contacts += [
            {"deal_id": number, "contact_id": to, "label": label} for to, label in _labelled(each, "contacts")
        ]
    return [("", deals), ("#history", history), ("#companies", companies), ("#contacts", contacts)]


def _user_in(source: Any) -> str | None:
    """The user that a source such as `userId:7` names."""
    return (
        source.removeprefix("userId:") if isinstance(source, str) and source.startswith("userId:") else None
    )


def _latest(values: Any) -> Any:
    entries = [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []
    return max(entries, key=lambda each: str(each.get("timestamp")), default={}).get("value")


def _associated(each: Row, kind: str) -> list[Any]:
    return [to for to, _ in _labelled(each, kind)]


def _labelled(each: Row, kind: str) -> list[tuple[Any, Any]]:
    """The ids of associated objects once each, with the label where one is given."""
    inside = (each.get("associations") or {}).get(kind) or {}
    rows = inside.get("results", []) if isinstance(inside, dict) else inside
    found: dict[Any, Any] = {}
    for row in rows:
        to = row.get("toObjectId") or row.get("id")
        types = row.get("associationTypes") or []
        label = next((kind.get("label") for kind in types if kind.get("label")), row.get("label"))
        found[to] = found.get(to) or label
    return list(found.items())


def _flat(each: Row) -> Row:
    """An object without its nested ones: of a reference the id stays, its name stands beside it."""
    row: Row = {}
    for key, value in each.items():
        if key == "attributes" or isinstance(value, list):
            continue
        if not isinstance(value, dict):
            row[key] = value
            continue
        lower = {name.casefold(): inner for name, inner in value.items()}
        number = lower.get("value", lower.get("id"))
        row[key] = number if not isinstance(number, dict | list) else None
        stem = {"user_id": "owner", "owner_id": "owner"}.get(key, key.removesuffix("_id"))
        if lower.get("name") and f"{stem}_name" not in each:
            row[f"{stem}_name"] = lower["name"]
    return row


def _sheet(path: Path, suffix: str, rows: Sequence[Row]) -> Sheet:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    data = {f"c{index}": [_text(row.get(key)) for row in rows] for index, key in enumerate(columns)}
    frame = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String)).with_columns(
        # Objects have no line that a person would count; the first is row 1.
        row=pl.int_range(1, len(rows) + 1, dtype=pl.Int64)
    )
    return Sheet(path.name + suffix, tuple(columns), frame, "utf-8", "", len(rows), (), (), 0, path)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
