"""What is known now is what was known at this very instant; what was known before stays to be read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee, remove_from_committee
from stageproof.actions.deals import edit_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence
from stageproof.actions.history import names_changed
from stageproof.actions.rates import set_rate
from stageproof.actions.targets import set_target
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, instant_number
from stageproof.engine.readings import Frozen, compare, reconciliation
from stageproof.records.models import Activity, Deal
from stageproof.records.tables import book
from tests.actions.conftest import Cast, Clock

PAIN: dict[str, Any] = {"kind": "pain", "what": "Quotes take nine days", "given_by": "Cleo Clark"}
CLEO: dict[str, Any] = {"name": "Cleo Clark", "email": "cleo@acme.example", "title": "COO"}
SPAN: dict[str, Any] = {"starts_on": dt.date(2026, 4, 1), "ends_on": dt.date(2026, 6, 30)}


def held(pipeline: Pipeline) -> dict[str, int]:
    """How many rows of each table hold at the pipeline's instant."""
    tables = {"evidence": pipeline.evidence, "roles": pipeline.roles, "leads": pipeline.leads}
    counts = {name: 0 if frame is None else collect(frame).height for name, frame in tables.items()}
    return {**counts, "targets": pipeline.targets.height}


def test_what_was_taken_back_stays_so(cast: Cast, now: Clock, deal: Deal) -> None:
    evidence = attach_evidence(cast.ann, deal.key, **PAIN, now=now())
    role = add_to_committee(cast.ann, deal.key, contact=CLEO, role="champion", now=now())
    set_target(cast.fay, **SPAN, amount=900_000, now=now())
    before = now()
    revoke_evidence(cast.ann, evidence.evidence, reason="Misheard", now=now())
    remove_from_committee(cast.ann, deal.key, contact=role.contact_id, role="champion", now=now())
    set_target(cast.fay, **SPAN, amount=None, now=now())
    at = now()
    whole = book()
    nothing = {"evidence": 0, "roles": 0, "leads": 0, "targets": 0}
    assert held(whole.as_of(at)) == held(whole.as_of(at, at)) == nothing
    then = {**nothing, "evidence": 1, "roles": 1, "targets": 1}
    assert (
        held(whole.as_of(before))
        == held(whole.as_of(before, before))
        == held(whole.as_of(at, before))
        == then
    )


def test_what_an_undone_import_had_brought_is_known_before(cast: Cast, now: Clock, deal: Deal) -> None:
    log_activity(cast.ann, deal.key, kind="call", side="buyer", subject="Intro", now=now())
    before = now()
    # What undoing an import does to the activities that came with it.
    Activity.objects.update(withdrawn_at=now())
    names_changed()
    at = now()

    def seen(pipeline: Pipeline) -> int:
        assert pipeline.activities is not None
        return collect(pipeline.activities).height

    whole = book()
    assert [seen(whole.as_of(at)), seen(whole.as_of(at, at)), seen(whole.as_of(before))] == [0, 0, 0]
    assert [seen(whole.as_of(at, before)), seen(whole.as_of(before, before))] == [1, 1]


def test_a_corrected_rate_moves_what_was_frozen_by_that_alone(cast: Cast, now: Clock, deal: Deal) -> None:
    """1,000.00 USD reported in euros, at 0.92 and then at 0.9."""
    day = dt.date(2026, 1, 1)
    set_rate(cast.fay, currency="USD", from_on=day, rate="0.92", now=now())
    edit_deal(cast.ann, deal.key, changes={"amount": 100_000, "currency": "USD"}, now=now())
    frozen_at = now()
    whole = book()
    period = whole.calendar.period("2026-Q2")
    then = whole.as_of(frozen_at, frozen_at)
    figures = {line.name: line.amount for line in reconciliation(then, period=period).lines}
    assert figures["nominal"] == 92_000
    set_rate(cast.fay, currency="USD", from_on=day, rate="0.9", correct=True, now=now())
    at = instant_number(frozen_at)
    frozen = Frozen(at, at, period, whole.definitions, figures=figures)
    found = compare(frozen, book().as_of(now()))
    nominal = found.lines.filter(line="nominal").row(0, named=True)
    assert (nominal["then"], nominal["rates"], nominal["now"]) == (92_000, -2_000, 90_000)
    assert nominal["altered"] == nominal["late_arrivals"] == nominal["definition"] == nominal["events"] == 0
    assert reconciliation(book().as_of(frozen_at, frozen_at), period=period).line("nominal").amount == 92_000
