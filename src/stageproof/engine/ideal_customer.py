"""The ideal customer: traits with points that a definition declares, and how well leads fit them, with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from stageproof.engine.counted import count_text
from stageproof.engine.toml_table import TomlTable

Fits = Literal["fits", "does not fit", "unclear"]
State = Literal["met", "unmet", "unknown"]

COLUMNS = {
    "industry": "industry",
    "size": "employees",
    "country": "country",
    "technology": "technology",
    "trigger": "trigger",
}
"""The traits that a profile may have, and the column of a lead that each looks at."""

FIT_COLUMNS = ("fit_points", "fit_possible", "fit_of", "fit")


@dataclass(frozen=True)
class Trait:
    """One trait: what is accepted, and the points that it is worth. `size` counts people, the others are texts."""

    trait: str
    points: int
    one_of: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    @property
    def accepts(self) -> str:
        """What is accepted, in words."""
        if self.trait != "size":
            return " or ".join(self.one_of)
        if self.at_least is None:
            return f"at most {self.at_most:,} people"
        if self.at_most is None:
            return f"at least {self.at_least:,} people"
        return f"{self.at_least:,} to {self.at_most:,} people"


@dataclass(frozen=True)
class IdealCustomer:
    """The traits of an ideal customer; a lead fits from `fits_from` points on."""

    traits: tuple[Trait, ...]
    fits_from: int

    @property
    def points(self) -> int:
        """What all traits are worth together."""
        return sum(each.points for each in self.traits)


@dataclass(frozen=True)
class Reason:
    """What one trait adds to a lead's fit: its state, its points, and the sentence."""

    trait: str
    state: State
    points: int
    of: int
    says: str


@dataclass(frozen=True)
class Fit:
    """How well a lead fits: points reached, those still possible, of how many, and why."""

    points: int
    possible: int
    of: int
    fit: Fits
    reasons: tuple[Reason, ...]


def with_fit(leads: pl.DataFrame, profile: IdealCustomer | None) -> pl.DataFrame:
    """The leads with `fit_points`, `fit_possible`, `fit_of`, `fit` and `trait_...`, the state of each trait.

    A text trait is met where any of the lead's values, which commas divide, is accepted, in any case. What is blank is
    unknown: it adds nothing, and as long as it could decide, the fit is unclear. Without a profile all are null.
    """
    if profile is None:
        blank = {name: pl.lit(None, pl.Int64) for name in FIT_COLUMNS[:3]}
        return leads.with_columns(**blank, fit=pl.lit(None, pl.String))
    states = {f"trait_{each.trait}": _state(each) for each in profile.traits}
    stated = leads.with_columns(**states)
    points, open_points = (
        pl.sum_horizontal(
            pl.when(pl.col(f"trait_{each.trait}") == state).then(each.points).otherwise(0)
            for each in profile.traits
        ).cast(pl.Int64)
        for state in ("met", "unknown")
    )
    scored = stated.with_columns(
        fit_points=points, fit_possible=points + open_points, fit_of=pl.lit(profile.points, pl.Int64)
    )
    fit = (
        pl.when(pl.col("fit_points") >= profile.fits_from)
        .then(pl.lit("fits"))
        .when(pl.col("fit_possible") < profile.fits_from)
        .then(pl.lit("does not fit"))
        .otherwise(pl.lit("unclear"))
    )
    return scored.with_columns(fit=fit)


def fit_of(lead: Mapping[str, Any], profile: IdealCustomer) -> Fit:
    """How well one lead fits, with the reason of every trait."""
    kinds = {name: pl.Int64 if name == "employees" else pl.String for name in COLUMNS.values()}
    frame = pl.DataFrame([{name: lead.get(name) for name in kinds}], schema=kinds)
    row = with_fit(frame, profile).row(0, named=True)
    reasons = tuple(_reason(each, row[f"trait_{each.trait}"], row) for each in profile.traits)
    return Fit(row["fit_points"], row["fit_possible"], row["fit_of"], row["fit"], reasons)


def sentences(profile: IdealCustomer) -> list[str]:
    """The profile as its readers understand it."""
    lines = [f"{_called(each)} is {each.accepts}: {_points(each.points)}." for each in profile.traits]
    return [*lines, f"A lead fits from {profile.fits_from} of {_points(profile.points)} on."]


def read_ideal_customer(table: TomlTable) -> IdealCustomer | None:
    """The profile in an [ideal_customer] table; what is wrong with it becomes problems of the table."""
    fits_from = table.whole("fits_from")
    listed = table.tables("traits")
    table.no_other_keys()
    traits = [
        _read_trait(table.inner(each, f"traits[{place}]")) for place, each in enumerate(listed, start=1)
    ]
    found = tuple(each for each in traits if each is not None)
    if not listed:
        says = "An ideal customer without traits describes nobody."
        table.problem("ideal_customer_blank", says, "Add [[ideal_customer.traits]], or take the table out.")
        return None
    twice = sorted({each.trait for each in found if sum(other.trait == each.trait for other in found) > 1})
    for trait in twice:
        says = f"The trait “{trait}” is declared twice."
        table.problem("trait_twice", says, "Join its values in one.", key="traits", value=trait)
    whole = sum(each.points for each in found)
    if fits_from is not None and len(found) == len(listed) and fits_from > whole:
        says = f"No lead can fit: {fits_from} points are asked for, and all traits are worth {whole}."
        table.problem("fits_from_beyond", says, f"Ask for at most {whole}.", key="fits_from", value=fits_from)
    return IdealCustomer(found, (whole + 1) // 2 if fits_from is None else fits_from)


def ideal_customer_tables(profile: IdealCustomer) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The values of [ideal_customer], and those of each [[ideal_customer.traits]]."""
    traits = [
        {"trait": each.trait, "one_of": each.one_of or None, "at_least": each.at_least, "at_most": each.at_most,
         "points": each.points}
        for each in profile.traits
    ]  # fmt: skip
    return {"fits_from": profile.fits_from}, traits


def profile_changes(before: IdealCustomer | None, after: IdealCustomer | None) -> Iterator[tuple[str, str]]:
    """What changed, each as its kind and a sentence."""
    if before == after:
        return
    if before is None or after is None:
        says = (
            "An ideal customer is declared." if before is None else "No ideal customer is declared any more."
        )
        yield ("ideal_customer_added" if before is None else "ideal_customer_removed"), says
        if after is None:
            return
    old = {each.trait: each for each in before.traits} if before else {}
    new = {each.trait: each for each in after.traits}
    for trait in sorted(old.keys() - new.keys()):
        yield "trait_removed", f"{_called(old[trait])} no longer counts towards the ideal customer."
    for trait, each in new.items():
        was = old.get(trait)
        if was is None:
            yield "trait_added", f"{_called(each)} is now asked for: {each.accepts}, {_points(each.points)}."
            continue
        if was.accepts != each.accepts:
            yield "trait_changed", f"{_called(each)} is now {each.accepts}, before {was.accepts}."
        if was.points != each.points:
            yield (
                "trait_changed",
                f"{_called(each)} is now worth {_points(each.points)}, before {was.points}.",
            )
    if before is not None and before.fits_from != after.fits_from:
        says = f"A lead now fits from {_points(after.fits_from)} on, before from {before.fits_from}."
        yield "fits_from_changed", says


def _state(trait: Trait) -> pl.Expr:
    column = pl.col(COLUMNS[trait.trait])
    if trait.trait == "size":
        known, met = column.is_not_null(), pl.lit(True)
        if trait.at_least is not None:
            met = met & (column >= trait.at_least)
        if trait.at_most is not None:
            met = met & (column <= trait.at_most)
    else:
        items = column.str.to_lowercase().str.split(",")
        values = [_key(each) for each in trait.one_of]
        known = column.str.strip_chars().str.len_chars() > 0
        met = items.list.eval(
            pl.element().str.replace_all(r"\s+", " ").str.strip_chars().is_in(values)
        ).list.any()
    return (
        pl.when(~known.fill_null(value=False))
        .then(pl.lit("unknown"))
        .when(met)
        .then(pl.lit("met"))
        .otherwise(pl.lit("unmet"))
    )


def _key(text: str) -> str:
    return " ".join(text.lower().split())


def _reason(trait: Trait, state: State, row: Mapping[str, Any]) -> Reason:
    value = row[COLUMNS[trait.trait]]
    shown = count_text(value, "person,people") if isinstance(value, int) else " ".join(str(value).split())
    says = {
        "met": f"{_called(trait)} is {shown}.",
        "unmet": f"{_called(trait)} is {shown}; asked for is {trait.accepts}.",
        "unknown": f"{_called(trait)} is not known; asked for is {trait.accepts}.",
    }[state]
    return Reason(trait.trait, state, trait.points if state == "met" else 0, trait.points, says)


def _called(trait: Trait) -> str:
    return f"The {trait.trait}"


def _points(count: int) -> str:
    return f"{count:,} point{'' if count == 1 else 's'}"


def _read_trait(table: TomlTable) -> Trait | None:
    trait = table.choice("trait", tuple(COLUMNS))
    points = table.whole("points")
    one_of, least, most = table.texts("one_of"), table.whole("at_least"), table.whole("at_most")
    table.no_other_keys()
    if trait is None and "trait" not in table.values:
        table.problem(
            "definition_key_missing", "“trait” is missing.", f"Use one of {', '.join(COLUMNS)}.", key="trait"
        )
    if points is None and "points" not in table.values:
        table.problem("definition_key_missing", "“points” is missing.", "Add points = 20.", key="points")
    if trait == "size":
        if one_of or (least is None and most is None):
            says = "A size is a range of people."
            table.problem("trait_range", says, "Give at_least, at_most or both.", key="at_least")
        elif least is not None and most is not None and least > most:
            says = f"No company has at least {least:,} and at most {most:,} people."
            table.problem("trait_range", says, "Turn the two around.", key="at_least", value=least)
    elif trait is not None and (not one_of or least is not None or most is not None):
        says = f"What {trait} is accepted is a list of texts."
        table.problem("trait_values", says, 'Give one_of = ["..."].', key="one_of")
    return None if trait is None or points is None else Trait(trait, points, one_of or (), least, most)
