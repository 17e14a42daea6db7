"""Templates: their shape, and that they read the stages of common systems."""

from __future__ import annotations

import pytest

from stageproof.engine.definition import read_definition, write_definition
from stageproof.engine.problem import Refused
from stageproof.engine.templates import NAMES, template, template_text


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("mid-market", "Prospecting Discovery Qualification Proposal Negotiation Contracting"),
        ("smb", "Prospecting Discovery Evaluation Proposal Commit"),
        ("enterprise-meddic", "Prospecting Discovery Validation Business_Case Negotiation Contracting"),
        ("expansion", "Onboarding Adoption Upsell Renewal Referral"),
    ],
)
def test_stages(name: str, stages: str) -> None:
    assert [stage.name.replace(" ", "_") for stage in template(name).stages] == stages.split()


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_can_be_left_and_has_a_norm(name: str) -> None:
    definition = template(name)
    assert all(1 <= len(stage.exit) <= 4 for stage in definition.stages)
    assert all(stage.norm_days for stage in definition.stages)
    assert read_definition(write_definition(definition)) == definition
    assert read_definition(template_text(name)) == definition


@pytest.mark.parametrize("name", ["mid-market", "smb", "enterprise-meddic"])
@pytest.mark.parametrize(
    "stages",
    [
        # The stages that Salesforce, HubSpot (by label and by id) and Pipedrive begin with.
        [
            "Prospecting",
            "Qualification",
            "Needs Analysis",
            "Value Proposition",
            "Id. Decision Makers",
            "Perception Analysis",
            "Proposal/Price Quote",
            "Negotiation/Review",
        ],
        [
            "Appointment Scheduled",
            "Qualified To Buy",
            "Presentation Scheduled",
            "Decision Maker Bought-In",
            "Contract Sent",
        ],
        [
            "appointmentscheduled",
            "qualifiedtobuy",
            "presentationscheduled",
            "decisionmakerboughtin",
            "contractsent",
        ],
        ["Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started"],
        ["Prospecting", "Engaging"],
    ],
)
def test_open_stages_of_common_systems_are_read_in_order(name: str, stages: list[str]) -> None:
    positions = [template(name).position(stage) for stage in stages]
    assert None not in positions
    assert positions == sorted(positions, key=lambda position: position or 0)
    assert len(set(positions)) >= min(len(stages), 3) - 1


def test_meddic_asks_for_its_six_letters() -> None:
    definition = template("enterprise-meddic")
    assert definition.frameworks == ("MEDDIC",)
    ids = {criterion.id for _, criterion in definition.all_criteria}
    letters = {
        "metrics",
        "economic_buyer",
        "decision_criteria",
        "decision_process",
        "pain_identified",
        "champion",
    }
    assert letters <= ids


@pytest.mark.parametrize("name", ["Mid Market", "MID_MARKET", " mid-market "])
def test_names_are_read_in_any_spelling(name: str) -> None:
    assert template(name) == template("mid-market")


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(Refused, match="Choose one of mid-market, smb, enterprise-meddic, expansion"):
        template("huge")
