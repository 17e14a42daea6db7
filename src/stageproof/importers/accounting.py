"""The account of an import: every row of every file, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stageproof.engine.book import Book
from stageproof.engine.problem import Problem


@dataclass(frozen=True)
class Rejected:
    """A row that was not taken: its cells as they were written, under the headers of its file, and why."""

    source: str
    columns: tuple[str, ...]
    row: int
    cells: tuple[str, ...]
    problem: Problem


@dataclass(frozen=True)
class FileAccount:
    """The rows of one file: `read` = `taken` + `rejected`.

    `with_problem` of the taken had something left out or doubtful; `duplicates` of the rejected were there already.
    `blank` rows hold nothing and are not read. Of a file that is `unused` no row was read into the book.
    """

    source: str
    taken_for: str
    read: int
    taken: int
    with_problem: int
    rejected: int
    duplicates: int
    blank: int
    unused: bool = False

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Accounting:
    """The accounts of all files; the totals leave out files that are not used."""

    files: tuple[FileAccount, ...]

    def _total(self, name: str) -> int:
        return sum(getattr(file, name) for file in self.files if not file.unused)

    @property
    def read(self) -> int:
        return self._total("read")

    @property
    def taken(self) -> int:
        return self._total("taken")

    @property
    def with_problem(self) -> int:
        return self._total("with_problem")

    @property
    def rejected(self) -> int:
        return self._total("rejected")

    @property
    def duplicates(self) -> int:
        return self._total("duplicates")

    @property
    def blank(self) -> int:
        return self._total("blank")

    @property
    def balanced(self) -> bool:
        """Whether every row read was either taken or rejected."""
        return all(file.unused or file.read == file.taken + file.rejected for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Totals and files, as they go into JSON."""
        names = ("read", "taken", "with_problem", "rejected", "duplicates", "blank")
        return {name: self._total(name) for name in names} | {
            "files": [file.as_dict() for file in self.files]
        }


@dataclass(frozen=True)
class TakenFor:
    """What one file was taken for, and the header of each field; `custom` are kept under their own headers."""

    source: str
    system: str
    table: str
    says: str
    columns: dict[str, str]
    custom: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Imported:
    """The book that files make, and the account of how."""

    book: Book
    accounting: Accounting
    problems: tuple[Problem, ...]
    rejected: tuple[Rejected, ...]
    shapes: tuple[TakenFor, ...]
    sources: tuple[str, ...]
    gaps: tuple[str, ...]
    stage_order: tuple[str, ...] = ()
    """The open stages early to late, where the mapping or a table of stages tells; else empty."""
