"""Versions: the next one of something, and the end of the one before."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.db.models import F

from stageproof.engine.frames import instant_number, instant_of
from stageproof.records.ledger import Writing
from stageproof.records.models import Ledger
from stageproof.records.models.history import Version

V = TypeVar("V", bound=Version)

_SET_ANEW = ("id", "seq", "digest", "valid_from", "valid_to", "recorded_at", "actor", "door")


def succeed(session: Writing, current: V, *, at: dt.datetime, **changes: Any) -> V:
    """The next version: as `current` but for the changes; `current` ends where it begins."""
    at = later_than(current.valid_from, at)
    model = type(current)
    model._default_manager.filter(pk=current.pk).update(valid_to=at)
    following = model(**facts_of(current), valid_from=at)
    for name, value in changes.items():
        setattr(following, name, value)
    session.add([following])
    return following


def facts_of(version: Version) -> dict[str, Any]:
    """What a version says of its thing, by column; not when it held, who wrote it, or its number."""
    columns = [field.attname for field in type(version)._meta.concrete_fields]
    return {name: getattr(version, name) for name in columns if name not in _SET_ANEW}


def later_than(last: dt.datetime | None, at: dt.datetime) -> dt.datetime:
    """The instant, or the microsecond after `last`: two versions of one thing never begin together."""
    return at if last is None or last < at else instant_of(instant_number(last) + 1)


def names_changed() -> None:
    """Counts a change of what versions refer to by identity, so that whoever keeps tables reads them anew."""
    Ledger.objects.get_or_create(id=1)
    Ledger.objects.filter(id=1).update(directory=F("directory") + 1)
