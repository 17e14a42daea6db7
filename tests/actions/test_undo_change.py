"""Undoing single changes: by whom made them or a manager, while nobody changed the same since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from stageproof.actions import undo_change
from stageproof.actions.activities import add_note, log_activity
from stageproof.actions.bulk import bulk_edit
from stageproof.actions.committee import remove_from_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import create_deal, delete_deal, edit_deal, find_deal, move_deal
from stageproof.actions.evidence import revoke_evidence, verify_evidence
from stageproof.actions.leads import create_lead, find_lead, log_on_lead
from stageproof.actions.merge_deals import merge_deals
from stageproof.actions.permission import Forbidden
from stageproof.actions.targets import set_target
from stageproof.actions.undo_change import undo_changes
from stageproof.actions.waivers import grant_waiver
from stageproof.engine.frames import collect
from stageproof.records.doctor import doctor
from stageproof.records.models import Activity, Deal, EvidenceVersion, Ledger, RoleVersion, TargetVersion
from stageproof.records.tables import pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, denied


def present(model: Any, **of: Any) -> Any:
    return model.objects.get(valid_to__isnull=True, **of)


def test_evidence_is_as_it_was(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> None:
    ready()
    first = present(EvidenceVersion, kind="pain")
    checked = verify_evidence(cast.mia, first.evidence, now=now())
    revoked = revoke_evidence(cast.ann, first.evidence, reason="Wrong deal", now=now())
    undo_changes(cast.ann, revoked.seq, revoked.seq, now=now())
    back = present(EvidenceVersion, kind="pain")
    assert (back.revoked, back.what, back.verified_by) == (False, "Said so", cast.mia.name)
    # Mia checked it: what Ann recorded can no longer be undone as if nobody had looked.
    assert codes(lambda: undo_changes(cast.ann, first.seq, first.seq, now=now())) == ["changed_since"]
    denied(lambda: undo_changes(cast.ann, checked.seq, checked.seq, now=now()), Forbidden)
    undo_changes(cast.mia, checked.seq, checked.seq, now=now())
    undo_changes(cast.ann, first.seq, first.seq, now=now())
    assert present(EvidenceVersion, kind="pain").revoked
    assert codes(lambda: undo_changes(cast.ann, first.seq, first.seq, now=now())) == ["nothing_to_undo"]
    assert doctor().problems == ()


def test_a_waiver_that_a_manager_took_back_does_not_return(cast: Cast, now: Clock, deal: Deal) -> None:
    until = now.at.date() + dt.timedelta(days=9)
    waiver = grant_waiver(
        cast.mia, deal.key, criterion="next_step", reason="Soon", expires_on=until, now=now()
    )
    revoked = revoke_evidence(cast.mia, waiver.evidence, reason="No longer", now=now())
    denied(lambda: undo_changes(cast.ann, revoked.seq, revoked.seq, now=now()), Forbidden)


def test_a_role_is_held_again(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> None:
    deal = ready()
    role = present(RoleVersion)
    ended = remove_from_committee(cast.ann, deal.key, contact=role.contact_id, role="champion", now=now())
    undo_changes(cast.ann, ended.seq, ended.seq, now=now())
    back = present(RoleVersion)
    assert (back.removed, back.engaged_at) == (False, role.engaged_at)
    roles = pipeline_now(now.at).roles
    assert roles is not None
    assert collect(roles)["role"].to_list() == ["champion"]


def test_what_did_not_happen_counts_no_more(cast: Cast, now: Clock, deal: Deal) -> None:
    call = log_activity(cast.ann, deal.key, kind="call", side="buyer", subject="Elsewhere", now=now())
    note = add_note(cast.ben, deal.key, text="Not here", now=now())
    denied(lambda: undo_changes(cast.ben, call.seq, call.seq, now=now()), Forbidden)
    denied(lambda: undo_changes(cast.otto, call.seq, call.seq, now=now()), NotFound)
    undo_changes(cast.ann, call.seq, call.seq, now=now())
    undo_changes(cast.ben, note.seq, note.seq, now=now())
    assert Activity.objects.filter(withdrawn_at__isnull=True).count() == 0
    assert collect(pipeline_now(now.at).activities)["activity"].to_list() == []
    assert doctor().problems == ()


def test_a_first_response_that_was_none_is_none(cast: Cast, now: Clock) -> None:
    lead = create_lead(cast.ann, now=now(), facts={"name": "Dan", "source": "Web"}).lead
    seq = log_on_lead(cast.ann, lead, kind="email", side="seller", subject="Hello", now=now()).seq
    undo_changes(cast.ann, seq, seq + 1, now=now())
    assert (find_lead(lead).status, find_lead(lead).responded_at) == ("new", None)
    assert doctor().problems == ()


def test_a_deal_that_was_taken_out_is_where_it_was(cast: Cast, now: Clock, deal: Deal) -> None:
    out = delete_deal(cast.ann, deal.key, reason="Twice", now=now())
    denied(lambda: find_deal(cast.ann, deal.key), NotFound)
    denied(lambda: undo_changes(cast.ben, out.seq, out.seq, now=now()), Forbidden)
    undo_changes(cast.ann, out.seq, out.seq, now=now())
    back = find_deal(cast.ann, deal.key)
    assert (back.status, back.stage, back.amount, back.version) == ("open", "Prospecting", 5_000_000, 3)
    assert doctor().problems == ()


def test_an_edit_of_many_is_undone_whole_or_not_at_all(cast: Cast, now: Clock, deal: Deal) -> None:
    other = create_deal(cast.ann, now=now(), facts={"name": "Other", "close_on": dt.date(2026, 5, 5)}).deal
    changes = {"close_on": dt.date(2026, 12, 31)}
    done = bulk_edit(cast.ann, [deal.key, other.key], changes=changes, now=now())
    first, last = (each.seq or 0 for each in done)
    edit_deal(cast.ann, other.key, changes={"close_on": dt.date(2026, 8, 8)}, now=now())
    assert codes(lambda: undo_changes(cast.ann, first, last, now=now())) == ["changed_since"]
    edit_deal(cast.ann, other.key, changes={"close_on": dt.date(2026, 12, 31), "amount": 5}, now=now())
    assert undo_changes(cast.ann, first, last, now=now()) == 2
    assert find_deal(cast.ann, deal.key).close_on == dt.date(2026, 6, 30)
    assert (find_deal(cast.ann, other.key).close_on, find_deal(cast.ann, other.key).amount) == (
        dt.date(2026, 5, 5), 5,
    )  # fmt: skip
    assert doctor().problems == ()


def test_only_so_many_changes_are_undone_at_once(
    cast: Cast, now: Clock, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [
        deal.key,
        *(create_deal(cast.ann, now=now(), facts={"name": f"No. {number}"}).deal.key for number in range(2)),
    ]
    done = bulk_edit(cast.ann, keys, changes={"source": "Fair"}, now=now())
    first, last = done[0].seq or 0, done[-1].seq or 0
    monkeypatch.setattr(undo_change, "MOST", 2)
    assert codes(lambda: undo_changes(cast.ann, first, last, now=now())) == ["too_many_changes"]
    monkeypatch.setattr(undo_change, "MOST", 3)
    assert undo_changes(cast.ann, first, last, now=now()) == 3


def test_targets_are_as_they_were(cast: Cast, now: Clock) -> None:
    quarter = {"starts_on": dt.date(2026, 4, 1), "ends_on": dt.date(2026, 6, 30)}
    set_target(cast.olga, **quarter, amount=100, now=now())
    wrong = set_target(cast.olga, **quarter, amount=999, now=now())
    denied(lambda: undo_changes(cast.ann, wrong.seq, wrong.seq, now=now()), Forbidden)
    undo_changes(cast.olga, wrong.seq, wrong.seq, now=now())
    assert present(TargetVersion).amount == 100


def test_what_has_a_way_back_of_its_own_is_not_undone_like_this(cast: Cast, now: Clock, deal: Deal) -> None:
    created = Ledger.objects.get().last_seq
    assert codes(lambda: undo_changes(cast.ann, created, created, now=now())) == ["undone_otherwise"]
    lost = move_deal(cast.ann, deal.key, to="lost", lost_reason="Price", now=now())
    assert codes(lambda: undo_changes(cast.ann, lost.seq, lost.seq, now=now())) == ["undone_otherwise"]
    twin = create_deal(cast.ann, now=now(), facts={"name": "Twin"}).deal
    merged = merge_deals(cast.ann, winner=deal.key, loser=twin.key, now=now())
    assert codes(lambda: undo_changes(cast.ann, merged.seq, merged.seq, now=now())) == ["was_a_merge"]
    assert codes(lambda: undo_changes(cast.ann, created, lost.seq, now=now())) == [
        "not_together", "undone_otherwise",
    ]  # fmt: skip


@pytest.mark.parametrize("span", [(0, 0), (1, 4711), (5, 4), (4711, 4711)])
def test_changes_that_are_not_there(cast: Cast, now: Clock, deal: Deal, span: tuple[int, int]) -> None:
    denied(lambda: undo_changes(cast.ann, *span, now=now()), NotFound)
