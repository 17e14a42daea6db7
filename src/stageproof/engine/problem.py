"""A problem: what is wrong, where, and what to do about it. A value, not an exception."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong, in a sentence, with its place and its remedy.

    `code` is stable and names the page in docs/reference/problems.md. `row` counts as people do: the header of a
    file is row 1. `count` says how often the same thing was seen where it was folded into one problem.
    """

    code: str
    says: str
    remedy: str = ""
    source: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    count: int = 1

    def as_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value not in ("", None)}

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.source,
                f"row {self.row}" if self.row is not None else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        lead = f"{place}: " if place else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{lead}{self.says}{remedy}"


class Refused(Exception):
    """Carries problems out of a place that returns something else; front doors turn it into their own answer."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
