"""The reference says what the product does: every command, measure, finding, problem, table and key."""

from __future__ import annotations

import ast
import dataclasses
import re

import pytest
from docs.make_reference import PACKAGES, REFERENCE, TOGETHER, pages
from docs.problem_codes import SOURCE, told_in
from docs.problem_examples import examples

from stageproof.cli.commands import COMMANDS
from stageproof.engine.definition import FRAMEWORKS
from stageproof.engine.hygiene.finding import KINDS
from stageproof.engine.hygiene_rules import HygieneRules
from stageproof.engine.measures import MEASURES
from stageproof.engine.proof_toml import KINDS as PROOFS
from stageproof.engine.tables import TABLES
from stageproof.engine.templates import NAMES
from stageproof.importers import mapping


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return {path.relative_to(REFERENCE).as_posix(): text for path, text in pages().items()}


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_the_pages_are_as_they_would_be_made_now(made: dict[str, str]) -> None:
    old = [name for name, text in made.items() if page(name) != text]
    assert old == [], "Run docs/make_reference.py."


def test_every_command_stands_there() -> None:
    headings = re.findall(r"^## (.+)$", page("commands.md"), re.MULTILINE)
    assert headings == [command.name for command in COMMANDS]
    assert "| `--target` | The target of the period, as 2500000. |" in page("commands.md")


def test_every_measure_has_its_page() -> None:
    index = page("measures/README.md")
    for each in MEASURES.values():
        text = page(each.page)
        assert each.says in text
        assert each.formula in text
        assert f"]({each.page.removeprefix('measures/')})" in index


def test_no_page_is_of_a_measure_that_is_gone() -> None:
    there = {path.name for path in (REFERENCE / "measures").glob("*.md")}
    assert there == {"README.md", *(each.page.removeprefix("measures/") for each in MEASURES.values())}


def test_every_kind_of_finding_stands_there() -> None:
    text = page("findings.md")
    missing = [
        code for code, kind in KINDS.items() if f"| `{code}` | {kind.says} | {kind.remedy} |" not in text
    ]
    assert missing == []


def test_every_problem_written_in_the_source_stands_there() -> None:
    headings = set(re.findall(r"^## (\w+)$", page("problems.md"), re.MULTILINE))
    told = {each.code for package in PACKAGES for each in told_in(package)}
    assert headings == told | set(TOGETHER)


def test_no_first_argument_of_a_problem_is_overlooked() -> None:
    """Counted apart from how the pages find them: the plainest way to write a problem."""
    told = {each.code for package in PACKAGES for each in told_in(package)}
    written = set()
    for package in PACKAGES:
        for path in (SOURCE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "Problem"
                ):
                    first = node.args[0]
                    if isinstance(first, ast.Constant):
                        written.add(first.value)
    assert len(written) > 40
    assert written - told == set()


def test_what_an_input_brings_about_has_a_heading_and_its_message() -> None:
    text = page("problems.md")
    shown = examples()
    assert len(shown) > 80
    assert [code for code in shown if f"\n## {code}\n" not in text] == []
    assert "> deals.csv, row 3, column Close date: This is not a date." in text


def test_every_table_and_column_stands_there() -> None:
    text = page("tables.md")
    for table in TABLES.values():
        assert f"\n## {table.name}\n" in text
        assert [column.name for column in table.columns if f"| `{column.name}` |" not in text] == []


def test_the_definition_page_knows_every_key() -> None:
    text = page("definition.md")
    rules = [field.name for field in dataclasses.fields(HygieneRules)]
    assert [name for name in (*rules, *PROOFS, *NAMES, *FRAMEWORKS) if f"`{name}`" not in text] == []


def test_the_mapping_page_knows_every_table() -> None:
    text = page("mapping.md")
    assert [name for name in (*mapping.TABLES, *mapping.JOINS) if f"`{name}`" not in text] == []
