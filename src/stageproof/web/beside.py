"""Problems beside the fields that they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from stageproof.engine.problem import Problem


class Beside(dict[str, list[Problem]]):
    """Problems by field; `others` are those of no field that the form shows."""

    def __init__(self, problems: Iterable[Problem], fields: Collection[str]) -> None:
        super().__init__()
        self.others: list[Problem] = []
        for problem in problems:
            if problem.column in fields:
                self.setdefault(problem.column, []).append(problem)
            else:
                self.others.append(problem)

    @property
    def status(self) -> int:
        """The answer's status: 422 where anything is wrong."""
        return 422 if self or self.others else 200
