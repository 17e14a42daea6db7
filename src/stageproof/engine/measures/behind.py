"""Behind a figure: the deals, leads or campaigns it comes from, each with what it counts as and what it adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import narwhals as nw
import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import DAY, collect
from stageproof.engine.measures import MEASURES
from stageproof.engine.measures.asking import Asked, bridged
from stageproof.engine.measures.behind_leads import BEHIND_LEADS, with_facts
from stageproof.engine.measures.conversion import entered_deals
from stageproof.engine.measures.cycle_distribution import stepped, took
from stageproof.engine.measures.cycle_length import timed_deals
from stageproof.engine.measures.grouping import closing_in, same_as, with_groups
from stageproof.engine.measures.retention import STATES, contracts_due
from stageproof.engine.measures.slippage import due_deals, push_count
from stageproof.engine.measures.stage_visits import stage_visits
from stageproof.engine.measures.stage_win_rate import furthest_of_closed
from stageproof.engine.measures.time_in_stage import stays
from stageproof.engine.qualification import QUALIFICATIONS, qualified_deals

FACTS = ("name", "account", "owner", "stage", "status", "close_on", "amount", "currency")


def behind(pipeline: Pipeline, asked: Asked) -> pl.DataFrame | None:
    """One row per deal behind the figure, largest first: its facts, `counts_as`, and what it adds.

    `value` is its amount in minor units of the reporting currency, `days` where the figure is of days, `share` what
    part of the deal counts where deals are split. Of a bridge a row per deal and line, or by events per change, with
    `before`, `after`, `changed_at`, `actor` and `door`. Where the figure is of leads or campaigns the first column is
    `lead` or `campaign`, with `minutes` where it is of those. None for a measure whose figures are of none of these.
    """
    find = _BEHIND.get(asked.measure)
    if find is None:
        return None
    found = find(pipeline, asked)
    if found.columns[0] != "deal":
        return with_facts(pipeline, found)
    named = found.join(_facts(pipeline, found["deal"]), on="deal", how="left", maintain_order="left")
    if "value" not in named.columns:
        named = named.with_columns(value=pl.col("value_now"))
    rest = [name for name in found.columns if name not in ("deal", "counts_as", "value")]
    ordered = named.select("deal", *FACTS, "counts_as", "value", *rest)
    largest = pl.col(rest[0] if rest and rest[0] == "days" else "value")
    return ordered.sort(largest.abs(), "deal", descending=[True, False], nulls_last=True)


def _facts(pipeline: Pipeline, deals: pl.Series) -> pl.DataFrame:
    """The facts of the deals at the instant, of those that are deleted by then as they were last."""
    keys = deals.unique().to_list()
    if not keys:
        numbers = dict.fromkeys(("close_on", "amount", "value_now"), pl.Int64)
        return pl.DataFrame(schema={**dict.fromkeys(("deal", *FACTS), pl.String), **numbers})
    held = pipeline.versions.filter(nw.col("valid_to") > pipeline.at, nw.col("deal").is_in(keys))
    valued = pipeline.deals.filter(nw.col("deal").is_in(keys)).select("deal", value_now="value")
    return collect(held.select("deal", *FACTS).join(valued, on="deal", how="left"))


def _open(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    deals = asked.here(with_groups(pipeline, closing_in(qualified_deals(pipeline), asked.period), asked.by))
    state = asked.column.removesuffix("_amount").removesuffix("_count")
    if state == "unpriced":
        deals = deals.filter(nw.col("value").is_null())
    elif state in QUALIFICATIONS:
        deals = deals.filter(nw.col("qualification") == state)
    return collect(deals.select("deal", "value", counts_as=nw.col("qualification")))


def _closed(
    pipeline: Pipeline, asked: Asked, *statuses: str, ever: bool = False, priced: bool = False
) -> pl.DataFrame:
    """The deals won or lost in the period, or ever."""
    deals = closing_in(pipeline.closed, None if ever else asked.period)
    here = asked.here(with_groups(pipeline, deals, asked.by)).filter(nw.col("status").is_in(list(statuses)))
    if priced:
        here = here.filter(~nw.col("value").is_null())
    return collect(here.select("deal", "value", counts_as=nw.col("status")))


def _bookings(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    outcome = "lost" if asked.column.startswith("lost") else "won"
    return _closed(pipeline, asked, outcome, priced=asked.column == "won_priced")


def _win_rate(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    one = {"won_count": ("won",), "lost_count": ("lost",)}.get(asked.column, ("won", "lost"))
    return _closed(pipeline, asked, *one)


def _deal_size(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    return _closed(pipeline, asked, "won", priced=True)


def _coverage(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    opened = _open(pipeline, Asked("", asked.given, asked.row, "open"))
    if asked.column in ("qualified", "qualified_amount"):
        return opened.filter(pl.col("counts_as") == "qualified")
    if asked.column in ("nominal", "open_amount", "open_count"):
        return opened
    # The bands split what is open; what is won and how often are the whole's.
    whole = Asked("", {**asked.given, "by": ()}, {}, asked.column) if asked.by == ("band",) else asked
    if asked.column == "won_amount":
        return _closed(pipeline, whole, "won")
    if asked.column == "needed":
        return _closed(pipeline, whole, "won", "lost", ever=True)
    if asked.column == "remaining":
        return pl.concat([opened, _closed(pipeline, whole, "won")], how="vertical_relaxed")
    return opened.clear()


def _cycle(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    outcomes = asked.given.get("outcomes", ("won",))
    timed = timed_deals(pipeline, period=asked.period, by=asked.by, outcomes=outcomes)
    return collect(
        asked.here(timed).select("deal", "value", days=nw.col("cycle_days"), counts_as=nw.col("status"))
    )


def _distribution(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    outcomes = asked.given.get("outcomes", ("won",))
    timed = stepped(timed_deals(pipeline, period=asked.period, by=asked.by, outcomes=outcomes))
    here = asked.here(timed)
    # A share is of all deals that were timed.
    if asked.column == "deals":
        here = here.filter(nw.col("step") == asked.row["from_days"])
    found = collect(
        here.select("deal", "value", "step", days=nw.col("cycle_days"), counts_as=nw.col("status"))
    )
    return found.select("deal", "value", "days", counts_as=took("step"))


def _ahead(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    period = pipeline.book.calendar.period(asked.row["closing_in"])
    given = {"period": period, "by": ("band",) if asked.column in ("early_amount", "late_amount") else ()}
    row = {"band": asked.column.removesuffix("_amount")}
    column = "open_amount" if given["by"] else asked.column
    return _coverage(pipeline, Asked("", given, row, column))


def _required(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    """The whole story: what is open and won in the period; or of one part of it, that part's."""
    named = {
        "open_amount": "open_amount", "qualified_amount": "qualified_amount", "won_amount": "won_amount",
        "progress": "won_amount", "gap_amount": "won_amount", "win_rate": "needed", "needed_amount": "needed",
        "target": "target", "days_left": "target", "required_qualified_amount": "qualified_amount",
    }  # fmt: skip
    if asked.column == "average_amount":
        return _closed(pipeline, asked, "won", ever=True, priced=True)
    if asked.column == "cycle_days":
        return _cycle(pipeline, Asked("", {**asked.given, "period": None}, asked.row, "median"))
    column = named.get(asked.column, "remaining")
    return _coverage(pipeline, Asked("", asked.given, asked.row, column))


def _velocity_change(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    lever = {
        "open_deals": "open_count", "deal_size": "average_amount", "win_rate": "win_rate", "cycle_length": "cycle_days",
    }[asked.row["lever"]]  # fmt: skip
    given = {name: value for name, value in asked.given.items() if name != "start"}
    return _velocity(pipeline, Asked("", given, asked.row, lever))


def _velocity(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    always = Asked("", {**asked.given, "period": None}, asked.row, "open")
    parts: dict[str, Callable[[], pl.DataFrame]] = {
        "open_count": lambda: _open(pipeline, always),
        "average_amount": lambda: _deal_size(pipeline, asked),
        "win_rate": lambda: _closed(pipeline, asked, "won", "lost"),
        "cycle_days": lambda: _cycle(pipeline, asked),
    }
    if asked.column in parts:
        return parts[asked.column]()
    return pl.concat([parts["open_count"](), parts["win_rate"]()], how="vertical_relaxed")


def _conversion(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    stage, definition = asked.row["stage"], asked.row["definition"]
    entered = entered_deals(pipeline, definition=definition, stage=stage, period=asked.period, by=asked.by)
    groups = [name for name in asked.by if name != "stage"]
    here = entered.filter(*(same_as(name, asked.row[name]) for name in groups)) if groups else entered
    found = collect(here.select("deal", counts_as=nw.col("outcome")))
    return found if asked.column not in ("passed", "lost", "undecided") else found.filter(
        pl.col("counts_as") == asked.column
    )  # fmt: skip


def _time_in_stage(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    groups = [name for name in asked.by if name != "stage"]
    spent = stays(pipeline, asked.period, groups)
    spent = spent.filter(*(same_as(name, asked.row[name]) for name in (*groups, "definition", "stage")))
    left = nw.when(nw.col("completed") == 1).then(nw.lit("left")).otherwise(nw.lit("still there"))
    found = collect(spent.select("deal", "spent", counts_as=left)).select(
        "deal", days=pl.col("spent") / DAY, counts_as="counts_as"
    )
    wanted = {"completed": "left", "still_there": "still there", "mean": "left", "median_completed": "left"}
    only = wanted.get(asked.column)
    return found if only is None else found.filter(pl.col("counts_as") == only)


def _slippage(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    due = asked.here(due_deals(pipeline, asked.period, asked.by))
    found = collect(due.select("deal", "value", counts_as=nw.col("outcome")))
    outcome = asked.column.removesuffix("_amount").removesuffix("_count")
    every = outcome == "due" or outcome.startswith("rate")
    return found if every else found.filter(pl.col("counts_as") == outcome)


def _bridge(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    rows = bridged(MEASURES[asked.measure], pipeline, asked.given).deals
    here = [pl.col(name).eq_missing(pl.lit(asked.row[name])) for name in ("line", *asked.by)]
    also = [name for name in ("before", "after", "changed_at", "actor", "door") if name in rows.columns]
    return rows.filter(here).select("deal", *also, value="amount", counts_as="line")


def _pushes(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    rows = push_count(pipeline).filter(nw.col("deal") == asked.row["deal"])
    return collect(rows.select("deal", days=nw.col("days_pushed"), counts_as=nw.lit("pushed")))


def _visits(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    rows = stage_visits(pipeline).filter(nw.col("deal") == asked.row["deal"])
    return collect(rows.select("deal", "entered_at", "left_at", counts_as=nw.col("stage")))


def _retention(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    """The contracts; what each adds is what was retained of it where the figure is of that, else what it is worth."""
    contracts = asked.here(
        with_groups(pipeline, contracts_due(pipeline, asked.period), asked.by, dated_by="renews_on")
    )
    name = asked.column.removesuffix("_amount").removesuffix("_count")
    part = {"retained": "retained", "shrunk": "shrunk", "expanded": "expanded", "gross": "retained"}.get(
        name, "value"
    )
    adds = nw.col("retained") + nw.col("expanded") if name == "net" else nw.col(part)
    if name in STATES:
        contracts = contracts.filter(nw.col("state") == name)
    elif name == "unpriced":
        contracts = contracts.filter(nw.col("value").is_null())
    elif name in ("gross", "net"):
        contracts = contracts.filter(nw.col("state").is_in(["renewed", "lost", "lapsed"]))
    elif part != "value":
        contracts = contracts.filter(nw.col(part) != 0)
    return collect(contracts.select("deal", value=adds, counts_as=nw.col("state")))


def _by_stage(pipeline: Pipeline, asked: Asked) -> pl.DataFrame:
    rules = next(each for each in pipeline.definitions if each.pipeline == asked.row["definition"])
    won = nw.col("status") == "won"
    there = furthest_of_closed(pipeline, rules).filter(won | (nw.col("furthest") >= asked.row["position"]))
    here = there.filter(won) if asked.column == "won" else there
    return collect(here.select("deal", counts_as=nw.col("status")))


_BEHIND: dict[str, Callable[[Pipeline, Asked], pl.DataFrame]] = {
    "open_pipeline": _open,
    "coverage": _coverage,
    "bookings": _bookings,
    "win_rate": _win_rate,
    "average_deal_size": _deal_size,
    "cycle_length": _cycle,
    "velocity": _velocity,
    "conversion": _conversion,
    "time_in_stage": _time_in_stage,
    "slippage": _slippage,
    "required_creation": _required,
    "coverage_ahead": _ahead,
    "cycle_distribution": _distribution,
    "velocity_change": _velocity_change,
    "bridge": _bridge,
    "qualified_bridge": _bridge,
    "push_count": _pushes,
    "stage_visits": _visits,
    "retention": _retention,
    "stage_win_rate": _by_stage,
    **BEHIND_LEADS,
}


def rates_used(
    pipeline: Pipeline, keys: Sequence[str], of: str = "deal", *, also_on: Sequence[int] = ()
) -> pl.DataFrame:
    """One row per foreign currency and rate of the deals, or of campaigns: `deals`, how many, and `nano` since `from_on`.

    `nano` is minor units per minor unit times 10^9; null where no rate is known. Open deals are converted at the rate
    of the pipeline's day, closed ones at that of the day they closed, campaigns at that of their first day; all of them
    on the days of `also_on`, too. The newest rate of a currency comes first.
    """
    here = nw.lit(pipeline.day if pipeline.rates_on is None else pipeline.rates_on)
    if of == "deal" or pipeline.campaigns is None:
        frame, is_open = pipeline.deals, nw.col("status") == "open"
        day = nw.when(is_open | nw.col("close_on").is_null()).then(here).otherwise(nw.col("close_on"))
    else:
        frame, day = pipeline.campaigns, nw.coalesce(nw.col("starts_on"), here)
    chosen = frame.filter(nw.col("currency") != pipeline.currency)
    foreign = chosen.filter(nw.col(of).is_in(list(keys))) if keys else chosen.head(0)
    dated = [foreign.select("currency", day=each.cast(nw.Int64)) for each in (day, *map(nw.lit, also_on))]
    counted = collect(nw.concat(dated, how="vertical").group_by("currency", "day").agg(deals=nw.len()))
    rates = pipeline.rates
    known = pl.DataFrame(
        schema={"currency": pl.String, **dict.fromkeys(("from_on", "until_on", "nano"), pl.Int64)}
    )
    if rates is not None:
        known = collect(rates.select(known.columns))
    during = (pl.col("from_on") <= pl.col("day")) & (pl.col("day") < pl.col("until_on"))
    used = counted.join(known, on="currency").filter(during).select("currency", "day", "from_on", "nano")
    return (
        counted.join(used, on=["currency", "day"], how="left")
        .group_by("currency", "from_on", "nano")
        .agg(pl.col("deals").sum())
        .sort("currency", "from_on", descending=[False, True], nulls_last=True)
        .select("currency", "deals", "from_on", "nano")
    )
