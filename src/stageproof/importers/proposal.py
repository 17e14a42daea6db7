"""A mapping file proposed from the files themselves, to be corrected by a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.problem import Problem, Refused
from stageproof.importers.by_content import placed_by_content
from stageproof.importers.columns import blank_to_null
from stageproof.importers.encoding import encoding_named
from stageproof.importers.files import read_whole_sheets, recognised_sheet
from stageproof.importers.mapping import Mapping
from stageproof.importers.outcome import outcome_of
from stageproof.importers.rows import Sheet
from stageproof.importers.shape import Recognised

_SAMPLES = 3
_LONGEST = 40


def proposal(paths: Sequence[Path], encoding: str | None = None) -> str:
    """The TOML text; refused with the reasons of every file that cannot be read."""
    mapping = Mapping(encoding=None if encoding is None else encoding_named(encoding))
    sheets: list[Sheet] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            sheets += read_whole_sheets(Path(path), mapping)
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems)
    found = [
        (sheet, placed_by_content(sheet, recognised_sheet(sheet.name, sheet.columns, Mapping())))
        for sheet in sheets
    ]
    parts = [
        _head(encoding),
        *(_file(sheet, recognised) for sheet, recognised in found),
        _stages(found),
        _prices(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(encoding: str | None) -> str:
    return "\n".join(
        (
            "# How these files are read. Correct what is wrong and give this file with --mapping.",
            '# currency = "USD"',
            '# zone = "UTC"',
            '# date_order = "dmy"',
            '# encoding = "windows-1250"' if encoding is None else f"encoding = {_text(encoding)}",
        )
    )


def _file(sheet: Sheet, found: Recognised | None) -> str:
    name = _text(sheet.name)
    if found is None:
        headers = "\n".join(
            f"#   {_text(header)}  {_samples(sheet, at)}" for at, header in enumerate(sheet.columns)
        )
        return f'# {sheet.name} is not used. To use it, say what it is:\n# [files.{name}]\n# table = "deals"\n{headers}'
    lines = [
        f"# {found.shape.system} {found.shape.name}, {count_text(sheet.rows_read, 'row')}",
        f"[files.{name}]",
        f"table = {_text(found.table)}" if _mappable(found.table) else f"# holds {found.table}",
        f"[files.{name}.columns]",
    ]
    width = max((len(field) for field in found.columns), default=0)
    for field, at in sorted(found.columns.items(), key=lambda pair: pair[1]):
        lines.append(f"{field:<{width}} = {_text(sheet.columns[at])}  {_samples(sheet, at)}")
    kept = "kept as a field of your own" if found.table == "deals" else "not used"
    for header, at in found.others.items():
        lines.append(f"# {_text(header)} is {kept}  {_samples(sheet, at)}")
    return "\n".join(lines)


def _mappable(table: str) -> bool:
    from stageproof.importers.mapping import TABLES

    return table in TABLES


def _samples(sheet: Sheet, at: int) -> str:
    """A comment with the first few different cells of a column."""
    cells = (
        sheet.frame.get_column(f"c{at}").to_frame("cell").select(blank_to_null(pl.col("cell"))).to_series()
    )
    distinct = cells.drop_nulls().unique(maintain_order=True).head(_SAMPLES).to_list()
    if not distinct:
        return "# always blank"
    shown = ", ".join(_one_line(cell) for cell in distinct)
    blank = cells.null_count()
    return f"# {shown}" + (f"; {blank:,} blank" if blank else "")


def _one_line(cell: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in cell).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _stages(found: Sequence[tuple[Sheet, Recognised | None]]) -> str:
    """The stages by outcome, as their names tell it, in the order of the rows."""
    names: dict[str, str] = {}
    for sheet, recognised in found:
        if (
            recognised is None
            or recognised.table not in ("deals", "history", "versions")
            or "stage" not in recognised.columns
        ):
            continue
        cells = sheet.frame.get_column(f"c{recognised.columns['stage']}").to_frame("cell")
        for cell in (
            cells.select(blank_to_null(pl.col("cell"))).to_series().drop_nulls().unique(maintain_order=True)
        ):
            names.setdefault(cell, outcome_of(cell) or "open")
    if not names:
        return ""
    lists = {
        outcome: [name for name, its in names.items() if its == outcome]
        for outcome in ("open", "won", "lost")
    }
    return "\n".join(
        (
            "[stages]",
            f"# order = {_texts(lists['open'])}  # put them early to late; deals in any other stage are then rejected",
            f"won = {_texts(lists['won'])}",
            f"lost = {_texts(lists['lost'])}",
        )
    )


def _prices(found: Sequence[tuple[Sheet, Recognised | None]]) -> str:
    for sheet, recognised in found:
        if recognised is not None and recognised.table == "products":
            inside = ", ".join(
                f"{key} = {_text(value)}"
                for key, value in (
                    ("file", sheet.name),
                    ("key", recognised.header("product")),
                    ("price", recognised.header("price")),
                )
            )
            return (
                "# Blank amounts of open deals can be list prices:\n"
                f"# [amount]\n# from_price_list = {{ {inside} }}\n# [join.product]\n# near = true"
            )
    return ""


def _texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's too, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
