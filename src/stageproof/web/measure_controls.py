"""What a page of measures is asked for: moment, period, groups, whose deals; the same on each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import urlencode

from stageproof.actions.actor import Actor
from stageproof.actions.permission import visible_teams
from stageproof.actions.seeing import seen
from stageproof.charts.wording import period_text
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect
from stageproof.engine.kept import Kept
from stageproof.engine.measures import MEASURES
from stageproof.engine.measures.asking import answer
from stageproof.engine.narrowing import expansion_pipelines, of_pipelines
from stageproof.engine.period import Period
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.exports import as_csv, as_xlsx
from stageproof.web.filters import NONE, Choice, Filter, periods_around
from stageproof.web.looked_at import TABLES, in_major, looked_at
from stageproof.web.usual_period import usual_period

NARROWS = ("owner", "team", "source", "segment")
"""What the deals of these pages can be narrowed to."""


@dataclass(frozen=True)
class MeasureLook:
    """What is looked at, and by whom; `whole` holds the deals that the actor may see."""

    actor: Actor
    moment: Moment
    whole: Pipeline
    period: Period | None
    given: Mapping[str, str]
    instead_of: Period | None = None
    """The present period, where an earlier one is shown because nobody asked for one."""

    @property
    def currency(self) -> str:
        return self.whole.currency

    @property
    def where(self) -> dict[str, list[str | None]]:
        """What the deals are narrowed to."""
        chosen = {name: self.given[name] for name in NARROWS if self.given.get(name)}
        return {name: [None if value == NONE else value] for name, value in chosen.items()}

    @property
    def links(self) -> dict[str, Any]:
        """What the link of a figure carries on so that it is of the same deals."""
        found = {name: values[0] for name, values in self.where.items()}
        return {"pipeline": self.given["pipeline"], **found} if self.given.get("pipeline") else found

    @cached_property
    def pipeline(self) -> Pipeline:
        """The pipeline of the deals that are looked at."""
        return looked_at(self.whole, self.where)

    def table(self, measure: str, **given: Any) -> pl.DataFrame:
        """A measure's table over these deals, kept with the moment."""
        tables: Kept[pl.DataFrame] = self.pipeline.remember("tables", lambda: Kept(TABLES))
        found = MEASURES[measure]
        return tables.get((measure, repr(sorted(given.items()))), lambda: answer(found, self.pipeline, given))

    def rows(self, measure: str, **given: Any) -> list[dict[str, Any]]:
        """The same as rows."""
        return self.table(measure, **given).to_dicts()

    def row(self, measure: str, **given: Any) -> dict[str, Any]:
        """The only row of a measure that is asked for no groups."""
        return self.table(measure, **given).row(0, named=True)

    @property
    def scope(self) -> str:
        """Whose deals these are, in words; blank for all."""
        return "" if visible_teams(self.actor) is None else "Of the deals that you and your team own."

    @property
    def elsewhere(self) -> str:
        """What to do where there is nothing to show, as a sentence."""
        if self.where:
            return "Choose another period, or take the filters off."
        return elsewhere(self.whole, self.moment)

    def one_of(self, name: str, choices: Sequence[str], otherwise: str = "") -> str:
        """The value of a parameter that is one of a few words."""
        value = self.given.get(name, "")
        return value if value in choices else otherwise

    def query(self, **changes: str) -> str:
        """The query of a link to the same page with some parameters changed."""
        pairs = {**self.given, **changes}
        return f"?{urlencode([(name, value) for name, value in pairs.items() if value])}"

    def periods(self, *, ever: str = "") -> Filter:
        """The choice of the period; with `ever` also none, by that name."""
        around = periods_around(self.whole.book.calendar, self.whole)
        names = dict.fromkeys([*(each.name for each in around), *([self.period.name] if self.period else [])])
        chosen = self.period.name if self.period else "ever"
        found = [Choice(each, period_text(each), each == chosen) for each in names]
        return Filter(
            "period", "Period", [*([Choice("ever", ever, chosen == "ever")] if ever else []), *found]
        )

    def narrowing(self) -> list[Filter]:
        """The choices of owner, team, source and segment, where there is something to choose."""
        pipelines, found = self._pipelines(), [self._of(name) for name in NARROWS]
        shown = [each for each in found if len(each.choices) > 1 or each.chosen]
        return [pipelines, *shown] if pipelines.choices else shown

    def _pipelines(self) -> Filter:
        """The pipelines there are beside new business; none to choose where there is nothing else."""
        expansions = expansion_pipelines(self.moment.pipeline)
        chosen = self.given.get("pipeline", "")
        return Filter("pipeline", "New business", [Choice(each, each, each == chosen) for each in expansions])

    def _of(self, name: str) -> Filter:
        values = self.whole.remember(f"all values of {name}", lambda: _values(self.whole, name))
        labels = {NONE if value is None else value: value or f"no {name}" for value in values}
        if chosen := self.given.get(name, ""):
            labels.setdefault(chosen, chosen)
        return Filter(name, name.capitalize(), [Choice(v, label, v == chosen) for v, label in labels.items()])


def look_at(
    request: HttpRequest, names: Sequence[str], *, ever: bool = False, back: bool = False
) -> MeasureLook:
    """What a request asks for, of these parameters beside the usual ones; without a period this quarter's, with `ever`
    none, and with `back` that of a page that looks back."""
    wanted = ("period", "as_of", "pipeline", *NARROWS, *names)
    given = {name: request.GET[name][:200] for name in wanted if request.GET.get(name)}
    actor, moment = actor_of(request), moment_of(request)
    whole = of_pipelines(seen(actor, moment.pipeline), given.get("pipeline"))
    calendar, asked = whole.book.calendar, given.get("period", "")
    if back and not asked:
        period, instead_of = usual_period(whole, "quarter")
        return MeasureLook(actor, moment, whole, period, given, instead_of)
    if ever and asked in ("", "ever"):
        found = None
    else:
        found = calendar.period(asked) if asked else calendar.containing(whole.on, "quarter")
    return MeasureLook(actor, moment, whole, found, given)


def elsewhere(pipeline: Pipeline, moment: Moment) -> str:
    """What to do where a period has nothing to show, as a sentence."""
    if pipeline.remember("any deal", lambda: bool(collect(pipeline.deals.select("deal").head(1)).height)):
        return "Choose another period."
    if not moment.is_now:
        return "Choose a later day."
    return "It begins with the first deal that is created here or imported."


def choices(name: str, label: str, labels: Mapping[str, str], chosen: str) -> Filter:
    """A choice of a few words."""
    return Filter(name, label, [Choice(value, text, value == chosen) for value, text in labels.items()])


def exported(look: MeasureLook, table: pl.DataFrame, name: str, form: str) -> HttpResponseBase:
    """A measure's table to take away, amounts in major units."""
    frame, named = in_major(table, look.currency), f"{name}-{look.moment.on.isoformat()}"
    return as_xlsx(frame, named) if form == "xlsx" else as_csv(frame, named)


def _values(pipeline: Pipeline, name: str) -> list[str | None]:
    column = collect(pipeline.deals.select(name).unique())[name]
    return [*sorted(column.drop_nulls().to_list()), *([None] if column.null_count() else [])]
