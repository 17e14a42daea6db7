"""The examples in the pages: each marked block is written to a file or run, and what it prints compared.

<!-- file: deals.csv -->     the next block is written to that file
<!-- run -->                 the next block has commands after `$ ` and what they print
<!-- run: 12 -->             the same, of whose output so many lines are shown
<!-- python -->              the next block is run
<!-- prints -->              the next block is what the last Python printed
<!-- demo: 24 -->            the next block is so many lines of the audit of the demo company before its routine

The examples of a page share a folder and the names of their Python. `python docs/examples.py` writes what the commands
print now into the pages; tests/docs compares.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

DOCS = Path(__file__).resolve().parent
DEMO_DAY, DEMO_PERIOD = "2024-09-23", "2024-Q3"
"""The last week of the demo company's first third quarter."""
SECTIONS = ("tutorial", "how-to", "explanation", "reference")
_MARKED = re.compile(
    r"^<!-- (?P<kind>file|run|python|prints|demo)(?:: (?P<what>[^>]+))? -->\n"
    r"(?P<fence>`{3,})(?P<language>\w*)\n(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_WIDTH = "80"


@dataclass
class Running:
    """What the examples of one page share."""

    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""

    def become(self, found: re.Match[str]) -> str:
        """The block with its output as it is now."""
        kind, what, body = found["kind"], found["what"], found["body"]
        if kind == "file":
            Path(what).write_text(body, encoding="utf-8")
        elif kind == "run":
            body = "".join(_ran(line, int(what) if what else None) for line in _commands(body))
        elif kind == "python":
            self.printed = _printed(lambda: exec(compile(body, "<example>", "exec"), self.names))  # noqa: S102 - our own pages
        elif kind == "prints":
            body = self.printed
        elif kind == "demo":
            body = "".join(f"{line}\n" for line in _shown_of_demo().splitlines()[: int(what)])
        head = f"<!-- {kind}: {what} -->" if what else f"<!-- {kind} -->"
        return f"{head}\n{found['fence']}{found['language']}\n{body}{found['fence']}"


def pages() -> list[Path]:
    """The pages that have examples."""
    found = [path for section in SECTIONS for path in sorted((DOCS / section).rglob("*.md"))]
    found.append(DOCS.parent / "README.md")
    return [path for path in found if _MARKED.search(path.read_text(encoding="utf-8"))]


def as_now(path: Path) -> str:
    """The page with what its examples print now."""
    running = Running()
    with _folder():
        return _MARKED.sub(running.become, path.read_text(encoding="utf-8"))


def _commands(body: str) -> list[str]:
    return [line[2:] for line in body.splitlines() if line.startswith("$ ")]


def _ran(command: str, shown: int | None) -> str:
    from stageproof.cli import main

    def run() -> None:
        with mock.patch.object(sys, "argv", shlex.split(command)):
            main()

    lines = _printed(run).splitlines()
    if shown is not None and len(lines) > shown:
        lines = [*lines[:shown], "..."]
    return "\n".join([f"$ {command}", *lines]) + "\n"


def _shown_of_demo() -> str:
    """What the terminal shows of the demo company."""
    from rich.console import Console

    from stageproof.audit.audit import audit
    from stageproof.audit.terminal import show
    from stageproof.demo.book import demo_company

    book = demo_company().book()
    rules = book.as_of(DEMO_DAY).definitions[0]
    found = audit(book, as_of=DEMO_DAY, definition=rules, period=book.calendar.period(DEMO_PERIOD))
    return _printed(lambda: show(found, Console()))


def _printed(call: Any) -> str:
    """What the call prints, on both streams, without spaces at line ends and blank lines around."""
    stream = io.StringIO()
    settings = {"COLUMNS": _WIDTH, "NO_COLOR": "1", "TERM": "dumb"}
    with (
        mock.patch.dict(os.environ, settings),
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        call()
    lines = [line.rstrip() for line in stream.getvalue().strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(before)


def main() -> int:
    for path in pages():
        path.write_text(as_now(path), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
