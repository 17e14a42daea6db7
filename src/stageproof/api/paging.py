"""Paging: parts of a list by cursor, which stay right while others add and remove."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
from django.db.models import Model, QuerySet

from stageproof.engine.problem import Problem, Refused

USUAL, MOST = 100, 1_000
_LARGEST = 2**63 - 1


def cursor_of(*place: Any) -> str:
    """The place after which the next part begins, as text."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(cursor: str, kinds: Sequence[type | tuple[type, ...]]) -> list[Any]:
    """The place that a cursor names; refused where it is not one of this list's."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _refused(cursor) from None
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or not all(_is(value, kind) for value, kind in zip(place, kinds, strict=True)):
        raise _refused(cursor)
    return list(place)


def by_id(
    rows: QuerySet[Any], cursor: str | None, limit: int, shown: Callable[[Any], dict[str, Any]],
    *, field: str = "pk", newest_first: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Part of stored rows in the order in which they came, or the other way round."""
    if cursor:
        (after,) = place_of(cursor, [int])
        rows = rows.filter(**{f"{field}__{'lt' if newest_first else 'gt'}": after})
    found: list[Model] = list(rows.order_by(f"-{field}" if newest_first else field)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return {
        "items": [shown(row) for row in found],
        "next": cursor_of(getattr(found[-1], field)) if more else None,
    }


def by_column(
    frame: pl.DataFrame, column: str, cursor: str | None, limit: int, *, descending: bool
) -> tuple[pl.DataFrame, str | None]:
    """Part of a table in the order of a column and then of `deal`, blanks last; with the cursor of the next."""
    ordered = frame.sort(column, "deal", descending=[descending, False], nulls_last=True)
    if cursor:
        kind: type | tuple[type, ...] = str if frame.schema[column] == pl.String else (int, float)
        value, key = place_of(cursor, [kind if isinstance(kind, tuple) else (kind,), str])
        ordered = ordered.filter(_after(column, value, key, descending=descending))
    part = ordered.head(limit)
    if ordered.height <= limit:
        return part, None
    last = part.row(-1, named=True)
    return part, cursor_of(last[column], last["deal"])


def _after(column: str, value: Any, key: str, *, descending: bool) -> pl.Expr:
    here, later_key = pl.col(column), pl.col("deal") > key
    if value is None:
        return here.is_null() & later_key
    beyond: pl.Expr = here < value if descending else here > value
    equal: pl.Expr = ((here == value) & later_key).fill_null(value=False)
    return beyond.fill_null(value=False) | equal | here.is_null()


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a value of a cursor is of its kind; where several are given, blank will do too."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int) and abs(value) > _LARGEST:
        return False
    if isinstance(kind, tuple):
        return value is None or isinstance(value, kind)
    return isinstance(value, kind)


def _refused(cursor: str) -> Refused:
    says = "This is not a cursor of this list."
    remedy = "Take the one that the part before gave, with the same filters and order."
    return Refused([Problem("wrong_cursor", says, remedy, column="cursor", value=cursor[:80])])
