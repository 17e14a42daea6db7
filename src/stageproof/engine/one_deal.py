"""One deal in hand: its row and what belongs to it, for a decision without a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stageproof.engine.book import Pipeline
from stageproof.engine.criteria import Moment
from stageproof.engine.frames import collect
from stageproof.engine.in_force import counts_as_evidence
from stageproof.engine.terms import Row

Values = Mapping[str, Any]


@dataclass(frozen=True)
class OneDeal:
    """A deal and its present evidence, roles and activities, in engine integers, at a moment.

    `deal` holds deal, stage, status, `value` (the amount in the reporting currency) and every field of the deals table.
    """

    moment: Moment
    deal: Values
    evidence: Sequence[Values] = ()
    roles: Sequence[Values] = ()
    activities: Sequence[Values] = ()

    @cached_property
    def in_force(self) -> dict[str, list[Values]]:
        """What counts at the moment, as `Pipeline` has it for all deals."""
        at, day = self.moment.at, self.moment.day
        happened = [row for row in self.activities if row["happened_at"] <= at]
        return {
            "evidence": [row for row in self.evidence if counts_as_evidence(Row(row), at, day).value],
            "activities": happened,
            "roles": [{**row, "engaged_at": _engaged(row, happened, at)} for row in self.roles],
        }


def in_hand(pipeline: Pipeline, deals: Sequence[Values]) -> list[OneDeal]:
    """Some deals of a pipeline, each with the rows that belong to it; for few of them, in a book of few."""
    moment, keys = Moment.of(pipeline, pipeline.definitions), [deal["deal"] for deal in deals]
    tables = {
        "evidence": pipeline.evidence_given,
        "roles": pipeline.in_force("roles") if pipeline.book.holds("roles") else None,
        "activities": pipeline.activities,
    }
    rows: dict[str, dict[str, list[Values]]] = {name: {key: [] for key in keys} for name in tables}
    for name, frame in tables.items():
        for row in [] if frame is None else collect(frame).iter_rows(named=True):
            if row["deal"] in rows[name]:
                rows[name][row["deal"]].append(row)
    return [
        OneDeal(moment, deal, *(rows[name][deal["deal"]] for name in ("evidence", "roles", "activities")))
        for deal in deals
    ]


def _engaged(role: Values, activities: Sequence[Values], at: int) -> int | None:
    """When the contact last took part: as stated, or as seen in what the buyer did."""
    seen = [
        row["happened_at"]
        for row in activities
        if row["side"] == "buyer" and row["contact"] == role["contact"]
    ]
    stated = role.get("engaged_at")
    return max([*seen, *([stated] if stated is not None and stated <= at else [])], default=None)
