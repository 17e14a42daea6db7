"""What bridge and check write as JSON is what their schemas say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from docs.make_reference import REFERENCE
from docs.problem_examples import DOUBTFUL

from stageproof.cli import main
from stageproof.engine.measures.bridge_lines import LINES, QUALIFIED_LINES, led_up
from stageproof.engine.templates import NAMES

DEALS = """\
Id,Name,Stage,Amount,Close date,Created,Owner
1,Harbour lighting,Proposal,21000.55,2025-12-19,2025-06-03,Ada Okafor
2,Depot fit-out,Closed Won,64500,2025-08-15,2025-06-11,Ada Okafor
3,Night buses,Discovery,,2025-12-01,2025-09-11,Ben Wu
"""
CHANGES = """\
Deal ID,Field,Old value,New value,Changed at,Changed by
1,Amount,18000,21000.55,2025-09-02,Ada Okafor
1,Close date,2025-09-30,2025-12-19,2025-09-24,Ada Okafor
2,Stage,Proposal,Closed Won,2025-08-15,Ada Okafor
"""


def complaints(name: str, found: Any) -> list[str]:
    schema = json.loads((REFERENCE / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(found)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


@pytest.fixture
def written(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """What a command writes, read back, run in a folder with deals, changes and a doubtful definition."""
    folder = tmp_path_factory.mktemp("json")
    monkeypatch.chdir(folder)
    for name, text in (("deals.csv", DEALS), ("changes.csv", CHANGES), ("doubtful.toml", DOUBTFUL)):
        (folder / name).write_text(text, encoding="utf-8")

    def write(*arguments: str) -> Any:
        monkeypatch.setattr("sys.argv", ["stageproof", *arguments, "--json"])
        assert main() == 0
        return json.loads(capsys.readouterr().out)

    return write


@pytest.mark.parametrize("mode", ["endpoints", "events"])
def test_a_bridge_fits_and_adds_up(mode: str, written: Any) -> None:
    days = ("--from", "2025-07-31", "--to", "2025-09-30")
    found = written("bridge", "deals.csv", "changes.csv", *days, "--mode", mode)
    assert complaints("bridge.schema.json", found) == []
    amounts = {row["line"]: Decimal(row["amount"]["amount"]) for row in found["lines"]}
    assert list(amounts) == list(LINES)
    assert amounts["opening"] == Decimal("82500.00")
    assert amounts["increased"] == Decimal("3000.55")
    assert amounts["won"] == Decimal("-64500.00")
    assert sum(amounts.values()) - amounts["closing"] == amounts["closing"] == Decimal("21000.55")


def test_a_bridge_of_what_is_qualified_and_late_fits(written: Any) -> None:
    days = ("--from", "2025-07-31", "--to", "2025-09-30", "--start-known-at", "2025-07-31")
    found = written("bridge", "deals.csv", "changes.csv", *days, "--qualified")
    assert complaints("bridge.schema.json", found) == []
    assert [row["line"] for row in found["lines"]] == list(led_up(QUALIFIED_LINES, late=True, rules=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_check_of_a_template_fits(name: str, written: Any) -> None:
    found = written("check", name)
    assert complaints("check.schema.json", found) == []
    assert found["changes"] == []


def test_warnings_and_changes_fit(written: Any) -> None:
    found = written("check", "doubtful.toml", "--against", "smb")
    assert complaints("check.schema.json", found) == []
    assert len(found["warnings"]) > 10
    assert len(found["changes"]) > 10


def test_a_key_that_nobody_described_is_noticed(written: Any) -> None:
    found = written("check", "smb")
    assert len(complaints("check.schema.json", {**found, "surprise": 1})) == 1
