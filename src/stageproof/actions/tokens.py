"""Personal API tokens: shown once, kept as a hash, limited in scope and time."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import forbid
from stageproof.actions.wrong import missing, one_of, text_problems, wrong
from stageproof.engine.problem import Refused
from stageproof.records.models import Person, Token
from stageproof.records.models.access import SCOPES

LONGEST = dt.timedelta(days=365)
PREFIX = "stp_"
_SHOWN = 8
_USED_EVERY = dt.timedelta(minutes=1)


def create_token(
    actor: Actor, *, name: str, scope: str, now: dt.datetime, expires_at: dt.datetime | None = None
) -> tuple[Token, str]:
    """A token of the actor's own, and its text, which nobody can show again."""
    person = _own(actor, "create tokens")
    expires_at = expires_at or now + dt.timedelta(days=90)
    problems = [*text_problems(Token, {"name": name}), *one_of("scope", scope, SCOPES, "scope")]
    if not name.strip():
        problems.append(missing("name", "A token needs a name.", "Say what will use it."))
    if not now < expires_at <= now + LONGEST:
        says = "A token must expire, within a year."
        problems.append(wrong("expires_at", expires_at, says, "Choose a day ahead."))
    if scope == "admin" and actor.role != "admin":
        says = "Only an admin's token can have the scope 'admin'."
        problems.append(wrong("scope", scope, says, "Choose 'read' or 'write'."))
    elif scope in SCOPES and SCOPES.index(scope) > SCOPES.index(actor.scope):
        says = f"A token of the scope '{actor.scope}' cannot make one that may do more."
        problems.append(wrong("scope", scope, says, f"Choose '{actor.scope}', or sign in to the pages."))
    if problems:
        raise Refused(problems)
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = Token.objects.create(
            person=person,
            name=name.strip(),
            prefix=text[: len(PREFIX) + _SHOWN],
            digest=digest(text),
            scope=scope,
            created_at=now,
            expires_at=expires_at,
        )
        fields = {"scope": (None, scope), "expires_at": (None, expires_at)}
        note_change(actor, what="token", which=f"{person.email}: {token.name}", fields=fields, now=now)
    return token, text


def revoke_token(actor: Actor, token: int, *, now: dt.datetime) -> Token:
    """The token, of no more use; an admin may revoke anyone's."""
    person = _own(actor, "revoke tokens")
    rows = Token.objects.all() if actor.role == "admin" else Token.objects.filter(person=person)
    row = rows.filter(pk=token).first()
    if row is None:
        raise NotFound("token", str(token))
    if row.revoked_at is None:
        row.revoked_at = now
        with transaction.atomic():
            row.save(update_fields=["revoked_at"])
            which = f"{row.person.email}: {row.name}"
            note_change(actor, what="token", which=which, fields={"revoked": (False, True)}, now=now)
    return row


def actor_of(text: str, *, now: dt.datetime, door: str = "api") -> Actor | None:
    """Who calls with this token; None unless it is known, in force, and its person active."""
    row = Token.objects.select_related("person", "person__team").filter(digest=digest(text)).first()
    if row is None or row.revoked_at is not None or row.expires_at <= now or not row.person.is_active:
        return None
    # Written once a minute, so that a busy client does not write with every read.
    if row.used_at is None or row.used_at + _USED_EVERY <= now:
        Token.objects.filter(pk=row.pk).update(used_at=now)
    return Actor(row.person, door, row.scope)


def digest(text: str) -> str:
    """What is kept of a token or an invitation."""
    return hashlib.sha256(text.encode()).hexdigest()


def _own(actor: Actor, what: str) -> Person:
    if actor.person is None or not actor.may_write:
        raise forbid(what)
    return actor.person
