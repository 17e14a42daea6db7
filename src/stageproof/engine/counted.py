"""A count with its noun, so that one deal is never "1 deals"."""

from __future__ import annotations


def count_text(count: int, noun: str) -> str:
    """1 deal, 2,310 deals, 3 activities; "criterion,criteria" where the plural is not regular."""
    one, _, many = noun.partition(",")
    return f"{count:,} {one if count == 1 else many or plural(one)}"


def plural(noun: str) -> str:
    """The noun for several."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
