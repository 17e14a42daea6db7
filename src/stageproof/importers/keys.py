"""Joining by names that people typed: exactly, by what a mapping says, and near misses with their likely twin."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from stageproof.importers.header import header_key
from stageproof.importers.mapping import Join

_ALIKE = 0.86
"""How alike two keys must be to be called near: one letter off in about eight."""


@dataclass(frozen=True)
class Matches:
    """Which known key each given key stands for; `near` are likely twins that were not joined."""

    joined: dict[str, str] = field(default_factory=dict)
    near: dict[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()


def match_keys(given: Iterable[str], known: Iterable[str], join: Join) -> Matches:
    """Each given key joined with a known one, exactly or as the join says; near ones only told otherwise."""
    names = list(dict.fromkeys(known))
    exact = set(names)
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(header_key(name), []).append(name)
    joined, near, unmatched = {}, {}, []
    for key in sorted(set(given)):
        told = join.pairs.get(key)
        if told in exact:
            joined[key] = str(told)
        elif key in exact:
            joined[key] = key
        elif (twin := _twin(key, by_key)) is None:
            unmatched.append(key)
        elif join.near:
            joined[key] = twin
        else:
            near[key] = twin
    return Matches(joined, near, tuple(unmatched))


def _twin(key: str, by_key: dict[str, list[str]]) -> str | None:
    """The one known key that this one is likely to mean; None where none or several are."""
    plain = header_key(key)
    if plain in by_key:
        same = by_key[plain]
        return same[0] if len(same) == 1 else None
    found = difflib.get_close_matches(plain, by_key, n=2, cutoff=_ALIKE)
    # "GTX Basic" and "GTX Plus Basic" are two products: digits and lengths must nearly agree.
    fits = [each for each in found if _digits(each) == _digits(plain) and abs(len(each) - len(plain)) <= 2]
    if not fits or len(by_key[fits[0]]) > 1:
        return None
    return by_key[fits[0]][0]


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
