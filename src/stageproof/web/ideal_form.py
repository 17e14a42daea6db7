"""The ideal customer as a form: a row per trait, with what is accepted and the points that it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stageproof.engine.ideal_customer import COLUMNS


@dataclass(frozen=True)
class TraitField:
    """One trait as typed; `size` has a range, the others values with commas."""

    trait: str
    values: str = ""
    least: str = ""
    most: str = ""
    points: str = ""


@dataclass(frozen=True)
class IdealForm:
    """The ideal customer as typed."""

    traits: tuple[TraitField, ...]
    fits_from: str = ""


def ideal_form(section: Any) -> IdealForm:
    """The form of an [ideal_customer] section; blank where there is none."""
    given = section if isinstance(section, Mapping) else {}
    listed = given.get("traits")
    found = {
        str(each.get("trait", "")).casefold(): each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, Mapping)
    }
    return IdealForm(
        tuple(_field(name, found.get(name, {})) for name in COLUMNS), _shown(given.get("fits_from"))
    )


def typed_ideal(given: Mapping[str, str]) -> dict[str, Any] | None:
    """The section that a form gives; None where nothing is asked for. What is no number stays, to be refused."""
    traits = []
    for name in COLUMNS:
        values = [each.strip() for each in given.get(f"ideal-{name}", "").split(",") if each.strip()]
        least, most, points = (
            given.get(f"ideal-{name}-{part}", "").strip() for part in ("least", "most", "points")
        )
        if values or least or most or points:
            row = {"trait": name, "one_of": values or None, "at_least": _number(least), "at_most": _number(most),
                   "points": _number(points)}  # fmt: skip
            traits.append({key: value for key, value in row.items() if value is not None})
    if not traits:
        return None
    fits_from = _number(given.get("ideal-fits-from", "").strip())
    return {"traits": traits} if fits_from is None else {"fits_from": fits_from, "traits": traits}


def _field(name: str, row: Mapping[str, Any]) -> TraitField:
    values = row.get("one_of")
    return TraitField(
        name,
        ", ".join(map(str, values)) if isinstance(values, list) else "",
        *(_shown(row.get(key)) for key in ("at_least", "at_most", "points")),
    )


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _number(text: str) -> int | str | None:
    if not text:
        return None
    digits = text.replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else text
