"""What files call otherwise: their accounts and deals that were found to be here already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import narwhals as nw
import polars as pl

from stageproof.engine.book import Book
from stageproof.engine.frames import Lazy, collect
from stageproof.engine.problem import Problem, Refused


def known_as(book: Book, accounts: Mapping[str, str], deals: Mapping[str, str]) -> Book:
    """The book with those accounts and deals under the name or id that they have here.

    Refused where the files hold a deal under both ids: they would be two accounts of one deal.
    """
    if not accounts and not deals:
        return book
    _refuse_twice(book, deals)
    return replace(
        book, tables={name: _renamed(table, accounts, deals) for name, table in book.tables.items()}
    )


def _renamed(table: Lazy, accounts: Mapping[str, str], deals: Mapping[str, str]) -> Lazy:
    names = table.collect_schema().names()
    pointers = (("account", accounts), ("deal", deals), ("follows", deals))
    wanted = [(name, pairs) for name, pairs in pointers if pairs and name in names]
    if not wanted:
        return table
    frame = collect(table).with_columns(pl.col(name).replace(dict(pairs)) for name, pairs in wanted)
    return nw.from_native(frame.lazy())


def _refuse_twice(book: Book, deals: Mapping[str, str]) -> None:
    if not deals:
        return
    held = set(collect(book.tables["deals"].select("deal").unique())["deal"])
    problems = [
        Problem(
            "same_deal_twice",
            f"The files hold the deal {here} as well as {other}, which was said to be the same.",
            "Take one of the two rows out of the files, or take them as two deals.",
            column="deal",
            value=other,
        )
        for other, here in deals.items()
        if here in held and other in held
    ]
    targets = [here for other, here in deals.items() if other in held]
    problems += [
        Problem(
            "same_deal_twice",
            f"Several deals of the files were said to be {here}.",
            "Choose one of them, and take the others as deals of their own.",
            column="deal",
            value=here,
        )
        for here in sorted(set(targets))
        if targets.count(here) > 1
    ]
    if problems:
        raise Refused(problems)
