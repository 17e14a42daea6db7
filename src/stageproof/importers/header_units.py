"""What a header says beside the name of its column: `Amount (USD)`, `Betrag in T€`, `Created (UTC)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stageproof.importers.columns import Order
from stageproof.importers.columns.number_text import currency_of

_SAID = re.compile(
    r"^(?P<name>.*?\w)[\s_]*(?:[(\[](?P<inside>[^()\[\]]+)[)\]]|[\s_]in[\s_](?P<said>.+)|[\s_,-]+(?P<last>[TtKkMm]?[A-Za-z]{3}|[$€£¥₹]))$"
)
_WORD = re.compile(r"[a-z]{1,2}\$|[^\W\d_]+|[$€£¥₹]|'?0{3}s?")
_POWERS = {
    **dict.fromkeys(["k", "t", "tsd", "tausend", "thousand", "thousands", "000", "000s", "'000", "'000s", "milliers"], 3),
    **dict.fromkeys(["m", "mm", "mn", "mio", "mln", "million", "millions", "millionen", "miljoen", "mi"], 6),
}  # fmt: skip
_SMALL_WORDS = frozenset(["in", "of", "en", "de"])
_DATE_FORMAT = re.compile(r"[dmyjat]+[-./ ][dmyjat]+[-./ ][dmyjat]+(?:[ ,]+[hms:]+)?")


@dataclass(frozen=True)
class HeaderUnit:
    """The name without its unit; the currency's sign or code, how many zeros are left out, and how dates are written."""

    name: str
    currency: str | None = None
    zeros: int = 0
    order: Order | None = None
    zone: str | None = None


def header_unit(header: str) -> HeaderUnit | None:
    """What the header says of its values; None where it says nothing that is understood."""
    found = _SAID.match(header.strip().strip("*").strip())
    if found is None:
        return None
    name, text = found["name"], found["inside"] or found["said"] or found["last"]
    plain = text.casefold().strip()
    # EUR is a unit at the end of any header, eur one of amount_eur; All and Try are words.
    if found["last"] and text != text.upper() and header != header.lower():
        return None
    if plain in ("utc", "gmt"):
        return HeaderUnit(name, zone="UTC")
    if _DATE_FORMAT.fullmatch(plain):
        return HeaderUnit(name, order=_order(plain))
    return _money(name, plain)


def _order(written: str) -> Order:
    """The order of dd/mm/yyyy, TT.MM.JJJJ, aaaa-mm-jj."""
    if written.startswith("m"):
        return "mdy"
    return "ymd" if written.startswith(("yy", "jjjj", "aa")) else "dmy"


def _money(name: str, text: str) -> HeaderUnit | None:
    currency, zeros = None, 0
    for word in _WORD.findall(text):
        if word in _POWERS:
            zeros = _POWERS[word]
        elif currency_of(word, "USD"):
            currency = word
        elif word[0] in "ktm" and currency_of(word[1:], "USD"):
            zeros, currency = _POWERS[word[0]], word[1:]
        elif word not in _SMALL_WORDS:
            return None
    return HeaderUnit(name, currency, zeros) if currency or zeros else None
