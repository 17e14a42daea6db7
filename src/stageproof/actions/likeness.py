"""Likeness: what makes two names or addresses likely to mean the same."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_LEGAL = frozenset(
    """
    ab ag as bv co company corp corporation gmbh holding holdings inc incorporated kg limited llc llp
    ltd nv oy plc pty sa sarl sas se spa srl the
    """.split()  # noqa: SIM905 - thirty quoted words would read worse
)
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Likely:
    """Something that is there already and likely to be the same: its id, its name, and why."""

    id: int | str
    name: str
    why: str


def company_key(name: str) -> str:
    """The name as it is compared: no case, accents, punctuation or legal form."""
    words = _words(name)
    return " ".join([word for word in words if word not in _LEGAL] or words)


def person_key(name: str) -> str:
    """The name as it is compared: no case, accents or punctuation, "Wu, Ben" as "Ben Wu"."""
    last, comma, first = name.partition(",")
    return " ".join(_words(f"{first} {last}" if comma else name))


def domain_key(domain: str) -> str:
    """The domain as it is compared: no scheme, path, or www."""
    host = domain.casefold().strip().split("://")[-1].split("/")[0].split("@")[-1]
    return host.removeprefix("www.")


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _WORDS.findall("".join(letter for letter in folded if not unicodedata.combining(letter)))
