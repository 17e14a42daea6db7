"""Deals: create, edit, move, delete, and two people at the same one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import create_deal, delete_deal, edit_deal, find_deal, move_deal
from stageproof.actions.permission import Forbidden
from stageproof.actions.rates import set_rate
from stageproof.engine.definition import Criterion, Definition, Stage, write_definition
from stageproof.engine.frames import collect
from stageproof.engine.problem import Refused
from stageproof.engine.proof import FieldProof
from stageproof.engine.qualification import qualified_deals
from stageproof.records import tables
from stageproof.records.doctor import doctor
from stageproof.records.models import Deal, DealVersion, DefinitionVersion, Ledger
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, conflicts, denied, nothing_changes, refused


def test_a_new_deal_and_its_first_version(cast: Cast, now: Clock) -> None:
    at = now()
    deal = create_deal(cast.ann, now=at, facts={"name": "Beta", "amount": 100}).deal
    assert (deal.stage, deal.status, deal.currency, deal.owner, deal.team) == (
        "Prospecting", "open", "EUR", cast.ann.person, cast.east,
    )  # fmt: skip
    version = DealVersion.objects.get()
    assert (version.change, version.valid_from, version.valid_to, version.recorded_at, version.actor) == (
        "created", at, None, at, "ann@northwind.example",
    )  # fmt: skip
    assert deal.key == f"D{version.seq}"


def test_a_key_that_an_import_took_is_not_given_again(cast: Cast, now: Clock, deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(key="D3")
    assert create_deal(cast.ann, now=now(), facts={"name": "Beta"}).deal.key == "D3n"


def test_every_reason_at_once(cast: Cast, now: Clock) -> None:
    facts: dict[str, Any] = {
        "name": " ", "amount": -1, "currency": "XXQ", "forecast_category": "sure", "stage": "Won",
        "source": "x" * 121, "owner": "Ann", "close_on": "2026-01-01", "pipeline": "Nope",
    }  # fmt: skip
    assert sorted(codes(lambda: create_deal(cast.ann, now=now(), facts=facts))) == [
        "missing_name", "not_editable", "unknown_pipeline", "wrong_amount", "wrong_close_on", "wrong_currency",
        "wrong_forecast_category", "wrong_owner", "wrong_source",
    ]  # fmt: skip


def test_an_edit_ends_the_version_before(cast: Cast, now: Clock, deal: Deal) -> None:
    at = now()
    edit_deal(cast.mia, deal.key, now=at, changes={"amount": 6_000_000, "owner": cast.otto.person})
    first, second = DealVersion.objects.order_by("seq")
    assert (first.amount, first.valid_to) == (5_000_000, at)
    assert (second.amount, second.valid_from, second.team, second.change) == (
        6_000_000,
        at,
        cast.west,
        "edited",
    )
    with nothing_changes():
        edit_deal(cast.ada, deal.key, now=now(), changes={"amount": 6_000_000})
    # Another on the very same instant begins after it.
    edit_deal(cast.ada, deal.key, now=at, changes={"amount": 7_000_000})
    later = at + dt.timedelta(microseconds=1)
    assert list(DealVersion.objects.order_by("seq").values_list("valid_from", "valid_to"))[1:] == [
        (at, later), (later, None),
    ]  # fmt: skip
    assert doctor().problems == ()


@pytest.mark.parametrize("fact", ["stage", "status", "pipeline", "key", "version", "team", "created_at"])
def test_the_gate_is_not_passed_by_editing(cast: Cast, now: Clock, deal: Deal, fact: str) -> None:
    assert codes(lambda: edit_deal(cast.ada, deal.key, now=now(), changes={fact: "Contracting"})) == [
        "not_editable"
    ]


def test_the_later_of_two_hears_what_the_first_changed(cast: Cast, now: Clock, deal: Deal) -> None:
    seen = deal.version
    edit_deal(cast.mia, deal.key, now=now(), changes={"amount": 1}, expected_version=seen)
    found = conflicts(
        lambda: edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 2}, expected_version=seen)
    )
    assert (found.expected_version, found.version) == (1, 2)
    assert [(each["actor"], each["fields"], each["change"]) for each in found.changed] == [
        ("mia@northwind.example", ["amount"], "edited")
    ]
    assert found.problem.says == "This was changed since you opened it. mia@northwind.example changed amount."
    conflicts(
        lambda: move_deal(cast.ann, deal.key, to="lost", lost_reason="x", now=now(), expected_version=seen)
    )


def test_a_refused_move_names_each_criterion(cast: Cast, now: Clock, deal: Deal) -> None:
    found = refused(lambda: move_deal(cast.ann, deal.key, to="Qualification", now=now()))
    assert [(problem.code, problem.column) for problem in found] == [
        ("criterion_unmet", name)
        for name in ("buyer_replied", "next_step", "pain_confirmed", "impact_measured", "champion")
    ]


def test_a_whole_life(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> None:
    deal = ready()
    at = now()
    done = move_deal(cast.ann, deal.key, to="Qualification", now=at)
    assert (done.deal.stage, done.deal.stage_entered_at) == ("Qualification", at)
    back = now()
    assert move_deal(cast.ann, deal.key, to="Discovery", now=back).deal.stage_entered_at == back
    lost = move_deal(cast.ann, deal.key, to="lost", lost_reason="No budget", now=now()).deal
    assert (lost.status, lost.lost_reason, lost.close_on, lost.stage) == (
        "lost", "No budget", dt.date(2026, 3, 2), "Discovery",
    )  # fmt: skip
    # It left the pipeline from a stage that it had been in since then.
    assert lost.stage_entered_at == back
    assert codes(lambda: move_deal(cast.ann, deal.key, to="Discovery", now=now())) == ["reason_missing"]
    opened = move_deal(cast.ann, deal.key, to="Discovery", reason="New budget", now=now()).deal
    assert (opened.status, opened.lost_reason, opened.stage_entered_at) == ("open", None, now.at)
    changes = DealVersion.objects.order_by("seq").values_list("change", flat=True)
    assert list(changes) == ["created", "edited", "skip", "backward", "lose", "reopen"]
    assert doctor().problems == ()


def test_deleted_it_is_gone_and_its_history_stays(cast: Cast, now: Clock, deal: Deal) -> None:
    assert codes(lambda: delete_deal(cast.ann, deal.key, reason="", now=now())) == ["reason_missing"]
    delete_deal(cast.ann, deal.key, reason="Twice", now=now())
    denied(lambda: find_deal(cast.ann, deal.key), NotFound)
    assert list(DealVersion.objects.order_by("seq").values_list("status", "note")) == [
        ("open", ""), ("deleted", "Twice"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "error"),
    [("ben", Forbidden), ("max", Forbidden), ("fay", Forbidden), ("eve", Forbidden), ("otto", NotFound)],
)
def test_who_may_not(cast: Cast, now: Clock, deal: Deal, who: str, error: type[Exception]) -> None:
    actor = cast[who]
    denied(lambda: edit_deal(actor, deal.key, now=now(), changes={"amount": 1}), error)
    denied(lambda: edit_deal(actor, deal.key, now=now(), changes={"amount": -1}), error)
    denied(lambda: move_deal(actor, deal.key, to="lost", lost_reason="x", now=now()), error)
    denied(lambda: delete_deal(actor, deal.key, reason="x", now=now()), error)


def test_a_token_that_reads_does_not_write(cast: Cast, now: Clock, deal: Deal) -> None:
    reading = Actor(cast.ann.person, "api", "read")
    assert find_deal(reading, deal.key).pk == deal.pk
    denied(lambda: edit_deal(reading, deal.key, now=now(), changes={"amount": 1}), Forbidden)
    denied(lambda: create_deal(reading, now=now(), facts={"name": "x"}), Forbidden)


def test_a_threshold_in_another_currency_counts_at_the_gate_and_in_figures(cast: Cast, now: Clock) -> None:
    at = now()
    proof = FieldProof("amount", at_least=Decimal(1000), currency="GBP")
    _published("Large", Criterion("large", "It is worth 1,000 pounds", proof), at)
    deals = {
        minor: create_deal(
            cast.ann, now=at, facts={"name": "x", "pipeline": "Large", "amount": minor}
        ).deal.key
        for minor in (119_999, 120_000)
    }
    with pytest.raises(Refused) as caught:
        move_deal(cast.ann, deals[120_000], to="Second", now=at)
    (problem,) = caught.value.problems
    assert (problem.code, "enter one" in problem.remedy) == ("criterion_unverifiable", True)

    set_rate(cast.fay, currency="GBP", from_on=at.date(), rate="1.2", now=at)
    move_deal(cast.ann, deals[120_000], to="Second", now=at)
    with pytest.raises(Refused) as caught:
        move_deal(cast.ann, deals[119_999], to="Second", now=at)

    assert [each.code for each in caught.value.problems] == ["criterion_unmet"]
    found = collect(qualified_deals(tables.book().as_of(at + dt.timedelta(hours=1))))
    assert dict(found.select("deal", "qualification").rows())[deals[120_000]] == "qualified"


def test_a_criterion_on_a_field_of_ones_own_counts_at_the_gate_and_in_figures(cast: Cast, now: Clock) -> None:
    at = now()
    _published(
        "Own fields", Criterion("region", "The region is known", FieldProof("region", present=True)), at
    )
    named = create_deal(
        cast.ann, now=at, facts={"name": "North", "pipeline": "Own fields", "custom": {"region": "N"}}
    )
    blank = create_deal(cast.ann, now=at, facts={"name": "Nowhere", "pipeline": "Own fields"})

    move_deal(cast.ann, named.deal.key, to="Second", now=at)
    with pytest.raises(Refused) as caught:
        move_deal(cast.ann, blank.deal.key, to="Second", now=at)

    assert [(each.code, each.column) for each in caught.value.problems] == [("criterion_unmet", "region")]
    found = collect(qualified_deals(tables.book().as_of(at + dt.timedelta(hours=1))))
    verdicts = dict(found.select("deal", "qualification").rows())
    assert verdicts[named.deal.key] == "qualified"
    assert "region" in tables.book().fields


def _published(pipeline: str, criterion: Criterion, at: dt.datetime) -> None:
    """A definition of two stages with one criterion between them, in force for a year."""
    rules = Definition(pipeline, "Olga Olsen", (Stage("First", (criterion,)), Stage("Second")))
    DefinitionVersion.objects.create(
        pipeline=pipeline, version=1, toml=write_definition(rules), effective_from=dt.date(2024, 1, 1),
        drafted_by="x", drafted_at=at, published_by="x", published_at=at,
    )  # fmt: skip
    Ledger.objects.update(directory=F("directory") + 1)
