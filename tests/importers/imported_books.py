"""What tests of importers look at in a book."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stageproof.importers import Imported

Import = Callable[..., Imported]


def versions(found: Imported, *names: str) -> list[tuple[object, ...]]:
    """Deal, beginning to the minute, status and the fields named, of every version in order."""
    table = found.book.table("deals").sort("deal", "valid_from")
    at = pl.col("valid_from").dt.strftime("%Y-%m-%d %H:%M").alias("at")
    return table.select("deal", at, "status", *names).rows()


def codes(found: Imported) -> set[str]:
    """The codes of all problems."""
    return {problem.code for problem in found.problems}
