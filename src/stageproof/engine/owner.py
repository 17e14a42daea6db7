"""The pipeline owner: one person by name or e-mail address, never a crowd."""

from __future__ import annotations

import re

_CROWD = frozenset(
    """
    all alle any anybody anyone board business ceo cfo company contact crm crew cro cs department dept
    everybody everyone executive executives exec execs finance folks group hello info leadership
    management managers marketing members mailbox na nobody none office operations ops org organisation
    organization our ours people pipeline reps rep revenue revops role sales salesforce salesops
    salesteam shared someone somebody staff support tba tbd team teams the todos tous unassigned unknown
    unowned us vacant vp we whole
    """.split()  # noqa: SIM905 - ninety quoted words would read worse
)
# A role alone is not a person, though "owner@example.com" may well be someone's address.
_ROLES = frozenset(
    ("admin", "administrator", "owner", "manager", "user", "head", "director", "of", "a", "an")
)
_SEVERAL = re.compile(r"[;&/|]|\s(?:and|und|et|y|or|plus)\s|\+\s", re.IGNORECASE)


def why_not_a_person(owner: str) -> str | None:
    """Why the text does not name one person, as the end of a sentence; nothing where it does."""
    addresses = owner.count("@")
    if addresses > 1 or _SEVERAL.search(owner) or _listed(owner):
        return "names several"
    if addresses:
        local, _, domain = owner.rpartition("@")
        if not local or "." not in domain or re.search(r"\s", owner):
            return "is not an e-mail address"
        words = _words(local)
        return "is a shared mailbox" if words and all(word in _CROWD for word in words) else None
    words = _words(owner)
    if not words or len("".join(words)) < 2:
        return "is no name"
    if all(word in _CROWD or word in _ROLES for word in words):
        return "is nobody in particular"
    return None


def _listed(owner: str) -> bool:
    # "Okafor, Ada" is one person; "Ada Okafor, Ben Wu" are two.
    parts = [part.split() for part in owner.split(",")]
    return len(parts) > 2 or (len(parts) == 2 and all(len(part) > 1 for part in parts))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())
