"""Fields with a history of their own, carried from each change to the next."""

from __future__ import annotations

import polars as pl

from stageproof.importers.carry import at_index, first_of_deal, last_index


def carried(
    timeline: pl.DataFrame, stated: list[str], changes: dict[str, pl.DataFrame], present: pl.DataFrame
) -> pl.DataFrame:
    """The timeline with every field that has a history of its own, carried forward from row to row."""
    if not changes:
        return timeline.with_columns(real=pl.col("kind") == 2) if "kind" in timeline.columns else timeline
    first = first_of_deal(timeline["ix"])
    known = last_index(timeline["kind"] > 0, first)
    columns = [
        timeline["ix"],
        timeline["at"],
        (at_index(timeline["kind"], known) == 2).fill_null(False).alias("real"),
    ]
    for name in timeline.columns:
        if name in ("ix", "at", "kind"):
            continue
        own = timeline[name]
        columns.append(own if name in ("actor", "door") else at_index(own, known))
    frame = pl.DataFrame(columns)
    if "stage" in changes:
        frame = _told_by_stage(frame, changes)
    for name, rows in changes.items():
        frame = frame.with_columns(_followed(frame, first, name, rows, stated, present))
    return _with_actors(frame, changes)


def _told_by_stage(frame: pl.DataFrame, changes: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Without the derived status of deals whose stage tells it at every change."""
    told = changes["stage"].select("ix").unique().with_columns(told=True)
    if "status" in changes:
        told = told.join(changes["status"], on="ix", how="anti")
    joined = frame.select("ix").join(told, on="ix", how="left", maintain_order="left")
    keep = joined["told"].is_null() | frame["real"]
    blank = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    return frame.with_columns(frame["status"].zip_with(keep, blank).alias("status"))


def _followed(
    frame: pl.DataFrame,
    first: pl.Series,
    name: str,
    rows: pl.DataFrame,
    stated: list[str],
    present: pl.DataFrame,
) -> list[pl.Series]:
    """One field by its changes, where its deal has any; as it is elsewhere."""
    last = rows.unique(["ix", "at"], keep="last", maintain_order=True).with_columns(hit=True)
    joined = frame.select("ix", "at").join(
        last.select("ix", "at", "value", "hit"), on=["ix", "at"], how="left", maintain_order="left"
    )
    index = last_index(joined["hit"].fill_null(False), first)
    begins = rows.unique("ix", keep="first", maintain_order=True).select("ix", "old", has=True)
    own = frame.select("ix").join(begins, on="ix", how="left", maintain_order="left")
    followed = pl.DataFrame(
        [
            at_index(joined["value"], index).alias("value"),
            index.is_not_null().alias("begun"),
            own["old"],
            own["has"].fill_null(False),
            frame["real"] if name in stated else pl.Series("real", [False]).new_from_index(0, frame.height),
            _otherwise(frame, name, present, rows["value"].dtype).alias("otherwise"),
        ]
    )
    value = (
        pl.when(pl.col("real"))
        .then("otherwise")
        .when(pl.col("has") & pl.col("begun"))
        .then("value")
        .when("has")
        .then("old")
        .otherwise("otherwise")
    )
    return [followed.select(value).to_series().alias(name)]


def _otherwise(frame: pl.DataFrame, name: str, present: pl.DataFrame, dtype: pl.DataType) -> pl.Series:
    """The field of deals without changes of it: as rows of state have it, else as it is at present.

    Where changes of a field are on record, a deal without any has always had its present value.
    """
    own = frame[name] if name in frame.columns else None
    if name == "status" and own is not None:
        return own
    now = _constant(present, name)
    if now is None:
        blank = pl.Series([None], dtype=dtype).new_from_index(0, frame.height)
        return blank if own is None else own
    constant = now.gather(frame["ix"])
    return constant if own is None else own.zip_with(frame["real"], constant)


def _constant(present: pl.DataFrame, name: str) -> pl.Series | None:
    """The value that never changed; of closed deals the close date that was expected, where it is kept apart."""
    if name == "close_on" and "expected_on" in present.columns:
        return present.select(pl.when("closes_apart").then("expected_on").otherwise("close_on")).to_series()
    return present[name] if name in present.columns else None


def _with_actors(frame: pl.DataFrame, changes: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Who made each change and through which door, where the rows of state don't say."""
    said = pl.concat([rows.select("ix", "at", "actor", "door") for rows in changes.values()])
    if not said["actor"].count() and not said["door"].count():
        return frame
    by_key = said.sort("ix", "at", "actor", "door", nulls_last=True).unique(
        ["ix", "at"], keep="first", maintain_order=True
    )
    joined = frame.select("ix", "at").join(by_key, on=["ix", "at"], how="left", maintain_order="left")
    columns = []
    for name in ("actor", "door"):
        own = frame[name] if name in frame.columns else None
        columns.append(
            (joined[name] if own is None else own.zip_with(own.is_not_null(), joined[name])).alias(name)
        )
    return frame.with_columns(columns)
