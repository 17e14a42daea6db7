"""Random histories of deals, and what a ledger kept by hand would make of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st

from stageproof.engine.book import Book
from stageproof.engine.frames import DAY, from_rows
from stageproof.engine.tables import DEALS

FIRST_DAY = 20_000
DAYS = 80
HOUR = DAY // 24
OWNERS = ("Ann", "Bob", "Cleo")
TEAMS = {"Ann": "North", "Bob": "North", "Cleo": "South"}
EXPONENTS = {"USD": 2, "EUR": 2, "JPY": 0}

History = list[dict[str, Any]]
Rates = list[tuple[str, int, str]]


def moments() -> st.SearchStrategy[int]:
    """Full hours, the same ones on which deals change, so that ends meet changes."""
    return st.integers(0, DAYS * 24).map(lambda hour: FIRST_DAY * DAY + hour * HOUR)


def days() -> st.SearchStrategy[int]:
    """Every tenth day, so that close dates fall on the edges of periods."""
    return st.integers(0, DAYS // 10 + 3).map(lambda tens: FIRST_DAY + 10 * tens)


def amounts() -> st.SearchStrategy[int | None]:
    """Few amounts, so that they recur, one that rounds to a half, and blanks."""
    return st.sampled_from([100, 250, 333, 100_001, 5, 0, None])


_CHANGES = {
    "amount": amounts(),
    "close_on": st.one_of(st.none(), days()),
    "owner": st.sampled_from([*OWNERS, None]),
    "stage": st.sampled_from(["Discovery", "Proposal"]),
    "currency": st.sampled_from(["USD", "EUR", "JPY"]),
    "status": st.sampled_from(["open", "open", "won", "lost", "deleted"]),
}


@st.composite
def deals_with_changes(draw: st.DrawFn, name: str) -> History:
    """One deal: created, then moved, priced, dated, handed over, won, lost, reopened or deleted, some learned late."""
    instants = sorted(draw(st.lists(moments(), min_size=1, max_size=6, unique=True)))
    state = {key: draw(strategy) for key, strategy in _CHANGES.items()}
    rows = []
    for instant in instants:
        for key in draw(st.sets(st.sampled_from(sorted(_CHANGES)), min_size=1, max_size=3)):
            state[key] = draw(_CHANGES[key])
        late = draw(st.sampled_from([0, 0, HOUR, 9 * DAY]))
        rows.append(
            {
                **state,
                "deal": name,
                "team": TEAMS.get(state["owner"]),
                "created_at": instants[0],
                "valid_from": instant,
                "recorded_at": instant + late,
                "actor": state["owner"],
                "door": "page",
            }
        )
    return rows


@st.composite
def histories(draw: st.DrawFn, *, max_deals: int = 4) -> History:
    """All versions of a few deals, in any order."""
    count = draw(st.integers(1, max_deals))
    rows = [row for number in range(count) for row in draw(deals_with_changes(f"deal {number}"))]
    return draw(st.permutations(rows))


@st.composite
def rate_tables(draw: st.DrawFn) -> Rates:
    """Rates of two currencies on a few days; before the first of them a currency has none."""
    found = []
    for currency, choices in (("EUR", ["1.1", "1.2", "1.005", "0.5"]), ("JPY", ["0.0071", "0.0065", "0.01"])):
        for day in draw(st.sets(st.integers(FIRST_DAY - 10, FIRST_DAY + DAYS), max_size=4)):
            found.append((currency, day, draw(st.sampled_from(choices))))
    return found


def book_of(history: History, rates: Rates = (), zone: str = "UTC") -> Book:  # type: ignore[assignment]
    schema = {"currency": pl.String, "from_on": pl.Int64, "rate": pl.String}
    return Book.build(
        deals=from_rows(DEALS, history),
        rates=pl.DataFrame(list(rates), schema=schema, orient="row"),
        currency="USD",
        zone=zone,
    )


def worth(row: dict[str, Any], day: int, rates: Rates) -> int:
    """The amount in cents of USD at the rate of the day, by the decimals of the standard library."""
    amount, currency = row["amount"], row["currency"]
    if amount is None or currency == "USD":
        return amount or 0
    known = [(from_on, rate) for code, from_on, rate in rates if code == currency and from_on <= day]
    if not known:
        return 0
    exact = Decimal(amount) * Decimal(max(known)[1]) * 10 ** (2 - EXPONENTS[currency])
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def ledger(
    history: History,
    rates: Rates,
    start: int,
    end: int,
    *,
    first_on: int,
    last_on: int,
    owners: Sequence[str],
) -> dict[str, list[int]]:
    """Line -> amounts of the bridge by events, each deal replayed by hand in UTC."""
    lines: dict[str, list[int]] = {}

    def put(line: str, amount: int) -> None:
        lines.setdefault(line, []).append(amount)

    def dated(row: dict[str, Any]) -> bool:
        return row["close_on"] is not None and first_on <= row["close_on"] <= last_on

    def inside(row: dict[str, Any] | None) -> bool:
        return row is not None and row["status"] == "open" and dated(row) and row["owner"] in owners

    for deal in {row["deal"] for row in history}:
        mine = sorted((row for row in history if row["deal"] == deal), key=lambda row: row["valid_from"])
        past = [row for row in mine if row["valid_from"] <= start]
        state, since = (past[-1] if past else None), start // DAY
        if state is not None and inside(state):
            put("opening", worth(state, since, rates))
        for row in [row for row in mine if start < row["valid_from"] <= end] + [None]:
            day = (end if row is None else row["valid_from"]) // DAY
            if state is not None and inside(state):
                put("exchange", worth(state, day, rates) - worth(state, since, rates))
            if row is None:
                if state is not None and inside(state):
                    put("closing", worth(state, day, rates))
                continue
            value = worth(row, day, rates)
            if state is not None and inside(state):
                held = worth(state, day, rates)
                leaving = row["amount"] is None and row["status"] in ("lost", "deleted")
                if leaving:
                    value = held
                if value != held:
                    put("increased" if value > held else "decreased", value - held)
                if row["status"] != "open":
                    put(row["status"], -value)
                elif not dated(row):
                    put("pushed_out", -value)
                elif not inside(row):
                    put("transferred_out", -value)
            elif inside(row):
                if state is None:
                    put("new", value)
                elif state["status"] != "open":
                    put("reopened", value)
                else:
                    put("transferred_in" if dated(state) else "pulled_in", value)
            state, since = row, day
    return lines
