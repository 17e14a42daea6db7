"""Every figure of the four readings of a small book, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import Criterion, Definition, Stage
from stageproof.engine.frames import from_rows, instant_number
from stageproof.engine.measures.bridge import bridge
from stageproof.engine.measures.stage_win_rate import stage_win_rate
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from stageproof.engine.proof import EvidenceProof
from stageproof.engine.readings import Frozen, compare, read, reconciliation
from stageproof.engine.tables import TABLES
from tests.engine.history_books import at, day, path

Q2 = Calendar().period("2025-Q2")
ON = "2025-05-15"
PAIN = Criterion("pain", "The buyer named a problem", EvidenceProof("pain", "buyer"))


def definition(pipeline: str = "New business", **changes: Any) -> Definition:
    stages = (Stage("Discovery", (PAIN,), norm_days=20), Stage("Proposal", norm_days=20))
    return Definition(pipeline, "ada@example.com", stages, **changes)


DEALS = [
    # Open: qualified in the first stage, for nothing lies behind it; due in May.
    *path("d1", ("2025-04-01", "Discovery"), amount=10_000, close_on=day("2025-05-31"), owner="Ann", source="Web"),
    # Qualified by its evidence; due in June, in euros.
    *path("d2", ("2025-04-02", "Discovery"), ("2025-05-01", "Proposal"), amount=20_000, currency="EUR",
          close_on=day("2025-06-20"), owner="Ann", source="Fair", campaign="Spring"),
    # Waived.
    *path("d3", ("2025-04-03", "Proposal"), amount=30_000, close_on=day("2025-06-20"), owner="Bob", source="Web"),
    # Unqualified: nobody named a pain.
    *path("d4", ("2025-04-04", "Proposal"), amount=40_000, close_on=day("2025-06-20"), owner="Bob", source="Web"),
    # Unverifiable: the definition does not know its stage.
    *path("d5", ("2025-04-05", "Legal"), amount=50_000, close_on=day("2025-06-20"), owner="Bob", source="Web"),
    # Qualified and outside: after the period, before it, and without a date.
    *path("d6", ("2025-04-06", "Discovery"), amount=6_000, close_on=day("2025-07-01"), owner="Ann", source="Web"),
    *path("d7", ("2025-02-06", "Discovery"), amount=700, close_on=day("2025-03-31"), owner="Ann", source="Web"),
    *path("d8", ("2025-04-08", "Discovery"), amount=None, close_on=None, owner=None, source=None),
    # Closed: two won, one of them in the period; two lost, one from the first stage.
    *path("w1", ("2025-01-05", "Discovery"), ("2025-02-01", "Proposal"), ("2025-04-20", "won"), amount=9_000,
          owner="Ann", source="Fair", campaign="Spring"),
    *path("w2", ("2025-01-05", "Proposal"), ("2025-02-20", "won"), amount=8_000, owner="Bob", source="Web"),
    *path("l1", ("2025-01-05", "Discovery"), ("2025-04-21", "lost"), amount=7_000, owner="Bob", source="Web"),
    *path("l2", ("2025-01-05", "Proposal"), ("2025-02-20", "lost"), amount=6_000, owner="Bob", source="Web"),
]  # fmt: skip
EVIDENCE = [
    {"evidence": "e2", "deal": "d2", "kind": "pain", "side": "buyer", "given_at": at("2025-04-20")},
    {"evidence": "e3", "deal": "d3", "kind": "waiver", "criterion": "pain", "side": "seller",
     "given_at": at("2025-04-20"), "expires_on": day("2025-12-31")},
]  # fmt: skip
LEADS = [
    {"lead": "a", "source": "Web", "status": "new", "created_at": at("2025-04-10")},
    {"lead": "b", "source": "Web", "status": "new", "created_at": at("2025-03-10")},
    {"lead": "b", "source": "Web", "status": "qualified", "created_at": at("2025-03-10"),
     "valid_from": at("2025-04-12")},
    {"lead": "c", "source": "Fair", "campaign": "Spring", "status": "converted", "deal": "d2",
     "created_at": at("2025-03-20")},
]  # fmt: skip
CAMPAIGNS = [
    # Thirty days, twenty of which lie in the period and have passed.
    {"campaign": "Spring", "source": "Fair", "starts_on": day("2025-03-22"), "ends_on": day("2025-04-20"),
     "cost": 3_000, "valid_from": at("2025-03-01")},
]  # fmt: skip
TARGETS = [
    {"starts_on": Q2.starts_on, "ends_on": Q2.ends_on, "amount": 50_000, "valid_from": at("2025-01-01")}
]
RATES = [
    {"currency": "EUR", "from_on": day("2025-01-01"), "rate": "1.1", "recorded_at": at("2025-01-01")},
    {"currency": "EUR", "from_on": day("2025-06-01"), "rate": "1.2", "recorded_at": at("2025-06-01")},
]


def book(**changes: Any) -> Book:
    given: dict[str, Any] = {
        "deals": DEALS, "evidence": [{**row, "valid_from": row["given_at"]} for row in EVIDENCE],
        "leads": [{"valid_from": row["created_at"], **row} for row in LEADS], "campaigns": CAMPAIGNS,
        "targets": TARGETS, "rates": RATES, **changes,
    }  # fmt: skip
    rules = given.pop("definitions", (definition(),))
    tables = {name: from_rows(TABLES[name], rows) for name, rows in given.items()}
    return Book.build(**tables, definitions=rules, currency="USD")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return book().as_of(ON)


def test_the_statement(pipeline: Pipeline) -> None:
    found = reconciliation(pipeline, period=Q2)
    assert found.ties
    assert [(line.name, line.sign, line.count, line.amount) for line in found.lines] == [
        ("nominal", 1, 8, 158_700),  # 10,000 + 22,000 + 30,000 + 40,000 + 50,000 + 6,000 + 700
        ("unqualified", -1, 1, 40_000),
        ("waived", -1, 1, 30_000),
        ("unverifiable", -1, 1, 50_000),
        ("qualified", 0, 5, 38_700),
        ("outside", -1, 3, 6_700),
        ("base", 0, 2, 32_000),
        ("unexpected", -1, None, 20_311),
        ("expected", 0, 2, 11_689),
        ("won", 1, 1, 9_000),
        ("forecast", 0, None, 20_689),
        ("target", -1, None, 50_000),
        ("gap", 0, None, -29_311),
    ]
    own = {
        (line, currency): (amount, value) for line, currency, _, amount, value in found.per_currency.rows()
    }
    assert own["base", "EUR"] == (20_000, 22_000)
    assert own["expected", "EUR"] == (7_473, 8_220)
    assert own["expected", "USD"] == (3_469, 3_469)


def test_the_probabilities(pipeline: Pipeline) -> None:
    # Four closed, two won; of the three that stood in Proposal, two. All: (2 + 10 x 0.2) / 14 = 4/14.
    # Discovery: (2 + 10 x 4/14) / 14, Proposal: (2 + 10 x 4/14) / 13.
    first, second = (2 + 40 / 14) / 14, (2 + 40 / 14) / 13
    rows = stage_win_rate(pipeline).rows()
    assert [row[:5] for row in rows] == [
        ("New business", 0, "Discovery", 4, 2), ("New business", 1, "Proposal", 3, 2),
    ]  # fmt: skip
    assert [row[6] for row in rows] == pytest.approx([first, second])
    expected = read(pipeline, "finance", period=Q2).figure("expected")
    assert (round(10_000 * first), round(22_000 * second)) == (3_469, 8_220)
    assert expected.value == 3_469 + 8_220


def test_the_interval_holds_the_luck_of_deals_and_the_doubt_about_rates(pipeline: Pipeline) -> None:
    values, p, closed = (10_000, 22_000), ((2 + 40 / 14) / 14, (2 + 40 / 14) / 13), (4, 3)
    doubt = [each * (1 - each) / (count + 11) for each, count in zip(p, closed, strict=True)]
    luck = sum(v**2 * (q * (1 - q) - d) for v, q, d in zip(values, p, doubt, strict=True))
    shared = sum(v * d**0.5 for v, d in zip(values, doubt, strict=True)) ** 2
    reach = 1.2815515655446004 * (luck + shared) ** 0.5
    found = read(pipeline, "finance", period=Q2).figure("expected")
    assert found.low == 0  # 11,689 less the reach would be below nothing
    assert found.high == pytest.approx(11_689 + reach, abs=1)
    forecast = read(pipeline, "board", period=Q2).figure("forecast")
    assert (forecast.low, forecast.high) == (9_000, 9_000 + found.high)  # type: ignore[operator]


def test_sales(pipeline: Pipeline) -> None:
    found = read(pipeline, "sales", period=Q2)
    figures = {each.name: (each.value, each.count) for each in found.figures}
    assert figures == {
        "nominal": (158_700, 8), "qualified": (38_700, 5), "waived": (30_000, 1), "unverifiable": (50_000, 1),
        "unqualified": (40_000, 1), "closing_soon": (10_000, 1), "overdue": (700, 1),
        "age": (40.5, 8),  # days in stage 14, 37, 39, 40, 41, 42, 44 and 98, to the end of 15 May
    }  # fmt: skip
    stages = {row["stage"]: row for row in found.tables["by_stage"].iter_rows(named=True)}
    assert list(stages) == ["Discovery", "Proposal", "Legal"]
    assert [(row["count"], row["amount"], row["qualified_amount"]) for row in stages.values()] == [
        (4, 16_700, 16_700), (3, 92_000, 22_000), (1, 50_000, 0),
    ]  # fmt: skip
    assert (stages["Discovery"]["unpriced_count"], stages["Discovery"]["norm_days"]) == (1, 20)
    owners = {
        row["owner"]: (row["count"], row["amount"]) for row in found.tables["by_owner"].iter_rows(named=True)
    }
    assert owners == {"Ann": (4, 38_700), "Bob": (3, 120_000), None: (1, 0)}
    assert found.deals("nominal", {"owner": ["Bob"]})["deal"].to_list() == ["d5", "d4", "d3"]
    assert found.deals("overdue")["deal"].to_list() == ["d7"]


def test_marketing(pipeline: Pipeline) -> None:
    found = read(pipeline, "marketing", period=Q2)
    figures = {each.name: (each.value, each.count) for each in found.figures}
    assert figures["leads"] == (1, 1)
    assert figures["qualified_leads"] == (1, 1)
    assert figures["created"] == (158_000, 7)
    assert figures["cost"] == (2_000, 1)
    rows = {row["source"]: row for row in found.tables["by_source"].iter_rows(named=True)}
    names = (
        "leads_count",
        "qualified_leads_count",
        "created_count",
        "amount",
        "qualified_amount",
        "won_amount",
        "cost",
    )
    assert {source: tuple(row[name] for name in names) for source, row in rows.items()} == {
        "Web": (1, 1, 5, 136_700, 16_700, 0, None),
        "Fair": (0, 0, 1, 22_000, 22_000, 9_000, 2_000),
        None: (0, 0, 1, 0, 0, 0, None),
    }
    assert found.deals("qualified_leads")["lead"].to_list() == ["b"]


def test_finance(pipeline: Pipeline) -> None:
    found = read(pipeline, "finance", period=Q2)
    assert found.tables["by_month"].rows() == [
        ("2025-04", 0, 0, 0, 1, 9_000), ("2025-05", 1, 10_000, 3_469, 0, 0), ("2025-06", 1, 22_000, 8_220, 0, 0),
    ]  # fmt: skip
    assert found.tables["outside"].rows() == [("after", 1, 6_000), ("before", 1, 700), ("undated", 1, 0)]
    assert found.figure("gap").value == -29_311
    assert "9,000" not in found.figure("base").formula
    assert found.figure("base").formula == "387.00 USD qualified − 67.00 USD outside 2025-Q2 = 320.00 USD"


def test_board(pipeline: Pipeline) -> None:
    found = read(pipeline, "board", period=Q2)
    ratios = {each.name: each.value for each in found.figures if each.unit == "ratio"}
    assert ratios == {
        "qualified_share": pytest.approx(38_700 / 158_700),
        "coverage_nominal": pytest.approx(152_000 / 50_000),
        "coverage_qualified": pytest.approx(32_000 / 50_000),
        "coverage_remaining": pytest.approx(152_000 / 41_000),
        "coverage_needed": 2.0,
    }
    assert found.bridge is None


def test_the_board_sees_why_it_moved_since_last_time() -> None:
    whole = book()
    found = read(whole.as_of(ON), "board", period=Q2, since=whole.as_of("2025-04-04", "2025-04-04"))
    lines = {row["line"]: row["amount"] for row in found.tables["bridge"].iter_rows(named=True)}
    assert (lines["opening"], lines["closing"], lines["late_arrivals"]) == (
        10_000 + 22_000 + 30_000 + 40_000 + 700 + 9_000 + 7_000, 158_700, 0,
    )  # fmt: skip
    assert found.figure("moved").value == 158_700 - 118_700


def test_a_person_s_reading_has_their_target() -> None:
    theirs = {**TARGETS[0], "owner": "Ann", "amount": 20_000}
    whole = book(targets=[*TARGETS, theirs])
    found = reconciliation(whole.as_of(ON), period=Q2, where={"owner": ["Ann"]})
    assert found.ties
    assert found.line("target").amount == 20_000
    assert found.line("nominal").amount == 38_700
    others = read(whole.as_of(ON), "finance", period=Q2, where={"source": ["Web"]})
    assert others.figure("target").value is None
    assert others.figure("gap").value is None


def test_expansion_is_read_only_where_it_is_asked_for() -> None:
    rules = (definition(), definition("Expansion", kind="expansion"))
    facts = {"pipeline": "New business"}
    rows = [{**row, **facts} for row in DEALS]
    more = path(
        "x1", ("2025-04-01", "Proposal"), amount=5_000, close_on=day("2025-05-31"), pipeline="Expansion"
    )
    pipeline = book(deals=[*rows, *more], definitions=rules).as_of(ON)
    assert reconciliation(pipeline, period=Q2).line("nominal").amount == 158_700
    other = reconciliation(pipeline, period=Q2, pipelines=["Expansion"])
    assert (other.head.pipelines, other.line("nominal").amount) == (("Expansion",), 5_000)
    both = reconciliation(pipeline, period=Q2, pipelines=["Expansion", "New business"])
    assert (both.ties, both.line("nominal").amount) == (True, 163_700)


def test_what_does_not_exist_is_refused_by_name(pipeline: Pipeline) -> None:
    for ask, code in (
        (lambda: read(pipeline, "press", period=Q2), "unknown_reader"),  # type: ignore[arg-type]
        (lambda: read(pipeline, "sales", period=Q2, pipelines=["Renewals"]), "unknown_pipeline"),
        (lambda: read(pipeline, "sales", period=Q2, where={"colour": ["red"]}), "unknown_group"),
        (lambda: read(pipeline, "sales", period=Q2).deals("luck"), "unknown_figure"),
        (lambda: read(pipeline, "sales", period=Q2).deals("nominal", {"luck": ["red"]}), "unknown_group"),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert [each.code for each in refused.value.problems] == [code]


def test_a_book_without_anything_closed_says_what_it_assumes() -> None:
    pipeline = book(deals=DEALS[:1], evidence=[], leads=[], targets=[]).as_of("2025-04-02")
    found = read(pipeline, "finance", period=Q2)
    assert found.figure("expected").value == 2_000  # a fifth of 10,000
    assert found.tables["probabilities"]["closed"].to_list() == [0, 0]
    assert found.tables["probabilities"]["rate"].to_list() == [None, None]


def test_what_was_revoked_stays_so_for_whoever_asks_what_was_known() -> None:
    gone = {**EVIDENCE[0], "valid_from": at("2025-05-10"), "removed": True}
    kept = {**EVIDENCE[0], "valid_from": EVIDENCE[0]["given_at"], "removed": False}
    whole = book(evidence=[kept, gone])
    for known_at, qualified in ((None, 16_700), ("2025-05-20", 16_700), ("2025-05-09", 38_700)):
        found = read(whole.as_of(ON, known_at), "sales", period=Q2)
        assert found.figure("qualified").value == qualified


def test_a_frozen_reading_says_why_it_is_no_longer_so() -> None:
    """Since 15 May: a late raise of d1 (2,000), the euro at 1.2 (2,000), rules without criteria, d6 won."""
    raised = {**DEALS[0], "amount": 12_000, "valid_from": at("2025-05-10"), "recorded_at": at("2025-06-01")}
    won = {
        **path("d6", ("2025-06-02", "won"), amount=6_000, owner="Ann", source="Web")[0],
        "stage": "Discovery",
    }
    won["created_at"] = at("2025-04-06")
    lenient = Definition(
        "New business", "ada@example.com", (Stage("Discovery"), Stage("Proposal")), 2, day("2025-06-01")
    )
    before, after = definition(), lenient
    whole = book(deals=[*DEALS, raised, won], definitions=(before, after))
    figures = {line.name: line.amount for line in reconciliation(book().as_of(ON), period=Q2).lines}
    known = instant_number(at("2025-05-16"))
    frozen = Frozen(book().instant(ON), known, Q2, (before,), figures=figures)
    found = compare(frozen, whole.as_of("2025-06-05"))
    rows = {row[0]: row[2:] for row in found.lines.iter_rows()}
    # then, altered, late arrivals, rates, definition, events, now
    assert rows["nominal"] == (158_700, 0, 2_000, 2_000, 0, -6_000, 156_700)
    assert rows["unqualified"] == (40_000, 0, 0, 0, -40_000, 0, 0)
    assert rows["qualified"] == (38_700, 0, 2_000, 2_000, 70_000, -6_000, 106_700)
    assert rows["won"] == (9_000, 0, 0, 0, 0, 6_000, 15_000)
    assert found.deals("nominal", "late_arrivals").select("deal", "before", "after", "amount").rows() == [
        ("d1", 10_000, 12_000, 2_000)
    ]
    assert found.deals("nominal", "rates")["deal"].to_list() == ["d2"]
    assert found.deals("unqualified", "definition")["amount"].to_list() == [-40_000]
    with pytest.raises(Refused):
        found.deals("luck", "events")
    altered = compare(Frozen(frozen.as_of, known, Q2, (before,), figures={"won": 8_999}), whole.as_of(ON))
    assert altered.lines.filter(line="won")["altered"].to_list() == [1]


def test_late_arrivals_and_new_rules_are_lines_of_the_bridge() -> None:
    late = {**DEALS[0], "amount": 12_000, "valid_from": at("2025-05-10"), "recorded_at": at("2025-06-01")}
    stages = (definition().stages[0], Stage("Proposal", band="early", norm_days=20))
    ruled = (definition(), Definition("New business", "ada@example.com", stages, 2, day("2025-06-01")))
    whole = book(deals=[*DEALS, late], definitions=ruled)
    for mode in ("endpoints", "events"):
        found = bridge(whole, ON, "2025-06-05", start_known_at=ON, by=["band"], mode=mode)  # type: ignore[arg-type]
        rows = {(row["line"], row["band"]): row["amount"] for row in found.lines.iter_rows(named=True)}
        assert rows["late_arrivals", "early"] == 2_000
        assert rows["definition", "late"] == -92_000
        assert rows["definition", "early"] == 92_000
        assert rows["closing", "late"] == 0
        assert rows["exchange", "early"] == 2_000
        assert "transferred_in" not in {line for (line, _), amount in rows.items() if amount}
