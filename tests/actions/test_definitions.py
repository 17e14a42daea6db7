"""Definitions: drafts, their effect on the live pipeline, and what publishing refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import create_deal, move_deal
from stageproof.actions.definition_impact import impact_of_draft
from stageproof.actions.definitions import (
    compare_versions,
    discard_draft,
    draft_definition,
    edit_draft,
    publish_definition,
)
from stageproof.actions.permission import Forbidden
from stageproof.engine.templates import template_text
from stageproof.records.models import Deal, DefinitionVersion, Ledger
from stageproof.records.tables import definitions_in_force
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied, refused

NAME = "New business"
TOML = template_text("mid-market").replace("owner@example.com", "olga@northwind.example")
STRICTER = TOML.replace(
    'id = "buyer_replied"\nsays = "The buyer answered or met us"\nproof = { activity = "any", side = "buyer" }',
    'id = "buyer_replied"\nsays = "The buyer answered or met us"\n'
    'proof = { activity = "any", side = "buyer", count = 2 }',
)
RENAMED = TOML.replace('name = "Discovery"', 'name = "Diagnosis"').replace(
    'aliases = ["Engaging", "Discovery Call", "Demo Scheduled"]', ""
)


@pytest.fixture
def moved(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> Deal:
    """Ann's deal in Discovery, qualified; a second one stays in Prospecting."""
    deal = move_deal(cast.ann, ready().key, to="Discovery", now=now()).deal
    create_deal(cast.ann, now=now(), facts={"name": "Beta", "amount": 100_000})
    return deal


def test_a_draft_has_the_next_number_and_the_warnings(cast: Cast, now: Clock) -> None:
    loose = TOML.replace('{ evidence = "pain", from = "buyer", within_days = 180 }', '{ evidence = "pain" }')
    drafted = draft_definition(cast.olga, toml=loose, now=now())
    assert (drafted.row.pipeline, drafted.row.version, drafted.row.published_at) == (NAME, 2, None)
    assert {problem.code for problem in drafted.warnings} >= {"evidence_without_age", "evidence_from_anyone"}


def test_a_wrong_text_is_refused_with_all_that_is_wrong(cast: Cast, now: Clock) -> None:
    broken = TOML.replace('owner = "olga@northwind.example"', 'owner = "everyone"').replace(
        "norm_days = 14", "norm = 14"
    )
    found = refused(lambda: draft_definition(cast.olga, toml=broken, now=now()))
    assert sorted(problem.code for problem in found) == ["definition_key_unknown", "definition_owner"]
    assert codes(lambda: draft_definition(cast.olga, toml="a\ud800", now=now())) == ["definition_not_toml"]


def test_impact_names_the_deals_and_the_amounts(cast: Cast, now: Clock, moved: Deal) -> None:
    drafted = draft_definition(cast.olga, toml=STRICTER, now=now())
    effect = impact_of_draft(cast.olga, NAME, drafted.row.version, now=now())
    assert [(each.deal, each.before, each.after, each.amount) for each in effect.loses] == [
        (moved.key, "qualified", "unqualified", 5_000_000)
    ]
    assert (effect.gains, effect.others, effect.vanished) == ((), (), ())
    # The deal in the first stage has nothing behind it, and stays qualified.
    assert (effect.before["qualified"], effect.before["unqualified"]) == (5_100_000, 0)
    assert (effect.after["qualified"], effect.after["unqualified"]) == (100_000, 5_000_000)


def test_published_it_rules_from_its_day(cast: Cast, now: Clock, moved: Deal) -> None:
    drafted = draft_definition(cast.olga, toml=STRICTER, now=now())
    directory = Ledger.objects.get().directory
    day = now.at.date() + dt.timedelta(days=7)
    row = publish_definition(cast.olga, NAME, drafted.row.version, effective_from=day, now=now())
    assert (row.published_by, row.effective_from) == ("olga@northwind.example", day)
    assert Ledger.objects.get().directory == directory + 1
    assert [each.version for each in definitions_in_force(day - dt.timedelta(days=1))] == [1]
    assert [each.version for each in definitions_in_force(day)] == [2]
    [change] = compare_versions(NAME, 1, 2)
    assert (change.kind, change.criterion) == ("criterion_tightened", "buyer_replied")


def test_a_stage_with_deals_does_not_vanish(cast: Cast, now: Clock, moved: Deal) -> None:
    drafted = draft_definition(cast.olga, toml=RENAMED, now=now())
    today = now.at.date()

    def publish(stages: dict[str, str] | None = None) -> DefinitionVersion:
        return publish_definition(
            cast.olga, NAME, drafted.row.version, effective_from=today, now=now(), stages=stages
        )

    [problem] = refused(publish)
    assert (problem.code, problem.says, problem.count) == (
        "stage_vanishes", "1 open deal stands in Discovery, which the draft does not have.", 1,
    )  # fmt: skip
    assert codes(lambda: publish({"Discovery": "Nowhere"})) == ["wrong_stages", "stage_vanishes"]
    publish({"Discovery": "Diagnosis"})
    [present] = definitions_in_force(today)
    assert present.position("Discovery") == present.position("Diagnosis") == 1
    moved.refresh_from_db()
    assert (moved.stage, moved.version) == ("Discovery", 3)


def test_what_publishing_refuses(cast: Cast, now: Clock) -> None:
    strange = TOML.replace("olga@northwind.example", "lena@elsewhere.example")
    drafted = draft_definition(cast.olga, toml=strange, now=now())
    past = now.at.date() - dt.timedelta(days=1)
    assert codes(
        lambda: publish_definition(cast.olga, NAME, drafted.row.version, effective_from=past, now=now())
    ) == ["wrong_effective_from", "wrong_owner"]
    today = now.at.date()
    assert codes(lambda: publish_definition(cast.olga, NAME, 1, effective_from=today, now=now())) == [
        "definition_published"
    ]
    assert codes(lambda: edit_draft(cast.olga, NAME, 1, toml=TOML, now=now())) == ["definition_published"]
    assert codes(lambda: discard_draft(cast.olga, NAME, 1, now=now())) == ["definition_published"]
    denied(lambda: publish_definition(cast.olga, NAME, 9, effective_from=today, now=now()), NotFound)


def test_a_draft_is_edited_and_discarded(cast: Cast, now: Clock) -> None:
    draft_definition(cast.olga, toml=TOML, now=now())
    assert edit_draft(cast.ada, NAME, 2, toml=STRICTER, now=now()).row.toml == STRICTER
    other = TOML.replace('name = "New business"', 'name = "Other"')
    assert codes(lambda: edit_draft(cast.olga, NAME, 2, toml=other, now=now())) == ["wrong_pipeline"]
    discard_draft(cast.olga, NAME, 2, now=now())
    assert list(DefinitionVersion.objects.values_list("version", flat=True)) == [1]


@pytest.mark.parametrize("who", ["ann", "mia", "max", "fay", "eve", "otto"])
def test_who_may_not(cast: Cast, now: Clock, who: str) -> None:
    draft_definition(cast.olga, toml=TOML, now=now())
    today = now.at.date()
    denied(lambda: draft_definition(cast[who], toml=TOML, now=now()), Forbidden)
    denied(lambda: edit_draft(cast[who], NAME, 2, toml=TOML, now=now()), Forbidden)
    denied(lambda: discard_draft(cast[who], NAME, 2, now=now()), Forbidden)
    denied(lambda: publish_definition(cast[who], NAME, 2, effective_from=today, now=now()), Forbidden)
    denied(lambda: impact_of_draft(cast[who], NAME, 2, now=now()), Forbidden)
