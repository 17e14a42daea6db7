"""The four readings of one instant, and the statement that ties them to the cent."""

from __future__ import annotations

from stageproof.engine.readings.read import READERS, read, reconciliation
from stageproof.engine.readings.reading import Check, Figure, Head, Line, Reader, Reading, Statement, Where

__all__ = [
    "READERS",
    "Check",
    "Figure",
    "Head",
    "Line",
    "Reader",
    "Reading",
    "Statement",
    "Where",
    "read",
    "reconciliation",
]
