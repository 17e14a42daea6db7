"""Words that tell of a seller's action where a buyer's is wanted."""

from __future__ import annotations

import re

_BUYERS = r"buyer|customer|client|prospect|champion|evaluator|sponsor|they"
_BUYER_FIRST = re.compile(rf"\b({_BUYERS})(s|'s|’s)?\b", re.IGNORECASE)
# "Proposal delivered and confirmed by the buyer" tells of the buyer after all.
_BUYER_AFTER = re.compile(rf"\bby (the |their )?(\w+ )?({_BUYERS})", re.IGNORECASE)

_WE = r"we|i|our (?:team|rep|side)|(?:the )?(?:rep|seller|salesperson|account executive|ae|sdr)"
_VERBS = (
    "sent|send|gave|give|held|hold|presented|present|called|call|mailed|e-?mailed|demoed|showed|shared"
    "|share|delivered|deliver|submitted|submit|quoted|pitched|booked|scheduled|followed|follow|made|ran"
    "|met|reached|contacted|did|prepared|wrote|filled|logged|updated|qualified"
)
_THINGS = (
    "demo|demonstration|proposal|quote|quotation|offer|pricing|price|contract|deck|presentation|pitch"
    "|e-?mail|call|meeting|invoice|document|case stud(?:y|ie)|follow-?up|poc|trial"
)
_DONE = (
    "sent|held|given|delivered|done|made|presented|shared|completed|submitted|scheduled|booked|set up|issued"
)
_ORDERS = (
    "send|sent|held|gave|present|presented|deliver|delivered|call|called|pitch|pitched|demo|demoed"
    "|follow(?:ed)? up|submit|submitted|share|shared|schedule|scheduled|book|booked"
)
_SELLER = re.compile(
    rf"\b(?:{_WE})\s+(?:have |has )?(?:{_VERBS})\b"
    rf"|\b(?:{_THINGS})s?\s+(?:(?:was|were|is|are|has been|have been)\s+)?(?:{_DONE})\b"
    rf"|^\s*(?:{_ORDERS})\b",
    re.IGNORECASE,
)


def sellers_words(says: str) -> str:
    """The words about the seller; none where a buyer is named as the one who acts."""
    found = _SELLER.search(says)
    if not found or _BUYER_FIRST.search(says[: found.start()]) or _BUYER_AFTER.search(says[found.end() :]):
        return ""
    return found[0].strip()
