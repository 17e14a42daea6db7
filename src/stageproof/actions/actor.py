"""Who acts, and through which door."""

from __future__ import annotations

from dataclasses import dataclass

from stageproof.records.models import Person


@dataclass(frozen=True)
class Actor:
    """A person, or the system itself (`person` is null), at a door; `scope` limits what a token may do."""

    person: Person | None
    door: str
    scope: str = "admin"

    @property
    def name(self) -> str:
        return self.person.email if self.person is not None else "system"

    @property
    def role(self) -> str:
        return self.person.role if self.person is not None else "admin"

    @property
    def may_write(self) -> bool:
        return self.scope != "read"


def system(door: str) -> Actor:
    """The deployment itself: its owner at the command line, an automation."""
    return Actor(None, door)
