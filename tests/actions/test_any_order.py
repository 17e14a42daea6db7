"""Any verbs in any order: a plain model beside the database after every step, and the doctor after the last."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stageproof.actions.activities import log_activity
from stageproof.actions.actor import Actor
from stageproof.actions.bulk import bulk_edit
from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence, verify_evidence
from stageproof.actions.import_deals import commit_import
from stageproof.actions.merge_deals import merge_deals
from stageproof.actions.merges import last_merge
from stageproof.actions.organisation import set_up
from stageproof.actions.undo_import import undo_import
from stageproof.actions.undo_merge import undo_merge
from stageproof.actions.waivers import grant_waiver
from stageproof.engine.frames import collect
from stageproof.engine.money import Money
from stageproof.engine.problem import Refused
from stageproof.engine.templates import template
from stageproof.records.doctor import doctor
from stageproof.records.models import Deal, DealVersion, EvidenceVersion, Merge, Person
from stageproof.records.tables import book, forget

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
STAGES = [stage.name for stage in template("mid-market").stages]
BEFORE = {
    stage.name: [
        criterion.id for earlier in template("mid-market").stages[:place] for criterion in earlier.exit
    ]
    for place, stage in enumerate(template("mid-market").stages)
}
AMOUNTS = st.integers(0, 10**9)
STEPS = 50
MOST_IMPORTS = 3
"""In one run: each costs as much as ten other verbs."""


def imports_left(verbs: Verbs) -> bool:
    return verbs.number < MOST_IMPORTS


@dataclass
class Modelled:
    """A deal as a person with a pencil would keep it."""

    amount: int | None
    stage: str = STAGES[0]
    status: str = "open"
    versions: int = 1
    waived: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    replies: int = 0
    evidence: dict[str, str] = field(default_factory=dict)


class Verbs(RuleBasedStateMachine):
    """Creates, edits, moves, proves, waives, merges, parts, imports and undoes."""

    deals = Bundle("deals")
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        forget()
        self.at = START
        self.model: dict[str, Modelled] = {}
        self.gone: dict[str, int] = {}
        self.merged: list[tuple[int, str, Modelled, Modelled]] = []
        self.imported: dict[int, dict[str, Modelled | None]] = {}
        self.number = 0
        olga = set_up(name="N", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@n.example",
                      now=START - dt.timedelta(days=9)).owner  # fmt: skip
        olga.role = "pipeline owner"
        olga.save()
        self.olga = Actor(olga, "page")
        self.mia = Actor(
            Person.objects.create_user("mia@n.example", name="Mia", role="pipeline owner"), "api"
        )

    def now(self) -> dt.datetime:
        self.at += dt.timedelta(minutes=1)
        return self.at

    @rule(target=deals, amount=st.none() | AMOUNTS)
    def create(self, amount: int | None) -> str:
        key = create_deal(self.olga, now=self.now(), facts={"name": "A deal", "amount": amount}).deal.key
        self.model[key] = Modelled(amount)
        return key

    @rule(key=deals, amount=AMOUNTS, many=st.booleans())
    def edit(self, key: str, amount: int, many: bool) -> None:
        if many:
            [outcome] = bulk_edit(self.mia, [key], changes={"amount": amount}, now=self.now())
            assert (outcome.status == "not_found") == (key in self.gone)
        elif key not in self.gone:
            edit_deal(self.mia, key, changes={"amount": amount}, now=self.now())
        if key in self.model and self.model[key].amount != amount:
            self.model[key].amount = amount
            self.model[key].versions += 1

    @rule(key=deals, to=st.sampled_from([*STAGES, "won", "lost"]))
    def move(self, key: str, to: str) -> None:
        if key in self.gone:
            return
        deal = self.model[key]
        allowed = self._allowed(deal, to)
        reasons = {"reason": "back", "lost_reason": "gone" if to == "lost" else ""}
        if not allowed:
            with pytest.raises(Refused):
                move_deal(self.olga, key, to=to, now=self.now(), **reasons)
            return
        move_deal(self.olga, key, to=to, now=self.now(), **reasons)
        deal.versions += 1
        if to in ("won", "lost"):
            deal.status = to
        else:
            deal.status, deal.stage = "open", to

    def _allowed(self, deal: Modelled, to: str) -> bool:
        if to == "won":
            behind = [criterion.id for _, criterion in template("mid-market").all_criteria]
            return deal.status == "open" and self._held(deal, behind)
        if to == "lost":
            return deal.status == "open"
        if deal.status == "open" and STAGES.index(to) <= STAGES.index(deal.stage):
            return to != deal.stage
        return self._held(deal, BEFORE[to])

    def _held(self, deal: Modelled, criteria: list[str]) -> bool:
        # Whoever has an amount has what the proposal asks of it.
        met = deal.met | ({"amount_known"} if (deal.amount or 0) >= 100 else set())
        return all(name in met | deal.waived for name in criteria)

    @rule(key=deals, criterion=st.sampled_from(sorted(BEFORE[STAGES[-1]] + ["order"])))
    def waive(self, key: str, criterion: str) -> None:
        if key in self.gone:
            return
        until = self.at.date() + dt.timedelta(days=20)
        grant_waiver(self.mia, key, criterion=criterion, reason="Agreed", expires_on=until, now=self.now())
        self.model[key].waived.add(criterion)

    @rule(key=deals, kind=st.sampled_from(["pain", "metrics", "budget"]))
    def prove(self, key: str, kind: str) -> None:
        if key in self.gone:
            return
        row = attach_evidence(self.olga, key, kind=kind, what="Said so", given_by="Cleo", now=self.now())
        self.model[key].evidence[row.evidence] = kind
        self._count(self.model[key])

    @rule(key=deals, revoke=st.booleans())
    def check_evidence(self, key: str, revoke: bool) -> None:
        if key in self.gone or not self.model[key].evidence:
            return
        evidence = sorted(self.model[key].evidence)[0]
        if revoke:
            revoke_evidence(self.olga, evidence, reason="Wrong", now=self.now())
            del self.model[key].evidence[evidence]
        else:
            verify_evidence(self.mia, evidence, now=self.now())
        self._count(self.model[key])

    def _count(self, deal: Modelled) -> None:
        criteria = {"pain": "pain_confirmed", "metrics": "impact_measured", "budget": "budget_confirmed"}
        replied = {"buyer_replied"} if deal.replies else set()
        deal.met = replied | {criteria[kind] for kind in deal.evidence.values()}

    @rule(key=deals)
    def talk(self, key: str) -> None:
        if key not in self.gone:
            log_activity(self.olga, key, kind="call", side="buyer", subject="They called", now=self.now())
            self.model[key].replies += 1
            self._count(self.model[key])

    @rule(winner=deals, loser=deals)
    def merge(self, winner: str, loser: str) -> None:
        if winner == loser or winner in self.gone or loser in self.gone:
            return
        merge_deals(self.olga, winner=winner, loser=loser, now=self.now())
        kept, gone = self.model[winner], self.model.pop(loser)
        self.merged.append((last_merge("deal", winner).pk, loser, deepcopy(kept), deepcopy(gone)))
        self.gone[loser] = gone.versions + 1
        kept.amount = gone.amount if kept.amount is None else kept.amount
        kept.versions += 1
        kept.evidence |= gone.evidence
        kept.replies += gone.replies
        self._count(kept)

    @precondition(lambda verbs: verbs.merged)
    @rule()
    def part(self) -> None:
        """The last merge undone; what was done to the one since stays with it."""
        merge, loser, was, gone = self.merged.pop()
        row = Merge.objects.get(pk=merge)
        filled = was.amount is None and gone.amount is not None
        try:
            undo_merge(self.olga, merge, now=self.now())
        except Refused:
            # The one is gone itself, or somebody changed an amount or a close date that it took over.
            assert row.winner in self.gone or filled or gone.status != "open"
            return
        kept = self.model[row.winner]
        assert not filled or kept.amount in (gone.amount, None)
        kept.amount = None if filled else kept.amount
        kept.versions += 1
        theirs = {name: kind for name, kind in gone.evidence.items() if name in kept.evidence}
        kept.evidence = {name: kind for name, kind in kept.evidence.items() if name not in theirs}
        kept.replies -= gone.replies
        gone.evidence, gone.versions = theirs, self.gone.pop(loser) + 1
        self.model[loser] = gone
        self._count(kept)
        self._count(gone)

    @precondition(imports_left)
    @rule(target=runs, amount=AMOUNTS, key=st.none() | deals, stage=st.sampled_from(STAGES))
    def bring(self, amount: int, key: str | None, stage: str) -> int:
        """A file with a new deal and perhaps one that is here, at a stage that the gate may refuse."""
        self.number += 1
        new = f"N{self.number}"
        lines = ["Deal ID,Deal Name,Stage,Amount", f"{new},Brought,{stage},{amount // 100}.{amount % 100:02}"]
        if key is not None:
            lines.append(f"{key},A deal,{stage},{amount // 100}.{amount % 100:02}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "deals.csv"
            path.write_text("\n".join(lines) + "\n")
            done = commit_import(self.mia, [path], now=self.now())
        assert done.run is not None
        before: dict[str, Modelled | None] = {new: None}
        self.model[new] = Modelled(amount, stage)
        if key is not None and key in self.model:
            deal = self.model[key]
            was = Modelled(deal.amount, deal.stage, deal.status, deal.versions)
            if deal.amount != amount:
                deal.amount = amount
                deal.versions += 1
            # Opening a closed deal takes a reason, which a file does not give.
            if deal.status == "open" and stage != deal.stage and self._allowed(deal, stage):
                deal.stage = stage
                deal.versions += 1
            if deal.versions != was.versions:
                before[key] = was
        self.imported[done.run.pk] = before
        return done.run.pk

    @precondition(imports_left)
    @rule(amount=AMOUNTS, key=deals, stage=st.sampled_from(STAGES))
    def bring_and_undo(self, amount: int, key: str, stage: str) -> None:
        """An import that is seen to be wrong at once."""
        self.undo(self.bring(amount, key, stage))

    @rule(run=consumes(runs))
    def undo(self, run: int) -> None:
        brought = self.imported[run]
        stands = {key: Deal.objects.get(key=key) for key in brought}
        try:
            undo_import(self.olga, run, now=self.now())
        except Refused:
            # Something was changed since; then nothing is undone.
            assert all(Deal.objects.get(key=key).version == deal.version for key, deal in stands.items())
            return
        for key, was in brought.items():
            deal = self.model[key]
            if was is None:
                self.gone[key] = deal.versions + 1
                del self.model[key]
            else:
                deal.amount, deal.stage, deal.status = was.amount, was.stage, was.status
                deal.versions += 1

    @invariant()
    def as_modelled(self) -> None:
        rows = Deal.objects.values_list("key", "amount", "stage", "status", "version")
        assert {row[0]: row[1:] for row in rows if row[3] != "deleted"} == {
            key: (deal.amount, deal.stage, deal.status, deal.versions) for key, deal in self.model.items()
        }
        assert {row[0]: row[4] for row in rows if row[3] == "deleted"} == self.gone
        versions = sum(deal.versions for deal in self.model.values()) + sum(self.gone.values())
        assert DealVersion.objects.count() == versions
        valid = EvidenceVersion.objects.filter(valid_to__isnull=True, revoked=False).exclude(kind="waiver")
        proofs = {name for deal in self.model.values() for name in deal.evidence}
        assert set(valid.exclude(deal__status="deleted").values_list("evidence", flat=True)) == proofs

    def _sound(self) -> None:
        """Nothing is wrong, and the open pipeline is what a pencil adds up to, in euros and cents."""
        forget()
        assert doctor().problems == ()
        opened = [deal for deal in self.model.values() if deal.status == "open"]
        expected = sum((Decimal(deal.amount or 0) / 100 for deal in opened), Decimal())
        found = collect(book().as_of(self.at).open.select("amount"))["amount"]
        assert (len(found), Money(int(found.sum() or 0), "EUR").decimal) == (len(opened), expected)

    def teardown(self) -> None:
        try:
            self._sound()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)
            forget()


@pytest.mark.django_db
def test_any_verbs_in_any_order() -> None:
    """Two hundred runs of fifty steps; STAGEPROOF_EXAMPLES asks for other numbers."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Verbs,
        settings=settings(
            max_examples=int(os.environ.get("STAGEPROOF_EXAMPLES", "200")),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
