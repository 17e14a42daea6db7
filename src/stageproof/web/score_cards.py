"""Score cards: a deal against BANT, CHAMP and MEDDIC."""

from __future__ import annotations

from dataclasses import dataclass

from stageproof.engine.frameworks import FRAMEWORKS, Element, score
from stageproof.web.one_deal import DealAt


@dataclass(frozen=True)
class ScoreCard:
    """A framework with each of its elements, shown or not."""

    name: str
    elements: list[tuple[Element, bool]]

    @property
    def shown(self) -> int:
        return sum(found for _, found in self.elements)


def score_cards(shown: DealAt) -> list[ScoreCard]:
    """The frameworks that the definition names, or all of them where it names none."""
    named = shown.definition.frameworks if shown.definition else ()
    evidence = {each["kind"] for each in shown.table("evidence")}
    roles = {each["role"] for each in shown.table("roles")}
    filled = {name for name, value in shown.row.items() if value not in (None, "")}
    return [
        ScoreCard(name, score(name, evidence=evidence, roles=roles, fields=filled))
        for name in named or FRAMEWORKS
    ]
