"""The four readings of one instant, and the statement that ties them to the cent."""

from __future__ import annotations

from stageproof.engine.readings.frozen import CAUSES, Comparison, Frozen, compare
from stageproof.engine.readings.read import READERS, read, reconciliation
from stageproof.engine.readings.reading import Check, Figure, Head, Line, Reader, Reading, Statement, Where

__all__ = [
    "CAUSES",
    "READERS",
    "Check",
    "Comparison",
    "Figure",
    "Frozen",
    "Head",
    "Line",
    "Reader",
    "Reading",
    "Statement",
    "Where",
    "compare",
    "read",
    "reconciliation",
]
