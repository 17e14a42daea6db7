"""Frameworks: what shows each letter, and nothing else does."""

from __future__ import annotations

import pytest

from stageproof.engine.definition import FRAMEWORKS as NAMES
from stageproof.engine.frameworks import FRAMEWORKS, score
from stageproof.engine.proof import ROLES


def shown(name: str, *, evidence: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> list[str]:
    return [element.name for element, found in score(name, evidence=evidence, roles=roles) if found]


def test_every_framework_that_a_definition_may_name_has_its_letters() -> None:
    assert tuple(FRAMEWORKS) == NAMES
    assert ["".join(element.name[0] for element in elements) for elements in FRAMEWORKS.values()] == [
        "BANT",
        "CAMP",
        "MEDDPC",
    ]


@pytest.mark.parametrize(
    ("evidence", "roles", "bant", "meddic"),
    [
        ((), (), [], []),
        (("pain",), (), ["Need"], ["Pain"]),
        (("budget", "metrics"), (), ["Budget"], ["Metrics"]),
        ((), ("economic_buyer",), ["Authority"], ["Economic buyer"]),
        ((), ("decision_maker",), ["Authority"], []),
        ((), ("champion", "blocker"), [], ["Champion"]),
        (("timeline", "decision_process"), (), ["Timing"], ["Decision process"]),
        (("waiver",), ("coach",), [], []),
    ],
)
def test_each_letter_is_shown_by_its_own(
    evidence: tuple[str, ...], roles: tuple[str, ...], bant: list[str], meddic: list[str]
) -> None:
    assert shown("BANT", evidence=evidence, roles=roles) == bant
    assert shown("MEDDIC", evidence=evidence, roles=roles) == meddic


def test_every_role_asked_for_is_a_role_of_the_engine() -> None:
    asked = {role for elements in FRAMEWORKS.values() for element in elements for role in element.roles}
    assert asked <= set(ROLES)
