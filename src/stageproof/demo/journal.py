"""The journal: what happens at Demo Company, written down as rows of the engine's tables as it happens."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

import polars as pl

from stageproof.engine.frames import DAY, day_number, from_rows
from stageproof.engine.tables import TABLES

Row: TypeAlias = dict[str, Any]

SECOND = 1_000_000
MINUTE = 60 * SECOND


def at_time(day: dt.date, minutes: float) -> int:
    """The instant so many minutes after midnight UTC."""
    return day_number(day) * DAY + int(minutes * 60) * SECOND


def plus_days(day: dt.date, days: float) -> dt.date:
    return day + dt.timedelta(days=round(days))


class Versioned:
    """One thing whose every change becomes a row: a deal or a lead."""

    def __init__(self, rows: list[Row], state: Row) -> None:
        self._rows = rows
        self._at = 0
        self._recorded_at = 0
        self.state = state

    def __getitem__(self, name: str) -> Any:
        return self.state[name]

    def change(self, at: int, actor: str, door: str, *, learned_after: int = 0, **changes: Any) -> int:
        """The instant from which the changes hold; nothing is written where nothing differs."""
        if self._at and all(self.state[name] == value for name, value in changes.items()):
            return at
        at = max(at, self._at + SECOND)
        self.state.update(changes)
        # What is learned late holds up what follows it: a later version contains it.
        self._recorded_at = max(at + learned_after, self._recorded_at)
        self._at = at
        stamp = {"valid_from": at, "recorded_at": self._recorded_at, "actor": actor, "door": door}
        self._rows.append({**self.state, **stamp})
        return at


class Journal:
    """Every row written so far, table by table, and the next free numbers."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._numbers: dict[str, int] = {}

    def number(self, kind: str) -> int:
        """The next number of its kind, from 1."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]

    def deal(self, state: Row) -> Versioned:
        names = [name for name in TABLES["deals"].names if name not in _STAMPS]
        return Versioned(self.rows["deals"], {**dict.fromkeys(names), **state})

    def lead(self, state: Row) -> Versioned:
        names = [name for name in TABLES["leads"].names if name not in _STAMPS]
        return Versioned(self.rows["leads"], {**dict.fromkeys(names), **state})

    def evidence(
        self, at: int, *, recorded_after: int = 0, actor: str, door: str = "page", **row: Any
    ) -> None:
        identifier = f"E-{self.number('evidence'):05d}"
        stamp = {"valid_from": at, "recorded_at": at + recorded_after, "actor": actor, "door": door}
        self.rows["evidence"].append({"evidence": identifier, "given_at": at, **row, **stamp})

    def role(self, at: int, *, actor: str, **row: Any) -> None:
        stamp = {"valid_from": at, "recorded_at": at, "actor": actor, "door": "page"}
        self.rows["roles"].append({**row, **stamp})

    def activity(self, at: int, *, recorded_after: int = 0, **row: Any) -> None:
        identifier = f"A-{self.number('activity'):06d}"
        self.rows["activities"].append(
            {"activity": identifier, **row, "happened_at": at, "recorded_at": at + recorded_after}
        )

    def lead_activity(self, at: int, lead: str, place: int, **row: Any) -> None:
        """The activity of a lead at its place, under a number of its own, so that those of deals stay as they are."""
        number = f"A-9{lead.removeprefix('L-')}{place}"
        self.rows["activities"].append(
            {"activity": number, "lead": lead, **row, "happened_at": at, "recorded_at": at}
        )

    def touch(self, at: int, **row: Any) -> None:
        self.rows["touches"].append({**row, "touched_at": at, "recorded_at": at})

    def target(self, at: int, *, actor: str, **row: Any) -> None:
        stamp = {"valid_from": at, "recorded_at": at, "actor": actor, "door": "admin"}
        self.rows["targets"].append({**row, **stamp})

    def call(self, at: int, **row: Any) -> None:
        self.rows["calls"].append({**row, "called_at": at})

    def frame(self, table: str) -> pl.DataFrame:
        """A table of the engine, in its integers, without the columns that a book computes."""
        rows = self.rows[table]
        computed = ("valid_to",)
        names = [name for name in TABLES[table].names if name not in computed]
        frame = from_rows(TABLES[table], [{name: row.get(name) for name in names} for row in rows]).collect()
        return frame if rows else frame.drop(computed, strict=False)


_STAMPS = ("valid_from", "valid_to", "recorded_at", "actor", "door")
