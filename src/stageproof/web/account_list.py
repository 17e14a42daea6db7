"""The list of accounts at any moment: what is open with each, new business apart from expansion, and what was won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.db.models import Q

from stageproof.actions.actor import Actor
from stageproof.actions.seeing import scope
from stageproof.engine.frames import instant_of
from stageproof.engine.kept import Kept
from stageproof.engine.narrowing import expansion_pipelines
from stageproof.records.models import Account, AccountVersion
from stageproof.records.models.accounts import HERE
from stageproof.web.as_of import Moment
from stageproof.web.deal_list import deal_list, visible
from stageproof.web.filters import NONE, Choice, Filter, values_of_column
from stageproof.web.table_columns import Column

_OPEN = "Deals that are not closed, at their amount; other currencies at the rate of the day shown"
COLUMNS = (
    Column("name", "Account"),
    Column("segment", "Segment"),
    Column("industry", "Industry"),
    Column("country", "Country"),
    Column("deals", "Deals", "whole", sort="open_deals"),
    Column("open_new", "Open new business", "whole", hint=_OPEN),
    Column("qualified", "Qualified", "whole", hint="Of it, deals that met every exit criterion behind them"),
    Column("open_expansion", "Open expansion", "whole", hint=_OPEN),
    Column("won", "Won", "whole", hint="Every deal won that you see, at the rate of the day it closed"),
)
FILTERED = ("segment", "industry", "country")
FACTS = ("name", "domain", "industry", "segment", "country", "employees", "external_id")
NO_DEALS = {
    "deals": 0, "open_deals": 0, "open_new": 0, "qualified": 0, "open_expansion": 0, "won": 0,
}  # fmt: skip


@dataclass(frozen=True)
class AccountTable:
    """What a person sees of the accounts at a moment: narrowed, sorted, with its columns."""

    columns: list[Column]
    sort: str
    every: bool
    text: str
    filters: list[Filter]
    accounts: pl.DataFrame

    @property
    def filtered(self) -> bool:
        return bool(self.text) or any(each.chosen for each in self.filters)

    @property
    def whole(self) -> dict[str, Any]:
        """The sums of all rows, on this page or not."""
        return self.accounts.select(pl.col(*NO_DEALS).sum()).row(0, named=True)


def table_of(actor: Actor, moment: Moment, asked: Mapping[str, str]) -> AccountTable:
    """The table that a query asks for: accounts with deals by what is open, or with `all` every one by name."""
    every, text = asked.get("all") == "1", asked.get("text", "").strip()[:200]
    rows = _with_facts(sums_seen(actor, moment), facts_at(moment), every=every)
    filters = [_filter(name, asked.get(name, ""), rows[name]) for name in FILTERED]
    tests = [
        pl.col(name).is_null() if asked[name] == NONE else pl.col(name) == asked[name]
        for name in FILTERED
        if asked.get(name)
    ]
    if text:
        tests.append(pl.col("name").str.to_lowercase().str.contains(text.casefold(), literal=True))
    sort = asked.get("sort", "")
    if sort.removeprefix("-") not in {each.name for each in COLUMNS}:
        sort = "name" if every else "-open_new"
    found = _in_order(rows.filter(*tests) if tests else rows, sort)
    return AccountTable(columns_at(moment), sort, every, text, filters, found)


def columns_at(moment: Moment) -> list[Column]:
    """The columns; without an expansion pipeline all that is open is new business, and need not be told apart."""
    if expansion_pipelines(moment.pipeline):
        return list(COLUMNS)
    plain = replace(next(each for each in COLUMNS if each.name == "open_new"), label="Open")
    return [plain if each.name == "open_new" else each for each in COLUMNS if each.name != "open_expansion"]


def sums_seen(actor: Actor, moment: Moment) -> pl.DataFrame:
    """The sums per account among the deals that the actor sees, worked out once per instant."""
    expansions = expansion_pipelines(moment.pipeline)
    return moment.pipeline.remember(
        f"account sums {scope(actor)}",
        lambda: account_sums(visible(actor, moment, deal_list(moment.pipeline).deals), expansions),
    )


def account_sums(deals: pl.DataFrame, expansions: Sequence[str]) -> pl.DataFrame:
    """Per account with deals: how many, what is open of new business and qualified of that, of expansion, and won."""
    is_open = pl.col("status") == "open"
    is_expansion = pl.col("pipeline").is_in(list(expansions)).fill_null(value=False)
    value = pl.col("value")
    return (
        deals.filter(pl.col("account").is_not_null())
        .group_by("account")
        .agg(
            deals=pl.len(),
            open_deals=is_open.sum(),
            open_new=value.filter(is_open & ~is_expansion).sum(),
            qualified=value.filter(is_open & ~is_expansion & (pl.col("qualification") == "qualified")).sum(),
            open_expansion=value.filter(is_open & is_expansion).sum(),
            won=value.filter(pl.col("status") == "won").sum(),
        )
        .rename({"account": "name"})
    )


def facts_at(moment: Moment) -> pl.DataFrame:
    """The accounts of the moment under their present names with their facts then; of one name the oldest."""
    last = AccountVersion.objects.order_by("-seq").values_list("digest", flat=True).first()
    at = None if moment.is_now else moment.pipeline.at
    return _facts.get((at, last), lambda: _read(moment))


_facts: Kept[pl.DataFrame] = Kept(3)
"""The facts of the last moments asked for, until an account changes."""


def _read(moment: Moment) -> pl.DataFrame:
    names = ("account_id", "account__name", *FACTS[1:])
    if moment.is_now:
        rows = list(Account.objects.filter(HERE).values_list("id", *FACTS))
    else:
        then = AccountVersion.objects.filter(HERE, in_force(moment))
        rows = list(then.values_list(*names))
    schema = {"id": pl.Int64, **dict.fromkeys(FACTS, pl.String), "employees": pl.Int64}
    facts = pl.DataFrame(rows, schema=schema, orient="row").sort("id").unique("name", keep="first")
    texts = [name for name in FACTS if name != "employees"]
    return facts.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in texts)


def in_force(moment: Moment) -> Q:
    """Which versions held at the moment."""
    at = instant_of(moment.pipeline.at)
    return Q(valid_from__lte=at) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))


def _with_facts(sums: pl.DataFrame, facts: pl.DataFrame, *, every: bool) -> pl.DataFrame:
    if not every:
        return sums.join(facts, on="name", how="left")
    found = facts.join(sums, on="name", how="left")
    return found.with_columns(pl.col(column).fill_null(0) for column in NO_DEALS)


def _in_order(rows: pl.DataFrame, sort: str) -> pl.DataFrame:
    by = next(each.by for each in COLUMNS if each.name == sort.removeprefix("-"))
    first = pl.col(by).str.to_lowercase() if rows.schema[by] == pl.String else pl.col(by)
    after = [pl.col(name) for name in ("open_expansion", "won") if sort == "-open_new"]
    descending = [sort.startswith("-"), *(True for _ in after), False]
    return rows.sort(first, *after, "name", descending=descending, nulls_last=True)


def _filter(name: str, chosen: str, values: pl.Series) -> Filter:
    labels = {value or NONE: value or f"no {name}" for value in values_of_column(values)}
    if chosen:
        labels.setdefault(chosen, chosen)
    return Filter(name, name.capitalize(), [Choice(v, label, v == chosen) for v, label in labels.items()])
