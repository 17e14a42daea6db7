"""A reading: what one reader needs of the pipeline at an instant, figures that explain themselves and tables.

Figures and tables of each, by name; `behind` of a figure or `Line` names the deals that `Reading.deals` gives.

sales      figures: nominal, qualified, waived, unverifiable, unqualified, closing_soon, overdue, age.
           tables: by_stage, by_owner, by_team, by_stage_and_owner, by_month.
marketing  figures: leads, qualified_leads, created, nominal, qualified, won, cost.
           tables: by_source, by_campaign.
finance    figures: nominal, unqualified, waived, unverifiable, outside, base, expected, won, forecast, target, gap.
           tables: walk, by_month, by_stage, by_owner, probabilities, outside, per_currency.
board      figures: nominal, qualified, qualified_share, forecast, target, won, coverage_nominal,
           coverage_qualified, coverage_remaining, coverage_needed; with an earlier instant also moved.
           tables: definitions, per_currency; with an earlier instant also bridge, qualified_bridge,
           definition_changes.

A cut (by_*) has a row per group: `count`, `amount`, `unpriced_count`, and count and amount per qualification, as
`open_pipeline` has them, of which `amount` adds up to the nominal line of the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import polars as pl

from stageproof.engine.definition import Definition
from stageproof.engine.measures.bridge import Bridge
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused

Reader = Literal["sales", "marketing", "finance", "board"]
Unit = Literal["money", "count", "ratio", "days", "per_day"]
Where: TypeAlias = Mapping[str, Sequence[str | None]]
"""Which deals: for each column the values that count, None among them for a blank."""

Deals: TypeAlias = Callable[[], pl.DataFrame]


@dataclass(frozen=True)
class Head:
    """What all readings of one moment share: instants in microseconds, the rules, what is looked at.

    `pipelines` are the names of the pipelines looked at, `definitions` the rules in force for them.
    """

    as_of: int
    known_at: int | None
    zone: str
    currency: str
    definitions: tuple[Definition, ...]
    pipelines: tuple[str, ...]
    period: Period
    where: Where


@dataclass(frozen=True)
class Figure:
    """One number that explains itself.

    `value` is in minor units of the head's currency, a count, a share, or days; null where it is unknown. `low` to
    `high` is its 80% interval where it has one. `formula` has the numbers in it. `measure` is the entry of the
    catalogue it comes from; `behind` the name under which `Reading.deals` gives its deals.
    """

    name: str
    title: str
    unit: Unit
    value: int | float | None
    count: int | None
    low: int | float | None
    high: int | float | None
    says: str
    formula: str
    measure: str
    behind: str | None


@dataclass(frozen=True)
class Reading:
    """The figures and tables of one reader; money in tables is minor units of the head's currency."""

    reader: Reader
    head: Head
    figures: tuple[Figure, ...]
    tables: Mapping[str, pl.DataFrame]
    bridge: Bridge | None = None
    qualified_bridge: Bridge | None = None
    behind: Mapping[str, Deals] = field(default_factory=dict, repr=False, compare=False)

    def figure(self, name: str) -> Figure:
        """The figure of this name; a KeyError where the reading has none."""
        for each in self.figures:
            if each.name == name:
                return each
        raise KeyError(name)

    def deals(self, behind: str, where: Where | None = None) -> pl.DataFrame:
        """The deals behind a figure, the largest first: deal, name, account, owner, team, stage, close_on, amount,
        currency, value, qualification, source, campaign; on `base`, `expected` and `forecast` probability and expected.

        `amount` is in minor units of `currency`, `value` and `expected` of the head's. `where` keeps those of one
        row of a table, such as {"owner": ["Ann"]}. Refused where nothing is called so.
        """
        return deals_behind(self.behind, behind, where)


@dataclass(frozen=True)
class Line:
    """One line of the statement: `sign` 1 adds, -1 takes away, 0 is what the lines above it come to.

    `amount` is in minor units of the head's currency, before its sign.
    """

    name: str
    title: str
    sign: Literal[-1, 0, 1]
    count: int | None
    amount: int | None
    says: str
    behind: str | None


@dataclass(frozen=True)
class Check:
    """Two ways to the same amount, which must not differ: one of a reading, one of the statement or a measure."""

    name: str
    says: str
    left: int
    right: int

    @property
    def difference(self) -> int:
        return self.left - self.right


@dataclass(frozen=True)
class Statement:
    """What ties the four readings: the way from the nominal pipeline to the forecast, and every check.

    `per_currency` has a row per line and currency of the deals: line, currency, count, `amount` in that currency's
    minor units, `value` converted.
    """

    head: Head
    lines: tuple[Line, ...]
    per_currency: pl.DataFrame
    checks: tuple[Check, ...]
    readings: Mapping[Reader, Reading]
    behind: Mapping[str, Deals] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ties(self) -> bool:
        """Whether every check comes out even."""
        return all(check.difference == 0 for check in self.checks)

    def line(self, name: str) -> Line:
        """The line of this name; a KeyError where there is none."""
        return {each.name: each for each in self.lines}[name]

    def deals(self, behind: str, where: Where | None = None) -> pl.DataFrame:
        """The deals behind a line, as `Reading.deals` has them."""
        return deals_behind(self.behind, behind, where)


def deals_behind(behind: Mapping[str, Deals], name: str, where: Where | None) -> pl.DataFrame:
    """The deals of this name that match; refused where there is no such name or column."""
    if name not in behind:
        known = ", ".join(behind)
        says = f"No figure of this reading is called '{name[:80]}'."
        raise Refused([Problem("unknown_figure", says, f"Use one of: {known}.", value=name[:80])])
    deals = behind[name]()
    for column, values in (where or {}).items():
        if column not in deals.columns:
            says = f"There is nothing called '{column[:80]}' to choose deals by."
            known = ", ".join(deals.columns)
            raise Refused([Problem("unknown_group", says, f"Use one of: {known}.", value=column[:80])])
        deals = deals.filter(pl.col(column).is_in(list(values), nulls_equal=True))
    return deals
