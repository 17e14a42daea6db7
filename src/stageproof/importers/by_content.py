"""Columns whose header says too little, placed by what is in them: `Closed` holds days or yes and no."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from stageproof.importers.columns import read_dates, read_texts, read_yes_no
from stageproof.importers.header import header_key
from stageproof.importers.shape import Recognised
from stageproof.importers.sheet import Sheet

_EITHER = {
    "closed": ("closed_at", "is_closed"),
    "won": ("won_at", "is_won"),
    "lost": ("lost_at", "is_lost"),
}
"""By header: the field of an instant, and that of yes or no."""


def placed_by_content(
    sheet: Sheet, found: Recognised | None, said: Collection[str] = ()
) -> Recognised | None:
    """The fields with such columns put to the field that their cells fit; `said` are fields that a mapping names."""
    if found is None or found.table != "deals":
        return found
    for at, header in enumerate(found.headers):
        instant, flag = _EITHER.get(header_key(header), ("", ""))
        if instant and not {instant, flag} & set(said) and f"c{at}" in sheet.frame.columns:
            found = _placed(found, at, instant, flag, sheet.frame.get_column(f"c{at}"))
    return found


def _placed(found: Recognised, at: int, instant: str, flag: str, cells: pl.Series) -> Recognised:
    """With the column at a position as the instant or the flag, if its cells are one, and it is no other field."""
    held = {name for name, place in found.columns.items() if place == at}
    if held - {instant, flag}:
        return found
    rest = {name: place for name, place in found.columns.items() if place != at}
    wanted = _fits(cells, instant, flag)
    if wanted is None or wanted in rest:
        return found
    others = {header: place for header, place in found.others.items() if place != at}
    return replace(found, columns={**rest, wanted: at}, others=others)


def _fits(cells: pl.Series, instant: str, flag: str) -> str | None:
    if not read_texts(cells).count():
        return None
    if not read_yes_no(cells).bad.any():
        return flag
    return None if read_dates(cells, order=None, zone="UTC", of_instant=True).bad.any() else instant
