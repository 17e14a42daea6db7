"""A paper as PDF: real text in one self-contained file, made here and not by a browser."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import typst

from stageproof.charts.render import Drawing
from stageproof.charts.theme import PRINTED
from stageproof.web.paper import Cell, Paper, Section, Shown, Table

Size = Literal["a4", "letter"]
SIZES: dict[str, str] = {"a4": "a4", "letter": "us-letter"}

_PROPERTY = re.compile(r"var\((--[\w-]+)\)")
_FONT = re.compile(r'font-family="[^"]*"')


def pdf_of(
    paper: Paper, *, organisation: str, stamp: str, foot: str, at: dt.datetime, size: Size = "a4"
) -> bytes:
    """The paper as a PDF; `stamp` stands at the head of every page, `foot` at its end beside the page's number."""
    data = {
        "size": SIZES[size],
        "title": paper.title,
        "organisation": organisation,
        "stamp": stamp,
        "foot": foot,
        "answer": paper.answer,
        "head": [list(line) for line in paper.head],
        "large": [_figure(each) for each in paper.large],
        "small": [_figure(each) for each in paper.small],
        "sections": [_section(each, paper.currency) for each in paper.sections],
        "notes": [
            {"title": each.title, "says": each.says, "formula": each.formula}
            for each in (*paper.large, *paper.small)
        ],
    }
    inputs = {"paper": json.dumps(data, ensure_ascii=False)}
    try:
        return _compiled(inputs, at, ["ua-1"])
    except typst.TypstError:
        # A letter that no font of this machine has: better a paper with a gap than none.
        return _compiled(inputs, at, [])


def _compiled(inputs: dict[str, str], at: dt.datetime, standards: Any) -> bytes:
    pdf: bytes = typst.compile(
        _template(), sys_inputs=inputs, font_paths=_fonts(), pdf_standards=standards, timestamp=at
    )
    return pdf


@cache
def _template() -> bytes:
    return files("stageproof.web").joinpath("reading.typ").read_bytes()


@cache
def _fonts() -> Any:
    """The compiler's own fonts first, the machine's for letters that those lack; looked for once."""
    return typst.Fonts(include_system_fonts=True)


def _figure(each: Shown) -> dict[str, str]:
    # A share is said well enough; of an amount paper has every digit.
    exact = "" if each.exact == each.text or each.text.endswith(("%", "×")) else each.exact
    return {"title": each.title, "text": each.text, "exact": exact, "note": each.note}


def _section(section: Section, currency: str) -> dict[str, Any]:
    drawing = section.drawing if isinstance(section.drawing, Drawing) else None
    return {
        "title": section.title,
        "text": section.text,
        "svg": printed(drawing.wide) if drawing else "",
        "finding": drawing.finding if drawing else "",
        "measure": drawing.measure if drawing else "",
        "alt": drawing.description if drawing else "",
        "tables": [_table(each, currency) for each in section.tables],
    }


def _table(table: Table, currency: str) -> dict[str, Any]:
    return {
        "title": table.title,
        "note": table.note,
        "labels": [list(label) for label in table.labels],
        "lines": [
            {"strong": line.strong, "cells": [_digits(cell, currency) for cell in line.cells]}
            for line in table.lines
        ],
    }


def _digits(cell: Cell, currency: str) -> str:
    """Every digit of an amount, for paper has no place to hover over; shares stay as they are said."""
    ending = f" {currency}"
    return cell.exact.removesuffix(ending) if cell.exact.endswith(ending) else cell.text


def printed(drawing: str) -> str:
    """A drawing in the colours and the type of paper."""
    coloured = _PROPERTY.sub(lambda found: PRINTED[found[1]], drawing)
    return _FONT.sub('font-family="Libertinus Serif"', coloured)
