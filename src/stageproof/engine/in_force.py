"""What counts at an instant: the conditions that a book and a single deal share."""

from __future__ import annotations

from typing import Any

from stageproof.engine.terms import Source


def counts_as_evidence(row: Source, at: int, day: int) -> Any:
    """Given by the instant (microseconds), and not expired on its day (days since 1970)."""
    return (row["given_at"] <= at) & (row["expires_on"].is_null() | (row["expires_on"] >= day))
