"""Salesforce's ids: reports have them with 15 characters, in which case counts, data exports with 18."""

from __future__ import annotations

import polars as pl

_SHORT = r"^(?:001|003|005|006|00Q|701)[0-9A-Za-z]{12}$"
"""Accounts, contacts, users, opportunities, leads and campaigns."""
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_GROUP = 5


def long_ids(texts: pl.Series) -> pl.Series:
    """The texts, ids of 15 characters in their form of 18; the very same series where there are none."""
    short = texts.filter(texts.str.contains(_SHORT)).unique()
    if short.is_empty():
        return texts
    return texts.replace(short, pl.Series([long_id(text) for text in short], dtype=pl.String))


def long_id(short: str) -> str:
    """The id with the three characters that say which of its letters are capitals."""
    groups = (short[at : at + _GROUP] for at in range(0, len(short), _GROUP))
    return short + "".join(
        _CHECKS[
            sum(1 << place for place, letter in enumerate(group) if letter.isascii() and letter.isupper())
        ]
        for group in groups
    )
