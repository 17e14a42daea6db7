"""The book as Parquet for other engines: parts that are only ever added to, and a manifest that says what they are.

A part holds the versions of one table from one change to another, as they were written: whoever reads them closes each
version with the next. So what was exported once never changes, and the next export writes only what is new. Where
names changed that stand in old versions too (an account, a person, a team), everything is written again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection

from stageproof.engine.definition import write_definition
from stageproof.engine.frames import collect
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.tables import NUMBER, TABLES
from stageproof.importers.warehouse import MANIFEST
from stageproof.records.models import Activity, Ledger, Organisation, Touch
from stageproof.records.snapshot import snapshot
from stageproof.records.tables import SOURCES, Source, book, published_definitions, with_custom_fields

FORMAT = 1
PART = 500_000
"""The most rows of a part, so that memory stays bounded."""

_GONE = {"evidence": "revoked"}
"""What says that a thing has ended, where it isn't called `removed`."""


@dataclass(frozen=True)
class Written:
    """What an export of the book wrote: new rows by table, up to which change, and whether it began afresh."""

    rows: dict[str, int]
    until: int
    afresh: bool


def export_book(folder: Path) -> Written:
    """Writes to the folder what it lacks of the book; refused where something else is in it."""
    before = _manifest(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with snapshot():
        seq, directory = Ledger.objects.values_list("last_seq", "directory").get(id=1)
        withdrawn = sum(
            each._default_manager.filter(withdrawn_at__isnull=False).count() for each in (Activity, Touch)
        )
        same = (FORMAT, directory, withdrawn)
        afresh = before is None or same != (before["format"], before["directory"], before["withdrawn"])
        after = 0 if afresh or before is None else int(before["seq"])
        parts: dict[str, list[str]] = {} if afresh or before is None else dict(before["tables"])
        rows = {}
        for source in SOURCES:
            found = _append(folder, source, after, seq, directory)
            parts[source.name] = [*parts.get(source.name, []), *found]
            rows[source.name] = sum(found.values())
        for name, whole in _whole_tables().items():
            # Named by what is in it: what hasn't changed stays as it is.
            digest = hashlib.sha256(whole.write_csv().encode()).hexdigest()[:20]
            path = f"{name}/{digest}.parquet"
            known = (folder / path).exists()
            if not known:
                _write(folder / path, whole)
            parts[name], rows[name] = [path], 0 if known else whole.height
        organisation = Organisation.objects.get()
        manifest = {
            "format": FORMAT,
            "organisation": organisation.name,
            "currency": organisation.currency,
            "zone": organisation.zone,
            "calendar": asdict(book().calendar),
            "seq": seq,
            "directory": directory,
            "withdrawn": withdrawn,
            "definitions": [write_definition(each) for each in published_definitions()],
            "tables": parts,
        }
    _publish(folder, manifest)
    return Written(rows, seq, afresh)


def _manifest(folder: Path) -> dict[str, Any] | None:
    """What the folder holds already; None where it is empty or absent."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return found if {"format", "seq", "directory", "tables", "withdrawn"} <= found.keys() else None
    except (OSError, ValueError):
        says = f"There is something in it, but no '{MANIFEST}' of an earlier export."
        remedy = "Choose an empty folder, or one that was exported to before."
        raise Refused([Problem("not_a_book", says, remedy, source=str(folder))]) from None


def _append(folder: Path, source: Source, after: int, until: int, directory: int) -> dict[str, int]:
    """The new parts of a table and the rows of each."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(f"{source.sql} WHERE v.seq > %s AND v.seq <= %s ORDER BY v.seq", [after, until])
        while rows := cursor.fetchmany(PART):
            frame = _shaped(source, pl.DataFrame(rows, schema=_loose(source), orient="row"))
            first, last = frame["seq"][0], frame["seq"][-1]
            path = f"{source.name}/{directory:06}-{first:012}-{last:012}.parquet"
            _write(folder / path, frame)
            found[path] = frame.height
    return found


def _loose(source: Source) -> dict[str, Any]:
    """The columns as a database gives them: SQLite has no booleans."""
    whole = connection.vendor == "sqlite"
    return {name: pl.Int64 if whole and kind == pl.Boolean else kind for name, kind in source.columns.items()}


def _shaped(source: Source, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with the engine's columns, `seq`, and `removed` where a version says that it ends there."""
    frame = frame.rename({_GONE[source.name]: "removed"} if source.name in _GONE else {})
    if "removed" in frame.columns:
        frame = frame.with_columns(pl.col("removed").cast(pl.Boolean))
    if source.name == "deals":
        zone = Organisation.objects.values_list("zone", flat=True).get()
        local = (
            pl.from_epoch("created_at", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        )
        frame = with_custom_fields(frame, published_definitions()).with_columns(
            created_on=local.dt.date().cast(pl.Int32).cast(pl.Int64)
        )
    # Its numbers mean nothing outside the database.
    return frame.drop("valid_to", NUMBER, strict=False)


def _whole_tables() -> dict[str, pl.DataFrame]:
    """The tables that have no change numbers: small, and written whole each time."""
    loaded = book()
    known = {source.name for source in SOURCES}
    return {
        name: collect(loaded.tables[name]).drop("until_on", strict=False)
        for name in TABLES
        if name not in known and loaded.holds(name)
    }


def _write(path: Path, frame: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    frame.write_parquet(unfinished)
    unfinished.replace(path)


def _publish(folder: Path, manifest: dict[str, Any]) -> None:
    """Puts the manifest in place, and only then clears away what no manifest names any more."""
    unfinished = folder / f"{MANIFEST}.unfinished"
    unfinished.write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
    unfinished.replace(folder / MANIFEST)
    named = {path for paths in manifest["tables"].values() for path in paths}
    for name in TABLES:
        for path in (folder / name).glob("*"):
            if f"{name}/{path.name}" not in named:
                path.unlink()
        if (folder / name).is_dir() and not any((folder / name).iterdir()):
            shutil.rmtree(folder / name)
