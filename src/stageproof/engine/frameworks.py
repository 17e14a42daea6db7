"""Qualification frameworks: BANT, CHAMP and MEDDIC as sets of evidence kinds, roles and fields."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """One letter of a framework: what it asks, and any of what shows it."""

    name: str
    asks: str
    evidence: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


_ECONOMIC_BUYER = Element(
    "Economic buyer", "Who can say yes to the money is known", roles=("economic_buyer",)
)
_CHAMPION = Element(
    "Champion", "Someone at the buyer sells for us when we are not there", roles=("champion",)
)
_PAIN = Element("Pain", "The buyer named a problem worth solving", evidence=("pain", "challenge"))

FRAMEWORKS: dict[str, tuple[Element, ...]] = {
    "BANT": (
        Element("Budget", "The buyer confirmed the money", evidence=("budget",)),
        Element("Authority", "Who decides is known", roles=("economic_buyer", "decision_maker")),
        Element("Need", "The buyer named a problem worth solving", evidence=("pain", "need", "challenge")),
        Element("Timing", "The buyer said by when", evidence=("timing", "timeline", "close_date")),
    ),
    "CHAMP": (
        Element("Challenges", "The buyer named a problem worth solving", evidence=("pain", "challenge", "need")),
        Element("Authority", "Who decides is known", roles=("economic_buyer", "decision_maker")),
        Element("Money", "The buyer confirmed the money", evidence=("budget",)),
        Element(
            "Prioritisation", "The buyer said by when, and why then",
            evidence=("timing", "timeline", "priority", "close_date"),
        ),
    ),
    "MEDDIC": (
        Element("Metrics", "The buyer put a number on what it is worth", evidence=("metrics", "impact", "value")),
        _ECONOMIC_BUYER,
        Element("Decision criteria", "The buyer said what they judge by", evidence=("decision_criteria", "requirements")),
        Element("Decision process", "The buyer said how they decide", evidence=("decision_process", "process")),
        _PAIN,
        _CHAMPION,
    ),
}  # fmt: skip
"""The elements of each framework, in the order of its letters."""


def score(
    framework: str, *, evidence: Collection[str], roles: Collection[str], fields: Collection[str] = ()
) -> list[tuple[Element, bool]]:
    """Each element of a framework, and whether any of what shows it is there."""
    held = (set(evidence), set(roles), set(fields))
    return [
        (
            each,
            any(
                set(wanted) & there
                for wanted, there in zip((each.evidence, each.roles, each.fields), held, strict=True)
            ),
        )
        for each in FRAMEWORKS[framework]
    ]
