"""Whether a deal is open, won or lost: told from flags, stage tables, and the words of its stage or status."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from stageproof.importers.header import header_key
from stageproof.importers.mapping import StageMapping

_WON = frozenset(
    [
        "won",
        "win",
        "closedwon",
        "closewon",
        "gewonnen",
        "gagne",
        "gagnee",
        "ganado",
        "ganada",
        "ganho",
        "ganha",
        "vinto",
        "vinta",
        "vunnen",
        "vundet",
        "gewonne",
        "wygrana",
        "wygrane",
        "voitettu",
    ]
)
_LOST = frozenset(
    [
        "lost",
        "loss",
        "closedlost",
        "closelost",
        "verloren",
        "perdu",
        "perdue",
        "perdido",
        "perdida",
        "perso",
        "persa",
        "forlorad",
        "tabt",
        "przegrana",
        "havitty",
        "abandoned",
        "dead",
        "cancelled",
        "canceled",
        "disqualified",
    ]
)
_DELETED = frozenset(["deleted", "merged"])
_OPEN = frozenset(
    [
        "open",
        "active",
        "inprogress",
        "ongoing",
        "offen",
        "ouvert",
        "ouverte",
        "abierto",
        "abierta",
        "aperto",
        "aperta",
        "new",
    ]
)
_CLOSED = frozenset(["closed", "geschlossen", "ferme", "fermee", "cerrado", "cerrada", "chiuso", "chiusa"])
_NOT = frozenset(["not", "un", "nicht", "non", "no", "pas"])
_SPLIT = re.compile(r"[\W_]+")
UNKNOWN = "closed"
"""Closed, but whether won or lost is not said."""


def outcome_of(words: str) -> str | None:
    """open, won, lost, deleted, or closed where no more is said; None where the words tell nothing."""
    folded = unicodedata.normalize("NFKD", words.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    tokens = [token for token in _SPLIT.split(plain) if token]
    known = set(tokens) | {"".join(tokens)}
    denied = bool(known & _NOT)
    for outcome, those in (("lost", _LOST), ("won", _WON), ("deleted", _DELETED)):
        if known & those:
            return None if denied else outcome
    if known & _CLOSED and len(tokens) == 1:
        return UNKNOWN
    return "open" if "".join(tokens) in _OPEN else None


@dataclass
class Stages:
    """What is known of the stages of a pipeline: names by id, outcomes, and their order.

    The mapping wins over the system's own table of stages, that over the flags seen beside a stage, those over words.
    """

    mapping: StageMapping = field(default_factory=StageMapping)
    labels: dict[str, str] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    _renamed: dict[str, str] = field(init=False)
    _mapped: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._renamed = {header_key(old): new for old, new in self.mapping.names.items()}
        self._mapped = {header_key(name): "open" for name in self.mapping.order}
        self._mapped |= {header_key(name): "won" for name in self.mapping.won}
        self._mapped |= {header_key(name): "lost" for name in self.mapping.lost}

    def name(self, stage: str) -> str:
        """The stage as it is to be called."""
        label = self.labels.get(stage, stage)
        return self._renamed.get(header_key(label)) or self._renamed.get(header_key(stage)) or label

    def outcome(self, stage: str) -> str | None:
        """The outcome that a stage stands for; None where nothing tells, which means open."""
        label = self.name(stage)
        for known in (self._mapped, self.stated, self.seen):
            for each in (stage, label):
                if (found := known.get(header_key(each))) is not None:
                    return found
        return outcome_of(label)

    def learn(self, flags: Iterable[tuple[str | None, str]]) -> None:
        """Remember the outcomes seen beside stages; a stage seen with several is told by its words."""
        outcomes: dict[str, set[str]] = {}
        for stage, outcome in flags:
            if stage:
                outcomes.setdefault(header_key(stage), set()).add(outcome)
        self.seen |= {stage: found.pop() for stage, found in outcomes.items() if len(found) == 1}

    def decide(
        self,
        stage: str | None,
        status: str | None,
        *,
        closed: bool | None = None,
        won: bool | None = None,
        lost: bool | None = None,
        deleted: bool | None = None,
    ) -> str:
        """The outcome of a deal from all that its row says."""
        if deleted:
            return "deleted"
        mapped = self._mapped.get(header_key(self.name(stage))) if stage else None
        if mapped:
            return mapped
        said = outcome_of(status) or (self._mapped.get(header_key(status))) if status else None
        if said and said != UNKNOWN:
            return said
        if won:
            return "won"
        if closed is False:
            return "open"
        if lost or (closed and won is False):
            return "lost"
        by_stage = self.outcome(stage) if stage else None
        if by_stage and by_stage not in (UNKNOWN, "open"):
            return by_stage
        return UNKNOWN if closed or UNKNOWN in (said, by_stage) else "open"
