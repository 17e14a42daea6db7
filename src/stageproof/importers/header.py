"""Column headers reduced to what they say, whatever system wrote them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_PREFIX = re.compile(
    r"^(?:(?:deal|affaire|negocio|negócio|trato|affare|ディール|取引)\s+-\s+|(?:opportunity|deal)\s*:\s*|propert(?:y|ies)[_.]"
    r"|\(do not modify\)\s*)",
    re.IGNORECASE,
)
_NUMBER_SIGN = re.compile(r"(?<=\w)\s*#")
_NOT_A_LETTER = re.compile(r"[\W_]+")


def header_key(header: str) -> str:
    """The header without prefix, case, accents and punctuation: `Deal - Expected close date`, `CloseDate`."""
    plain = _NUMBER_SIGN.sub(" number", _PREFIX.sub("", header.strip().lstrip("\ufeff")))
    folded = unicodedata.normalize("NFKD", plain.casefold())
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return _NOT_A_LETTER.sub("", letters)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, if any is."""
    by_key = {header_key(each): each for each in known}
    found = difflib.get_close_matches(header_key(word), by_key, n=1, cutoff=0.7)
    return by_key[found[0]] if found else None
