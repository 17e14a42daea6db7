"""The headline of a book whose figures are worked out by hand."""

from __future__ import annotations

import pytest

from stageproof.audit.headline import SUPPORTING, headline
from tests.audit.small_books import ALPHA, BRAVO, CHARLIE, DELTA, PAIN, closed, small_audit

# Open for 2024-Q3: Alpha 600k and Charlie 200k qualified, Bravo 1.4M not; won 900k of 1.5M in three closed deals.


def test_the_answer_sets_qualified_beside_claimed_and_target() -> None:
    assert headline(small_audit()) == [
        "Of 2.2M USD open for 2024-Q3, 800k is qualified: 0.3x of the 2.5M target, where 0.9x is claimed.",
        "200k of what is qualified is in a stage where nothing had to be proven yet.",
        "900k is won so far; the 1.6M that remains is covered 1.4x, where a win rate of 33% asks for 3.0x.",
        "The four checks found something on 4 of 4 open deals.",
    ]


def test_without_a_target_a_share_takes_the_place_of_the_ratio() -> None:
    first, _, third, *_ = headline(small_audit(target=None))
    assert first == "Of 2.2M USD open for 2024-Q3, 800k is qualified (36%); no target is set."
    assert third == "For each 1 of target, a win rate of 33% asks for 3.0 of pipeline."


def test_without_a_period_all_that_is_open_counts() -> None:
    first, *_ = headline(small_audit(period=None, target=None))
    assert first == "Of 2.5M USD open, 800k is qualified (32%)."


def test_all_qualified() -> None:
    first, *_ = headline(small_audit([ALPHA]))
    assert first == "Of 600k USD open for 2024-Q3, all is qualified: 0.2x of the 2.5M target."


def test_nothing_qualified() -> None:
    first, *_ = headline(small_audit([BRAVO, DELTA]))
    assert first == (
        "Of 1.4M USD open for 2024-Q3, nothing is qualified: 0x of the 2.5M target, where 0.6x is claimed."
    )


def test_nothing_to_prove_is_not_proof() -> None:
    assert headline(small_audit([CHARLIE]))[1] == (
        "All of what is qualified is in a stage where nothing had to be proven yet."
    )


def test_a_target_that_is_reached() -> None:
    found = headline(small_audit(target=500_000_00))
    assert found[2] == "The target of 500k is reached: 900k is won."


def test_nothing_open_at_all() -> None:
    rows = closed("E", "won", 900_000_00, ALPHA["created_on"], ALPHA["created_on"].replace(day=30))
    assert headline(small_audit(rows, target=1_000_000_00)) == [
        "Nothing is open.",
        "900k USD in 1 deal was won for 2024-Q3, 90% of the target.",
        "The win rate is 100% of what has closed.",
    ]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([DELTA], "the one open deal has a close date outside it; it is worth 300k USD."),
        (
            [DELTA, {**DELTA, "deal": "H", "amount": None}],
            "none of the 2 open deals has a close date inside it; together they are worth 300k USD.",
        ),
        ([{**DELTA, "amount": None, "close_on": None}], "the one open deal has no close date and no amount."),
        (
            [{**DELTA, "deal": deal, "amount": None, "close_on": None} for deal in "HI"],
            "none of the 2 open deals has a close date or an amount.",
        ),
        ([{**DELTA, "close_on": None}], "the one open deal has no close date; worth 300k USD."),
    ],
)  # fmt: skip
def test_nothing_open_for_the_period(rows: list[dict[str, object]], says: str) -> None:
    assert headline(small_audit(rows))[0] == f"Nothing is open for 2024-Q3: {says}"


def test_open_deals_without_amounts_are_counted() -> None:
    rows = [{**ALPHA, "amount": None}, {**BRAVO, "amount": None}]
    assert headline(small_audit(rows))[0] == (
        "2 deals are open for 2024-Q3 without an amount; 1 of them qualified."
    )


def test_nothing_verifiable_says_so_and_what_to_bring() -> None:
    assert headline(small_audit([ALPHA, BRAVO], evidence=None)) == [
        "Of 2.0M USD open for 2024-Q3, nothing can be verified: the files hold no evidence.",
        "To learn what is real: Keep a sheet of evidence with deal, kind, side and the day it was given, "
        "and add it.",
        "Coverage of 0.8x of the 2.5M target is claimed, and nothing in the files supports it.",
    ]


def test_an_empty_table_of_evidence_proves_nothing_but_can_be_verified() -> None:
    first, *_ = headline(small_audit([ALPHA, BRAVO], evidence=PAIN[:0] or [{**PAIN[0], "deal": "Z"}]))
    assert first.startswith("Of 2.0M USD open for 2024-Q3, nothing is qualified: 0x")


def test_at_most_three_sentences_support_the_answer() -> None:
    rows = [ALPHA, BRAVO, CHARLIE, {**DELTA, "stage": "Unheard of", "close_on": ALPHA["close_on"]}]
    found = headline(small_audit(rows))
    assert len(found) == 1 + SUPPORTING
    assert found[3] == "300k can be neither proven nor refuted: their stage is not in the definition."
