"""Prints how a deployment opens its SQLite database."""

from __future__ import annotations

import json
from typing import Any

from stageproof.server import home


def main() -> dict[str, Any]:
    home.enter()
    home.prepare()
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    with connection.cursor() as cursor:
        found = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        version = cursor.execute("SELECT sqlite_version()").fetchone()[0]
    with CaptureQueriesContext(connection) as queries, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {**found, "version": [int(part) for part in version.split(".")], "begins": queries[0]["sql"]}


if __name__ == "__main__":
    print(json.dumps(main()))
