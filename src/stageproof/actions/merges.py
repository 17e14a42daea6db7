"""Merges as they are kept: which became part of which, and by which changes."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.conflict import NotFound
from stageproof.records.ledger import Writing
from stageproof.records.models import Merge


def note_merge(
    session: Writing,
    word: str,
    *,
    winner: str | int,
    loser: str | int,
    names: tuple[str, str],
    after: int,
    now: dt.datetime,
) -> Merge:
    """Keeps that the changes of a transaction after this number were a merge; `names` are the winner's and loser's."""
    return Merge.objects.create(
        word=word,
        winner=str(winner),
        loser=str(loser),
        winner_name=names[0],
        loser_name=names[1],
        first_seq=after + 1,
        last_seq=session.ledger.last_seq,
        actor=session.actor,
        merged_at=now,
    )


def last_merge(word: str, winner: str | int) -> Merge:
    """The last merge into this one; NotFound where there is none."""
    found = Merge.objects.filter(word=word, winner=str(winner)).order_by("-last_seq").first()
    if found is None:
        raise NotFound("merge", str(winner))
    return found


def merges_into(word: str, winner: str | int) -> dict[int, Merge]:
    """The merges into this one that were not undone, by the number of each of their changes' last."""
    rows = Merge.objects.filter(word=word, winner=str(winner), undone_at__isnull=True)
    return {each.last_seq: each for each in rows}
