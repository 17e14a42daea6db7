"""What `--json` writes is what docs/reference/audit.schema.json says, whatever the files hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from docs.make_reference import REFERENCE
from docs.problem_examples import FILES

from stageproof.audit.audit import audit
from stageproof.audit.document import document
from stageproof.cli.audit import audit_of
from stageproof.cli.loading import load
from stageproof.engine.problem import Refused
from tests.simulated import company

SCHEMA = json.loads((REFERENCE / "audit.schema.json").read_text(encoding="utf-8"))
CHECKED = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def complaints(found: Any) -> list[str]:
    """What is wrong with a document, after a trip through JSON."""
    plain = json.loads(json.dumps(found, allow_nan=False))
    return [f"{error.json_path}: {error.message[:200]}" for error in CHECKED.iter_errors(plain)]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any] | None]:
    """The document of files, or nothing where they are refused."""
    monkeypatch.chdir(tmp_path)

    def write(files: dict[str, bytes], **asked: Any) -> dict[str, Any] | None:
        for name, content in files.items():
            Path(name).write_bytes(content)
        try:
            return document(audit_of(load([Path(name) for name in files]), **asked))
        except Refused:
            return None

    return write


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_hostile_files_are_refused_or_fit(
    written: Callable[..., dict[str, Any] | None],
) -> None:
    taken = 0
    for number, files in enumerate(FILES):
        found = written(files)
        taken += found is not None
        assert found is None or complaints(found) == [], f"the files of example {number}"
    assert taken > len(FILES) / 2


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"period": "2025-Q4"},
        {"target": "150000"},
        {"as_of": "1999-12-31"},
        {"period": "FY2031", "target": "1"},
    ],
    ids=str,
)
def test_periods_and_days_fit(asked: dict[str, str], written: Callable[..., dict[str, Any] | None]) -> None:
    found = written(FILES[0], **asked)
    assert found is not None
    assert complaints(found) == []


@pytest.mark.parametrize(("day", "period"), [("2024-09-23", "2024-Q3"), ("2025-09-22", None)])
def test_the_demo_company_fits(day: str, period: str | None) -> None:
    book = company().book()
    chosen = book.calendar.period(period) if period else None
    rules = book.as_of(day).definitions[0]
    rows = dict.fromkeys(("read", "taken", "with_problem", "rejected", "duplicates", "blank"), 0)
    found = document(audit(book, as_of=day, definition=rules, period=chosen, rows={**rows, "files": []}))
    assert complaints(found) == []
    assert len(found["findings"][0]["codes"]) >= 3
    assert (found["period"] is None) == (period is None)


def test_a_key_that_nobody_described_is_noticed(
    written: Callable[..., dict[str, Any] | None],
) -> None:
    found = written(FILES[0])
    assert found is not None
    for place in (found, found["figures"], found["by_owner"][0], found["findings"][0], found["rows"]):
        place["surprise"] = 1
        assert len(complaints(found)) == 1
        del place["surprise"]


@pytest.mark.parametrize("amount", [12.5, "12,50", "", None])
def test_money_is_a_text_of_digits(amount: Any, written: Callable[..., dict[str, Any] | None]) -> None:
    found = written(FILES[0])
    assert found is not None
    found["figures"]["open"]["amount"]["amount"] = amount
    assert len(complaints(found)) == 1
