"""Targets of people and teams."""

from __future__ import annotations

import polars as pl

from stageproof.engine.frames import DAY, day_number
from stageproof.engine.problem import Refused
from stageproof.importers.intake import Intake


def read_targets(intake: Intake, begins: int) -> pl.DataFrame:
    """owner, team, starts_on, ends_on, amount, currency; in force from the beginning of the book."""
    amounts = intake.money("amount", intake.text("currency") if intake.has("currency") else None)
    spans = _spans(intake)
    frame = pl.DataFrame([intake.text("owner"), intake.text("team"), *spans, *amounts])
    unclear = frame["starts_on"].is_null() | frame["ends_on"].is_null()
    intake.reject(
        unclear,
        "unreadable_period",
        "The period of the target cannot be read.",
        "Write it as 2025-Q3 or 2025-09.",
        "period",
    )
    intake.reject(
        frame["amount"].is_null(), "no_amount", "The target has no amount.", "Fill it in.", "amount"
    )
    taken = intake.settle(frame)
    begin = min([begins, *(taken["starts_on"] * DAY)])
    return taken.with_columns(valid_from=pl.lit(begin, pl.Int64))


def _spans(intake: Intake) -> list[pl.Series]:
    if intake.has("starts_on") and intake.has("ends_on"):
        return [intake.day("starts_on"), intake.day("ends_on")]
    texts = intake.text("period")
    found: dict[str, tuple[int, int]] = {}
    for text in texts.drop_nulls().unique():
        try:
            period = intake.settings.calendar.period(text)
        except Refused:
            continue
        found[text] = (day_number(period.starts_on), day_number(period.ends_on))
    names = pl.Series(list(found), dtype=pl.String)
    return [
        texts.replace_strict(
            names,
            pl.Series([span[at] for span in found.values()], dtype=pl.Int64),
            default=None,
            return_dtype=pl.Int64,
        ).alias(name)
        if found
        else intake.nothing(pl.Int64).alias(name)
        for at, name in ((0, "starts_on"), (1, "ends_on"))
    ]
