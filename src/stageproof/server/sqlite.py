"""A SQLite without the WAL-reset bug: versions 3.7.0 to 3.51.2 can corrupt a database under several writers."""

from __future__ import annotations

import sqlite3
import sys

FIXED_IN = (3, 51, 3)


def use_fixed_sqlite() -> None:
    """Puts the bundled SQLite in the place of the system's where that one has the bug; before Django loads."""
    if sqlite3.sqlite_version_info >= FIXED_IN:
        return
    import pysqlite3
    import pysqlite3.dbapi2

    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


def check_sqlite() -> str | None:
    """What is wrong with the SQLite in use; null where it is sound."""
    import sqlite3 as used

    version = tuple(int(part) for part in used.sqlite_version.split("."))
    if version >= FIXED_IN:
        return None
    return (
        f"SQLite {used.sqlite_version} can corrupt a database that several processes write to. "
        "Install the pysqlite3 package, or SQLite 3.51.3 or later."
    )
