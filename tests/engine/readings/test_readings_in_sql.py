"""Every figure of the readings against SQL written by hand: of the small book, and of the demo company."""

from __future__ import annotations

from functools import cache

import pytest

from stageproof.demo.book import demo_company
from stageproof.engine.book import Book, Pipeline
from stageproof.engine.frames import from_rows
from stageproof.engine.readings import READERS, read
from stageproof.engine.tables import TABLES
from tests.engine.readings.by_sql import DAY, FIGURES, BySql, counted
from tests.engine.readings.test_readings_by_hand import ON, book

SMALL = "SELECT deal, 'pain' AS criterion FROM ev WHERE kind = 'pain' AND side = 'buyer'"


def evidence(criterion: str, kind: str, days: int) -> str:
    return (
        f"SELECT deal, '{criterion}' FROM ev WHERE kind = '{kind}' AND side = 'buyer' AND given_at > $at - {days * DAY}"
        f" AND (criterion IS NULL OR criterion = '{criterion}')"
    )


def role(criterion: str, name: str, days: int) -> str:
    return f"SELECT deal, '{criterion}' FROM met WHERE role = '{name}' AND engaged_at > $at - {days * DAY}"


DEMO = " UNION ".join(
    (
        "SELECT deal, 'buyer_replied' AS criterion FROM act WHERE side = 'buyer'",
        "SELECT deal, 'account_known' FROM priced WHERE account <> ''",
        "SELECT deal, 'next_step' FROM priced WHERE next_step_on BETWEEN $day AND $day + 14",
        evidence("pain_confirmed", "pain", 180),
        evidence("impact_measured", "metrics", 180),
        role("champion", "champion", 30),
        role("economic_buyer", "economic_buyer", 45),
        evidence("budget_confirmed", "budget", 180),
        evidence("decision_process", "decision_process", 180),
        evidence("proposal_accepted", "proposal_acceptance", 120),
        "SELECT deal, 'amount_known' FROM priced WHERE value >= 100",
        evidence("close_date_confirmed", "close_date", 45),
        evidence("terms_agreed", "terms", 60),
        role("legal_engaged", "legal", 30),
        evidence("legal_engaged", "legal_approval", 60),
        evidence("signing_path", "signing_path", 45),
    )
)


@cache
def demo() -> Book:
    return demo_company(currencies=True).book()


def small() -> Book:
    empty = {name: from_rows(TABLES[name], []) for name in ("activities", "roles")}
    whole = book()
    return Book.build(
        **{name: frame.to_native().collect().drop("until_on", strict=False) for name, frame in whole.tables.items()},
        **empty, definitions=whole.definitions, currency="USD",
    )  # fmt: skip


@pytest.fixture(scope="module", params=["small", "2024-05-14", "2025-05-14"])
def both(request: pytest.FixtureRequest) -> tuple[Pipeline, BySql]:
    if request.param == "small":
        pipeline = small().as_of(ON)
        stages, needed, held = [("Discovery", 0), ("Proposal", 1)], [(0, "pain")], SMALL
    else:
        pipeline = demo().as_of(request.param)
        definition = pipeline.definitions[0]
        stages = [
            (name, place)
            for place, stage in enumerate(definition.stages)
            for name in (stage.name, *stage.aliases)
        ]
        needed = [(place, each.id) for place, stage in enumerate(definition.stages) for each in stage.exit]
        held = DEMO
    period = pipeline.book.calendar.containing(pipeline.on, "quarter")
    return pipeline, BySql(pipeline, period, stages, needed, held)


def test_every_figure(both: tuple[Pipeline, BySql]) -> None:
    pipeline, sql = both
    period = pipeline.book.calendar.containing(pipeline.on, "quarter")
    seen = set()
    for reader in READERS:
        for figure in read(pipeline, reader, period=period).figures:
            if figure.name in ("forecast", "gap"):
                continue
            value, count = sql.figure(figure.name)
            assert figure.value == pytest.approx(value, rel=1e-12), figure.name
            assert count is None or figure.count == count, figure.name
            seen.add(figure.name)
    assert seen == FIGURES.keys() - {"interval"}
    finance = read(pipeline, "finance", period=period)
    expected, won = (int(sql.figure(name)[0]) for name in ("expected", "won"))
    target, spread = int(sql.figure("target")[0]), sql.figure("interval")[0]
    assert finance.figure("forecast").value == expected + won
    assert finance.figure("gap").value == expected + won - target
    found = finance.figure("expected")
    assert found.low == pytest.approx(max(0, expected - 1.2815515655446004 * spread), abs=1.5)
    assert found.high == pytest.approx(
        min(int(sql.figure("base")[0]), expected + 1.2815515655446004 * spread), abs=1.5
    )


def test_every_cut(both: tuple[Pipeline, BySql]) -> None:
    pipeline, sql = both
    period = pipeline.book.calendar.containing(pipeline.on, "quarter")
    month = "strftime(DATE '1970-01-01' + CAST(close_on AS INTEGER), '%Y-%m')"
    tables = {reader: read(pipeline, reader, period=period).tables for reader in READERS}
    for reader, table, column, by, value, of in (
        ("sales", "by_owner", "amount", "owner", "value", "judged"),
        ("sales", "by_team", "amount", "team", "value", "judged"),
        ("sales", "by_month", "amount", month, "value", "judged"),
        ("marketing", "by_source", "amount", "source", "value", "judged"),
        ("marketing", "by_source", "won_amount", "source", "value", "won"),
        ("finance", "by_month", "expected_amount", month, "expected", "base"),
        ("finance", "by_owner", "expected_amount", "owner", "expected", "base"),
    ):
        rows = tables[reader][table]  # type: ignore[index]
        found = dict(zip(rows.to_series(0), rows[column].fill_null(0), strict=True))
        assert counted(found) == counted(sql.cut(by, value, of)), (table, column)
    chances = tables["finance"]["probabilities"].sort("position")
    expected = sql.duck.execute("SELECT place, closed, won, p FROM chances ORDER BY place").fetchall()
    assert chances.select("position", "closed", "won").rows() == [row[:3] for row in expected]
    assert chances["probability"].to_list() == pytest.approx([row[3] for row in expected], rel=1e-12)
