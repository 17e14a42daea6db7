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
SHORTEST_NAME = 6
"""Letters of a name below which one letter more or less makes another name."""

SHORTEST_PHONE = 7
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


def phone_key(phone: str) -> str:
    """The number as it is compared: its last nine digits, so that a country's code makes no other; blank if short."""
    digits = "".join(letter for letter in phone if letter.isdecimal())
    return digits[-9:] if len(digits) >= SHORTEST_PHONE else ""


def a_letter_apart(one: str, other: str) -> bool:
    """Whether two names differ by one letter that is another, missing, or swapped with the next; digits tell apart."""
    if min(len(one), len(other)) < SHORTEST_NAME or one == other or abs(len(one) - len(other)) > 1:
        return False
    at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        return max(one, other, key=len)[-1].isalpha()
    if not (one[at : at + 1] + other[at : at + 1]).replace(" ", "").isalpha():
        return False
    if len(one) == len(other):
        swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
        return swapped or one[at + 1 :] == other[at + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[at + 1 :] == shorter[at:] and longer[at].isalpha()


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _WORDS.findall("".join(letter for letter in folded if not unicodedata.combining(letter)))
