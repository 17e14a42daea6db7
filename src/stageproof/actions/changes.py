"""Changes to people, teams, rates and settings: who changed what, from what to what, kept for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import models

from stageproof.actions.actor import Actor
from stageproof.records.models import Change


def note_change(
    actor: Actor, *, what: str, which: str, fields: Mapping[str, tuple[Any, Any]], now: dt.datetime
) -> Change | None:
    """The change as noted, in the transaction of whoever makes it; None where nothing differs.

    `fields` holds each field's value before and after. Keys, passwords and tokens must never be among them.
    """
    differing = {name: [_plain(old), _plain(new)] for name, (old, new) in fields.items() if old != new}
    if not differing:
        return None
    return Change.objects.create(
        changed_at=now, actor=actor.name, door=actor.door, what=what, which=which[:254], fields=differing
    )


def values_of(row: models.Model, names: Mapping[str, Any] | tuple[str, ...]) -> dict[str, Any]:
    """What a row holds of the named fields."""
    return {name: getattr(row, name) for name in names}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int) else str(value)
