"""A pipeline owner is one person."""

from __future__ import annotations

import pytest

from stageproof.engine.owner import why_not_a_person


@pytest.mark.parametrize(
    "owner",
    [
        "Ada Okafor",
        "Okafor, Ada",
        "ada@example.com",
        "owner@example.com",
        "ada.okafor+pipeline@sales.example.com",
        "Sam All",
        "Jean-Luc de la Team",
        "李娜",
        "María José",
        "Anderson Andrews",
    ],
)
def test_one_person_may_own_a_pipeline(owner: str) -> None:
    assert why_not_a_person(owner) is None


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        ("everyone", "is nobody in particular"),
        ("EVERYBODY", "is nobody in particular"),
        ("all", "is nobody in particular"),
        ("The team", "is nobody in particular"),
        ("Sales", "is nobody in particular"),
        ("sales-ops", "is nobody in particular"),
        ("Head of Sales", "is nobody in particular"),
        ("RevOps", "is nobody in particular"),
        ("TBD", "is nobody in particular"),
        ("pipeline owner", "is nobody in particular"),
        ("admin", "is nobody in particular"),
        ("-", "is no name"),
        ("42", "is no name"),
        ("team@example.com", "is a shared mailbox"),
        ("sales.team@example.com", "is a shared mailbox"),
        ("everyone@example.com", "is a shared mailbox"),
        ("@example.com", "is not an e-mail address"),
        ("ada@localhost", "is not an e-mail address"),
        ("Ada @ example.com", "is not an e-mail address"),
        ("Ada and Ben", "names several"),
        ("Ada & Ben", "names several"),
        ("Ada / Ben", "names several"),
        ("a@example.com, b@example.com", "names several"),
        ("Ada Okafor, Ben Wu", "names several"),
        ("Ada, Ben, Chen", "names several"),
    ],
)
def test_a_crowd_may_not(owner: str, reason: str) -> None:
    assert why_not_a_person(owner) == reason
