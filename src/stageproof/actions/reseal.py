"""Resealing: what is sealed under older keys, sealed again under the present one, so that those can be thrown away."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.permission import ADMINISTERS, demand
from stageproof.records.sealed import Unreadable, reseal


@dataclass(frozen=True)
class Resealed:
    """How many second factors are under the present key now, and whose cannot be read by any key."""

    factors: int
    unreadable: tuple[str, ...]


def reseal_all(actor: Actor, *, now: dt.datetime) -> Resealed:
    """Seals every secret under the present key; what no key opens stays as it is, for its key may be found again."""
    demand(actor, ADMINISTERS, "reseal secrets")
    done, unreadable = 0, set()
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update(of=("self",)).select_related("user"):
            try:
                sealed = _resealed(factor.data)
            except Unreadable:
                unreadable.add(factor.user.email)
                continue
            if sealed != factor.data:
                factor.data = sealed
                factor.save(update_fields=["data"])
                done += 1
        note_change(actor, what="secrets", which="second factors", fields={"resealed": (0, done)}, now=now)
    return Resealed(done, tuple(sorted(unreadable)))


def _resealed(data: dict[str, Any]) -> dict[str, Any]:
    """What an authenticator holds; that of a passkey has nothing secret in it."""
    return {name: reseal(value) if name in ("secret", "seed") else value for name, value in data.items()}
