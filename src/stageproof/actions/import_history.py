"""Deals that arrive for the first time: taken as they were, with their whole history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from stageproof.actions.import_directory import Directory
from stageproof.records.bulk import add_rows, insert_rows
from stageproof.records.ledger import Writing
from stageproof.records.models import Deal, DealVersion

_PLAIN = (
    "name", "pipeline", "stage", "status", "amount", "currency", "close_on", "forecast_category", "source",
    "campaign", "segment", "product", "next_step", "next_step_on", "lost_reason", "competitor", "deal_type",
    "renews_on", "follows", "created_at",
)  # fmt: skip
_POINTS = ("account_id", "owner_id", "team_id")


def add_new_deals(
    session: Writing, versions: pl.DataFrame, custom: Sequence[str], directory: Directory
) -> dict[str, int]:
    """The ids of the new deals by key; each is there with all of its versions."""
    if versions.is_empty():
        return {}
    versions = pointed(versions, directory)
    before = Deal.objects.order_by("-id").values_list("id", flat=True).first() or 0
    present = versions.filter(pl.col("valid_to").is_null())
    insert_rows(
        Deal,
        [*_PLAIN, *_POINTS, "custom", "key", "version", "stage_entered_at"],
        _rows(present, custom, ["deal", "number", "entered_at"], as_json=True),
    )
    ids = dict(Deal.objects.filter(id__gt=before).values_list("key", "id"))
    keyed = pl.DataFrame({"deal": list(ids), "deal_id": list(ids.values())})
    versions = versions.join(keyed, on="deal", how="left", maintain_order="left").with_columns(
        change=pl.lit("imported"), note=pl.lit(""), actor=pl.coalesce("actor", pl.lit(session.actor))
    )
    # Deal by deal, as the index has them: that is what takes the time of a large import.
    add_rows(
        session,
        DealVersion,
        [*_PLAIN, *_POINTS, "custom", "deal_id", "change", "note", "valid_from", "valid_to", "actor"],
        _rows(versions, custom, ["deal_id", "change", "note", "valid_from", "valid_to", "actor"]),
    )
    return ids


def pointed(frame: pl.DataFrame, directory: Directory) -> pl.DataFrame:
    """With the ids of account, owner and team; a deal without a team is of its owner's."""

    def ids(name: str, find: Any) -> pl.Expr:
        names = frame[name].drop_nulls().unique()
        found = pl.Series([find(each) for each in names], dtype=pl.Int64)
        return pl.col(name).replace_strict(names, found, default=None, return_dtype=pl.Int64)

    frame = frame.with_columns(
        account_id=ids("account", directory.account) if frame["account"].count() else pl.lit(None, pl.Int64),
        owner_id=ids("owner", directory.person) if frame["owner"].count() else pl.lit(None, pl.Int64),
        team_id=ids("team", directory.team) if frame["team"].count() else pl.lit(None, pl.Int64),
    )
    owners = frame["owner_id"].drop_nulls().unique()
    if owners.is_empty():
        return frame
    teams = pl.Series([directory.team_of.get(owner) for owner in owners], dtype=pl.Int64)
    own = pl.col("owner_id").replace_strict(owners, teams, default=None, return_dtype=pl.Int64)
    return frame.with_columns(team_id=pl.coalesce("team_id", own))


def custom_values(frame: pl.DataFrame, custom: Sequence[str]) -> list[dict[str, str]]:
    """The further columns of each row that are not blank."""
    if not custom:
        return [{}] * frame.height
    columns = [frame[name].cast(pl.String).to_list() for name in custom]
    found: list[dict[str, str]] = []
    last: tuple[Any, ...] = ()
    for values in zip(*columns, strict=True):
        # Versions of one deal mostly share what they hold: one dictionary serves them all.
        if values == last:
            found.append(found[-1])
        else:
            last = values
            found.append(
                {name: value for name, value in zip(custom, values, strict=True) if value is not None}
            )
    return found


def _rows(
    frame: pl.DataFrame, custom: Sequence[str], more: Sequence[str], *, as_json: bool = False
) -> Iterator[tuple[Any, ...]]:
    values: list[Any] = list(custom_values(frame, custom))
    if as_json:
        values = [json.dumps(value) if value else "{}" for value in values]
    columns = [frame[name].to_list() for name in (*_PLAIN, *_POINTS)]
    return zip(*columns, values, *(frame[name].to_list() for name in more), strict=True)
