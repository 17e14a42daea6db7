"""Who the caller is, and the caller's own tokens.

Tokens are made in the settings, where they are shown once: an answer to a key is kept, and a token must not be.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel

from stageproof.actions.tokens import revoke_token
from stageproof.api.auth import actor
from stageproof.api.paging import USUAL, by_id
from stageproof.api.people import PersonShown, person_shown
from stageproof.api.shapes import Id, Limit, Page, answers
from stageproof.records.models import Organisation, Token
from stageproof.web.policy import EVERYONE, policy

router = Router(tags=["Me"])


class Me(PersonShown):
    """Who calls, what the token may do, and where: zone and currency of the organisation."""

    scope: str
    organisation: str
    zone: str
    currency: str


class TokenShown(BaseModel):
    """A token, without the secret."""

    id: int
    name: str
    prefix: str
    scope: str
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    used_at: dt.datetime | None


@router.get("/me", response=answers(Me))
@policy(*EVERYONE)
def me(request: HttpRequest) -> Any:
    """Who calls."""
    caller, here = actor(request), Organisation.objects.get()
    assert caller.person is not None
    more = {"scope": caller.scope, "organisation": here.name, "zone": here.zone, "currency": here.currency}
    return {**person_shown(caller.person), **more}


@router.get("/me/tokens", response=answers(Page[TokenShown]))
@policy(*EVERYONE)
def tokens(request: HttpRequest, cursor: str | None = None, limit: Limit = USUAL) -> Any:
    """The caller's tokens, without their secrets."""
    return by_id(Token.objects.filter(person=actor(request).person), cursor, limit, token_shown)


@router.post("/me/tokens/{token_id}/revoke", response=answers(TokenShown))
@policy(*EVERYONE)
def token_revoke(request: HttpRequest, token_id: Id) -> Any:
    """The token, of no more use."""
    return token_shown(revoke_token(actor(request), token_id, now=timezone.now()))


def token_shown(row: Token) -> dict[str, Any]:
    """A token as a body has it."""
    names = ("name", "prefix", "scope", "created_at", "expires_at", "revoked_at", "used_at")
    return {"id": row.pk, **{name: getattr(row, name) for name in names}}
