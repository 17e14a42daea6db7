"""A deal that was won, and a pipeline for what follows it."""

from __future__ import annotations

import datetime as dt

import pytest

from stageproof.actions.deals import edit_deal, save_version
from stageproof.actions.definitions import draft_definition, publish_definition
from stageproof.engine.templates import template_text
from stageproof.records.ledger import writing
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock


@pytest.fixture
def expanding(cast: Cast, now: Clock) -> None:
    """A published expansion pipeline beside the one for new business."""
    text = template_text("expansion").replace("owner@example.com", "olga@northwind.example")
    drafted = draft_definition(cast.olga, toml=text, now=now())
    publish_definition(cast.olga, "Expansion", drafted.row.version, effective_from=now.at.date(), now=now())


@pytest.fixture
def won(cast: Cast, now: Clock, deal: Deal) -> Deal:
    """Ann's deal, won; what sold it renews on 2 March a year later."""
    edit_deal(cast.ann, deal.key, now=now(), changes={"renews_on": dt.date(2027, 3, 2)})
    with_proof = Deal.objects.get(pk=deal.pk)
    # How a deal is won is told elsewhere; here it has been.
    with writing(recorded_at=now(), actor="system", door="import") as session:
        with_proof.status, with_proof.close_on = "won", now.at.date()
        save_version(session, with_proof, change="won", at=now.at)
    return with_proof
