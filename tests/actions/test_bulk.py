"""Bulk: each deal is answered for itself, by the rules of a single change."""

from __future__ import annotations

from collections.abc import Callable

from stageproof.actions.bulk import MOST, bulk_edit, bulk_move
from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.records.doctor import doctor
from stageproof.records.models import Deal, DealVersion
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, nothing_changes, refused


def test_an_outcome_for_each(cast: Cast, now: Clock, deal: Deal) -> None:
    bens = create_deal(cast.ben, now=now(), facts={"name": "Beta", "source": "Web"}).deal
    ottos = create_deal(cast.otto, now=now(), facts={"name": "Gamma"}).deal
    stale = create_deal(cast.ann, now=now(), facts={"name": "Delta"}).deal
    edit_deal(cast.ann, stale.key, now=now(), changes={"amount": 7})
    keys = [deal.key, bens.key, ottos.key, stale.key, "D999", deal.key]
    found = bulk_edit(cast.ann, keys, changes={"source": "Web"}, now=now(), expected_versions={stale.key: 1})
    assert [(each.deal, each.status) for each in found] == [
        (deal.key, "done"), (bens.key, "forbidden"), (ottos.key, "not_found"), (stale.key, "conflict"),
        ("D999", "not_found"),
    ]  # fmt: skip
    assert Deal.objects.get(pk=deal.pk).source == "Web"
    assert DealVersion.objects.order_by("-seq")[0].seq == found[0].seq
    assert [each.status for each in bulk_edit(cast.mia, [deal.key, bens.key], changes={"source": "Web"}, now=now())] == [
        "unchanged", "unchanged",
    ]  # fmt: skip
    assert doctor().problems == ()


def test_wrong_facts_refuse_it_whole(cast: Cast, now: Clock, deal: Deal) -> None:
    assert codes(lambda: bulk_edit(cast.ann, [deal.key], changes={"amount": -1, "stage": "x"}, now=now())) == [
        "not_editable", "wrong_amount",
    ]  # fmt: skip
    many = [f"D{number}" for number in range(MOST + 1)]
    assert codes(lambda: bulk_move(cast.ann, many, to="won", now=now())) == ["too_many_deals"]


def test_the_same_gate_word_for_word(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> None:
    deal = ready()
    bare = create_deal(cast.ann, now=now(), facts={"name": "Bare"}).deal
    done, no = bulk_move(cast.ann, [deal.key, bare.key], to="Qualification", now=now())
    assert (done.status, done.version, no.status) == ("done", deal.version + 1, "refused")
    assert list(no.problems) == refused(lambda: move_deal(cast.ann, bare.key, to="Qualification", now=now()))
    with nothing_changes():
        assert [
            each.status for each in bulk_move(cast.eve, [deal.key], to="lost", lost_reason="x", now=now())
        ] == ["forbidden"]
    assert doctor().problems == ()
