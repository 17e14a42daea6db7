"""Why this figure: its definition, its formula with the numbers in it, its deals, version, instant and rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import visible_teams
from stageproof.actions.seeing import seen
from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import instant_of, readable
from stageproof.engine.kept import Kept
from stageproof.engine.measures import Measure
from stageproof.engine.measures.asking import (
    OF_EVERY_PIPELINE,
    PARAMETERS,
    ROWS,
    STARTS,
    Asked,
    answer,
    arguments,
    find_measure,
    kind_of,
    narrows_itself,
)
from stageproof.engine.measures.behind import behind, rates_used
from stageproof.engine.measures.figures import FIGURES, LINE_SAYS, Figure, figure_of
from stageproof.engine.measures.grouping import COLUMNS, GRAINS
from stageproof.engine.money import SCALE, exponent
from stageproof.engine.narrowing import of_pipelines
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_at
from stageproof.web.board import whole_number
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.figures import why as why_address
from stageproof.web.filters import NONE
from stageproof.web.looked_at import TABLES, in_major, looked_at, major
from stageproof.web.policy import EVERYONE, policy

SHOWN, KEPT = 50, 16
"""How many deals or leads stand on a page, and of how many figures a process keeps them ready."""

GROUPS = (*COLUMNS, "band", *GRAINS)


@dataclass(frozen=True)
class Why:
    """One figure as somebody sees it at a moment, with everything that it comes from.

    `words` is what the address says, `given` that as the measure takes it; `row` is None where the address names
    none or several rows, which are then all in `table`.
    """

    actor: Actor
    moment: Moment
    measure: Measure
    words: Mapping[str, str]
    pipeline: Pipeline
    given: Mapping[str, Any]
    where: Mapping[str, list[str | None]]
    table: pl.DataFrame
    picked: Mapping[str, str | None]
    figure: Figure | None

    @cached_property
    def row(self) -> dict[str, Any] | None:
        """The row of the table that the address names; None where that is none or several."""
        found = self.rows
        return found.row(0, named=True) if found.height == 1 else None

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The rows of the table that the address leaves."""
        tests = [pl.col(name).eq_missing(pl.lit(value)) for name, value in self.picked.items()]
        return self.table.filter(*tests) if tests else self.table

    @cached_property
    def behind(self) -> pl.DataFrame | None:
        """The deals, leads or campaigns behind the figure; None where it is of none, or where no single row is meant."""
        if self.row is None or self.figure is None:
            return None
        asked = Asked(self.measure.name, self.given, self.row, self.figure.column)
        kept: Kept[pl.DataFrame | None] = self.pipeline.remember("behind", lambda: Kept(KEPT))
        key = (asked.measure, repr(sorted(self.given.items())), repr(self.row), asked.column)
        return kept.get(key, lambda: behind(self.pipeline, asked))

    @property
    def of(self) -> str:
        """What is behind the figure, in a word: deal, lead or campaign."""
        return "deal" if self.behind is None else self.behind.columns[0]

    @property
    def value(self) -> Any:
        return None if self.row is None or self.figure is None else self.row[self.figure.column]

    @property
    def formula(self) -> str:
        """The formula with the numbers in it."""
        if self.row is None or self.figure is None:
            return ""
        return self.figure.shown(self.row, self.pipeline.currency)

    @property
    def subject(self) -> str:
        """What the figure is of: its row and what it is narrowed to, in words."""
        parts = [str(value) if value is not None else f"no {name}" for name, value in self.picked.items()
                 if name != "definition"]  # fmt: skip
        parts += [
            str(value) if value is not None else f"no {name}" for name, (value, *_) in self.where.items()
        ]
        words = [part.replace("_", " ") if part in LINE_SAYS else part for part in parts]
        if period := self.given.get("period"):
            words.append(period_text(period.name))
        return ", ".join(words)

    @property
    def says(self) -> str:
        """The definition of the figure in words."""
        says = self.figure.says if self.figure else self.measure.says
        line = self.row.get("line") if self.row else None
        return f"{LINE_SAYS[line]} {says}" if line in LINE_SAYS else says

    @property
    def limited(self) -> bool:
        """Whether the figure is of the deals that the person sees alone."""
        return visible_teams(self.actor) is not None

    @property
    def rates(self) -> list[dict[str, Any]]:
        """The rates that convert the deals or campaigns behind the figure."""
        if self.behind is None or self.of == "lead":
            return []
        # What stood at the start of a stretch was worth what rates were then.
        start = self.given.get("start")
        then = [] if start is None else [Pipeline(self.pipeline.book, self.pipeline.book.instant(start)).day]
        used = rates_used(self.pipeline, self.behind[self.of].unique().to_list(), self.of, also_on=then)
        found: dict[str, list[dict[str, Any]]] = {}
        for row in readable(used).to_dicts():
            rate = _rate(row["nano"], row["currency"], self.pipeline.currency)
            found.setdefault(row["currency"], []).append({**row, "rate": rate})
        return [_of_currency(currency, rows) for currency, rows in found.items()]

    @property
    def link(self) -> str:
        """The address of this very figure: of the same instant, as it is known now, whatever is learned later."""
        known = self.pipeline.known_at
        # The present reaches to the end of its minute; nothing may be asked for that has not come.
        fixed = {
            "as_of": min(instant_of(self.pipeline.at), self.moment.now).isoformat(),
            "known_at": (self.moment.now if known is None else instant_of(known)).isoformat(),
        }
        return f"{reverse('why', args=[self.measure.name])}?{urlencode({**self.words, **fixed})}"

    @property
    def call(self) -> str:
        """The Python that computes the same figure from an export of this book."""
        return python_call(self)


def why_of(actor: Actor, moment: Moment, name: str, given_words: Mapping[str, str]) -> Why:
    """The figure that an address asks for; NotFound where there is no such measure or figure."""
    measure = find_measure(name)
    if measure is None:
        raise NotFound("measure", name[:80])
    words = {key: value for key, value in given_words.items() if value}
    asked = {key: words.get(key) for key in PARAMETERS if key not in ("as_of", "known_at")}
    pipeline = seen(actor, moment.pipeline)
    if name not in OF_EVERY_PIPELINE:
        pipeline = of_pipelines(pipeline, words.get("pipeline"))
    given = arguments(measure, asked, pipeline.book.calendar)
    for start in STARTS:
        if start in given:
            given[start] = instant_of(moment_at(given[start]).pipeline.at)
    by = given.get("by", ())
    telling = (*((by,) if isinstance(by, str) else by), *ROWS.get(name, ()))
    values = {key: None if words[key] == NONE else words[key] for key in words if key in (*GROUPS, *telling)}
    # A pipeline by name is whose deals they are, not a cut of them: its targets stay.
    values = {key: value for key, value in values.items() if key != "pipeline" or key in telling}
    picked = {key: value for key, value in values.items() if key in telling}
    where = {key: [value] for key, value in values.items() if key not in telling}
    if where and narrows_itself(measure):
        given["where"] = where
    else:
        pipeline = looked_at(pipeline, where)
    tables: Kept[pl.DataFrame] = pipeline.remember("tables", lambda: Kept(TABLES))
    table = tables.get((name, repr(sorted(given.items()))), lambda: answer(measure, pipeline, given))
    picked = {key: value for key, value in picked.items() if key in table.columns}
    column = words.get("figure", "")
    figure = figure_of(name, column) if column else next(iter(FIGURES.get(name, ())), None)
    if column and figure is None and column not in table.columns:
        raise NotFound("figure", column[:80])
    return Why(actor, moment, measure, words, pipeline, given, where, table, picked, figure)


@policy(*EVERYONE)
@require_safe
def why(request: HttpRequest, measure: str) -> HttpResponse:
    """The page of one figure, or of a measure's whole table where no single figure is asked for."""
    moment = _moment(request)
    shown = why_of(actor_of(request), moment, measure, request.GET.dict())
    page = max(whole_number(request, "page", 1), 1)
    found = shown.behind
    columns = [] if found is None else found.columns
    context = {
        "why": shown,
        "behind": None if found is None else readable(found.slice((page - 1) * SHOWN, SHOWN)).to_dicts(),
        "count": 0 if found is None else found.height,
        "different": 0 if found is None else found[shown.of].n_unique(),
        "has": {name: name in columns for name in ("days", "minutes", "share", "before", "value")},
        "page_number": page,
        "pages": 1 if found is None else max(-(-found.height // SHOWN), 1),
        "rows": _table(shown),
        "columns": _columns(shown),
        "why_at": min(instant_of(shown.pipeline.at), moment.now),
        "why_known": None if shown.pipeline.known_at is None else instant_of(shown.pipeline.known_at),
        "link": request.build_absolute_uri(shown.link),
    }
    return render(request, "why.html", context)


@policy(*EVERYONE)
@require_safe
def why_export(request: HttpRequest, measure: str) -> HttpResponseBase:
    """What is behind a figure, or with `table` the measure's table, as CSV or XLSX."""
    shown = why_of(actor_of(request), _moment(request), measure, request.GET.dict())
    name = f"{measure}-{shown.moment.on.isoformat()}"
    currency = shown.pipeline.currency
    found = shown.behind
    if found is None or request.GET.get("what") == "table":
        frame = in_major(shown.rows, currency)
    elif "value" in found.columns:
        frame = found.with_columns(major(found["value"], currency)).rename({"value": f"value_{currency}"})
    else:
        frame = found
    return as_xlsx(frame, name) if request.GET.get("format") == "xlsx" else as_csv(frame, name)


def _moment(request: HttpRequest) -> Moment:
    given = request.GET
    moment = moment_at(given.get("as_of") or None, given.get("known_at") or None)
    other = [(name, given[name]) for name in given if name not in ("as_of", "known_at", "page")]
    moment = replace(moment, other=other)
    request.moment = moment  # type: ignore[attr-defined]
    return moment


def _columns(shown: Why) -> list[tuple[str, str, Figure | None]]:
    """The columns of the measure's table with their kinds and what figure each is."""
    return [
        (name, kind_of(name, dtype), figure_of(shown.measure.name, name))
        for name, dtype in shown.table.schema.items()
        if name != "says"
    ]


def _table(shown: Why) -> list[list[dict[str, Any]]]:
    """The rows of the measure's table, each figure with the address of its own page."""
    telling = [name for name in shown.table.columns if name in (*GROUPS, *ROWS.get(shown.measure.name, ()))]
    asked = {name: value for name, value in shown.words.items() if name not in ("figure", "page", *telling)}
    found = []
    for row in readable(shown.rows.head(200)).iter_rows(named=True):
        picks = {name: row[name] for name in telling}
        found.append([
            {"value": _finite(row[name]), "kind": kind, "unit": figure.unit if figure else "",
             "why": why_address(shown.measure.name, name, **{**asked, **picks}) if figure else ""}
            for name, kind, figure in _columns(shown)
        ])  # fmt: skip
    return found


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and value in (float("inf"), float("-inf")) else value


def _of_currency(currency: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rates of a currency, the newest first, and between which they lie where there are several."""
    known = [row["rate"] for row in rows if row["rate"] is not None]
    span = {"low": min(known), "high": max(known)} if len(known) > 1 else {}
    return {"currency": currency, "rows": rows, **span}


def _rate(nano: int | None, source: str, target: str) -> Decimal | None:
    """Units of the target currency for one unit of the source."""
    if nano is None:
        return None
    rate = Decimal(nano) / SCALE * (Decimal(10) ** (exponent(source) - exponent(target)))
    return rate.normalize()


def python_call(shown: Why) -> str:
    """The Python that computes the figure from an exported book, line by line."""
    name, given = shown.measure.name, shown.given
    only = shown.words.get("pipeline")
    is_apart = shown.pipeline.definitions != shown.moment.pipeline.definitions
    narrowing = [
        *(["narrowed"] if shown.where and "where" not in given else []),
        *(["of_pipelines"] if is_apart else []),
    ]
    of_these = f"of_pipelines({{}}{f', {only!r}' if only else ''})" if is_apart else "{}"
    lines = [
        "from pathlib import Path",
        "from stageproof import measures",
        *([f"from stageproof.engine.narrowing import {', '.join(narrowing)}"] if narrowing else []),
        "from stageproof.importers.warehouse import book_in_folder",
        "",
        'book = book_in_folder(Path("export"))',
    ]
    known = shown.pipeline.known_at
    at = repr(instant_of(shown.pipeline.at).isoformat())
    options = [f"{key}={_python(value)}" for key, value in given.items() if key not in (*STARTS, "where")]
    if shown.where and "where" in given:
        options.append(f"where={dict(shown.where)!r}")
    if "start_known_at" in given:
        options.append(f"start_known_at={given['start_known_at'].isoformat()!r}")
    if "start" in given:
        if is_apart:
            lines.append(f"book = {of_these.format(f'book.as_of({at})')}.book")
        if known is not None:
            options.append(f"known_at={instant_of(known).isoformat()!r}")
        ends = f"book, {given['start'].isoformat()!r}, {at}"
        call = f"measures.{name}({', '.join([ends, *options])}).lines"
    else:
        as_of = at if known is None else f"{at}, known_at={instant_of(known).isoformat()!r}"
        lines.append(f"pipeline = {of_these.format(f'book.as_of({as_of})')}")
        if shown.where:
            lines.append(f"pipeline = narrowed(pipeline, {dict(shown.where)!r})")
        call = f"measures.{name}({', '.join(['pipeline', *options])})"
    lines.append(f"table = {call}")
    if shown.row is not None and shown.figure is not None:
        if shown.picked:
            tests = ", ".join(
                f"pl.col({key!r}).eq_missing(pl.lit({value!r}))" for key, value in shown.picked.items()
            )
            lines.insert(1, "import polars as pl")
            lines.append(f"table = table.filter({tests})")
        lines.append(f"print(table[{shown.figure.column!r}].item())")
    else:
        lines.append("print(table)")
    return "\n".join(lines)


def _python(value: Any) -> str:
    if hasattr(value, "starts_on"):
        return f"book.calendar.period({value.name!r})"
    return repr(list(value)) if isinstance(value, tuple) else repr(value)


__all__ = ["Why", "why", "why_export", "why_of"]
