"""The ideal customer: read, checked, compared, and scored with reasons."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.definition import read_definition, write_definition
from stageproof.engine.definition_changes import compare
from stageproof.engine.definition_check import check_definition
from stageproof.engine.ideal_customer import IdealCustomer, Trait, fit_of, sentences, with_fit
from stageproof.engine.problem import Refused

BARE = """
[pipeline]
name = "New business"
owner = "ada@example.com"
{more}
[[stages]]
name = "Discovery"
"""
PROFILE = """
[ideal_customer]
fits_from = 50
[[ideal_customer.traits]]
trait = "industry"
one_of = ["Food", "Logistics"]
points = 40
[[ideal_customer.traits]]
trait = "size"
at_least = 100
at_most = 500
points = 30
[[ideal_customer.traits]]
trait = "technology"
one_of = ["SAP"]
points = 20
"""
IDEAL = IdealCustomer(
    (
        Trait("industry", 40, ("Food", "Logistics")),
        Trait("size", 30, at_least=100, at_most=500),
        Trait("technology", 20, ("SAP",)),
    ),
    50,
)


def test_it_is_part_of_the_definition_and_reads_back() -> None:
    read = read_definition(BARE.format(more=PROFILE))
    assert read.ideal_customer == IDEAL
    assert read_definition(write_definition(read)) == read
    assert sentences(IDEAL) == [
        "The industry is Food or Logistics: 40 points.",
        "The size is 100 to 500 people: 30 points.",
        "The technology is SAP: 20 points.",
        "A lead fits from 50 of 90 points on.",
    ]


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("[ideal_customer]\nfits_from = 5", ["ideal_customer_blank"]),
        ('[ideal_customer]\n[[ideal_customer.traits]]\ntrait = "mood"\npoints = 1', ["definition_value_wrong"]),
        ('[ideal_customer]\n[[ideal_customer.traits]]\ntrait = "size"\npoints = 1', ["trait_range"]),
        ('[ideal_customer]\n[[ideal_customer.traits]]\ntrait = "size"\npoints = 1\nat_least = 9\nat_most = 3',
         ["trait_range"]),
        ('[ideal_customer]\n[[ideal_customer.traits]]\ntrait = "country"\npoints = 1', ["trait_values"]),
        ('[ideal_customer]\n[[ideal_customer.traits]]\ntrait = "country"\none_of = ["AT"]',
         ["definition_key_missing"]),
        ('[ideal_customer]\nfits_from = 9\n[[ideal_customer.traits]]\ntrait = "country"\none_of = ["AT"]\npoints = 5',
         ["fits_from_beyond"]),
        (PROFILE + '[[ideal_customer.traits]]\ntrait = "industry"\none_of = ["Energy"]\npoints = 5', ["trait_twice"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(more: str, codes: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        read_definition(BARE.format(more=more))
    assert [each.code for each in refused.value.problems] == codes


def test_a_trait_that_fits_alone_is_warned_of() -> None:
    loose = PROFILE.replace("fits_from = 50", "fits_from = 30")
    found = [each.code for each in check_definition(read_definition(BARE.format(more=loose)))]
    assert "trait_fits_alone" in found
    assert "trait_fits_alone" not in [
        each.code for each in check_definition(read_definition(BARE.format(more=PROFILE)))
    ]


def test_changes_are_told_as_sentences() -> None:
    none, before = read_definition(BARE.format(more="")), read_definition(BARE.format(more=PROFILE))
    after = read_definition(
        BARE.format(
            more=PROFILE.replace('"Food", ', "").replace("points = 30", "points = 35").replace("from = 50", "from = 60")
            .replace('trait = "technology"\none_of = ["SAP"]', 'trait = "country"\none_of = ["AT"]')
        )
    )  # fmt: skip
    assert [each.kind for each in compare(none, before)] == ["ideal_customer_added", *["trait_added"] * 3]
    assert [each.says for each in compare(before, after)] == [
        "The technology no longer counts towards the ideal customer.",
        "The industry is now Logistics, before Food or Logistics.",
        "The size is now worth 35 points, before 30.",
        "The country is now asked for: AT, 20 points.",
        "A lead now fits from 60 points on, before from 50.",
    ]
    assert [each.kind for each in compare(before, none)] == ["ideal_customer_removed"]


@pytest.mark.parametrize(
    ("lead", "fit", "points", "possible"),
    [
        ({"industry": " food ", "employees": 100, "technology": "Excel, sap"}, "fits", 90, 90),
        ({"industry": "Energy", "employees": 500, "technology": "SAP"}, "fits", 50, 50),
        ({"industry": "Food", "employees": 501}, "unclear", 40, 60),
        ({"industry": "Energy", "employees": None, "technology": ""}, "unclear", 0, 50),
        ({"industry": "Energy", "employees": 99, "technology": "SAPx"}, "does not fit", 0, 0),
        ({}, "unclear", 0, 90),
    ],
)
def test_a_lead_is_scored_with_reasons(lead: dict[str, Any], fit: str, points: int, possible: int) -> None:
    found = fit_of(lead, IDEAL)
    assert (found.fit, found.points, found.possible, found.of) == (fit, points, possible, 90)
    assert sum(each.points for each in found.reasons) == points
    unknown = sum(each.of for each in found.reasons if each.state == "unknown")
    assert points + unknown == possible


def test_reasons_say_what_was_asked_for() -> None:
    lead = {"industry": "Energy", "employees": 1200}
    assert [each.says for each in fit_of(lead, IDEAL).reasons] == [
        "The industry is Energy; asked for is Food or Logistics.",
        "The size is 1,200 people; asked for is 100 to 500 people.",
        "The technology is not known; asked for is SAP.",
    ]


def test_without_a_profile_nothing_is_scored() -> None:
    frame = with_fit(pl.DataFrame({"lead": ["a"]}), None)
    assert frame.select("fit", "fit_points").row(0) == (None, None)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "industry": st.sampled_from([None, "", "Food", "food ,x", "Energy"]),
                "employees": st.sampled_from([None, 0, 99, 100, 500, 501]),
                "technology": st.sampled_from([None, "SAP", "a, b", " sap"]),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=50, deadline=None)
def test_many_are_scored_as_each_alone(leads: list[dict[str, Any]]) -> None:
    blank = {"country": None, "trigger": None}
    schema = {name: pl.Int64 if name == "employees" else pl.String for name in (*leads[0], *blank)}
    scored = with_fit(pl.DataFrame([{**each, **blank} for each in leads], schema=schema), IDEAL)
    for row, each in zip(scored.iter_rows(named=True), leads, strict=True):
        alone = fit_of(each, IDEAL)
        assert (row["fit"], row["fit_points"], row["fit_possible"]) == (
            alone.fit,
            alone.points,
            alone.possible,
        )
