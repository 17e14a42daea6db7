"""A table of TOML read key by key, collecting everything wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from stageproof.engine.problem import Problem


class TomlTable:
    """Typed readings of one table; a wrong value becomes a problem and reads as missing."""

    def __init__(
        self,
        values: dict[str, Any],
        place: str,
        problems: list[Problem],
        *,
        source: str = "",
        row: int | None = None,
    ) -> None:
        self.values, self.place, self.problems = values, place, problems
        self.source, self.row = source, row
        self.asked: list[str] = []

    def problem(self, code: str, says: str, remedy: str, *, key: str = "", value: object = "") -> None:
        """Add a problem with this table as its place."""
        place = f"{self.place}.{key}" if key and self.place else key or self.place
        text = str(value)[:80]
        self.problems.append(Problem(code, says, remedy, self.source, self.row, place, text))

    def inner(self, values: dict[str, Any], place: str, row: int | None = None) -> TomlTable:
        """A table within this one, with the same list of problems."""
        where = f"{self.place}.{place}" if self.place else place
        return TomlTable(values, where, self.problems, source=self.source, row=row or self.row)

    def text(self, key: str, *, required: bool = False) -> str | None:
        """The text under the key, trimmed; a blank one is a problem."""
        value = self._get(key)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
        if value is not None:
            self._wrong(key, value, "a text that is not blank")
        elif required:
            self.problem("definition_key_missing", f"“{key}” is missing.", f'Add {key} = "...".', key=key)
        return None

    def whole(self, key: str, *, least: int = 1) -> int | None:
        """The whole number under the key, at least `least`."""
        value = self._get(key)
        # No company plans in more than a million days, and larger numbers overflow dates.
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= 1_000_000:
            return value
        if value is not None:
            self._wrong(key, value, f"a whole number from {least} to 1,000,000")
        return None

    def number(self, key: str, *, above: int = 0) -> Decimal | None:
        """The finite number under the key, above `above`."""
        value = self._get(key)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            number = Decimal(value)
            if number.is_finite() and number > above and number.adjusted() <= 15:
                return number
        if value is not None:
            self._wrong(key, value, f"a number above {above}")
        return None

    def yes_no(self, key: str) -> bool | None:
        """The Boolean under the key."""
        value = self._get(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._wrong(key, value, "true or false")
        return None

    def day(self, key: str) -> date | None:
        """The date under the key."""
        value = self._get(key)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is not None:
            self._wrong(key, value, "a date without quotes, such as 2025-01-01")
        return None

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        """The text under the key, one of the choices in any case."""
        value = self._get(key)
        if isinstance(value, str):
            chosen = next((each for each in choices if each.casefold() == value.strip().casefold()), None)
            if chosen is not None:
                return chosen
        if value is not None:
            self._wrong(key, value, f"one of {', '.join(choices)}")
        return None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """The list of texts under the key, trimmed."""
        value = self._get(key)
        if isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value):
            return tuple(" ".join(each.split()) for each in value)
        if value is not None:
            self._wrong(key, value, 'a list of texts, such as ["one", "two"]')
        return None

    def table(self, key: str) -> TomlTable | None:
        """The table under the key."""
        value = self._get(key)
        if isinstance(value, dict):
            return self.inner(value, key)
        if value is not None:
            self._wrong(key, value, f"a table, written [{key}]")
        return None

    def tables(self, key: str) -> list[dict[str, Any]]:
        """The tables listed under the key; none where it is missing."""
        value = self._get(key)
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return value
        if value is not None:
            self._wrong(key, value, f"a list of tables, each written [[{key}]]")
        return []

    def raw(self, key: str) -> Any:
        """The value under the key as it is."""
        return self._get(key)

    def no_other_keys(self) -> None:
        """Make a problem of every key that nothing asked for, with the nearest known one."""
        for key in self.values:
            if key not in self.asked:
                remedy = nearest(key, self.asked) or f"Known here: {', '.join(sorted(self.asked))}."
                self.problem(
                    "definition_key_unknown", f"“{key}” is not a known key.", remedy, key=key, value=key
                )

    def _get(self, key: str) -> Any:
        if key not in self.asked:
            self.asked.append(key)
        return self.values.get(key)

    def _wrong(self, key: str, value: object, wanted: str) -> None:
        shown = f"“{str(value)[:60]}”" if not isinstance(value, dict | list) else "what is there"
        self.problem(
            "definition_value_wrong",
            f"“{key}” cannot be {shown}.",
            f"It must be {wanted}.",
            key=key,
            value=value,
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """A question naming the likely word, or nothing."""
    likely = get_close_matches(word.casefold(), list(known), n=1, cutoff=0.6)
    return f"Did you mean “{likely[0]}”?" if likely else ""
