"""The cast at the doors, every route there is, and a fingerprint of all that is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from stageproof.actions.invitations import invite
from stageproof.actions.tokens import create_token
from stageproof.records import tables
from stageproof.records.models import Account, Deal, Invitation, Ledger, SavedView, Token
from stageproof.web import as_of
from stageproof.web.policy import policy_of
from tests.actions.database import hash_of
from tests.web.conftest import Cast, Clock, _clock, acme, at, cast, deal, now, ready

__all__ = ["Cast", "Clock", "_clock", "acme", "at", "cast", "deal", "now", "ready"]

API = "api/v1/"
UNSAFE = ("POST", "PATCH", "PUT", "DELETE")
FORGETFUL = ("Session",)
"""What changes by itself: a session is touched by looking."""
WRITTEN_OUT = {
    "account_reset_password_from_key": "sign-in/forgotten/1-set-password",
    "api_nothing": "api/v1/nothing-at-all",
}
"""Addresses of the routes whose pattern cannot be filled in."""


@dataclass(frozen=True)
class Route:
    """A route: its name, its address with real things filled in, and who may call it by method."""

    name: str
    path: str
    places: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/" + API)

    @property
    def policy(self) -> tuple[str, ...] | None:
        return policy_of(self.view, self.name)

    @property
    def by_method(self) -> dict[str, tuple[str, ...] | None]:
        """Who may call it, for each method worth trying."""
        if self.is_api:
            return dict(self.view.policies)  # type: ignore[attr-defined]
        return dict.fromkeys(("GET", "POST"), self.policy)


@dataclass(frozen=True)
class Things:
    """What there is to be called: by its place in an address."""

    deal: Deal
    account: Account
    invitation: Invitation
    token: Token
    view: SavedView
    cast: Cast

    def at(self, place: str) -> str:
        """What stands in a place of an address."""
        person, team = self.cast.ann.person, self.cast.east
        assert person is not None
        known: dict[str, Any] = {
            "key": self.deal.key, "account_id": self.account.pk, "person_id": person.pk, "team_id": team.pk,
            "invitation": self.invitation.pk, "token": self.token.pk, "view": self.view.pk, "field": "amount",
        }  # fmt: skip
        if place == "deal":
            return self.deal.key
        return str(known.get(place, 1))


@pytest.fixture
def things(cast: Cast, now: Clock, deal: Deal, acme: Account) -> Things:
    invitation, _ = invite(cast.ada, email="nora@northwind.example", name="Nora Nash", role="rep", now=now())
    token, _ = create_token(cast.ann, name="Sheet", scope="write", now=now())
    view = SavedView.objects.create(person=cast.ann.person, page="board", name="Mine", query={})
    return Things(deal, acme, invitation, token, view, cast)


@pytest.fixture
def routes(things: Things) -> list[Route]:
    return list(found_routes(things))


def found_routes(things: Things) -> Iterator[Route]:
    """Every route of the resolver, with real things in its places."""
    for pattern, prefix in walk(get_resolver().url_patterns, ""):
        name = pattern.name or ""
        if isinstance(pattern.pattern, RegexPattern):
            # A route of a new kind must be written out above; a KeyError here says which.
            yield Route(name, f"/{WRITTEN_OUT[name]}", (), pattern.callback)
            continue
        route = prefix + str(pattern.pattern)
        places = tuple(re.findall(r"<(?:\w+:)?(\w+)>", route))
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: things.at(found[1]), route)
        yield Route(name, f"/{path}", places, pattern.callback)


def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[URLPattern, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield pattern, prefix


def ask(client: Client, method: str, path: str) -> Any:
    """The answer to a request with nothing in it."""
    call: Callable[..., Any] = getattr(client, method.lower())
    if path.startswith("/" + API) and method in UNSAFE:
        return call(path, "{}", content_type="application/json")
    return call(path)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back, so that each request meets the same state."""
    stood = Ledger.objects.values_list("last_seq", "directory").first()
    with transaction.atomic():
        yield
        moved = stood != Ledger.objects.values_list("last_seq", "directory").first()
        transaction.set_rollback(True)
    if moved:
        # The numbers of changes that were taken back will be given again to others.
        tables.forget()
        as_of._present.clear()
        as_of._past.clear()


def fingerprint() -> str:
    """A digest of every row of every table."""
    return hash_of(model for model in apps.get_models() if model.__name__ not in FORGETFUL)
