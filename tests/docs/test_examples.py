"""The examples in the pages print what the pages say."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from docs.examples import DOCS, as_now, pages

PAGES = pages()


def named(path: Path) -> str:
    return path.relative_to(DOCS.parent).as_posix().removeprefix("docs/")


def test_the_tutorial_and_every_how_to_of_an_export_have_examples() -> None:
    names = {named(path) for path in PAGES}
    systems = ("audit-salesforce", "audit-hubspot", "audit-pipedrive", "audit-a-spreadsheet")
    wanted = {"tutorial/your-export-in-ten-minutes.md", *(f"how-to/{each}.md" for each in systems)}
    assert wanted <= names


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_a_page_prints_what_it_says(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    now = as_now(path)
    changed = difflib.unified_diff(written.splitlines(), now.splitlines(), "written", "now", lineterm="")
    assert now == written, "Run docs/examples.py and look at what changed:\n" + "\n".join(changed)


def test_a_block_that_prints_something_else_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- python -->\n```python\nprint(1 + 1)\n```\n\n<!-- prints -->\n```text\n3\n```\n",
        encoding="utf-8",
    )
    assert as_now(page).endswith("```text\n2\n```\n")
