"""Duplicates: pairs of accounts, contacts or deals that are likely the same, with the signs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Literal

import polars as pl

from stageproof.actions.actor import Actor
from stageproof.actions.apart import apart_pairs
from stageproof.actions.likeness import (
    SHORTEST_NAME,
    a_letter_apart,
    company_key,
    domain_key,
    person_key,
    phone_key,
)
from stageproof.actions.permission import visible_deals
from stageproof.actions.seeing import scope
from stageproof.engine.kept import Kept
from stageproof.records.models import Account, AccountVersion, Contact, ContactVersion, Deal, Ledger
from stageproof.records.models.accounts import HERE

Word = Literal["account", "contact", "deal"]

ALMOST_CERTAIN, LIKELY = 90, 60
"""From how many points on."""

ENOUGH = 30
"""Points below which nobody is asked."""

FEW = 6
"""Up to how many of one sign are each compared with each; of more each is compared with the oldest."""

SHARED = 25
"""A sign that more than this have says nothing: a provider's domain, a switchboard, a placeholder."""

_ID = {"one": pl.Int64, "other": pl.Int64, "points": pl.Int64, "why": pl.String}


@dataclass(frozen=True)
class Pair:
    """Two that may be the same: their row ids, the older one first, how much speaks for it, and what does."""

    one: int
    other: int
    points: int
    why: tuple[str, ...]

    @property
    def likelihood(self) -> str:
        if self.points >= ALMOST_CERTAIN:
            return "almost certain"
        return "likely" if self.points >= LIKELY else "possible"


def duplicates(actor: Actor, word: Word) -> list[Pair]:
    """The pairs among what the actor sees that nobody has said are two, the likeliest first."""
    find, until = _KINDS[word]
    key = (word, scope(actor) if word == "deal" else "", *until())
    apart = apart_pairs(word)
    return [each for each in _found.get(key, lambda: find(actor)) if (each.one, each.other) not in apart]


_found: Kept[list[Pair]] = Kept(8)
"""What was found last, until something of the kind changes."""


def _accounts(actor: Actor) -> list[Pair]:
    rows = pl.DataFrame(
        list(Account.objects.filter(HERE).values_list("id", "name", "domain", "country")),
        schema={"id": pl.Int64, "name": pl.String, "domain": pl.String, "country": pl.String}, orient="row",
    )  # fmt: skip
    keyed = rows.with_columns(
        key=_each(company_key, rows["name"]),
        host=_each(domain_key, rows["domain"]),
        land=_folded(rows["country"]),
    )
    words = keyed["key"].str.split(" ").list.sort().list.join(" ")
    known = dict(keyed.select("id", "land").iter_rows())
    return _pairs(
        [
            _signs(keyed, ["key"], 20, "the same name"),
            _signs(keyed.with_columns(words=words), ["words"], 45, "the same words in their names"),
            _signs(keyed, ["host"], 60, "the same domain"),
            _spelled(keyed),
        ],
        lambda one, other: (-25, "different countries") if _differ(known[one], known[other]) else None,
    )


def _contacts(actor: Actor) -> list[Pair]:
    rows = pl.DataFrame(
        list(
            Contact.objects.filter(HERE).values_list("id", "name", "account_id", "email", "phone")
        ),
        schema={"id": pl.Int64, "name": pl.String, "account": pl.Int64, "email": pl.String, "phone": pl.String},
        orient="row",
    )  # fmt: skip
    keyed = rows.with_columns(
        key=_each(person_key, rows["name"]),
        email=_folded(rows["email"]),
        phone=_each(phone_key, rows["phone"]),
    )
    return _pairs(
        [
            _signs(keyed, ["email"], 75, "the same mail address"),
            _signs(keyed, ["key", "account"], 65, "the same name at the same account"),
            _signs(keyed, ["key"], 20, "the same name"),
            _signs(keyed, ["phone"], 35, "the same phone number"),
            _alike_within(keyed, "account", "names a letter apart at the same account"),
        ]
    )


def _deals(actor: Actor) -> list[Pair]:
    """The open ones: what was won or lost twice is a matter of its import."""
    names = ("id", "name", "account_id", "pipeline", "amount", "currency", "close_on", "product")
    seen = Deal.objects.filter(visible_deals(actor), status="open")
    whole = dict.fromkeys(("id", "account", "amount"), pl.Int64)
    rows = pl.DataFrame(
        list(seen.values_list(*names)),
        schema={"id": pl.Int64, "name": pl.String, "account": whole["account"], "pipeline": pl.String,
                "amount": pl.Int64, "currency": pl.String, "close_on": pl.Date, "product": pl.String},
        orient="row", infer_schema_length=None,
    )  # fmt: skip
    keyed = rows.with_columns(
        key=_each(person_key, rows["name"]), product=_folded(rows["product"]).fill_null("-")
    )
    buying, worth = ["account", "pipeline"], keyed.filter(pl.col("amount") != 0)
    return _pairs(
        [
            _signs(keyed, ["key", *buying], 65, "the same name at the same account"),
            _signs(keyed.filter(pl.col("account").is_null()), ["key", "pipeline"], 40, "the same name"),
            _signs(
                worth, [*buying, "amount", "currency", "product"], 40, "the same account, amount and product"
            ),
            _signs(keyed, [*buying, "close_on"], 10, "the same close date"),
            _alike_within(keyed, "account", "names a letter apart at the same account"),
        ]
    )


def _signs(rows: pl.DataFrame, keys: Sequence[str], points: int, why: str) -> pl.DataFrame:
    """One row per pair that has the same values in the columns, none of them blank."""
    keyed = rows.select("id", *keys).drop_nulls().sort("id")
    keyed = keyed.with_columns(size=pl.len().over(keys), first=pl.col("id").first().over(keys))
    keyed = keyed.filter(pl.col("size").is_between(2, SHARED))
    few, many = keyed.filter(pl.col("size") <= FEW), keyed.filter(pl.col("size") > FEW)
    each = few.join(few, on=keys, suffix="_other").filter(pl.col("id") < pl.col("id_other"))
    oldest = many.filter(pl.col("id") != pl.col("first"))
    found = pl.concat(
        [each.select(one="id", other="id_other"), oldest.select(one="first", other="id")], how="vertical"
    )
    return found.with_columns(points=pl.lit(points, pl.Int64), why=pl.lit(why))


def _spelled(rows: pl.DataFrame) -> pl.DataFrame:
    """Pairs of names that are a letter apart: both are the same with a letter left out."""
    named = rows.select("id", "key").filter(pl.col("key").str.len_chars() >= SHORTEST_NAME)
    longest = named["key"].str.len_chars().max() or 0
    left_out = (
        named.filter(pl.col("key").str.slice(at, 1).str.contains(r"\p{L}")).select(
            "id", less=(pl.col("key").str.slice(0, at) + pl.col("key").str.slice(at + 1)).hash()
        )
        for at in range(int(str(longest)))
    )
    held = pl.concat([named.select("id", less=pl.col("key").hash()), *left_out])
    held = held.unique().filter(pl.len().over("less").is_between(2, SHARED))
    names = dict(named.iter_rows())
    alike = held.join(held, on="less", suffix="_other").filter(pl.col("id") < pl.col("id_other"))
    pairs = (
        (one, other)
        for one, other in alike.select("id", "id_other").unique().iter_rows()
        if a_letter_apart(names[one], names[other])
    )
    return _frame(pairs, 45, "names a letter apart")


def _alike_within(rows: pl.DataFrame, block: str, why: str) -> pl.DataFrame:
    """Pairs of names that are a letter apart within the same block, such as an account."""
    groups = rows.select("id", "key", block).drop_nulls().group_by(block).agg("id", "key")
    groups = groups.filter(pl.col("id").list.len().is_between(2, SHARED * 2))
    pairs = (
        (min(one, other), max(one, other))
        for ids, keys in groups.select("id", "key").iter_rows()
        for (one, name), (other, again) in combinations(zip(ids, keys, strict=True), 2)
        if a_letter_apart(name, again)
    )
    return _frame(pairs, 50, why)


def _frame(pairs: Iterable[tuple[int, int]], points: int, why: str) -> pl.DataFrame:
    return pl.DataFrame([(*pair, points, why) for pair in pairs], schema=_ID, orient="row")


def _pairs(
    signs: Sequence[pl.DataFrame],
    against: Callable[[int, int], tuple[int, str] | None] = lambda one, other: None,
) -> list[Pair]:
    """The pairs with all their signs, the likeliest first; what speaks against it is said, too."""
    found = pl.concat([each.select(*_ID) for each in signs])
    found = found.group_by("one", "other", maintain_order=True).agg(pl.col("points").sum(), "why")
    # What says little by itself, such as the same day, only adds to other signs.
    found = found.filter(pl.col("points") >= ENOUGH)
    pairs = (
        Pair(one, other, min(points + (but[0] if (but := against(one, other)) else 0), 100),
             tuple(_said(why)) + ((f"but {but[1]}",) if but else ()))
        for one, other, points, why in found.iter_rows()
    )  # fmt: skip
    return sorted(pairs, key=lambda each: (-each.points, each.one, each.other))


def _said(why: Sequence[str]) -> Iterator[str]:
    """The signs without those that another one says already."""
    for each in why:
        if not any(each != other and other.startswith(each) for other in why) and not (
            each == "the same words in their names" and "the same name" in why
        ):
            yield each


def _each(key: Callable[[str], str], texts: pl.Series) -> pl.Series:
    """The key of each text; null where there is none."""
    known = cache(key)
    return pl.Series([known(text) or None if text else None for text in texts.to_list()], dtype=pl.String)


def _folded(texts: pl.Series) -> pl.Series:
    folded = texts.str.strip_chars().str.to_lowercase()
    return folded.set(folded == "", None)


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _last_of(model: type[AccountVersion] | type[ContactVersion]) -> tuple[Any, ...]:
    return tuple(model._default_manager.order_by("-seq").values_list("digest", flat=True)[:1])


def _last() -> tuple[Any, ...]:
    return tuple(Ledger.objects.values_list("last_digest", "directory").filter(id=1).first() or ())


_KINDS: Mapping[Word, tuple[Callable[[Actor], list[Pair]], Callable[[], tuple[Any, ...]]]] = {
    "account": (_accounts, lambda: _last_of(AccountVersion)),
    "contact": (_contacts, lambda: _last_of(ContactVersion)),
    "deal": (_deals, _last),
}
