"""Sessions: how all of a person's are ended at once."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from stageproof.records.models import Person
from stageproof.records.sealed_sessions import SessionStore


def end_sessions(person: Person) -> int:
    """How many sessions of the person were ended."""
    # A session names its person only inside what it carries; this is done rarely, and there are few.
    theirs = [
        session.pk
        for session in Session.objects.iterator()
        if SessionStore().decode(session.session_data).get(SESSION_KEY) == str(person.pk)
    ]
    ended, _ = Session.objects.filter(pk__in=theirs).delete()
    return ended
