"""Stageproof: a sales pipeline that has to prove itself.

from stageproof import Book, Calendar, measures
pipeline = Book.build(deals=frame).as_of("2025-09-30")
measures.win_rate(pipeline)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stageproof.engine import measures as measures
    from stageproof.engine import readings as readings
    from stageproof.engine.book import Book as Book
    from stageproof.engine.book import Pipeline as Pipeline
    from stageproof.engine.definition import Definition as Definition
    from stageproof.engine.definition import read_definition as read_definition
    from stageproof.engine.money import Money as Money
    from stageproof.engine.period import Calendar as Calendar
    from stageproof.engine.period import Period as Period
    from stageproof.engine.problem import Problem as Problem
    from stageproof.engine.problem import Refused as Refused
    from stageproof.engine.stage_moves import decide_stage_move as decide_stage_move
    from stageproof.importers import import_files as import_files

__version__ = "0.1.0"

_HOMES = {
    "Book": "stageproof.engine.book",
    "Pipeline": "stageproof.engine.book",
    "Definition": "stageproof.engine.definition",
    "read_definition": "stageproof.engine.definition",
    "Money": "stageproof.engine.money",
    "Calendar": "stageproof.engine.period",
    "Period": "stageproof.engine.period",
    "Problem": "stageproof.engine.problem",
    "Refused": "stageproof.engine.problem",
    "decide_stage_move": "stageproof.engine.stage_moves",
    "import_files": "stageproof.importers",
}
_ROOMS = ("measures", "readings")
__all__ = ["__version__", *_ROOMS, *_HOMES]


def __getattr__(name: str) -> Any:
    """Public names load on first use, so that `stageproof --help` need not wait for a data frame library."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"stageproof.engine.{name}")
    raise AttributeError(f"module 'stageproof' has no attribute {name!r}")
