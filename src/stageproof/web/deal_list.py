"""The list of deals as of an instant: each with where it stands, how much of that is shown, and what is the matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from stageproof.actions.actor import Actor
from stageproof.actions.permission import visible_teams
from stageproof.actions.seeing import scope
from stageproof.engine.book import Pipeline
from stageproof.engine.criteria import STATES
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import DAY, collect
from stageproof.engine.hygiene.alive import alive, stage_norms
from stageproof.engine.hygiene.close_date import close_date
from stageproof.engine.hygiene.finding import KINDS
from stageproof.engine.hygiene.monday import MondayRun, usual
from stageproof.engine.hygiene.subjects import Usual
from stageproof.engine.measures.placing import deals_under
from stageproof.engine.measures.time_in_stage import spent_by_open_deals
from stageproof.engine.one_deal import in_hand
from stageproof.engine.qualification import UNQUALIFIED, assessed_deals, assessed_in_hand
from stageproof.engine.tables import FOREVER, NUMBER
from stageproof.engine.terms import deal_key
from stageproof.records.models import Team
from stageproof.records.tables import book
from stageproof.web.as_of import Moment, at_work, numbers_of
from stageproof.web.one_deal import book_of
from stageproof.web.renewal import renewed

RISKS = {1: close_date, 3: alive}
"""The checks whose findings mark a deal: is its close date real, and is it alive."""

LEARNED = ("too_soon", "ghost", "too_long_in_stage")
"""Findings that follow from the history of all deals: a deal that changed keeps them until all are checked again."""

FEW, PIECES = 8, 16
"""Up to how many changed deals are put into the list where they belong, and of how many pieces it may then be."""

SEARCHED = ("name", "account", "deal")

COUNTS = ("criteria_met", "criteria_waived", "criteria_unverifiable", "criteria_unmet")


@dataclass(frozen=True)
class DealList:
    """Every deal of a pipeline, open or closed, and the criteria that stand in its columns, per definition."""

    pipeline: Pipeline
    criteria: Mapping[str, tuple[tuple[Stage, Criterion, str], ...]]

    @property
    def deals(self) -> pl.DataFrame:
        with at_work(self.pipeline):
            return self.pipeline.remember("deals listed", lambda: _listed(self.pipeline))

    def exit_criteria(self, row: Mapping[str, Any], definition: Definition) -> list[tuple[Criterion, str]]:
        """The exit criteria of the stage that a deal is in, each with its state."""
        return [
            (criterion, STATES[row[column]])
            for stage, criterion, column in self.criteria[definition.pipeline]
            if definition.position(stage.name) == row["position"]
        ]


def deal_list(pipeline: Pipeline) -> DealList:
    """The list, built once per instant."""
    return pipeline.remember("deal list", lambda: _built(pipeline))


def open_deals(pipeline: Pipeline) -> pl.DataFrame:
    """The open deals of the list, which most pages begin from."""
    with at_work(pipeline):
        return pipeline.remember("open deals", lambda: _open(pipeline))


def _open(pipeline: Pipeline) -> pl.DataFrame:
    if numbers_of(pipeline) is not None or pipeline.remembers("deals listed"):
        return deal_list(pipeline).deals.filter(pl.col("status") == "open")
    # Of a past day nobody may ever ask for the others.
    rows = pipeline.open.to_native().collect(engine="in-memory")
    return _rows(pipeline, _norms(pipeline), _assessed(pipeline), rows)


def _listed(pipeline: Pipeline) -> pl.DataFrame:
    # What is usual is learned from all deals: it stays what it was until all are looked at again.
    norms = renewed(pipeline, "norms", _norms, lambda before, *_: before)
    return renewed(
        pipeline,
        "deals",
        lambda each: _with_words(_rows(each, norms, _assessed(each), collect(each.deals))),
        lambda before, few, keys: _with_changed(
            before, _with_words(_rows(few, norms, _assessed_in_hand(few), collect(few.deals))), keys
        ),
    )


def _with_words(deals: pl.DataFrame) -> pl.DataFrame:
    # Who searches asks again and again, and turning all names to lower case takes longest.
    return deals.with_columns(_words=_words())


def _built(pipeline: Pipeline) -> DealList:
    criteria = {
        each.pipeline: tuple(
            (stage, criterion, f"criterion_{place}_{criterion.id}")
            for place, stage in enumerate(each.stages)
            for criterion in stage.exit
        )
        for each in pipeline.definitions
    }
    return DealList(pipeline, criteria)


def _with_changed(before: pl.DataFrame, changed: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    # A column of blanks alone has no type to speak of.
    alike = changed.select(before.columns).cast(before.schema)
    if len(keys) > FEW:
        return _in_order(pl.concat([before.filter(~pl.col("deal").is_in(keys)), alike]))
    pieces = _pieces(before, before["deal"].is_in(keys).arg_true().to_list(), _in_order(alike))
    found = pl.concat([piece for piece in pieces if piece.height] or [before.clear()], rechunk=False)
    return found.rechunk() if found.n_chunks() > PIECES else found


def _pieces(before: pl.DataFrame, gone: Sequence[int], rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The list cut where rows go and where others come; what lies between is not copied."""
    comes = [
        (before.select(_ahead_of(row["value"], row["deal"]).sum()).item(), place)
        for place, row in enumerate(rows.select("value", "deal").iter_rows(named=True))
    ]
    begin = 0
    for at, place in sorted(
        [*comes, *((at, None) for at in gone)], key=lambda each: (each[0], each[1] is None)
    ):
        yield before.slice(begin, at - begin)
        if place is not None:
            yield rows.slice(place, 1)
        begin = at if place is not None else at + 1
    yield before.slice(begin)


def _ahead_of(value: int | None, deal: str) -> pl.Expr:
    """Which rows come before one, in the order of `_in_order`."""
    same = pl.col("value").is_null() if value is None else pl.col("value") == value
    more = pl.col("value").is_not_null() if value is None else pl.col("value") > value
    return (more | (same & (pl.col("deal") < deal))).fill_null(False)


def _in_order(deals: pl.DataFrame) -> pl.DataFrame:
    return deals[_places_in_order(deals)]


def _assessed(pipeline: Pipeline) -> list[pl.DataFrame]:
    """The open deals' places, qualification and criteria, per definition."""
    parts = []
    for definition in pipeline.definitions:
        assessed = assessed_deals(pipeline, definition, deals_under(pipeline, definition, pipeline.open))
        names = [name for *_, name in assessed.columns]
        key = deal_key(assessed.frame)
        chosen = assessed.frame.select(key, "pipeline", "position", "qualification", *COUNTS, *names)
        parts.append(chosen.to_native().collect(engine="in-memory"))
    return parts


def _assessed_in_hand(pipeline: Pipeline) -> list[pl.DataFrame]:
    """The same of a few deals, which need no query to be planned."""
    parts = []
    for definition in pipeline.definitions:
        rows = collect(deals_under(pipeline, definition, pipeline.open)).to_dicts()
        names = [
            f"criterion_{place}_{each.id}"
            for place, stage in enumerate(definition.stages)
            for each in stage.exit
        ]
        whole = dict.fromkeys(("position", *COUNTS, *names), pl.Int64)
        schema = {"deal": pl.String, "pipeline": pl.String, "qualification": pl.String, **whole}
        parts.append(
            pl.DataFrame(
                [assessed_in_hand(definition, one) for one in in_hand(pipeline, rows)], schema=schema
            )
        )
    return parts


def _rows(
    pipeline: Pipeline, norms: pl.DataFrame, parts: Sequence[pl.DataFrame], deals: pl.DataFrame
) -> pl.DataFrame:
    """The deals with what their stage and their criteria say, in the order of the list."""
    if not parts:
        nothing = {name: pl.lit(None, pl.Int64) for name in (*COUNTS, "days_in_stage", "norm_days")}
        nowhere = deals.with_columns(position=pl.lit(-1), qualification=pl.lit(None, pl.String), **nothing)
        return _in_order(nowhere)
    placed = pl.concat(parts, how="diagonal")
    days = collect(spent_by_open_deals(pipeline)).with_columns(days_in_stage=pl.col("spent") // DAY)
    key = _key(placed, days)
    # The only definition there is rules every pipeline, whatever its name.
    of_a_norm = ["position"] if len(pipeline.definitions) == 1 else ["pipeline", "position"]
    # By few columns each: a join copies all that it is given.
    days, usual_days = days.select(key, "days_in_stage"), norms.select(*of_a_norm, "norm_days")
    beside = placed.drop("pipeline").with_columns(
        placed.select(key).join(days, on=key, how="left", maintain_order="left")["days_in_stage"],
        placed.select(of_a_norm).join(usual_days, on=of_a_norm, how="left", maintain_order="left")[
            "norm_days"
        ],
    )
    key, places = _key(placed, deals), _places_in_order(deals)
    found = deals[places]
    if beside[key].equals(deals[key]):
        beside = beside[places]
    else:
        beside = found.select(key).join(beside, on=key, how="left", maintain_order="left")
    return found.hstack(beside.drop({"deal", key}, strict=False))


def _places_in_order(deals: pl.DataFrame) -> pl.Series:
    """Where the rows stand that come one after the other: the largest first, of equal ones by the deal."""
    narrow = deals.select("deal", "value").with_row_index("place")
    if not narrow["deal"].is_sorted():
        narrow = narrow.sort("deal")
    # By one column that holds numbers: several at a time take five times as long.
    ordered = narrow.select("place", "value").sort(
        "value", descending=True, nulls_last=True, maintain_order=True
    )
    return ordered["place"].rechunk()


def _key(one: pl.DataFrame, other: pl.DataFrame) -> str:
    return NUMBER if NUMBER in one.columns and NUMBER in other.columns else "deal"


def _words() -> pl.Expr:
    """Name, account and identifier as they are searched."""
    return pl.concat_str(SEARCHED, separator="\n", ignore_nulls=True).str.to_lowercase()


def holding(text: str, deals: pl.DataFrame) -> pl.Expr:
    """Whether the name, the account or the identifier of a deal in the list holds the text, in any case."""
    words = pl.col("_words") if "_words" in deals.columns else _words()
    return words.str.contains(text.casefold(), literal=True)


def _norms(pipeline: Pipeline) -> pl.DataFrame:
    """How many days deals usually stay, per pipeline and position of the stage."""
    said = {
        (each.pipeline, position): float(stage.norm_days)
        for each in pipeline.definitions
        for position, stage in enumerate(each.stages)
        if stage.norm_days is not None
    }
    wanted = sum(len(each.stages) for each in pipeline.definitions)
    norms = said if len(said) == wanted else stage_norms(pipeline)
    rows = [(name, position, round(days)) for (name, position), days in norms.items()]
    schema = {"pipeline": pl.String, "position": pl.Int64, "norm_days": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _findings(pipeline: Pipeline, learned: Usual | None = None) -> pl.DataFrame:
    """What the checks of dates and of life found, for marks and for the filter by risk."""
    return MondayRun(
        pipeline, {number: check(pipeline, usual=learned) for number, check in RISKS.items()}
    ).findings


def at_risk(pipeline: Pipeline) -> pl.DataFrame:
    """One row per deal and finding: deal, code, and what puts it into words."""
    with at_work(pipeline):
        return pipeline.remember(
            "deal risk rows",
            lambda: renewed(
                pipeline,
                "risks",
                _findings,
                lambda before, few, keys: _with_changed_risks(before, _findings(few, Usual()), keys),
            ),
        )


def risks_among(pipeline: Pipeline, keys: Sequence[str]) -> pl.DataFrame:
    """The same of some deals: of a past day only these are looked at, unless all were."""
    if numbers_of(pipeline) is not None or pipeline.remembers("deal risk rows"):
        return at_risk(pipeline).filter(pl.col("deal").is_in(keys))

    def found() -> pl.DataFrame:
        few = Pipeline(book_of(pipeline.book, keys), pipeline.at, pipeline.known_at, keeps=True)
        return _findings(few, usual(pipeline))

    return pipeline.remember(f"risks of {' '.join(keys)}", found)


def risk_codes(pipeline: Pipeline) -> set[str]:
    """The kinds of finding that there are; of a past day where not all deals were looked at, those that there may be."""
    if numbers_of(pipeline) is not None or pipeline.remembers("deal risk rows"):
        return pipeline.remember("risk codes", lambda: set(at_risk(pipeline)["code"].unique()))
    return {code for code, kind in KINDS.items() if kind.check in RISKS}


def _with_changed_risks(before: pl.DataFrame, changed: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    touched, learned = pl.col("deal").is_in(keys), pl.col("code").is_in(LEARNED)
    return pl.concat([before.filter(~touched | learned), changed.filter(~learned)])


def visible(actor: Actor, moment: Moment, deals: pl.DataFrame) -> pl.DataFrame:
    """The deals that the actor may see: of the past, those that the actor sees today."""
    teams = visible_teams(actor)
    if teams is None or actor.person is None:
        return deals
    names = list(Team.objects.filter(pk__in=teams).values_list("name", flat=True))
    seen = (pl.col("owner") == actor.person.name) | pl.col("team").is_in(names)
    if moment.is_now:
        return deals.filter(seen)
    # The pipeline of a past day may be older than the present.
    latest = book().tables["deals"].filter(nw.col("valid_to") == FOREVER).select("deal", "owner", "team")
    return deals.join(collect(latest).filter(seen), on="deal", how="semi")


def totals(deals: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Count, nominal and qualified amount in the reporting currency, how many have none, per group or whole."""
    qualified = pl.col("qualification") == "qualified"
    aggregates = {
        "deals": pl.len(),
        "amount": pl.col("value").sum(),
        "qualified": pl.col("value").filter(qualified).sum(),
        "qualified_deals": qualified.sum(),
        "without_amount": pl.col("value").is_null().sum(),
    }
    return deals.group_by(*by).agg(**aggregates) if by else deals.select(**aggregates)


__all__ = ["UNQUALIFIED", "DealList", "at_risk", "deal_list", "scope", "totals", "visible"]
