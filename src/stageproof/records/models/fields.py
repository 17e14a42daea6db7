"""Instants and days as the engine counts them: integers in the database, real dates in Python."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models

from stageproof.engine.frames import day_number, day_of, instant_number, instant_of


class InstantField(models.BigIntegerField):  # type: ignore[type-arg]
    """A UTC instant, stored as microseconds since 1970: the same in SQLite and PostgreSQL, exact, and quick to load."""

    if TYPE_CHECKING:
        _pyi_private_set_type: dt.datetime  # type: ignore[assignment]
        _pyi_private_get_type: dt.datetime  # type: ignore[assignment]
        _pyi_lookup_exact_type: dt.datetime  # type: ignore[assignment]

    def from_db_value(self, value: int | None, *_: Any) -> dt.datetime | None:
        return None if value is None else instant_of(value)

    def to_python(self, value: Any) -> dt.datetime | None:
        if isinstance(value, str):
            return dt.datetime.fromisoformat(value)
        return instant_of(value) if isinstance(value, int) else value

    def get_prep_value(self, value: Any) -> int | None:
        if isinstance(value, dt.datetime):
            return instant_number(value)
        prepared: int | None = super().get_prep_value(value)
        return prepared

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else value.isoformat()


class DayField(models.IntegerField):  # type: ignore[type-arg]
    """A date in the organisation's zone, stored as days since 1970."""

    if TYPE_CHECKING:
        _pyi_private_set_type: dt.date  # type: ignore[assignment]
        _pyi_private_get_type: dt.date  # type: ignore[assignment]
        _pyi_lookup_exact_type: dt.date  # type: ignore[assignment]

    def from_db_value(self, value: int | None, *_: Any) -> dt.date | None:
        return None if value is None else day_of(value)

    def to_python(self, value: Any) -> dt.date | None:
        if isinstance(value, str):
            return dt.date.fromisoformat(value)
        return day_of(value) if isinstance(value, int) else value

    def get_prep_value(self, value: Any) -> int | None:
        if isinstance(value, dt.date):
            return day_number(value)
        prepared: int | None = super().get_prep_value(value)
        return prepared

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else value.isoformat()
