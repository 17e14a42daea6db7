"""The order of stages by the probability that a system gives deals in them."""

from __future__ import annotations

import polars as pl

from stageproof.importers.header import header_key

_PROBABILITY = frozenset(
    header_key(name)
    for name in (
        "Probability", "Probability (%)", "HS deal stage probability", "Deal probability", "Win probability", "Chance",
        "Confidence", "Wahrscheinlichkeit", "Probabilité", "Probabilidad", "Probabilidade", "Probabilità",
        "Waarschijnlijkheid", "Sannolikhet", "確度", "可能性",
    )
)  # fmt: skip


def stages_by_odds(deals: pl.DataFrame) -> tuple[str, ...]:
    """The stages of the open deals by their median probability; none where it does not tell all of them apart."""
    column = next((name for name in deals.columns if header_key(name) in _PROBABILITY), None)
    if column is None:
        return ()
    chance = pl.col(column).cast(pl.String).str.replace(r"\s*%$", "").str.replace(",", ".", literal=True)
    opened = deals.filter(pl.col("status") == "open", pl.col("stage").is_not_null())
    odds = opened.group_by("stage").agg(chance.cast(pl.Float64, strict=False).median().alias("chance"))
    if odds.height < 2 or odds["chance"].null_count() or odds["chance"].n_unique() < odds.height:
        return ()
    return tuple(odds.sort("chance")["stage"])
