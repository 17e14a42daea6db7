"""The bridge: how the open pipeline of one instant became that of another, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

import polars as pl

from stageproof.engine.book import Book, Instant, Pipeline
from stageproof.engine.measures.bridge_ends import ends
from stageproof.engine.measures.bridge_events import events
from stageproof.engine.measures.bridge_lines import DEFINITION, LATE, LINES, led_up
from stageproof.engine.measures.bridge_rows import led_up_by, lines_of
from stageproof.engine.measures.bridge_scope import Scope
from stageproof.engine.period import Period
from stageproof.engine.problem import Problem, Refused

Mode = Literal["endpoints", "events"]


@dataclass(frozen=True)
class Bridge:
    """How the open pipeline went from `start` to `end`, in minor units of `currency`.

    `deals` has a row per deal and line: deal, line, the groups, `amount`, and in words `before` and `after`.
    By events it has a row per change, with `changed_at`, `actor` and `door`.
    """

    start: int
    end: int
    mode: Mode
    by: tuple[str, ...]
    currency: str
    deals: pl.DataFrame
    names: tuple[str, ...] = LINES
    _in_own_currency: Callable[[], pl.DataFrame] = field(default=pl.DataFrame, repr=False, compare=False)

    @cached_property
    def lines(self) -> pl.DataFrame:
        """One row per line and group: `line`, `count`, `amount`, whose sum without `closing` is `closing`."""
        return lines_of(self.deals, self.by, self.names)

    @cached_property
    def per_currency(self) -> pl.DataFrame:
        """The lines per currency of the deals, in minor units of that currency, unconverted.

        A deal that changes its currency is transferred from one to the other.
        """
        return lines_of(self._in_own_currency(), ("currency",), self.names)


def bridge(
    book: Book,
    start: Instant,
    end: Instant,
    *,
    mode: Mode = "endpoints",
    period: Period | None = None,
    where: Mapping[str, Sequence[str | None]] | None = None,
    by: Sequence[str] = (),
    known_at: Instant | None = None,
    start_known_at: Instant | None = None,
) -> Bridge:
    """The bridge of the open deals that match `where` and whose close date lies in the period.

    By endpoints each deal has one line; by events every change has its own. Cut `by` owner, team or stage,
    a deal that moves between groups is transferred; by month or quarter, pushed and pulled. With `start_known_at`
    it opens as it was known then, and `late_arrivals` are what was learned since about the start. By band,
    `definition` is what new rules made of the start.
    """
    first, last = instants(book, start, end, known_at)
    if mode not in get_args(Mode):
        raise Refused([unknown("mode", mode, get_args(Mode))])
    scope = Scope(where or {}, period, tuple(by))
    then = None if start_known_at is None else book.as_of(start, start_known_at)
    ruled = "band" in scope.carried

    def compute(scope: Scope) -> pl.DataFrame:
        opened = first
        steps = []
        if ruled and first.definitions != last.definitions:
            opened = first.under(*last.definitions)
            steps.append((DEFINITION, ends(first, opened, scope)))
        if then is not None:
            steps.append((LATE, ends(then, first, scope)))
        rows = ends(opened, last, scope) if mode == "endpoints" else events(opened, last, scope)
        for line, step in steps:
            rows = led_up_by(step, line, rows)
        return rows

    own = replace(scope, by=("currency",), own_currency=True)
    names = led_up(LINES, late=then is not None, rules=ruled)
    return Bridge(
        first.at, last.at, mode, scope.by, book.currency, compute(scope), names, lambda: compute(own)
    )


def explain(bridge: Bridge, line: str) -> pl.DataFrame:
    """The deals behind a line, the largest amounts first."""
    if line not in bridge.names:
        raise Refused([unknown("line", line, bridge.names)])
    rows = bridge.deals.filter(pl.col("line") == line)
    return rows.sort(pl.col("amount").abs(), descending=True, maintain_order=True)


def instants(book: Book, start: Instant, end: Instant, known_at: Instant | None) -> tuple[Pipeline, Pipeline]:
    """The pipeline at both ends; refused where the end comes first."""
    first, last = book.as_of(start, known_at), book.as_of(end, known_at)
    if last.at < first.at:
        problem = Problem(
            "bridge_backwards",
            f"The bridge ends on {last.on}, before it starts on {first.on}.",
            "Give the earlier instant first.",
        )
        raise Refused([problem])
    return first, last


def unknown(what: str, value: str, known: Sequence[str]) -> Problem:
    """The problem of a word that names nothing."""
    return Problem(
        f"bridge_{what}_unknown",
        f"A bridge has no {what} called '{value}'.",
        f"Use one of: {', '.join(known)}.",
        value=value,
    )
