"""Currencies as people and systems write them: by code, sign or name."""

from __future__ import annotations

import re

from stageproof.engine.money import is_currency
from stageproof.importers.columns.number_text import currency_of
from stageproof.importers.header import header_key

_NAMES = {
    "usdollar": "USD", "usdollars": "USD", "unitedstatesdollar": "USD", "dollar": "USD", "dollars": "USD",
    "euro": "EUR", "euros": "EUR", "britishpound": "GBP", "poundsterling": "GBP", "britishpoundsterling": "GBP",
    "pound": "GBP", "ukpound": "GBP", "swissfranc": "CHF", "schweizerfranken": "CHF", "japaneseyen": "JPY", "yen": "JPY",
    "canadiandollar": "CAD", "australiandollar": "AUD", "newzealanddollar": "NZD", "singaporedollar": "SGD",
    "hongkongdollar": "HKD", "indianrupee": "INR", "chineseyuan": "CNY", "chineserenminbi": "CNY", "renminbi": "CNY",
    "brazilianreal": "BRL", "real": "BRL", "mexicanpeso": "MXN", "swedishkrona": "SEK", "norwegiankrone": "NOK",
    "danishkrone": "DKK", "polishzloty": "PLN", "zloty": "PLN", "czechkoruna": "CZK", "hungarianforint": "HUF",
    "turkishlira": "TRY", "southafricanrand": "ZAR", "israelinewshekel": "ILS", "southkoreanwon": "KRW",
    "uaedirham": "AED", "saudiriyal": "SAR", "russianruble": "RUB",
}  # fmt: skip
_CODE = re.compile(r"\b[A-Z]{3}\b")


def currency_named(text: str, preferred: str = "USD") -> str | None:
    """The code of `EUR`, `€`, `Euro` or `EUR - Euro`; of a sign that several share, the preferred one if it does."""
    plain = text.strip()
    if found := currency_of(plain, preferred) or _NAMES.get(header_key(plain)):
        return found
    codes = {code for code in _CODE.findall(plain) if is_currency(code)}
    return codes.pop() if len(codes) == 1 else None
