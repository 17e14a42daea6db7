"""One deal in hand: its row and what belongs to it, for a decision without a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stageproof.engine.criteria import Moment
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


def _engaged(role: Values, activities: Sequence[Values], at: int) -> int | None:
    """When the contact last took part: as stated, or as seen in what the buyer did."""
    seen = [
        row["happened_at"]
        for row in activities
        if row["side"] == "buyer" and row["contact"] == role["contact"]
    ]
    stated = role.get("engaged_at")
    return max([*seen, *([stated] if stated is not None and stated <= at else [])], default=None)
