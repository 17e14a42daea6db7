"""The form of a definition holds all of it: rules of the checks, joined proofs, and what it does not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from stageproof.engine.definition import read_definition
from stageproof.engine.proof import AllOf, AnyOf, EvidenceProof, RoleProof
from stageproof.records.models import DefinitionVersion
from stageproof.web.definition_form import form_of, named, toml_of
from tests.web.conftest import Cast, Clock, text_of
from tests.web.test_definition import address, draft, posted

At = Callable[[str], Client]
JOINED = """
[pipeline]
name = "Core"
owner = "olga@northwind.example"

[rules]
pushes_allowed = 3
one_contact_amount = 75000.5

[ideal_customer]
fits_from = 2
traits = [{ trait = "industry", one_of = ["glass"], points = 3 }]

[[stages]]
name = "First"

[[stages.exit]]
id = "money"
says = "The money is there"
proof = { any_of = [{ evidence = "budget", from = "buyer", within_days = 90 }, { role = "economic_buyer" }] }

[[stages.exit]]
id = "calm"
says = "Nobody blocks"
proof = { not = { role = "blocker" } }

[[stages]]
name = "Last"
"""


def saved(row: DefinitionVersion) -> Any:
    row.refresh_from_db()
    return read_definition(row.toml)


def test_joined_proofs_are_fields_and_stay_what_they_are() -> None:
    form = named(form_of(JOINED))
    money, calm = form.stages[0].exit
    assert [(part.kind, part.prefix) for part in money.parts] == [
        ("evidence", "s-0-c-0-p-0-"),
        ("role", "s-0-c-0-p-1-"),
    ]
    assert (money.kind, calm.kind, [part.kind for part in calm.parts]) == ("any_of", "not", ["role"])
    assert read_definition(toml_of(form)) == read_definition(JOINED)


def test_what_the_form_does_not_show_is_kept(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now, JOINED)
    assert at("olga").post(address(row), {**posted(row), "do": "save"}).status_code == 302
    assert saved(row) == read_definition(JOINED)
    assert saved(row).ideal_customer is not None


def test_a_simple_proof_becomes_one_of_several(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now, JOINED)
    given = posted(row)
    # Joined proofs are taken apart: only the first criterion is left, as a role.
    given = {name: text for name, text in given.items() if not name.startswith(("s-0-c-0-p-", "s-0-c-1-"))}
    given |= {"s-0-c-0-kind": "role", "s-0-c-0-role": "champion", "do": "save"}
    client = at("olga")
    client.post(address(row), given)
    assert saved(row).stages[0].exit[0].proof == RoleProof("champion")
    # "All of" is chosen: what was asked for so far is the first part, and another is offered.
    given |= {
        "s-0-c-0-was": "role",
        "s-0-c-0-kind": "all_of",
        "do": "kind:0:0",
        "drafted_at": row.drafted_at.isoformat(),
    }
    page = client.post(address(row), given).content.decode()
    assert 'name="s-0-c-0-p-0-role"' in page
    assert 'name="s-0-c-0-p-1-evidence"' in page
    given |= {
        "s-0-c-0-was": "all_of", "s-0-c-0-p-0-kind": "role", "s-0-c-0-p-0-role": "champion",
        "s-0-c-0-p-1-kind": "evidence", "s-0-c-0-p-1-evidence": "pain", "s-0-c-0-p-1-from": "buyer", "do": "save",
    }  # fmt: skip
    assert client.post(address(row), given).status_code == 302
    assert saved(row).stages[0].exit[0].proof == AllOf(
        (RoleProof("champion"), EvidenceProof("pain", "buyer"))
    )


@pytest.mark.parametrize(
    ("do", "gone", "there"),
    [
        ("add-part:0:0", "p-3-", "p-2-kind"),
        ("remove-part:0:0:0", "p-1-kind", "p-0-role"),
        ("part:0:0:9", "p-2-", "p-1-"),
    ],
)
def test_proofs_are_added_and_taken_out(
    at: At, cast: Cast, now: Clock, do: str, gone: str, there: str
) -> None:
    row = draft(cast, now, JOINED)
    page = at("olga").post(address(row), {**posted(row), "do": do}).content.decode()
    assert f'name="s-0-c-0-{there}' in page
    assert f'name="s-0-c-0-{gone}' not in page


def test_a_join_of_nothing_is_refused_beside_its_criterion(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now, JOINED)
    given = {name: text for name, text in posted(row).items() if not name.startswith("s-0-c-0-p-")}
    answer = at("olga").post(address(row), {**given, "do": "save"})
    assert answer.status_code == 422
    assert saved(row).stages[0].exit[0].proof == AnyOf(
        (EvidenceProof("budget", "buyer", 90), RoleProof("economic_buyer"))
    )


def test_a_part_that_is_wrong_is_told_beside_its_criterion(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now, JOINED)
    given = posted(row) | {"s-0-c-0-p-0-within_days": "soon", "do": "save"}
    answer = at("olga").post(address(row), given)
    assert answer.status_code == 422
    assert "soon" in text_of(answer)
    assert saved(row) == read_definition(JOINED)


def test_rules_are_edited_and_blank_is_usual(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now, JOINED)
    page = at("olga").get(address(row)).content.decode()
    assert 'name="rule-pushes_allowed" value="3" placeholder="1"' in page
    assert "2 rules not usual" in text_of(at("olga").get(address(row)))
    given = posted(row) | {
        "rule-pushes_allowed": "", "rule-stage_age_factor": "2.5", "rule-required_facts": "owner, close_on", "do": "save",
    }  # fmt: skip
    assert at("olga").post(address(row), given).status_code == 302
    rules = saved(row).rules
    assert (rules.pushes_allowed, rules.stage_age_factor, rules.required_facts) == (
        1,
        2.5,
        ("owner", "close_on"),
    )
    assert str(rules.one_contact_amount) == "75000.5"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("closing_soon_days", "soon"),
        ("stage_age_factor", "-1"),
        ("one_contact_amount", "NaN"),
        ("pushes_allowed", "1.5"),
    ],
)
def test_a_rule_that_is_none_is_refused_beside_its_field(
    at: At, cast: Cast, now: Clock, name: str, text: str
) -> None:
    row = draft(cast, now, JOINED)
    answer = at("olga").post(address(row), posted(row) | {f"rule-{name}": text, "do": "save"})
    assert answer.status_code == 422
    assert f'name="rule-{name}" value="{text}"' in answer.content.decode()
    assert answer.content.decode().count('aria-invalid="true"') == 1
    assert saved(row) == read_definition(JOINED)
