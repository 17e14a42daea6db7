"""Any number of deals for measurement: the demo's vocabulary, drawn column by column instead of day by day.

Nothing here is a story: deals are made alike, independently, so that a million take seconds. The same arguments give
the same tables on every machine, for the draws are splitmix64 in whole-number arithmetic.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from stageproof.demo.book import Tables, campaign_versions, campaigns, demo_definition
from stageproof.demo.chance import GOLDEN
from stageproof.demo.company import (
    ACCOUNT_FIRST,
    ACCOUNT_LAST,
    CAMPAIGNS,
    COMPANY,
    CONTACT_FIRST,
    CONTACT_LAST,
    INDUSTRIES,
    LOST_REASONS,
    OFFERINGS,
    SEGMENTS,
    SOURCES,
)
from stageproof.engine.definition import Definition
from stageproof.engine.frames import DAY, day_number
from stageproof.engine.tables import FOREVER

FIRST_ON = dt.date(2023, 1, 2)
LAST_ON = dt.date(2025, 12, 31)
WON, LOST = 0.24, 0.52
"""Shares of deals with an outcome, where the time suffices for one."""

SECOND = 1_000_000
_WORDS = 2**32


def big_tables(deals: int, versions_per_deal: float = 8, seed: int = 1) -> Tables:
    """So many deals with so many versions each on average, and one lead, contact, role and activity per deal."""
    definition = demo_definition()
    rows = _deals(deals, versions_per_deal, seed, definition)
    versions = _versions(rows, seed, definition)
    engine = {
        "deals": versions,
        "roles": _roles(rows),
        "activities": _activities(rows),
        "leads": _leads(rows),
        "touches": _touches(rows),
        "campaigns": campaign_versions(LAST_ON),
    }
    return Tables(
        COMPANY, engine, (definition,), _people(rows), _accounts(rows), _contacts(rows), campaigns(LAST_ON)
    )


def drawn(number: pl.Expr, *keys: int) -> pl.Expr:
    """A whole number from 0 to 2^32 - 1 per row, from the row's number and the keys."""
    state = number.cast(pl.UInt64)
    for key in keys:
        state = _mixed(state * pl.lit(GOLDEN, pl.UInt64) + pl.lit(GOLDEN + key, pl.UInt64))
    return state // _WORDS


def _mixed(number: pl.Expr) -> pl.Expr:
    number = (number ^ (number // 2**30)) * pl.lit(0xBF58476D1CE4E5B9, pl.UInt64)
    number = (number ^ (number // 2**27)) * pl.lit(0x94D049BB133111EB, pl.UInt64)
    return number ^ (number // 2**31)


def whole(number: pl.Expr, below: int | pl.Expr, *keys: int) -> pl.Expr:
    """A whole number from 0 up to but not including `below`."""
    return (drawn(number, *keys) % below).cast(pl.Int64)


def share(number: pl.Expr, *keys: int) -> pl.Expr:
    """A number from 0 up to but not including 1."""
    return drawn(number, *keys).cast(pl.Float64) / _WORDS


def one_of(number: pl.Expr, items: Sequence[str], *keys: int) -> pl.Expr:
    """One of the texts, each as likely."""
    return text_of(whole(number, len(items), *keys), items)


def text_of(index: pl.Expr, items: Sequence[str]) -> pl.Expr:
    """The text at each index."""
    return pl.lit(pl.Series(items, dtype=pl.String)).gather(index)


def _deals(count: int, wanted: float, seed: int, definition: Definition) -> pl.DataFrame:
    """One row per deal: what does not change, how many versions it has, how far it gets and how it ends."""
    n = pl.col("n")
    span = day_number(LAST_ON) - day_number(FIRST_ON) + 1
    versions = int(wanted)
    spread = max(versions - 2, 0)
    one_more = (n // 2 % 100 < round((wanted - versions) * 100)).cast(pl.Int64)
    # Deals are paired, one with as many versions more as the other has fewer, so that the total is exact.
    apart = whole(n // 2, spread + 1, seed, 1) * pl.when(n % 2 == 0).then(1).otherwise(-1)
    last_is_odd = (n == count - 1) & (n % 2 == 0)
    frame = pl.DataFrame({"n": pl.int_range(count, eager=True)}).with_columns(
        versions=versions + one_more + pl.when(last_is_odd).then(0).otherwise(apart),
        day=whole(n, span, seed, 2) + day_number(FIRST_ON),
        second=whole(n, 9 * 3600, seed, 3) + 8 * 3600,
        ends=share(n, seed, 4),
        cycle=whole(n, 70, seed, 5) + whole(n, 70, seed, 6) + 20,
        reach=whole(n, len(definition.stages), seed, 7),
        worth=whole(n, 40, seed, 8) * whole(n, 40, seed, 9) * 15_000 + 900_000,
        account=_account_name(n // 3, seed),
        seller=(n % _sellers(count)),
    )
    due = pl.col("day") + pl.col("cycle") <= day_number(LAST_ON)
    frame = frame.with_columns(
        status=pl.when(due & (pl.col("ends") < WON))
        .then(pl.lit("won"))
        .when(due & (pl.col("ends") < WON + LOST))
        .then(pl.lit("lost"))
        .otherwise(pl.lit("open")),
        lasts=pl.min_horizontal("cycle", day_number(LAST_ON) - pl.col("day")) * DAY // SECOND,
        created_at=(pl.col("day") * DAY + pl.col("second") * SECOND),
    )
    reach = pl.when(pl.col("status") == "won").then(len(definition.stages) - 1).otherwise(pl.col("reach"))
    return (
        frame.with_columns(reach=reach).with_columns(_said_once(n, seed, definition)).drop("ends", "second")
    )


def _said_once(n: pl.Expr, seed: int, definition: Definition) -> list[pl.Expr]:
    product = one_of(n, [each.name for each in OFFERINGS], seed, 10)
    return [
        (pl.lit("D-") + (n + 1).cast(pl.String).str.zfill(7)).alias("deal"),
        (pl.col("account") + ": " + product).alias("name"),
        product.alias("product"),
        _seller_name(pl.col("seller")).alias("owner"),
        (pl.lit("Team ") + (pl.col("seller") // 8 + 1).cast(pl.String)).alias("team"),
        one_of(n, [each.name for each in SOURCES], seed, 11).alias("source"),
        one_of(n, [each.name for each in CAMPAIGNS], seed, 12).alias("campaign"),
        one_of(n // 3, [segment for segment, _ in SEGMENTS], seed, 13).alias("segment"),
        one_of(n, [reason for reason, _ in LOST_REASONS], seed, 14).alias("reason"),
        pl.lit(definition.pipeline).alias("pipeline"),
    ]


def _account_name(number: pl.Expr, seed: int) -> pl.Expr:
    lasts = [last for industry in INDUSTRIES for last in ACCOUNT_LAST[industry]]
    first, last = one_of(number, ACCOUNT_FIRST, seed, 15), one_of(number, lasts, seed, 16)
    return first + pl.lit(" ") + last + pl.lit(" ") + (number + 1).cast(pl.String)


def _sellers(deals: int) -> int:
    return min(max(9, deals // 400), len(CONTACT_FIRST) * len(CONTACT_LAST))


def _seller_name(number: pl.Expr) -> pl.Expr:
    """A different name for each number."""
    first = text_of(number % len(CONTACT_FIRST), CONTACT_FIRST)
    last = text_of((number + number // len(CONTACT_FIRST)) % len(CONTACT_LAST), CONTACT_LAST)
    return first + pl.lit(" ") + last


def _versions(rows: pl.DataFrame, seed: int, definition: Definition) -> pl.DataFrame:
    """One row per deal and version, in order: stages, dates and amounts move on from version to version."""
    stages = definition.stages
    names = [stage.name for stage in stages]
    each = pl.int_ranges(0, pl.col("versions")).alias("at")
    frame = rows.lazy().with_columns(each).explode("at").with_columns(v=pl.int_range(pl.len()))
    v, at, versions = pl.col("v"), pl.col("at"), pl.col("versions")
    last = at == versions - 1
    status = pl.when(last).then(pl.col("status")).otherwise(pl.lit("open"))
    # A version begins within its own share of the deal's life, so the order needs no sorting.
    slot = pl.max_horizontal(pl.col("lasts") // versions, 2)
    begins = pl.when(at == 0).then(0).otherwise(at * slot + whole(v, slot, seed, 20))
    position = (
        pl.when(versions > 1).then(pl.col("reach") * at // pl.max_horizontal(versions - 1, 1)).otherwise(0)
    )
    valid_from = pl.col("created_at") + begins * SECOND
    raised = 100 + whole(v, 13, seed, 21) - 6
    amount = (
        pl.when(at == 0).then(pl.col("worth")).otherwise(pl.col("worth") * raised // 100) // 10_000 * 10_000
    )
    expected = pl.col("day") + pl.col("cycle") + at * 9 - whole(v, 9, seed, 22)
    selected = frame.select(
        "deal", "name", "account", "pipeline", "owner", "team", "source", "campaign", "segment", "product", "created_at",
        stage=text_of(position, names),
        status=status,
        amount=amount,
        currency=pl.lit("USD"),
        close_on=pl.when(status == "open").then(expected).otherwise(valid_from // DAY),
        forecast_category=text_of(position * 3 // len(names), ("pipeline", "best case", "commit")),
        lost_reason=pl.when(status == "lost").then(pl.col("reason")),
        competitor=pl.lit(None, pl.String),
        next_step=pl.when(last & (pl.col("status") == "open")).then(pl.lit("Meet about budget and timing")),
        next_step_on=pl.when(last & (pl.col("status") == "open")).then(
            valid_from // DAY + 3 + whole(v, 14, seed, 23)
        ),
        created_on=pl.col("day"),
        valid_from=valid_from,
        actor=pl.col("owner"),
        door=pl.lit("page"),
    )  # fmt: skip
    following = pl.col("valid_from").shift(-1)
    same = pl.col("deal") == pl.col("deal").shift(-1)
    return selected.with_columns(
        valid_to=pl.when(same).then(following).otherwise(FOREVER), recorded_at=pl.col("valid_from")
    ).collect()


def _contact_name(number: pl.Expr) -> pl.Expr:
    return _seller_name(number % (len(CONTACT_FIRST) * len(CONTACT_LAST)))


def _roles(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "deal",
        contact=_contact_name(pl.col("n") // 3),
        role=pl.lit("champion"),
        title=pl.lit("Head of Operations"),
        engaged_at=pl.col("created_at"),
        valid_from=pl.col("created_at"),
        valid_to=pl.lit(FOREVER),
        recorded_at=pl.col("created_at"),
        actor=pl.col("owner"),
        door=pl.lit("page"),
    )


def _activities(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "deal",
        "account",
        "owner",
        lead=pl.lit(None, pl.String),
        activity=pl.lit("A-") + (pl.col("n") + 1).cast(pl.String).str.zfill(7),
        contact=_contact_name(pl.col("n") // 3),
        kind=pl.lit("meeting"),
        side=pl.lit("buyer"),
        direction=pl.lit("outbound"),
        happened_at=pl.col("created_at") + pl.col("lasts") // 2 * SECOND,
        subject=pl.lit("Working session: ") + pl.col("name"),
        recorded_at=pl.col("created_at") + pl.col("lasts") // 2 * SECOND,
    )


def _leads(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "account",
        "source",
        "campaign",
        "owner",
        "deal",
        lead=pl.lit("L-") + (pl.col("n") + 1).cast(pl.String).str.zfill(7),
        name=_contact_name(pl.col("n") // 3),
        status=pl.lit("converted"),
        created_at=pl.col("created_at") - 5 * DAY,
        valid_from=pl.col("created_at"),
        valid_to=pl.lit(FOREVER),
        recorded_at=pl.col("created_at"),
        actor=pl.col("owner"),
        door=pl.lit("page"),
    )


def _touches(rows: pl.DataFrame) -> pl.DataFrame:
    touched_at = pl.col("created_at") - 5 * DAY
    lead = pl.lit("L-") + (pl.col("n") + 1).cast(pl.String).str.zfill(7)
    return rows.select(
        "source",
        "campaign",
        lead=lead,
        deal=pl.lit(None, pl.String),
        touched_at=touched_at,
        recorded_at=touched_at,
    )


def _people(rows: pl.DataFrame) -> pl.DataFrame:
    people = rows.select("owner", "team").unique("owner", maintain_order=True)
    return people.select(
        name="owner",
        email=pl.col("owner").str.to_lowercase().str.replace(" ", ".") + pl.lit("@demo-company.example"),
        job=pl.lit("account executive"),
        team="team",
        from_on=pl.lit(FIRST_ON),
        until_on=pl.lit(None, pl.Date),
    )


def _accounts(rows: pl.DataFrame) -> pl.DataFrame:
    firsts = rows.filter(pl.col("n") % 3 == 0)
    return firsts.select(
        "account",
        "segment",
        industry=text_of(pl.col("n") // 3 % len(INDUSTRIES), INDUSTRIES),
        country=pl.lit("US"),
        employees=pl.col("n") % 900 + 15,
        domain=pl.col("account").str.to_lowercase().str.replace_all(" ", "-") + pl.lit(".example"),
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    firsts = rows.filter(pl.col("n") % 3 == 0)
    name = _contact_name(pl.col("n") // 3)
    return firsts.select(
        "account",
        contact=pl.lit("C-") + (pl.col("n") // 3 + 1).cast(pl.String).str.zfill(7),
        name=name,
        role=pl.lit("champion"),
        title=pl.lit("Head of Operations"),
        email=name.str.to_lowercase().str.replace(" ", ".")
        + pl.lit("@")
        + pl.col("account").str.to_lowercase().str.replace_all(" ", "-")
        + pl.lit(".example"),
    )
