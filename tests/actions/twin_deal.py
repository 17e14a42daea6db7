"""A second deal of Ann's with Acme, to be merged into the first."""

from __future__ import annotations

import datetime as dt

from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.evidence import attach_evidence
from stageproof.actions.leads import create_lead
from stageproof.actions.waivers import grant_waiver
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock


def make_twin(cast: Cast, now: Clock) -> Deal:
    """Made from a lead, with everything on it: evidence, a call, a role and a waiver."""
    lead = create_lead(cast.ann, now=now(), facts={"name": "Cleo Clark", "source": "Web"})
    facts = {"name": "Acme twin", "amount": 700, "product": "GTX", "custom": {"Region": "North"}}
    key = convert_lead(cast.ann, lead.lead, facts=facts, reason="Wants it", now=now()).deal.key
    attach_evidence(cast.ann, key, kind="pain", what="Said so", given_by="Cleo", now=now())
    log_activity(cast.ann, key, kind="call", side="buyer", subject="First call", now=now())
    add_to_committee(cast.ann, key, contact={"name": "Cleo Clark"}, role="champion", now=now())
    until = now.at.date() + dt.timedelta(days=20)
    grant_waiver(cast.mia, key, criterion="next_step", reason="Soon", expires_on=until, now=now())
    return Deal.objects.get(key=key)
