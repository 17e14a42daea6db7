"""The reading of the board: what there is, what is proven, what will come, and why it moved since last time."""

from __future__ import annotations

import polars as pl

from stageproof.engine.book import Pipeline
from stageproof.engine.definition_changes import compare
from stageproof.engine.frames import instant_of
from stageproof.engine.measures.bridge import Bridge, bridge
from stageproof.engine.measures.bridge_qualified import qualified_bridge
from stageproof.engine.readings import figures
from stageproof.engine.readings.cuts import whole
from stageproof.engine.readings.looked import Looked
from stageproof.engine.readings.reading import Deals, Figure, Reading
from stageproof.engine.readings.walk import per_currency


def board(looked: Looked, since: Pipeline | None = None) -> Reading:
    """One look at the whole; with an earlier pipeline also the bridges from it."""
    shown = [
        figures.nominal(looked),
        figures.of_qualification(looked, "qualified"),
        _qualified_share(looked),
        figures.forecast(looked),
        figures.target(looked),
        figures.won(looked),
        *_coverage(looked),
    ]
    tables = {"definitions": _definitions(looked), "per_currency": per_currency(looked)}
    behind: dict[str, Deals] = looked.behind()
    nominal = qualified = None
    if since is not None:
        nominal, qualified = _bridges(looked, since)
        tables |= {
            "bridge": nominal.lines,
            "qualified_bridge": qualified.lines,
            "definition_changes": _changes(looked, since),
        }
        shown.append(_moved(looked, nominal))
        behind |= {"moved": lambda: nominal.deals, "moved_qualified": lambda: qualified.deals}
    return Reading(
        "board", looked.head, tuple(shown), tables, bridge=nominal, qualified_bridge=qualified, behind=behind
    )


def _bridges(looked: Looked, since: Pipeline) -> tuple[Bridge, Bridge]:
    now = looked.pipeline
    known = None if now.known_at is None else instant_of(now.known_at)
    known_then = None if since.known_at is None else instant_of(since.known_at)
    start, end = instant_of(since.at), instant_of(now.at)
    nominal, qualified = (
        of(now.book, start, end, where=looked.matching, known_at=known, start_known_at=known_then)
        for of in (bridge, qualified_bridge)
    )
    return nominal, qualified


def _moved(looked: Looked, nominal: Bridge) -> Figure:
    lines = {row["line"]: row for row in nominal.lines.iter_rows(named=True)}
    opening, closing = lines["opening"]["amount"], lines["closing"]["amount"]
    formula = (
        f"{looked.money(closing)} now − {looked.money(opening)} then = {looked.money(closing - opening)}"
    )
    says = "By how much the nominal pipeline differs from that of the earlier reading; the bridge says why."
    return figures.figure("moved", "Moved since", "money", closing - opening, says, formula, "bridge",
                          behind="moved")  # fmt: skip


def _qualified_share(looked: Looked) -> Figure:
    nominal = whole(looked.open)
    qualified = whole(looked.open.filter(pl.col("qualification") == "qualified"))
    share = qualified / nominal if nominal > 0 else None
    formula = f"{looked.money(qualified)} qualified / {looked.money(nominal)} nominal"
    says = "The part of the open pipeline that has proven its stage."
    return figures.figure("qualified_share", "Qualified share", "ratio", share, says, formula,
                          "open_pipeline", behind="qualified")  # fmt: skip


def _coverage(looked: Looked) -> list[Figure]:
    """Open amounts that close in the period over the target, and what would be needed."""
    due, target = whole(looked.open.filter("due")), looked.target
    left = None if target is None else target - whole(looked.won)
    won, lost = looked.closed
    period = looked.period.name

    def ratio(name: str, title: str, part: int, of: int | None, says: str, behind: str) -> Figure:
        value = part / of if of is not None and of > 0 else None
        formula = f"{looked.money(part)} / {looked.money(of)}"
        return figures.figure(name, title, "ratio", value, says, formula, "coverage", behind=behind)

    needed = (won + lost) / won if won else None
    return [
        ratio("coverage_nominal", "Coverage, nominal", due, target,
              f"Open amount closing in {period} / target.", "due"),
        ratio("coverage_qualified", "Coverage, qualified", whole(looked.base), target,
              f"Qualified amount closing in {period} / target.", "base"),
        ratio("coverage_remaining", "Coverage, remaining", due, left,
              f"Open amount closing in {period} / (target − won so far); none once the target is reached.", "due"),
        figures.figure("coverage_needed", "Coverage needed", "ratio", needed,
                       "1 / win rate by count over all that has closed.",
                       f"1 / ({won:,} won / ({won:,} won + {lost:,} lost))", "coverage"),
    ]  # fmt: skip


def _definitions(looked: Looked) -> pl.DataFrame:
    rows = [
        (
            each.pipeline,
            each.version,
            each.effective_from,
            each.owner,
            len(each.stages),
            len(each.all_criteria),
        )
        for each in looked.head.definitions
    ]
    schema = {"pipeline": pl.String, "version": pl.Int64, "effective_from": pl.Date, "owner": pl.String,
              "stages": pl.Int64, "criteria": pl.Int64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _changes(looked: Looked, since: Pipeline) -> pl.DataFrame:
    """What the rules say differently than they did then, in sentences."""
    before = {each.pipeline: each for each in since.definitions}
    rows = [
        (each.pipeline, change.kind, change.says)
        for each in looked.head.definitions
        if each.pipeline in before
        for change in compare(before[each.pipeline], each)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("pipeline", "kind", "says"), pl.String), orient="row")
