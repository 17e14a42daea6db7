"""The drawings of readings, by name, each made once for what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from stageproof.charts.bridge import bridge_chart
from stageproof.charts.reading_groups import groups_chart
from stageproof.charts.reading_months import months_chart
from stageproof.charts.reading_outlook import outlook_chart
from stageproof.charts.reading_walk import walk_chart
from stageproof.charts.render import Drawing
from stageproof.charts.stages import stages_chart
from stageproof.charts.wording import short_text
from stageproof.engine.kept import Kept

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Waiting:
    """A drawing that is not ready: a page comes without it, and asks for it by its name."""

    waiting: str


Draw: TypeAlias = Callable[[str, Rows, str], Drawing | Waiting | None]
"""Gives the drawing of this name over these rows in this currency."""

KEPT = 128
"""How many drawings a process keeps ready: rendering one takes longer than all the rest of a page."""

_drawn: Kept[Drawing | None] = Kept(KEPT)


def draw(name: str, rows: Rows, currency: str) -> Drawing | None:
    """The drawing; nothing where there is nothing to draw."""
    return _drawn.get(_key(name, rows, currency), lambda: _DRAWN[name](rows, currency) if rows else None)


def ready(name: str, rows: Rows, currency: str) -> Drawing | Waiting | None:
    """The drawing where it is ready, so that a page need not wait for it."""
    return draw(name, rows, currency) if not rows or _key(name, rows, currency) in _drawn else Waiting(name)


def only(wanted: str) -> Draw:
    """Draws the one of this name, and leaves all others out."""
    return lambda name, rows, currency: draw(name, rows, currency) if name == wanted else None


def leading(drawing: Draw, deals: str, carry: str = "") -> Draw:
    """The same drawings with bars that lead to their deals: `deals` says where those are, `carry` what to ask on."""
    after = f"&{carry}" if carry else ""

    def led(name: str, rows: Rows, currency: str) -> Drawing | Waiting | None:
        linked = [
            {**row, "href": f"{deals}{row['deals']}{after}" if row["deals"] else ""}
            if "deals" in row
            else row
            for row in rows
        ]
        return drawing(name, linked, currency)

    return led


def _key(name: str, rows: Rows, currency: str) -> str:
    return json.dumps([name, rows, currency], sort_keys=True)


def without(_name: str, _rows: Rows, _currency: str) -> None:
    """No drawing, for whoever asks for none."""
    return


def _stages(rows: Rows, currency: str) -> Drawing | None:
    names = [row["stage"] for row in rows]
    several = len(set(names)) < len(names)
    frame = pl.DataFrame(
        [
            {**row, "stage": f"{row['stage']} ({row['definition']})" if several else row["stage"],
             "open_amount": row["amount"], "open_count": row["count"]}
            for row in rows
        ],
        infer_schema_length=None,
    )  # fmt: skip
    return stages_chart(frame, currency=currency)


def _walk(rows: Rows, currency: str) -> Drawing:
    lines = {row.get("name", row.get("line")): row for row in rows}
    whole, part = (short_text(lines[name]["amount"], currency) for name in ("nominal", "expected"))
    steps = [row for name, row in lines.items() if name not in ("target", "gap")]
    return walk_chart(steps, finding=f"Of {whole} open, {part} is expected in the period", currency=currency)


def _months(rows: Rows, currency: str) -> Drawing | None:
    says = {"amount": "open", "qualified_amount": "qualified"}
    dated = [row for row in rows if row["month"] is not None]
    return months_chart(dated, whole="amount", part="qualified_amount", says=says, currency=currency)


def _expected_months(rows: Rows, currency: str) -> Drawing | None:
    says = {"amount": "qualified and due", "expected_amount": "expected"}
    dated = [row for row in rows if row["month"] is not None]
    return months_chart(dated, whole="amount", part="expected_amount", says=says, currency=currency)


_DRAWN: Mapping[str, Callable[[Rows, str], Drawing | None]] = {
    "stages": _stages,
    "owner": lambda rows, currency: groups_chart(rows, "owner", currency=currency),
    "source": lambda rows, currency: groups_chart(rows, "source", currency=currency),
    "months": _months,
    "expected_months": _expected_months,
    "outlook": lambda rows, currency: outlook_chart(**rows[0], currency=currency),
    "walk": _walk,
    "bridge": lambda rows, currency: bridge_chart(
        rows, measure=f"Open amount, {currency}", currency=currency
    ),
}
