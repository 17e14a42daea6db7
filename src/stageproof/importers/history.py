"""Files of history: rows that give a deal's state at an instant, and rows that give the change of one field."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.importers.days import coalesced, look_up
from stageproof.importers.deals import forecast_category
from stageproof.importers.header import header_key
from stageproof.importers.hubspot import DOORS
from stageproof.importers.intake import Intake, by_value
from stageproof.importers.lookups import Lookups
from stageproof.importers.vocabulary import DEAL, KINDS

FOLLOWED = {name: key for key, names in DEAL.items() for name in reversed(names)}
"""The field that a property's name stands for."""
_SAME = {"owner_id": "owner", "account_id": "account", "campaign_id": "campaign", "expected_on": "close_on"}
_NOT_FOLLOWED = frozenset(
    [
        "deal",
        "currency",
        "created_at",
        "modified_at",
        "stage_changed_at",
        "closed_at",
        "won_amount",
        "won_at",
        "lost_at",
        "is_closed",
        "is_won",
        "is_lost",
        "team",
    ]
)
_TEXTS = ("next_step", "lost_reason", "source", "segment", "competitor")
"""Further fields that a row of state may tell, as they are written."""
_FOREVER = ("9999-", "2999-", "2050-01-01", "4000-")


@dataclass
class Histories:
    """What files of history say, by the number `ix` of each deal: rows of state, and changes by field."""

    states: list[pl.DataFrame] = field(default_factory=list)
    changes: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not self.states and not self.changes


def read_states(intake: Intake, deals: pl.DataFrame, lookups: Lookups) -> pl.DataFrame:
    """One row per deal and instant: ix, at, and those of the deal's fields that the file has.

    `deals` has `deal`, its number `ix` and its `currency`. Rows of a deal that is not there are rejected.
    """
    ix, currency = _numbers(intake, deals)
    columns = [intake.cells.get_column("row"), ix, intake.instant("at")]
    columns += [by_value(intake.text("stage"), lookups.stages.name).alias("stage")]
    if intake.has("amount"):
        columns.append(intake.money("amount", currency)["amount"])
    if intake.has("close_on"):
        columns.append(intake.day("close_on"))
    if intake.has("forecast_category"):
        columns.append(
            by_value(intake.text("forecast_category"), forecast_category).alias("forecast_category")
        )
    columns += _said(intake, lookups)
    frame = pl.DataFrame(columns)
    intake.reject(
        frame["at"].is_null(), "no_instant", "The row does not say when.", "Fill in its date.", "at"
    )
    _reject_repeats(intake, frame)
    return intake.settle(frame)


def _said(intake: Intake, lookups: Lookups) -> list[pl.Series]:
    """The further fields of a row of state."""
    # In the histories that CRMs export, a name is that of whatever else the row is about.
    names = ("name", *_TEXTS) if intake.recognised.table == "versions" else _TEXTS
    columns = [intake.text(name).alias(name) for name in names if intake.has(name)]
    if intake.has("next_step_on"):
        columns.append(intake.day("next_step_on"))
    if intake.has("owner") or intake.has("owner_id"):
        said = coalesced(intake.text("owner"), intake.text("owner_id"))
        columns.append(coalesced(look_up(said, lookups.users, "name"), said).alias("owner"))
    if intake.has("status") or intake.has("is_won") or intake.has("is_deleted"):
        columns.append(_status(intake, lookups))
    if intake.has("actor"):
        actor = intake.text("actor")
        columns.append(coalesced(look_up(actor, lookups.users, "name"), actor).alias("actor"))
    if intake.has("door"):
        columns.append(by_value(intake.text("door"), door_of).alias("door"))
    if intake.has("ends_at"):
        columns.append(_ends(intake))
    if intake.has("change"):
        columns.append(intake.written("change").alias("change"))
    return columns


def _status(intake: Intake, lookups: Lookups) -> pl.Series:
    """The outcome that a row states itself; null where only its stage tells."""
    if not intake.has("status") and not intake.has("is_won"):
        gone = intake.yes_no("is_deleted")
        return pl.select(pl.when(gone).then(pl.lit("deleted"))).to_series().alias("status")
    parts = pl.DataFrame(
        [intake.text("stage"), intake.text("status")]
        + [intake.yes_no(name) for name in ("is_closed", "is_won", "is_deleted")]
    )
    distinct = parts.unique()
    decided = [
        lookups.stages.decide(stage, status, closed=closed, won=won, deleted=deleted)
        for stage, status, closed, won, deleted in distinct.iter_rows()
    ]
    keyed = distinct.with_columns(pl.Series("outcome", decided, dtype=pl.String))
    found = parts.join(keyed, on=parts.columns, how="left", nulls_equal=True, maintain_order="left")
    return found["outcome"].alias("status")


def _ends(intake: Intake) -> pl.Series:
    """When the row ceased to hold; null where it still does."""
    return intake.instant("ends_at", forever=_FOREVER)


def door_of(text: str) -> str | None:
    """The door that a source of changes stands for; None for one we don't know."""
    known = DOORS.get(text.upper())
    return known or (
        text.casefold() if text.casefold() in ("page", "api", "import", "sync", "agent") else None
    )


def _numbers(intake: Intake, deals: pl.DataFrame) -> tuple[pl.Series, pl.Series | None]:
    """The number of each row's deal, and the deal's currency where they are of several."""
    several = "currency" in deals.columns and deals["currency"].n_unique() > 1
    table = deals.select(["deal", "ix", "currency"] if several else ["deal", "ix"])
    found = intake.written("deal").to_frame("deal").join(table, on="deal", how="left", maintain_order="left")
    if found["ix"].null_count():
        # Only now are the ids worth trimming: exports of millions of rows have them clean.
        found = intake.text("deal").to_frame("deal").join(table, on="deal", how="left", maintain_order="left")
    intake.reject(
        found["ix"].is_null(),
        "unknown_deal",
        "The row is of a deal that no file of deals has.",
        "Export the deals again together with their history; deleted deals may be missing.",
        "deal",
    )
    return found["ix"], found["currency"] if several else None


def _reject_repeats(intake: Intake, frame: pl.DataFrame) -> None:
    """Rejects rows that are there already, cell for cell."""
    keys = frame.select("ix", "at").with_columns(pl.int_range(pl.len()).alias("_at")).drop_nulls()
    tied = keys.filter(pl.struct("ix", "at").is_duplicated()) if _any_ties(keys) else keys.clear()
    if tied.is_empty():
        return
    content = [name for name in intake.cells.columns if name != "row"]
    again = (
        intake.cells.select(pl.all().gather(tied["_at"]))
        .with_columns(tied["_at"])
        .sort("row")
        .filter(pl.int_range(pl.len()).over(content) > 0)
    )
    if again.height:
        mask = pl.int_range(frame.height, eager=True).is_in(again["_at"].implode())
        intake.reject(mask, "same_row", "The same row is there already.", "Remove it.", "deal")


def _any_ties(keys: pl.DataFrame) -> bool:
    """Whether two rows share a deal and an instant; by a hash, which is cheap for millions of rows."""
    hashed = keys.select(pl.col("at").hash() ^ (pl.col("ix").hash() * 31)).to_series()
    return bool(hashed.n_unique() < len(hashed))


def read_changes(intake: Intake, deals: pl.DataFrame, lookups: Lookups) -> dict[str, pl.DataFrame]:
    """By field of the deal: ix, at, value, old, actor, door. Fields that are not followed are left out and named."""
    ix, currency = _numbers(intake, deals)
    at = intake.instant("at")
    intake.reject(at.is_null(), "no_instant", "The row does not say when.", "Fill in its date.", "at")
    prop = by_value(intake.text("property"), followed_field)
    columns = [
        intake.cells.get_column("row"),
        ix,
        at,
        prop.alias("field"),
        intake.text("new"),
        intake.text("old"),
    ]
    frame = pl.DataFrame(
        [*columns, *_said_by(intake, lookups), *([currency] if currency is not None else [])]
    )
    frame = frame.with_columns(intake.text("change").alias("change"))
    _reject_repeats(intake, frame.with_columns(pl.struct("at", "field").hash().alias("at")))
    frame = intake.settle(frame)
    unfollowed = int(frame["field"].is_null().sum())
    if unfollowed:
        intake.note(
            "unfollowed_changes",
            f"{count_text(unfollowed, 'change is,changes are')} of fields that are not followed: read, and of no effect.",
            "property",
        )
    found = {}
    for name in frame["field"].drop_nulls().unique().sort():
        found[name] = _values(intake, frame.filter(pl.col("field") == name), name, lookups)
    return found


def _said_by(intake: Intake, lookups: Lookups) -> list[pl.Series]:
    actor = intake.text("actor")
    door = by_value(intake.text("door"), door_of)
    return [coalesced(look_up(actor, lookups.users, "name"), actor).alias("actor"), door.alias("door")]


def followed_field(name: str) -> str | None:
    """The field of a deal that a property's name stands for; None for one that is not followed."""
    key = header_key(name)
    found = FOLLOWED.get(key) or FOLLOWED.get(key.removesuffix("c"))
    if found is None or found in _NOT_FOLLOWED:
        return None
    return _SAME.get(found, found)


def _values(intake: Intake, rows: pl.DataFrame, name: str, lookups: Lookups) -> pl.DataFrame:
    """The texts of a field's changes as its values."""
    read = {side: _value(intake, rows, side, name, lookups) for side in ("new", "old")}
    return pl.DataFrame(
        [
            rows["ix"],
            rows["at"],
            read["new"].alias("value"),
            read["old"].alias("old"),
            rows["actor"],
            rows["door"],
            rows["change"],
        ]
    ).with_columns(pl.lit(intake.has("old")).alias("knows_old"))


def _value(intake: Intake, rows: pl.DataFrame, side: str, name: str, lookups: Lookups) -> pl.Series:
    column = rows[side]
    kind = KINDS.get(name, "text")
    if kind == "money":
        return intake.values(
            column, "money", rows, side, rows["currency"] if "currency" in rows.columns else None
        )
    if kind in ("day", "instant"):
        return intake.values(column, kind, rows, side)
    if name == "stage":
        return by_value(column, lookups.stages.name)
    if name == "owner":
        return coalesced(look_up(column, lookups.users, "name"), column)
    if name == "account":
        return coalesced(look_up(column, lookups.accounts, "name"), column)
    if name == "pipeline":
        return coalesced(look_up(column, lookups.pipelines, "name"), column)
    if name == "forecast_category":
        return by_value(column, forecast_category)
    if name == "status":
        return by_value(column, lambda text: lookups.stages.decide(None, text))
    if name == "is_deleted":
        return by_value(column, lambda text: "deleted" if text.casefold() in ("true", "1", "yes") else "open")
    return column
