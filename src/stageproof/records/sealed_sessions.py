"""Sessions as they are kept: what they hold is sealed, and their keys are hashes of those that browsers send.

Whoever reads the database, or a file of it, can neither take over a session nor see what passed through one.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as OpenStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from stageproof.records.sealed import Unreadable, seal, unseal


class SessionStore(OpenStore):
    """What Django calls for the session of a request."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return seal(self.serializer().dumps(session_dict).decode("latin-1"))

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """What the session holds; nothing where its key is gone, so that the person signs in again."""
        sealed = session_data if isinstance(session_data, str) else session_data.decode("latin-1")
        try:
            found: dict[str, Any] = self.serializer().loads(unseal(sealed).encode("latin-1"))
        except (Unreadable, ValueError):
            return {}
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(kept_as(session_key))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(kept_as(key))

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = kept_as(row.session_key)
        return row

    def _get_session_from_db(self) -> Session | None:
        key = kept_as(self.session_key or "")
        row = Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row


def kept_as(key: str) -> str:
    """Under which key a session is kept."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]
