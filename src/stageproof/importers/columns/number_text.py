"""An amount as written: its digits, its sign, its currency."""

from __future__ import annotations

import polars as pl

from stageproof.engine.money import CURRENCIES

SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₴": "UAH",
    "₫": "VND", "₱": "PHP", "฿": "THB", "₦": "NGN", "₸": "KZT", "zł": "PLN", "kč": "CZK", "ft": "HUF",
    "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD",
    "s$": "SGD", "r$": "BRL", "mx$": "MXN", "nt$": "TWD", "rs": "INR", "rs.": "INR", "r": "ZAR",
    "元": "CNY", "円": "JPY", "\\": "JPY",
}  # fmt: skip
"""The currency of a sign that means one alone. In Shift-JIS the yen sign stands where others have the backslash."""
SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD", "UYU"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "SEK", "NOK", "ISK"),
    "fr.": ("CHF",),
    "sfr.": ("CHF",),
}
"""The currencies that share a sign; the first where the column names none of them."""

_MARK = r"[A-Za-z]{1,3}\$|[A-Za-z]{3}|[$€£¥￥₹₽₩₪₺₴₫₱฿₦₸元円\\]|(?i:s?fr\.|kr\.?|zł|kč|rs\.?|ft)"
# After the digits an R would make thousands of rand of 5 kr.
_MARK_BEFORE = rf"{_MARK}|(?i:r)"
_MINUS = "-−–"
_BLANK = r"\s\u{a0}\u{202f}\u{2009}"
_S = rf"[{_BLANK}]*"
_SIZES = {
    "k": "e3", "tsd": "e3", "tausend": "e3", "thousand": "e3", "千": "e3", "万": "e4", "萬": "e4",
    "lakh": "e5", "lakhs": "e5", "lac": "e5", "m": "e6", "mm": "e6", "mn": "e6", "mln": "e6", "mio": "e6",
    "million": "e6", "millions": "e6", "millionen": "e6", "百万": "e6", "cr": "e7", "crore": "e7", "crores": "e7",
    "億": "e8", "亿": "e8", "b": "e9", "bn": "e9", "mrd": "e9", "billion": "e9", "billions": "e9",
}  # fmt: skip
_SIZE = rf"(?i:{'|'.join(sorted(_SIZES, key=len, reverse=True))})"
_NO_CENTS = r"([.,])(?:[-–—]{1,2}|=)(\D*)$"
_THOUSAND_EUROS = r"(?i)\bt(€|eur|chf|usd)\b|t(€)"
_AMOUNT = _S.join(
    (
        r"^(?P<open>\()?",
        rf"(?P<s1>[{_MINUS}+])?",
        rf"(?P<pre>{_MARK_BEFORE})?",
        rf"(?P<s2>[{_MINUS}+])?",
        rf"(?P<digits>\d[\d.,'’{_BLANK}]*|[.,]\d+)(?P<power>[eE][+-]?\d{{1,4}})?",
        rf"(?P<size>{_SIZE})?\.?",
        rf"(?P<post>{_MARK})?",
        rf"(?P<s3>[{_MINUS}])?",
        r"(?P<close>\))?$",
    )
)
COLUMNS = ("point", "comma", "certain", "mark", "sized")


def amount_parts(texts: pl.DataFrame) -> pl.DataFrame:
    """What each text of the column `text` says, all null where it is no amount.

    `point` is the number, as a parser takes it, where the point is the decimal mark, `comma` where the comma is;
    `certain` says that neither occurs. `mark` is the currency's code or sign, `sized` whether k or M was written.
    """
    # 1.234,- and 500.– are whole amounts, and T€ is what Germans write for thousands.
    text = pl.col("text").str.replace(_NO_CENTS, "${1}00$2").str.replace(_THOUSAND_EUROS, "k$1$2")
    parts = texts.select(text.str.extract_groups(_AMOUNT).alias("parts")).unnest("parts")
    digits = pl.col("digits").str.replace_all(rf"[{_BLANK}]+$", "").str.replace_all(rf"[{_BLANK}’]", "'")
    signs = pl.concat_str("s1", "s2", "s3", ignore_nulls=True)
    bracketed = pl.col("open").is_not_null()
    sound = (bracketed == pl.col("close").is_not_null()) & (
        signs.str.len_chars() + bracketed.cast(pl.Int32) <= 1
    )
    marks = pl.concat_list(pl.col("pre", "post").str.to_lowercase()).list.drop_nulls().list.unique()
    one = marks.list.len() <= 1
    negative = bracketed | (signs != "") & (signs != "+")
    size = pl.col("size").str.to_lowercase().replace_strict(_SIZES, default=None)
    one_power = pl.col("power").is_null() | size.is_null()
    lead = pl.when(negative).then(pl.lit("-")).otherwise(pl.lit(""))
    tail = pl.coalesce("power", size, pl.lit(""))
    good = sound & one & one_power
    return parts.select(
        pl.when(good).then(lead + _plain(digits, ".", ",") + tail).alias("point"),
        pl.when(good).then(lead + _plain(digits, ",", ".") + tail).alias("comma"),
        (~digits.str.contains("[.,]")).alias("certain"),
        pl.when(good).then(marks.list.first()).alias("mark"),
        size.is_not_null().alias("sized"),
    )


def _plain(digits: pl.Expr, decimal: str, group: str) -> pl.Expr:
    """The digits with a decimal point alone; null where they are not grouped as such numbers are."""
    d, g = f"[{decimal}]", f"[{group}]"
    grouped = rf"[1-9]\d{{0,2}}(?:(?:{g}\d{{3}})+|(?:'\d{{3}})+|(?:{g}\d{{2}})+{g}\d{{3}})"
    fits = digits.str.contains(rf"^(?:\d+|{grouped})(?:{d}\d*)?$|^{d}\d+$")
    bare = digits.str.replace_all(f"[{group}']", "").str.replace(decimal, ".", literal=True)
    return pl.when(fits).then(bare)


def currency_of(mark: str, preferred: str) -> str | None:
    """The currency of a sign or code; of a shared sign the preferred one where it shares it."""
    lower = mark.lower()
    if lower in SHARED:
        return preferred if preferred in SHARED[lower] else SHARED[lower][0]
    if lower in SIGNS:
        return SIGNS[lower]
    return mark.upper() if mark.upper() in CURRENCIES else None
