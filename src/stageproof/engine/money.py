"""Money: integer minor units of a currency, dated conversion, exact totals.

Rates become whole numbers: target minor units per source minor unit, times `SCALE`. That keeps nine places
after the point: a rate near one is good to nine digits, a weak currency into a strong one (a rupiah is about
0.00006 of a dollar) to five. Products are exact while the converted amount stays below 9 * 10^18.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, Overflow
from difflib import get_close_matches

import narwhals as nw

from stageproof.engine.problem import Problem, Refused

SCALE = 10**9
LARGEST = 10**15
"""The largest amount taken, in minor units, either side of zero."""
LARGEST_RATE = 10**9
"""The largest rate taken, in target minor units per source minor unit."""

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG
YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
# Withdrawn since 2010 and still found on the closed deals of any long-lived export.
_WITHDRAWN = {
    **dict.fromkeys(["ANG", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SLL", "STD", "VEF", "ZMK", "ZWL"], 2),
    "BYR": 0,
}

CURRENCIES: dict[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
    **dict.fromkeys(_FOUR.split(), 4),
    **_WITHDRAWN,
}
"""The exponent of each ISO 4217 currency: how many digits its minor unit has after the point."""

_EXACT = Context(
    prec=80, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation, Overflow]
)
_MINUS = "\u2212"


def is_currency(code: str) -> bool:
    """Whether the code is a currency of ISO 4217."""
    return code in CURRENCIES


def exponent(currency: str) -> int:
    """Digits after the point; an unknown currency is refused."""
    if currency not in CURRENCIES:
        likely = get_close_matches(currency.strip().upper(), CURRENCIES, n=1)
        remedy = "Use a three-letter ISO 4217 code such as USD"
        hint = f" (did you mean {likely[0]}?)." if likely else "."
        says = f"“{currency}” is not a currency."
        raise Refused([Problem("currency_unknown", says, remedy + hint, value=currency)])
    return CURRENCIES[currency]


@dataclass(frozen=True)
class Money:
    """An amount in minor units of its currency."""

    amount: int
    currency: str

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with every digit of the currency."""
        return _EXACT.scaleb(Decimal(self.amount), -exponent(self.currency))

    def as_dict(self) -> dict[str, str]:
        """The amount as text, for JSON."""
        return {"amount": f"{self.decimal:f}", "currency": self.currency}

    def exact(self) -> str:
        """Every digit, grouped by thousands, with the currency."""
        return f"{self.decimal:,f} {self.currency}".replace("-", _MINUS)

    def short(self) -> str:
        """About three digits, for headlines."""
        sign = _MINUS if self.amount < 0 else ""
        return f"{sign}{_shortened(abs(self.decimal))} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add; convert one of them first")
        return other


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum in one currency; of nothing, zero."""
    whole = Money(0, currency)
    for amount in amounts:
        whole = whole + amount
    return whole


def _shortened(value: Decimal) -> str:
    if value == 0:
        return "0"
    if value < 1:
        return f"{value:f}"
    unit = Decimal(1)
    for suffix in ("", "k", "M", "bn"):
        scaled = value / unit
        places = Decimal("0.1") if suffix and scaled < Decimal("99.95") else Decimal(1)
        rounded = scaled.quantize(places, context=_EXACT)
        if rounded < 1000 or suffix == "bn":
            return f"{rounded:,f}{suffix}"
        unit *= 1000
    raise AssertionError("the largest unit always returns")


def minor_units(value: Decimal | str, currency: str) -> int:
    """The amount in minor units, half-even; refused when no number or beyond `LARGEST`."""
    digits = exponent(currency)
    number = _decimal(value, "amount_not_a_number", "amount", "Write a plain number such as 12500.00.")
    # A huge exponent would otherwise make quantize build billions of digits, or overflow.
    if number and number.adjusted() > 18:
        raise Refused([_too_large(value, currency)])
    rounded = int(_EXACT.scaleb(number.quantize(Decimal(1).scaleb(-digits), context=_EXACT), digits))
    if abs(rounded) > LARGEST:
        raise Refused([_too_large(value, currency)])
    return rounded


def _decimal(value: Decimal | str, code: str, what: str, remedy: str) -> Decimal:
    text = str(value)
    try:
        # Decimal reads "1_000" and digits of other scripts; an amount is plainer than that.
        if "_" in text or not text.isascii():
            raise InvalidOperation
        number = value if isinstance(value, Decimal) else Decimal(text.strip())
    except InvalidOperation:
        raise Refused([Problem(code, f"“{text[:80]}” is not an {what}.", remedy, value=text[:80])]) from None
    if not number.is_finite():
        raise Refused([Problem(code, f"“{text[:80]}” is not a finite {what}.", remedy, value=text[:80])])
    return number


def _too_large(value: Decimal | str, currency: str) -> Problem:
    largest = Money(LARGEST, currency).exact()
    says = f"{str(value)[:80]} {currency} is beyond the largest amount taken, {largest}."
    return Problem("amount_too_large", says, "Check the unit and the currency.", value=str(value)[:80])


def minor_rate(rate: Decimal | str, *, source: str, target: str) -> int:
    """Target minor units per source minor unit times `SCALE`, half-even; refused unless above zero."""
    shift = exponent(target) - exponent(source)
    number = _decimal(rate, "rate_not_a_number", "exchange rate", "Write units of the target for one unit.")
    nano = 0
    if number > 0 and number.adjusted() + shift <= 9:
        nano = int(_EXACT.scaleb(number, shift + 9).quantize(Decimal(1), context=_EXACT))
    if not 0 < nano <= LARGEST_RATE * SCALE:
        says = f"A rate of {str(rate)[:80]} from {source} to {target} cannot be used."
        remedy = "A rate is above zero: units of the target currency for one unit of the source."
        raise Refused([Problem("rate_out_of_range", says, remedy, value=str(rate)[:80])])
    return nano


def convert(amount: int, nano: int) -> int:
    """The amount at the rate, half-even to the minor unit."""
    whole, rest = divmod(amount * nano, SCALE)
    return whole + (1 if 2 * rest > SCALE or (2 * rest == SCALE and whole % 2) else 0)


def converted(amount: nw.Expr, nano: nw.Expr) -> nw.Expr:
    """`convert` for columns, in Int64 alone; null where either is null."""
    # Engines disagree on dividing negatives, and half-even is symmetric: work on the size, restore the sign.
    sign = nw.when(amount < 0).then(nw.lit(-1)).otherwise(nw.lit(1)).cast(nw.Int64)
    size = amount.cast(nw.Int64) * sign
    q, r = _divided(nano.cast(nw.Int64))
    a, b = _divided(size)
    low, rest = _divided(b * r)
    whole = size * q + a * r + low
    up = (rest * 2 > SCALE) | ((rest * 2 == SCALE) & (whole % 2 == 1))
    return (whole + nw.when(up).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)) * sign


def _divided(size: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    rest = size % SCALE
    # Spark divides integers as floats; from the middle of the step the floor is right despite that.
    return ((size - rest + SCALE // 2) // SCALE).cast(nw.Int64), rest


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares by weight that sum to the amount: largest remainder first, ties by position."""
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, and one must be above zero")
    sign = -1 if amount < 0 else 1
    parts = [divmod(abs(amount) * weight, whole) for weight in weights]
    shares = [share for share, _ in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: (-parts[place][1], place))
    for place in by_remainder[: abs(amount) - sum(shares)]:
        shares[place] += 1
    return [share * sign for share in shares]
