"""What a verb answers when it does not do what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stageproof.engine.problem import Problem


@dataclass
class Conflict(Exception):
    """Someone else changed it in the meantime; `changed` says what, who and when."""

    key: str
    expected_version: int
    version: int
    changed: list[dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.key} is at version {self.version}, not {self.expected_version}."

    @property
    def problem(self) -> Problem:
        """The conflict in a sentence, with what to do."""
        last = self.changed[-1] if self.changed else {}
        who = f" {last['actor']} changed {', '.join(last['fields']) or 'it'}." if last else ""
        return Problem(
            "changed_meanwhile",
            f"This was changed since you opened it.{who}",
            "Look at the present state and repeat your change if it still holds.",
            value=str(self.version),
        )


class NotFound(Exception):
    """There is no such thing, or not for this person: the two must look the same."""

    def __init__(self, what: str, key: str) -> None:
        self.what = what
        self.problem = Problem(
            "not_found", f"There is no {what} '{key}'.", "Check its identifier.", value=key
        )
        super().__init__(str(self.problem))
