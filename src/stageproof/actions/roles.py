"""The end of a role in a buying committee, where two people of one name may hold the same."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.history import succeed
from stageproof.records.ledger import Writing
from stageproof.records.models import RoleVersion


def end_role(session: Writing, current: RoleVersion, *, at: dt.datetime) -> RoleVersion:
    """The end of a role.

    Whoever of the same name holds it too is written again: to the engine they are one, and the end of the one would
    hide the other.
    """
    held = RoleVersion.objects.filter(deal=current.deal_id, role=current.role, valid_to__isnull=True)
    # It may have been written again since it was looked up: when a namesake's ended.
    ended = succeed(session, held.get(contact=current.contact_id), at=at, removed=True)
    namesakes = held.filter(contact__name=current.contact.name, removed=False)
    for each in namesakes.exclude(contact=current.contact_id).order_by("seq"):
        succeed(session, each, at=ended.valid_from)
    return ended
