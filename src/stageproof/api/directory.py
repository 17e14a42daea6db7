"""What bodies of accounts and contacts have in common."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stageproof.api.shapes import Given
from stageproof.records.models import AccountVersion, ContactVersion


class DirectoryChanged(BaseModel):
    """What was taken out, and the number of the change."""

    name: str
    note: str
    removed: bool
    recorded_at: dt.datetime
    actor: str
    seq: int


class DirectoryFacts(Given):
    """What is known of an account or a contact."""

    # What is not known here is handed on, so that the verb says why it cannot be set.
    model_config = ConfigDict(strict=True, extra="allow")

    name: str | None = Field(None, max_length=1_000)
    external_id: str | None = Field(None, max_length=1_000)

    def facts(self) -> dict[str, Any]:
        """The facts that the body gives, known or not, without what it says about the change itself."""
        own = {"even_if_similar", "expected_version"} & set(type(self).model_fields)
        given = {**super().facts(), **(self.model_extra or {})}
        return {name: value for name, value in given.items() if name not in own}


def changed_shown(row: AccountVersion | ContactVersion) -> dict[str, Any]:
    """A change of an account or a contact as a body has it."""
    return {name: getattr(row, name) for name in DirectoryChanged.model_fields}
