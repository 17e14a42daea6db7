"""Sharing a frozen reading: a link that shows one of the four to whoever has it, for a while."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import transaction

from stageproof.actions.actor import Actor
from stageproof.actions.changes import note_change
from stageproof.actions.conflict import NotFound
from stageproof.actions.freeze_reading import frozen_reading
from stageproof.actions.permission import demand, forbid
from stageproof.actions.tokens import digest
from stageproof.actions.wrong import one_of, wrong
from stageproof.engine.problem import Refused
from stageproof.engine.readings import READERS
from stageproof.records.models import SharedLink

SHARES = ("pipeline owner", "finance", "executive", "admin")
SHOWN = (*READERS, "reconciliation")
"""What a link may show."""

USUAL = dt.timedelta(days=14)
LONGEST = dt.timedelta(days=90)
_OPENED_EVERY = dt.timedelta(minutes=1)


def share_reading(
    actor: Actor, frozen: int, *, reader: str, now: dt.datetime, expires_at: dt.datetime | None = None
) -> tuple[SharedLink, str]:
    """A link to one reading of a frozen one, and the secret in its address, which nobody can show again."""
    demand(actor, SHARES, "share readings")
    if actor.person is None:
        raise forbid("share readings without a person who answers for it")
    row = frozen_reading(actor, frozen)
    expires_at = expires_at or now + USUAL
    problems = one_of("reader", reader, SHOWN, "reading")
    if not now < expires_at <= now + LONGEST:
        says = f"A link must expire, within {LONGEST.days} days."
        problems.append(wrong("expires_at", expires_at, says, "Choose a day ahead."))
    if problems:
        raise Refused(problems)
    text = secrets.token_urlsafe(32)
    with transaction.atomic():
        link = SharedLink.objects.create(
            frozen=row,
            reader=reader,
            digest=digest(text),
            created_by=actor.person,
            created_at=now,
            expires_at=expires_at,
        )
        fields = {"reader": (None, reader), "expires_at": (None, expires_at)}
        note_change(actor, what="shared link", which=f"{row.name}: link {link.pk}", fields=fields, now=now)
    return link, text


def revoke_share(actor: Actor, link: int, *, now: dt.datetime) -> SharedLink:
    """The link, of no more use. Who may share may revoke anyone's."""
    demand(actor, SHARES, "revoke shared links")
    row = SharedLink.objects.select_related("frozen").filter(pk=link).first()
    if row is None:
        raise NotFound("shared link", str(link))
    if row.revoked_at is None:
        row.revoked_at = now
        with transaction.atomic():
            row.save(update_fields=["revoked_at"])
            which = f"{row.frozen.name}: link {row.pk}"
            note_change(actor, what="shared link", which=which, fields={"revoked": (False, True)}, now=now)
    return row


def open_shared(text: str, *, now: dt.datetime) -> SharedLink | None:
    """The link with this secret; None where there is none, or it is good no longer: nobody can tell which.

    With whoever made it shut out, what they gave out is closed too.
    """
    row = SharedLink.objects.select_related("frozen", "created_by").filter(digest=digest(text)).first()
    if row is None or row.revoked_at is not None or row.expires_at <= now or not row.created_by.is_active:
        return None
    # Written once a minute, so that whoever reloads does not write each time.
    if row.opened_at is None or row.opened_at + _OPENED_EVERY <= now:
        SharedLink.objects.filter(pk=row.pk).update(opened_at=now)
    return row


def links_of(frozen: int) -> list[SharedLink]:
    """The links to a frozen reading, the latest first."""
    return list(
        SharedLink.objects.filter(frozen=frozen).select_related("created_by").order_by("-created_at", "-pk")
    )
