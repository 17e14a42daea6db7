"""Every command line that a page shows uses commands and options that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.docs.test_links import PAGES, ROOT, named

_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(stageproof [^`\n]+)`")
_OPTION = re.compile(r"`(-[^`]+)`")


def options() -> dict[str, set[str]]:
    """The options of each command, from the reference, which a test holds to the source."""
    text = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        found[name] = {option for group in _OPTION.findall(body) for option in group.split(", ")}
    return found


def shown(path: Path) -> list[str]:
    """The command lines of a page."""
    text = path.read_text(encoding="utf-8")
    lines = [line.removeprefix("$ ") for block in _BLOCK.findall(text) for line in block.splitlines()]
    lines += _INLINE.findall(text)
    stripped = (line.removeprefix(".venv/bin/").split("  #")[0] for line in lines)
    return [line for line in stripped if line.startswith("stageproof ")]


def wrong(line: str, known: dict[str, set[str]]) -> list[str]:
    """What is not known of a command line."""
    words = shlex.split(line)[1:]
    first = words[0]
    if first.startswith("-") or first.isupper():
        return []
    if first not in known:
        return [first]
    given = {word for word in words if word.startswith("-")}
    return sorted(given - known[first] - {"--help"})


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_command_lines_are_possible(path: Path) -> None:
    known = options()
    assert {line: found for line in shown(path) if (found := wrong(line, known))} == {}


def test_many_command_lines_are_looked_at() -> None:
    assert sum(len(shown(path)) for path in PAGES) > 30


def test_an_option_that_does_not_exist_is_noticed() -> None:
    known = options()
    assert wrong("stageproof audit deals.csv --colour red --target 5", known) == ["--colour"]
    assert wrong("stageproof paint deals.csv", known) == ["paint"]
