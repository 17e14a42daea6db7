"""Whether a deal is open, won or lost: told from flags, stage tables, and the words of its stage or status."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from stageproof.importers.header import header_key
from stageproof.importers.mapping import StageMapping


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_WON = _words(
    "won win closedwon closewon gewonnen gagne gagnee gagnes ganado ganada ganho ganha vinto vinta vunnen vunnet",
    "vundet gewonne wygrana wygrane wygrany voitettu vyhrano vyhrana megnyert nyert kazanıldı kazanildi",
    "受注 受注済 受注済み 成約 赢单 贏單 成交 已成交 수주",
)
_LOST = _words(
    "lost loss closedlost closelost verloren perdu perdue perdus perdido perdida perso persa forlorad tapt tabt",
    "przegrana przegrane przegrany havitty prohrano prohrana elveszett kaybedildi",
    "abandoned dead cancelled canceled disqualified 失注 不成立 输单 輸單 丢单 실주",
)
_DELETED = _words("deleted merged")
_OPEN = _words(
    "open active inprogress ongoing new offen ouvert ouverte abierto abierta aberto aberta aperto aperta",
    "進行中 进行中",
)
_CLOSED = _words(
    "closed geschlossen ferme fermee cerrado cerrada chiuso chiusa fechado fechada gesloten afgesloten zamkniete",
    "クロース 已关闭",
)
_NOT = _words("not un nicht non no pas nao niet ikke inte")
_YET = _words("yet noch encore aun ainda nog")
# Verbal win, win plan, likely lost: hopes and fears are stages of open deals.
_HOPED = _words(
    "verbal verbally plan planned strategy likely expected probable almost nearly soon mundlich 予定 見込み"
)
_SPLIT = re.compile(r"[\W_]+")
UNKNOWN = "closed"
"""Closed, but whether won or lost is not said."""


def outcome_of(words: str) -> str | None:
    """open, won, lost, deleted, or closed where no more is said; None where the words tell nothing."""
    folded = unicodedata.normalize("NFKD", words.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    tokens = [token for token in _SPLIT.split(plain) if token]
    known = {*tokens, "".join(tokens)}
    for outcome, those in (("lost", _LOST), ("won", _WON), ("deleted", _DELETED)):
        if found := known & those:
            if not _denied(tokens, found):
                return outcome
            return "lost" if outcome == "won" and known & _CLOSED and known & _NOT else None
    if known & _CLOSED and len(tokens) == 1:
        return UNKNOWN
    return "open" if "".join(tokens) in _OPEN else None


def _denied(tokens: list[str], found: set[str]) -> bool:
    """Whether what stands beside every outcome denies it: not won, not yet won, verbal win, win plan."""
    told = [token for token in tokens if token not in _YET]
    places = [at for at, token in enumerate(told) if token in found]
    return bool(places) and all(_denies(told, at) for at in places)


def _denies(told: list[str], at: int) -> bool:
    before, after = set(told[max(0, at - 1) : at]), set(told[at + 1 : at + 2])
    return bool(before & (_NOT | _HOPED)) or (told[at] in _WON and bool(after & _HOPED))


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
