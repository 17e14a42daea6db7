"""Definitions: read, refused with every reason, written, and asked about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageproof.engine.definition import (
    Criterion,
    Definition,
    HygieneRules,
    Stage,
    read_definition,
    write_definition,
)
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import EvidenceProof, FieldProof, NextStepProof, RoleProof

DISCOVERY = """
[pipeline]
name = "New business"
owner = "owner@example.com"

[[stages]]
name = "Discovery"
norm_days = 21
[[stages.exit]]
id = "pain_confirmed"
says = "The buyer named a problem that we solve"
proof = { evidence = "pain", from = "buyer", within_days = 90 }
[[stages.exit]]
id = "economic_buyer"
says = "The economic buyer is known and engaged"
proof = { role = "economic_buyer", engaged_within_days = 30 }
[[stages.exit]]
id = "next_step"
says = "A next step is agreed and dated"
proof = { next_step_within_days = 14 }
"""

FULL = """
[pipeline]
name = "Enterprise"
owner = "Ada Okafor"
kind = "Expansion"
version = 3
effective_from = 2025-01-01
frameworks = ["meddic", "BANT"]

[waivers]
roles = ["vp sales"]
days = 14

[rules]
closing_soon_days = 45
pushes_allowed = 0
stage_age_factor = 2
one_contact_amount = 25000.50
required_facts = ["amount", "owner"]
close_date_evidence = "date_confirmed"

[[stages]]
name = "Discovery"
norm_days = 21
quiet_days = 7
aliases = ["Needs  Analysis", "qualifiedtobuy"]

[[stages]]
name = "Proposal"
band = "late"
[[stages.exit]]
id = "amount"
says = "It is worth our while"
proof = { field = "amount", at_least = 10_000, currency = "EUR" }

[[stages]]
name = "Negotiation"
"""


def _problems(text: str) -> list[Problem]:
    with pytest.raises(Refused) as refused:
        read_definition(text, source="rules.toml")
    return list(refused.value.problems)


def test_the_example_of_the_design_is_read() -> None:
    assert read_definition(DISCOVERY) == Definition(
        pipeline="New business",
        owner="owner@example.com",
        stages=(
            Stage(
                "Discovery",
                (
                    Criterion(
                        "pain_confirmed",
                        "The buyer named a problem that we solve",
                        EvidenceProof("pain", "buyer", 90),
                    ),
                    Criterion(
                        "economic_buyer",
                        "The economic buyer is known and engaged",
                        RoleProof("economic_buyer", 30),
                    ),
                    Criterion("next_step", "A next step is agreed and dated", NextStepProof(14)),
                ),
                norm_days=21,
                band="early",
                quiet_days=10,
            ),
        ),
        version=1,
        effective_from=None,
        waiver_roles=("manager", "pipeline owner"),
        waiver_days=30,
        rules=HygieneRules(),
        frameworks=(),
        kind="new business",
    )


def test_everything_can_be_set() -> None:
    definition = read_definition(FULL)
    assert (definition.pipeline, definition.owner) == ("Enterprise", "Ada Okafor")
    assert (definition.version, definition.effective_from) == (3, date(2025, 1, 1))
    assert definition.frameworks == ("MEDDIC", "BANT")
    assert definition.kind == "expansion"
    assert (definition.waiver_roles, definition.waiver_days) == (("vp sales",), 14)
    assert definition.rules == HygieneRules(
        closing_soon_days=45,
        pushes_allowed=0,
        stage_age_factor=2.0,
        one_contact_amount=Decimal("25000.50"),
        required_facts=("amount", "owner"),
        close_date_evidence="date_confirmed",
    )
    assert [stage.band for stage in definition.stages] == ["early", "late", "late"]
    assert [stage.quiet_days for stage in definition.stages] == [7, 14, 30]
    assert definition.stages[0].aliases == ("Needs Analysis", "qualifiedtobuy")
    proof = definition.stages[1].exit[0].proof
    assert proof == FieldProof("amount", at_least=Decimal(10_000), currency="EUR")
    assert isinstance(proof, FieldProof)
    assert isinstance(proof.at_least, Decimal)


@pytest.mark.parametrize("text", [DISCOVERY, FULL])
def test_a_definition_written_reads_back(text: str) -> None:
    definition = read_definition(text)
    written = write_definition(definition)
    assert read_definition(written) == definition
    assert write_definition(read_definition(written)) == written


def test_a_definition_is_written_for_people() -> None:
    written = write_definition(read_definition(DISCOVERY))
    assert 'proof = { evidence = "pain", from = "buyer", within_days = 90 }\n' in written
    assert "quiet_days" not in written
    assert "[rules]" not in written


names = st.text(min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(bool)


@given(
    pipeline=names,
    stages=st.lists(names, min_size=1, max_size=8, unique_by=lambda name: name.casefold()),
    band=st.sampled_from([None, "early", "late"]),
    quiet=st.none() | st.integers(1, 99),
    norm=st.none() | st.integers(1, 999),
    says=names,
    factor=st.floats(0.1, 100),
    on=st.none() | st.dates(),
)
def test_any_definition_written_reads_back(
    pipeline: str,
    stages: list[str],
    band: str | None,
    quiet: int | None,
    norm: int | None,
    says: str,
    factor: float,
    on: date | None,
) -> None:
    built = tuple(
        Stage(
            name,
            (Criterion(f"c{place}", says, NextStepProof(place + 1)),),
            norm,
            band,  # type: ignore[arg-type]
            quiet,
        )
        for place, name in enumerate(stages)
    )
    rules = HygieneRules(stage_age_factor=factor)
    definition = Definition(pipeline, "Ada", built, effective_from=on, rules=rules)
    assert read_definition(write_definition(definition)) == definition


@pytest.mark.parametrize(
    ("count", "bands", "quiet"),
    [
        (1, ["early"], [10]),
        (2, ["early", "late"], [10, 14]),
        (5, ["early", "early", "early", "late", "late"], [10, 10, 14, 14, 30]),
        (6, ["early", "early", "early", "late", "late", "late"], [10, 10, 14, 14, 30, 30]),
    ],
)
def test_bands_and_quiet_days_follow_from_the_position(
    count: int, bands: list[str], quiet: list[int]
) -> None:
    definition = Definition("P", "Ada", tuple(Stage(f"S{place}") for place in range(count)))
    assert [stage.band for stage in definition.stages] == bands
    assert [stage.quiet_days for stage in definition.stages] == quiet


def test_a_stage_is_found_by_name_or_alias_in_any_case() -> None:
    definition = read_definition(FULL)
    assert definition.position("discovery") == 0
    assert definition.position(" NEEDS   analysis ") == 0
    assert definition.position("QualifiedToBuy") == 0
    assert definition.position("Negotiation") == 2
    assert definition.position("Nego") is None
    assert definition.position("") is None
    assert definition.position(None) is None
    found = definition.stage("proposal")
    assert found is not None
    assert found.name == "Proposal"
    assert definition.stage("Won") is None


def test_criteria_behind_a_stage_are_those_of_earlier_stages() -> None:
    definition = read_definition(FULL)
    assert definition.criteria_before("Discovery") == ()
    assert definition.criteria_before("proposal") == ()
    assert [(stage.name, each.id) for stage, each in definition.criteria_before("negotiation")] == [
        ("Proposal", "amount")
    ]
    assert definition.all_criteria == definition.criteria_before("Negotiation")
    with pytest.raises(KeyError):
        definition.criteria_before("Won")


def test_every_problem_is_named_at_once_with_its_line() -> None:
    problems = _problems(
        """[pipeline]
nam = "New business"
owner = "everyone"
version = 0

[[stages]]
name = "Discovery"
norm_days = "three weeks"
[[stages.exit]]
id = "pain"
says = "The buyer named a problem"
proof = { evidence = "pain", form = "buyer" }
[[stages.exit]]
id = "two words"
says = ""

[[stages]]
name = "discovery"
[[stages.exit]]
id = "Pain"
says = "Again"
proof = { evidence = "pain" }

[rule]
"""
    )
    assert all(problem.source == "rules.toml" for problem in problems)
    assert [(problem.code, problem.row, problem.column) for problem in problems] == [
        ("definition_key_unknown", None, "rule"),
        ("definition_value_wrong", 6, "stages[1].norm_days"),
        ("definition_key_unknown", 9, "stages[1].exit[1].proof.form"),
        ("definition_value_wrong", 13, "stages[1].exit[2].says"),
        ("criterion_id", 13, "stages[1].exit[2].id"),
        ("definition_key_missing", 13, "stages[1].exit[2].proof"),
        ("definition_key_missing", None, "pipeline.name"),
        ("definition_owner", None, "pipeline.owner"),
        ("definition_value_wrong", None, "pipeline.version"),
        ("definition_key_unknown", None, "pipeline.nam"),
        ("stage_twice", 17, "stages[2]"),
        ("criterion_twice", 17, "stages[2]"),
    ]
    remedies = {problem.column: problem.remedy for problem in problems}
    assert remedies["rule"] == "Did you mean “rules”?"
    assert remedies["pipeline.nam"] == "Did you mean “name”?"
    assert remedies["stages[1].exit[1].proof.form"] == "Did you mean “from”?"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["definition_key_missing", "definition_no_stages"]),
        ('[pipeline]\nname = "P"\nowner = "Ada"\n', ["definition_no_stages"]),
        ('[pipeline]\nname = "P"\nowner = "Ada"\n[stages]\n', ["definition_value_wrong"]),
        ('stages = []\n[pipeline]\nname = "P"\nowner = "Ada"\n', ["definition_no_stages"]),
        ('stages = 1.5\n[pipeline]\nname = "P"\nowner = "Ada"\n', ["definition_value_wrong"]),
        ('pipeline = "P"\n[[stages]]\nname = "One"\n', ["definition_value_wrong"]),
        ('[pipeline]\nname = "P"\n[[stages]]\nname = "One"\n', ["definition_key_missing"]),
        ('[pipeline]\nname = "P"\nowner = "Ada"\n[[stages]]\n', ["definition_key_missing"]),
    ],
)
def test_what_is_missing_is_named(text: str, codes: list[str]) -> None:
    assert [problem.code for problem in _problems(text)] == codes


@pytest.mark.parametrize(
    ("head", "column"),
    [
        ('effective_from = "2025-01-01"', "pipeline.effective_from"),
        ("effective_from = 2025-01-01T00:00:00Z", "pipeline.effective_from"),
        ("version = true", "pipeline.version"),
        ("version = 1_000_001", "pipeline.version"),
        ('frameworks = "MEDDIC"', "pipeline.frameworks"),
        ('frameworks = ["SPIN"]', "pipeline.frameworks"),
        ('kind = "renewal"', "pipeline.kind"),
        ("[waivers]\nroles = []", "waivers.roles"),
        ("[waivers]\ndays = 0", "waivers.days"),
        ("[rules]\nstage_age_factor = 0", "rules.stage_age_factor"),
        ("[rules]\nstage_age_factor = inf", "rules.stage_age_factor"),
        ('[rules]\none_contact_amount = "50k"', "rules.one_contact_amount"),
        ("[rules]\nrequired_facts = [1]", "rules.required_facts"),
        ("[rules]\npushes_allowed = -1", "rules.pushes_allowed"),
        ("[rules]\nstage_age = 2", "rules.stage_age"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(head: str, column: str) -> None:
    text = f'[pipeline]\nname = "P"\nowner = "Ada"\n{head}\n[[stages]]\nname = "One"\n'
    (problem,) = _problems(text)
    assert problem.column == column


def test_an_alias_may_repeat_its_own_stage_but_no_other() -> None:
    head = '[pipeline]\nname = "P"\nowner = "Ada"\n'
    own = f'{head}[[stages]]\nname = "One"\naliases = ["ONE", "first", "First"]\n'
    assert read_definition(own).position("FIRST") == 0
    (problem,) = _problems(f'{own}[[stages]]\nname = "Two"\naliases = ["first"]\n')
    assert problem.code == "stage_twice"
    assert problem.says == "“first” already names stage 1, One."


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('[pipeline]\nname = "P"\nowner = Ada\n', 3),
        ('[pipeline]\nname = "P"\nname = "Q"\n', 3),
        ('[pipeline]\nname = "P', 2),
        ("PK\x03\x04", 1),
        ("version = " + "9" * 5000, None),
        ("a = " + "[" * 100_000, None),
        ("a = 1e99999999999999999999", None),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(text: str, row: int | None) -> None:
    (problem,) = _problems(text)
    assert problem.code == "definition_not_toml"
    assert problem.row == row


def test_no_line_is_given_where_stages_are_written_inline() -> None:
    (problem,) = _problems(
        'stages = [{ name = "One", norm_days = 0 }]\n[pipeline]\nname = "P"\nowner = "Ada"\n'
    )
    assert (problem.column, problem.row) == ("stages[1].norm_days", None)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_definition(text)
    assert refused.value.problems
    assert all(problem.says and problem.remedy for problem in refused.value.problems)
