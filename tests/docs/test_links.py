"""Every link in the pages leads to something, and every page is led to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from docs.examples import DOCS

ROOT = DOCS.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_FENCES = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:src|tests|docs|bench|requirements)/[\w./-]+)`")
_SECTION = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
_SHOUTED = re.compile(r"(?<!/0)!(?=\s|$)", re.MULTILINE)


def prose(path: Path) -> str:
    return _FENCES.sub("", path.read_text(encoding="utf-8"))


def sections(path: Path) -> set[str]:
    """The anchors of a page, as they are made of its headings."""
    plain = (re.sub(r"[^\w\- ]", "", each.lower()) for each in _SECTION.findall(prose(path)))
    return {each.strip().replace(" ", "-") for each in plain}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(path)):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in sections(there)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_paths_that_are_named_exist(path: Path) -> None:
    assert [name for name in _PATH.findall(prose(path)) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_sentence_is_shouted(path: Path) -> None:
    assert _SHOUTED.findall(prose(path)) == []


def test_every_page_is_led_to() -> None:
    led_to = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in PAGES
        for link in _LINK.findall(prose(path))
        if not link.startswith(("https://", "#"))
    }
    assert [named(path) for path in DOCS.rglob("*.md") if path.resolve() not in led_to] == []


def test_pictures_are_shown_and_small() -> None:
    shown = "".join(prose(path) for path in PAGES)
    for picture in (DOCS / "pictures").glob("*.png"):
        assert picture.name in shown, f"no page shows {picture.name}"
        assert picture.stat().st_size < 400_000


def test_the_commands_of_the_readme_are_targets() -> None:
    wanted = set(re.findall(r"\bmake (\w+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    made = subprocess.run(["make", "-pn"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert wanted >= {"demo", "test"}
    assert {name for name in wanted if f"\n{name}:" not in made} == set()
