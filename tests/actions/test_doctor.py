"""The doctor: sound where all came through the verbs, and telling what was done past them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from stageproof.actions.deals import edit_deal
from stageproof.engine.readings import Statement, reconciliation
from stageproof.records.doctor import doctor
from stageproof.records.models import (
    Account,
    Activity,
    ContactVersion,
    Deal,
    DealVersion,
    EvidenceVersion,
    IdempotencyKey,
    Ledger,
)
from stageproof.records.tables import forget
from tests.actions.conftest import START, Cast, Clock

Tamper = Callable[[Deal], Any]


def amount_of_a_version(deal: Deal) -> None:
    DealVersion.objects.filter(change="created").update(amount=1)


def amount_of_the_deal(deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(amount=1)


def actor_of_an_activity(deal: Deal) -> None:
    Activity.objects.update(actor="someone@else.example")


def evidence_taken_out(deal: Deal) -> None:
    EvidenceVersion.objects.order_by("seq")[0].delete()


def end_of_a_version(deal: Deal) -> None:
    DealVersion.objects.filter(deal=deal, valid_to__isnull=True).update(valid_to=2**52)


def digest_of_a_version(deal: Deal) -> None:
    DealVersion.objects.filter(change="created").update(digest="f" * 64)


def name_of_the_account(deal: Deal) -> None:
    Account.objects.update(name="Another")


def title_of_a_contacts_version(deal: Deal) -> None:
    ContactVersion.objects.update(title="Chief of everything")


def version_of_a_contact_taken_out(deal: Deal) -> None:
    ContactVersion.objects.order_by("seq")[0].delete()


def count_of_versions(deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(version=9)


def ledger_set_back(deal: Deal) -> None:
    Ledger.objects.update(last_digest="0" * 64)


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (amount_of_a_version, ["change_altered"]),
        (amount_of_the_deal, ["present_differs", "figures_differ"]),
        (actor_of_an_activity, ["change_altered"]),
        (evidence_taken_out, ["change_missing"]),
        (end_of_a_version, ["versions_apart", "present_differs"]),
        (digest_of_a_version, ["change_altered", "change_altered"]),
        (name_of_the_account, ["present_differs"]),
        (title_of_a_contacts_version, ["change_altered", "present_differs"]),
        (version_of_a_contact_taken_out, ["change_missing", "present_differs"]),
        (count_of_versions, ["version_miscounted"]),
        (ledger_set_back, ["ledger_differs"]),
    ],
)
def test_what_was_done_past_the_verbs_is_told(
    cast: Cast, now: Clock, ready: Callable[[], Deal], tamper: Tamper, expected: list[str]
) -> None:
    deal = ready()
    edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 5_100_000})
    sound = doctor()
    assert (sound.problems, sound.changes, sound.deals) == ((), Ledger.objects.get().last_seq, 1)
    tamper(deal)
    forget()
    assert [problem.code for problem in doctor().problems] == expected


def test_an_end_cut_off_is_told(cast: Cast, now: Clock, deal: Deal) -> None:
    edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 5_100_000})
    DealVersion.objects.filter(change="edited").delete()
    forget()
    assert [problem.code for problem in doctor().problems] == [
        "ledger_differs",
        "versions_apart",
        "present_differs",
        "figures_differ",
    ]


def test_broken_references_are_told_on_sqlite(cast: Cast, now: Clock, deal: Deal) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL refuses a broken reference when it is written")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute("UPDATE records_dealversion SET account_id = 4711")
        assert "reference_broken" in [problem.code for problem in doctor().problems]
        cursor.execute("UPDATE records_dealversion SET account_id = %s", [deal.account_id])
    assert doctor().problems == ()


def test_an_empty_database_is_sound(db: None) -> None:
    assert doctor().problems == ()


def test_one_cause_shown_in_every_row_is_summed_up(cast: Cast, now: Clock, deal: Deal) -> None:
    for amount in range(30):
        edit_deal(cast.ann, deal.key, now=now(), changes={"amount": amount})
    DealVersion.objects.update(note="x")
    found = [problem for problem in doctor().problems if problem.code in ("change_altered", "and_more")]
    assert [problem.code for problem in found] == ["change_altered"] * 20 + ["and_more"]
    assert found[-1].count == 11


def kept_key(cast: Cast, status: int, body: str) -> None:
    IdempotencyKey.objects.create(
        person=cast.ann.person, key="k", request_digest="0" * 64, status=status, body=body, created_at=START
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (0, "", ["answer_missing"]), (200, '{"seq": 4711}', ["acknowledged_lost"]), (200, '{"seq": 1}', []),
        (422, '{"problems": []}', []), (200, "[]", []), (204, "", []),
    ],
)  # fmt: skip
def test_what_was_acknowledged_and_is_not_there_is_told(
    cast: Cast, deal: Deal, status: int, body: str, expected: list[str]
) -> None:
    kept_key(cast, status, body)
    assert [problem.code for problem in doctor().problems] == expected


def test_readings_that_do_not_tie_are_told(
    cast: Cast, now: Clock, ready: Callable[[], Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    ready()
    assert doctor(readings=True).problems == ()

    def off_by_a_cent(*given: Any, **asked: Any) -> Statement:
        found = reconciliation(*given, **asked)
        first, *others = found.checks
        return replace(found, checks=(replace(first, right=first.left + 1), *others))

    monkeypatch.setattr("stageproof.records.doctor.reconciliation", off_by_a_cent)
    assert [problem.code for problem in doctor(readings=True).problems] == ["readings_apart"]
