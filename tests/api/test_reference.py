"""The reference of the API is current, and its examples answer as they say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import Client

from stageproof.api.openapi import text
from tests.actions.conftest import Cast
from tests.api.conftest import Caller

DOCS = Path(__file__).parents[2] / "docs" / "reference"
EXAMPLE = re.compile(r"```http\n(.*?)```\s+(?:[^`]*?)```json\n(.*?)```", re.DOTALL)


def test_the_description_is_current(cast: Cast) -> None:
    remedy = "run: python -m stageproof.api.openapi > docs/reference/openapi.json"
    assert (DOCS / "openapi.json").read_text() == text(), remedy
    assert Client().get("/api/v1/openapi.json").json() == json.loads(text())


def test_every_operation_is_described_once_with_its_refusals() -> None:
    paths = json.loads(text())["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) > 60
    for operation in operations:
        assert operation["description"]
        assert {"401", "403", "404", "409", "422", "429"} <= set(operation["responses"])
        assert operation["security"] == [{"Token": []}]


def test_lists_are_bounded() -> None:
    for path, methods in json.loads(text())["paths"].items():
        shape = methods.get("get", {}).get("responses", {}).get("200", {})
        if "Page" in json.dumps(shape):
            limits = [each["schema"] for each in methods["get"]["parameters"] if each["name"] == "limit"]
            assert [each["maximum"] for each in limits] == [1000], path


def test_examples_answer_as_they_say(cast: Cast, api: Callable[..., Caller]) -> None:
    caller = api("ann")
    examples = EXAMPLE.findall((DOCS / "api.md").read_text())
    assert len(examples) >= 7
    for asked, said in examples:
        head, _, body = asked.partition("\n\n")
        (first, *lines) = head.strip().splitlines()
        method, path = first.split()
        headers = dict(line.split(": ", 1) for line in lines if not line.startswith("Authorization"))
        answer = caller.send(method, path.removeprefix("/api/v1"), body.strip() or None, **headers)
        holds(answer.body, json.loads(said), first)


def holds(found: Any, said: Any, place: str) -> None:
    """Fails unless all that is said is in what was found."""
    if isinstance(said, dict):
        assert isinstance(found, dict), place
        for name, value in said.items():
            assert name in found, f"{place}.{name}"
            holds(found[name], value, f"{place}.{name}")
    elif isinstance(said, list):
        assert len(found) >= len(said), place
        for number, value in enumerate(said):
            holds(found[number], value, f"{place}[{number}]")
    else:
        assert found == said, place
