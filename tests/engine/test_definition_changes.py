"""Two versions of a definition, told apart in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageproof.engine.definition import Criterion, Definition, HygieneRules, Stage
from stageproof.engine.definition_changes import Change, compare
from stageproof.engine.proof import AllOf, EvidenceProof, NextStepProof, RoleProof
from stageproof.engine.templates import NAMES, template

PAIN = Criterion("pain", "The buyer named a problem", EvidenceProof("pain", "buyer", 90))
STEP = Criterion("step", "A next step is dated", NextStepProof(14))
CHAMPION = Criterion("champion", "A champion is engaged", RoleProof("champion", 30))
BEFORE = Definition(
    "New business",
    "Ada Okafor",
    (
        Stage("Discovery", (PAIN, STEP), 21),
        Stage("Proposal", (CHAMPION,), 14, aliases=("Quote",)),
        Stage("Negotiation", (), 14),
    ),
)


def _with_stages(*stages: Stage) -> Definition:
    return replace(BEFORE, stages=stages)


def _changes(after: Definition) -> list[tuple[str, str]]:
    return [(change.kind, change.says) for change in compare(BEFORE, after)]


DISCOVERY, PROPOSAL, NEGOTIATION = BEFORE.stages


@pytest.mark.parametrize("name", NAMES)
def test_nothing_changed(name: str) -> None:
    assert compare(template(name), template(name)) == []


def test_a_new_version_number_alone_changes_nothing() -> None:
    assert _changes(replace(BEFORE, version=2)) == []


def test_the_pipeline_itself() -> None:
    after = replace(
        BEFORE,
        pipeline="Growth",
        owner="Ben Wu",
        waiver_roles=("vp sales",),
        waiver_days=14,
        frameworks=("MEDDIC",),
        kind="expansion",
        rules=HygieneRules(pushes_allowed=2, required_facts=("amount",)),
    )
    assert _changes(after) == [
        ("pipeline_renamed", "The pipeline New business is now called Growth."),
        ("owner_changed", "Ben Wu takes over the pipeline from Ada Okafor."),
        ("kind_changed", "The pipeline is now counted as expansion, before as new business."),
        ("waivers_changed", "Waivers are now granted by vp sales, before by manager or pipeline owner."),
        ("waivers_changed", "A waiver lasts at most 14 days, before 30 days."),
        ("framework_added", "MEDDIC is now followed."),
        ("rule_changed", "The rule pushes allowed is now 2, before 1."),
        (
            "rule_changed",
            "The rule required facts is now amount, before amount, owner, account, close_on, source.",
        ),
    ]
    assert [change.kind for change in compare(after, BEFORE)][5] == "framework_removed"


def test_stages_added_and_removed() -> None:
    after = _with_stages(Stage("Prospecting"), DISCOVERY, PROPOSAL)
    assert _changes(after) == [
        ("stage_removed", "The stage Negotiation is gone, with 0 exit criteria."),
        ("stage_added", "The stage Prospecting is new, at the start."),
    ]
    assert [says for _, says in _changes(_with_stages(DISCOVERY, Stage("Demo"), NEGOTIATION))] == [
        "The stage Proposal is gone, with 1 exit criterion.",
        "The stage Demo is new, after Discovery.",
        "Proposal no longer asks for “A champion is engaged”.",
    ]


def test_a_stage_renamed_is_known_by_its_alias() -> None:
    after = _with_stages(DISCOVERY, replace(PROPOSAL, name="Quote", aliases=("Proposal",)), NEGOTIATION)
    assert _changes(after) == [("stage_renamed", "The stage Proposal is now called Quote.")]


def test_a_stage_renamed_is_known_by_its_criteria() -> None:
    after = _with_stages(replace(DISCOVERY, name="Needs"), PROPOSAL, NEGOTIATION)
    assert _changes(after) == [("stage_renamed", "The stage Discovery is now called Needs.")]


def test_a_stage_of_another_name_without_criteria_is_another_stage() -> None:
    after = _with_stages(DISCOVERY, PROPOSAL, replace(NEGOTIATION, name="Commit"))
    assert [kind for kind, _ in _changes(after)] == ["stage_removed", "stage_added"]


def test_the_fewest_stages_have_moved() -> None:
    after = _with_stages(NEGOTIATION, DISCOVERY, PROPOSAL)
    assert _changes(after) == [("stage_moved", "The stage Negotiation now comes at the start.")]
    after = _with_stages(PROPOSAL, DISCOVERY, NEGOTIATION)
    assert len([kind for kind, _ in _changes(after) if kind == "stage_moved"]) == 1


def test_what_a_stage_allows() -> None:
    after = _with_stages(
        replace(DISCOVERY, norm_days=None, quiet_days=1),
        replace(PROPOSAL, band="early", aliases=("Offer",)),
        NEGOTIATION,
    )
    assert _changes(after) == [
        ("norm_changed", "The norm of Discovery is not set, before 21 days."),
        ("quiet_days_changed", "A deal in Discovery may be quiet for 1 day, before 10 days."),
        ("aliases_changed", "Proposal is also read from Offer."),
        ("aliases_changed", "Proposal is no longer read from Quote."),
    ]
    later = _with_stages(DISCOVERY, PROPOSAL, replace(NEGOTIATION, band="early"))
    assert _changes(later) == [("band_changed", "Negotiation now counts as early, before as late.")]


def test_criteria_added_removed_and_moved() -> None:
    legal = Criterion("legal", "Legal takes part", RoleProof("legal", 30))
    after = _with_stages(
        replace(DISCOVERY, exit=(PAIN,)),
        replace(PROPOSAL, exit=()),
        replace(NEGOTIATION, exit=(CHAMPION, legal)),
    )
    assert compare(BEFORE, after) == [
        Change(
            "criterion_removed", "Discovery no longer asks for “A next step is dated”.", "Discovery", "step"
        ),
        Change(
            "criterion_moved",
            "“A champion is engaged” is now asked for at Negotiation, before at Proposal.",
            "Negotiation",
            "champion",
        ),
        Change(
            "criterion_added",
            "Negotiation now asks for “Legal takes part”: legal contact known and engaged in the last 30 days.",
            "Negotiation",
            "legal",
        ),
    ]


@pytest.mark.parametrize(
    ("proof", "kind", "became"),
    [
        (EvidenceProof("pain", "buyer", 30), "criterion_tightened", "asks for more"),
        (EvidenceProof("pain", "buyer"), "criterion_loosened", "asks for less"),
        (EvidenceProof("need", "buyer", 90), "criterion_changed", "asks for something else"),
        (AllOf((PAIN.proof,)), "criterion_rewritten", "asks for the same in another form"),
    ],
)
def test_a_proof_that_asks_for_more_or_less(proof: EvidenceProof, kind: str, became: str) -> None:
    after = _with_stages(replace(DISCOVERY, exit=(replace(PAIN, proof=proof), STEP)), PROPOSAL, NEGOTIATION)
    ((found, says),) = _changes(after)
    assert found == kind
    assert says.startswith(f"Discovery: “The buyer named a problem” now {became}: ")
    assert says.endswith("; before: evidence of pain from the buyer in the last 90 days.")


def test_a_criterion_reworded() -> None:
    reworded = replace(PAIN, says="The buyer told us of a problem")
    after = _with_stages(replace(DISCOVERY, exit=(reworded, STEP)), PROPOSAL, NEGOTIATION)
    assert _changes(after) == [
        (
            "criterion_reworded",
            "Discovery: “The buyer named a problem” now reads “The buyer told us of a problem”.",
        )
    ]


@given(order=st.permutations(range(5)))
def test_moves_leave_the_longest_run_where_it_was(order: list[int]) -> None:
    stages = [Stage(f"S{place}", band="early", quiet_days=10) for place in range(5)]
    before = replace(BEFORE, stages=tuple(stages))
    after = replace(BEFORE, stages=tuple(stages[place] for place in order))
    moved = {change.stage for change in compare(before, after)}
    stayed = [place for place in order if f"S{place}" not in moved]
    assert stayed == sorted(stayed)
    # Brute force over all subsets gives the length of the longest run that keeps its order.
    runs = ([order[bit] for bit in range(5) if mask >> bit & 1] for mask in range(32))
    assert len(stayed) == max(len(run) for run in runs if run == sorted(run))
