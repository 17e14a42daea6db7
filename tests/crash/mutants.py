"""Ways to write that lose or double something. Each is switched on in a process of a test, and must be caught there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any


def none() -> None:
    """The product as it is."""


def no_transaction() -> None:
    """Every statement for itself."""
    from stageproof.api import idempotency
    from stageproof.records import ledger

    apart = SimpleNamespace(atomic=nullcontext, set_rollback=lambda _: None)
    ledger.transaction = idempotency.transaction = apart  # type: ignore[assignment]


def no_lock() -> None:
    """Nobody waits for whoever read the row before."""
    from django.db.models import QuerySet

    from stageproof.records import ledger

    QuerySet.select_for_update = lambda rows, *_, **__: rows  # type: ignore[method-assign]
    ledger.FOR_UPDATE = ""


def deferred() -> None:
    """A transaction takes its lock only when it first writes; of SQLite."""
    from django.db import connections

    connections["default"].settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
    connections["default"].close()


def key_stored_late() -> None:
    """The key of a request is kept once what it wrote is committed."""
    from stageproof.api import door
    from stageproof.api.idempotency import _again, _digest
    from stageproof.records.models import IdempotencyKey

    def once(request: Any, person: Any, key: str, now: dt.datetime, verb: Callable[[], Any]) -> Any:
        used = IdempotencyKey.objects.filter(person=person, key=key).first()
        if used is not None:
            return _again(used, _digest(request))
        response = verb()
        if response.status_code < 500:
            IdempotencyKey.objects.create(
                person=person, key=key, request_digest=_digest(request), status=response.status_code,
                body=response.content.decode(), created_at=now,
            )  # fmt: skip
        return response

    door.once = once


MUTANTS = {each.__name__: each for each in (none, no_transaction, no_lock, deferred, key_stored_late)}
