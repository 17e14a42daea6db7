"""Backups: one file with the whole database and a manifest that says what must be in it.

The database inside is SQLite's whatever the deployment runs on, so that either kind restores into either. Open
sessions are left out: after a restore everyone signs in again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections

from stageproof import __version__
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Ledger
from stageproof.records.snapshot import snapshot
from stageproof.server import home
from stageproof.server.copy_tables import checksums, clear_sessions, copy_tables

FORMAT = 1
DATABASE, MANIFEST = "stageproof.sqlite3", "manifest.json"
COPY = "copy"
_BLOCK = 1 << 20
_REMEDY = "Use another backup."


def write_backup(path: Path, *, now: dt.datetime) -> dict[str, Any]:
    """Writes the backup while others go on working; its manifest."""
    if path.exists():
        raise Refused(
            [
                Problem(
                    "backup_exists", "There is such a file already.", "Choose another name.", source=str(path)
                )
            ]
        )
    try:
        with tempfile.TemporaryDirectory(dir=path.resolve().parent, prefix=f".{path.name}.") as folder:
            copied = Path(folder) / DATABASE
            _copied(copied)
            with _opened(copied):
                clear_sessions(COPY)
                tables = checksums(COPY)
                ledger = Ledger.objects.using(COPY).filter(id=1).first() or Ledger()
            manifest = {
                "format": FORMAT,
                "version": __version__,
                "made_at": now.isoformat(),
                "from": connections["default"].vendor,
                "database": {"size": copied.stat().st_size, "sha256": _digest(copied.open("rb").read)},
                "migrations": sorted(home.applied()),
                "tables": tables,
                "last_change": ledger.last_seq,
                "last_digest": ledger.last_digest,
            }
            packed = Path(folder) / "packed"
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                archive.write(copied, DATABASE)
                archive.writestr(MANIFEST, json.dumps(manifest, indent=2, sort_keys=True))
            _onto_disk(packed)
            packed.replace(path)
    except OSError as error:
        says = f"The backup cannot be written: {error.strerror or error}."
        raise Refused(
            [Problem("cannot_write", says, "Choose a folder that is yours and has room.", source=str(path))]
        ) from None
    return manifest


def restore_backup(path: Path) -> dict[str, Any]:
    """Restores the backup into this deployment, which must be empty, and holds every table to the manifest."""
    _refuse_occupied()
    folder = Path(connections["default"].settings_dict["NAME"]).parent
    if connections["default"].vendor != "sqlite":
        folder = Path(tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restoring.") as place:
            copied = Path(place) / DATABASE
            manifest = _unpacked(path, copied)
            with _opened(copied):
                _refuse_newer(manifest)
                _refuse_damaged(path)
                same = set(manifest["migrations"]) == home.known()
                if same:
                    _compare(path, manifest["tables"], checksums(COPY))
                else:
                    call_command("migrate", database=COPY, verbosity=0, interactive=False)
                _put_in_place(copied)
            if same:
                _compare(path, manifest["tables"], checksums("default"))
    except OSError as error:
        says = f"The backup cannot be restored: {error.strerror or error}."
        raise Refused(
            [Problem("cannot_restore", says, "Check the file and the data folder.", source=str(path))]
        ) from None
    return manifest


def _copied(target: Path) -> None:
    """The database as of one moment, as a SQLite file."""
    source = connections["default"]
    if source.vendor == "sqlite":
        source.ensure_connection()
        with _opened(target):
            connections[COPY].ensure_connection()
            source.connection.backup(connections[COPY].connection)
        return
    with _opened(target):
        call_command("migrate", database=COPY, verbosity=0, interactive=False)
        with snapshot():
            copy_tables("default", COPY)


def _put_in_place(copied: Path) -> None:
    """Makes the restored database the deployment's."""
    target = connections["default"]
    if target.vendor == "sqlite":
        connections[COPY].close()
        target.close()
        _onto_disk(copied)
        copied.replace(Path(target.settings_dict["NAME"]))
        call_command("createcachetable", verbosity=0)
        return
    home.prepare()
    copy_tables(COPY, "default")


@contextmanager
def _opened(path: Path) -> Iterator[None]:
    """The file as another database beside the deployment's, in one piece when closed."""
    usual = connections["default"].settings_dict
    connections.databases[COPY] = {
        **{name: value for name, value in usual.items() if name not in ("USER", "PASSWORD", "HOST", "PORT")},
        "ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "USER": "", "PASSWORD": "", "HOST": "", "PORT": "",
        "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {"init_command": "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"},
    }  # fmt: skip
    try:
        yield
    finally:
        connections[COPY].close()
        del connections[COPY]
        del connections.databases[COPY]


def _unpacked(path: Path, target: Path) -> dict[str, Any]:
    """The manifest, and the database at `target`; refused unless the file is whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            expected = manifest["database"]
            if manifest["format"] != FORMAT or not isinstance(manifest["tables"], Mapping):
                raise ValueError
            with archive.open(DATABASE) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, _BLOCK)
            manifest["migrations"] = list(manifest["migrations"])
    except FileNotFoundError:
        raise Refused(
            [Problem("no_file", "There is no such file.", "Check the path.", source=str(path))]
        ) from None
    except (
        zipfile.BadZipFile,
        EOFError,
        KeyError,
        ValueError,
        TypeError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ):
        says = "This is no backup, or only part of one."
        raise Refused([Problem("backup_unreadable", says, _REMEDY, source=str(path))]) from None
    if target.stat().st_size != expected["size"] or _digest(target.open("rb").read) != expected["sha256"]:
        raise Refused([Problem("backup_altered", "The database in it is not the one that was backed up.", _REMEDY,
                               source=str(path))])  # fmt: skip
    return manifest


def _refuse_occupied() -> None:
    target = connections["default"]
    if target.vendor == "sqlite":
        occupied = Path(target.settings_dict["NAME"]).exists()
        where = str(target.settings_dict["NAME"])
    else:
        where = "DATABASE_URL"
        occupied = bool(target.introspection.table_names())
    if occupied:
        says = "There is a database here already, and a restore replaces nothing."
        raise Refused(
            [
                Problem(
                    "not_empty",
                    says,
                    "Restore into an empty data folder with --home, or an empty database.",
                    source=where,
                )
            ]
        )


def _refuse_newer(manifest: Mapping[str, Any]) -> None:
    unknown = sorted(set(manifest["migrations"]) - home.known())
    if unknown:
        says = f"The backup is of a newer version ({manifest['version']}): it has {', '.join(unknown[:3])}."
        raise Refused([Problem("newer_schema", says, "Restore it with that version.", value=unknown[0])])


def _refuse_damaged(path: Path) -> None:
    with connections[COPY].cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        found = [says for (says,) in cursor.fetchall() if says != "ok"]
    if found:
        says = f"The database in it is damaged: {found[0]}."
        raise Refused([Problem("database_corrupt", says, _REMEDY, source=str(path), count=len(found))])


def _compare(path: Path, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    differing = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    if differing:
        says = f"What was restored is not what was backed up: {', '.join(differing[:5])}."
        raise Refused([Problem("checksums_differ", says, _REMEDY, source=str(path), count=len(differing))])


def _digest(read: Callable[[int], bytes]) -> str:
    digest = hashlib.sha256()
    while block := read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _onto_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
