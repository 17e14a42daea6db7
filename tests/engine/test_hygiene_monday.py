"""The Monday run: counts, sentences, and what could not be checked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from stageproof.engine.hygiene.finding import KINDS, Context, kind_of, remedy, seen
from stageproof.engine.hygiene.monday import CHECKS, TITLES, Counted, monday
from stageproof.engine.hygiene.subjects import FINDING
from tests.engine.history_books import bare, book, day, definition, path

ON = "2025-03-31"
DEALS = [
    *path("a", ("2025-01-01", "Discovery"), close_on=day("2025-03-20"), amount=100, account=None),
    *path("b", ("2025-01-01", "Proposal"), close_on=day("2025-03-20"), amount=200, account="Acme"),
    *path("c", ("2025-01-01", "Proposal"), close_on=day("2025-12-20"), amount=None, account="Acme"),
    *path("d", ("2025-01-01", "Proposal"), close_on=None, amount=800, account="Acme"),
]


def test_counts_are_deals_and_their_amounts() -> None:
    run = monday(book(DEALS).as_of(ON))
    assert run.by_code(1) == [
        Counted(1, "past", "Close date past", 2, 300),
        Counted(1, "no_close_date", "No close date", 1, 800),
    ]
    assert run.by_check(1) == Counted(1, "", "Is the close date real?", 3, 1100)
    assert run.by_code(4) == [
        Counted(4, "no_account", "No account", 1, 100),
        Counted(4, "no_amount", "No amount", 1, 0),
    ]


def test_a_deal_with_several_findings_of_a_check_counts_once() -> None:
    run = monday(book(DEALS, definitions=[definition()], evidence=[], roles=[]).as_of(ON))
    assert run.findings.filter(run.findings["check"] == 2).height == 3 * 2
    assert run.by_check(2) == Counted(2, "", "Is the stage earned?", 3, 1000)


def test_findings_are_of_open_deals_with_their_columns() -> None:
    table = monday(book(DEALS).as_of(ON)).findings
    assert tuple(table.columns) == FINDING
    assert table.select("deal", "code", "amount").rows() == [
        ("d", "no_close_date", 800),
        ("a", "past", 100),
        ("b", "past", 200),
        ("a", "no_account", 100),
        ("c", "no_amount", None),
    ]


def test_an_empty_pipeline_has_no_findings() -> None:
    run = monday(book(DEALS).as_of("2020-01-01"))
    assert run.findings.is_empty()
    assert run.counts.is_empty()
    assert [run.by_check(check).deals for check in CHECKS] == [0, 0, 0, 0]
    assert tuple(TITLES) == tuple(CHECKS)


def test_every_finding_has_a_sentence_and_a_remedy() -> None:
    run = monday(book(DEALS, definitions=[definition()], evidence=[], roles=[], activities=[]).as_of(ON))
    rows = run.findings.rows(named=True)
    assert {row["code"] for row in rows} >= {
        "past",
        "criterion_unmet",
        "never_heard",
        "no_contacts",
        "no_amount",
    }
    for row in rows:
        assert run.seen(row)[0].isupper() or run.seen(row)[0] == "“"
        assert run.seen(row).endswith(".")
        assert run.remedy(row).endswith(".")


CONTEXT = Context(dt.date(2025, 9, 23), "USD", (bare(),))


def number(text: str) -> int:
    return (day(text) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("code", "since", "value", "limit", "detail", "sentence"),
    [
        ("past", "2025-09-13", 11.0, None, None, "Close date Fri 12 Sep is 11 days past."),
        ("past", "2024-09-13", 1.0, None, None, "Close date Thu 12 Sep 2024 is 1 day past."),
        ("no_close_date", "2025-09-01", None, None, None, "There has been no close date since Mon 1 Sep."),
        ("unconfirmed", "2025-09-01", 0.0, 30.0, None,
         "It is to close today, and the buyer's confirmation of the date is missing, due since Mon 1 Sep."),
        ("pushed", "2025-09-01", 3.0, 1.0, None, "The close date was moved to a later day 3 times, last on Mon 1 Sep."),
        ("too_soon", "2025-09-01", 4.0, 20.5, None,
         "It is to close in 4 days; half of the won deals took 20.5 days or more once they had left this stage."),
        ("silent", "2025-09-01", 22.0, 14.0, None,
         "The buyer was last heard on Mon 1 Sep, 22 days ago; this stage allows 14."),
        ("never_heard", "2025-09-01", 22.0, 14.0, None,
         "No word from the buyer at all since Mon 1 Sep; this stage allows 14 days."),
        ("next_step_past", "2025-09-13", 11.0, None, None, "The next step was due on Fri 12 Sep, 11 days ago."),
        ("too_long_in_stage", "2025-09-13", 41.0, 30.0, None,
         "It has been in its stage for 41 days; more than 30 days is too long."),
        ("ghost", "2025-09-13", 1200.0, 300.0, None,
         "It is 1,200 days old; no deal has ever closed after more than 300 days."),
        ("amount_high", None, 7000000.0, 300000.0, None,
         "70,000.00 USD is far above what was won before (3,000.00 USD)."),
        ("one_contact", None, 5000000.0, 5000000.0, None, "50,000.00 USD hangs on one contact."),
        ("twin", "2025-09-13", 2.0, None, "006X", "Deal 006X has the same account, amount and product."),
        ("no_close_on", None, None, None, "close_on", "The close date is missing."),
        ("evidence_expired", "2025-09-13", 11.0, None, "gone",
         "The evidence for “gone” has not counted since Sat 13 Sep."),
    ],
)  # fmt: skip
def test_what_is_said(
    code: str, since: str | None, value: Any, limit: Any, detail: Any, sentence: str
) -> None:
    row = {"code": code, "check": kind_of(code).check, "since_on": since and number(since), "value": value,
           "limit": limit, "detail": detail, "definition": "New business"}  # fmt: skip
    assert seen(row, CONTEXT) == sentence
    assert remedy(row, CONTEXT) == kind_of(code).remedy


def test_every_kind_belongs_to_a_check() -> None:
    assert {kind.check for kind in KINDS.values()} == set(CHECKS)
