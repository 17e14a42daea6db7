"""The charts of movement, coverage and conversion: findings in words, links to deals, nothing where nothing is known."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from stageproof.charts.bridge import bridge_chart, bridges_chart, largest
from stageproof.charts.coverage_ahead import coverage_ahead_chart
from stageproof.charts.distribution import distribution_chart
from stageproof.charts.rates import rates_chart
from stageproof.charts.reading_groups import groups_chart
from stageproof.charts.sources import sources_chart
from stageproof.charts.stays import stays_chart
from stageproof.charts.stays_over_time import stays_over_time_chart

LINES = [
    {"line": "opening", "amount": 100_000_00, "href": "/why/bridge?line=opening&by="},
    {"line": "new", "amount": 50_000_00, "href": "https://elsewhere.example/new"},
    {"line": "closing", "amount": 150_000_00, "href": "/why/bridge?line=closing"},
]


def test_bars_lead_to_pages_of_ours_and_nowhere_else() -> None:
    drawing = bridge_chart(LINES, measure="Open amount", currency="EUR")
    assert re.findall(r'<a href="([^"]*)"', drawing.wide) == [
        "/why/bridge?line=opening&amp;by=", "/why/bridge?line=closing",
    ]  # fmt: skip
    assert "://" not in re.sub(r'xmlns="[^"]*"', "", drawing.wide + drawing.narrow)
    assert 'role="group"' in drawing.wide


def test_a_chart_without_links_stays_a_picture() -> None:
    plain = [{name: row[name] for name in ("line", "amount")} for row in LINES]
    assert 'role="img"' in bridge_chart(plain, measure="Open amount", currency="EUR", of="velocity").wide


def period(name: str, opened: int, goal: int | None, remaining: float | None) -> dict[str, Any]:
    return {"closing_in": name, "open_amount": opened, "qualified_amount": opened // 2, "target": goal, "needed": 4.0,
            "nominal": opened / goal if goal else None, "remaining": remaining}  # fmt: skip


def test_the_periods_ahead_say_which_lacks_pipeline() -> None:
    rows = [
        period("2025-Q1", 900, 200, 4.5),
        period("2025-Q2", 100, 200, 0.5),
        period("2025-Q3", 0, None, None),
    ]
    drawing = coverage_ahead_chart(rows, currency="EUR")
    assert drawing is not None
    assert drawing.finding == "Less is open than the win rate so far needs in 2025-Q2"
    assert "2025-Q2: 1 open" in drawing.description
    reached = coverage_ahead_chart([period("2025-Q1", 900, 200, None)], currency="EUR")
    assert reached is not None
    assert reached.finding.startswith("Every period has the pipeline")
    assert coverage_ahead_chart([period("2025-Q1", 0, 200, 0.0)], currency="EUR") is None


def test_rates_read_out_their_counts_and_leave_out_what_is_unknown() -> None:
    known = {"label": "Ann", "rate": 0.25, "low": 0.1, "high": 0.5, "count": 12}
    unknown = {"label": "Bob", "rate": None, "low": None, "high": None, "count": 0}
    drawing = rates_chart(
        [known, unknown], name="won", finding="Found", measure="Measured", marks=[("Ann", 0.2, 0.3)]
    )
    assert drawing is not None
    assert drawing.description == "Ann: 25% of 12."
    assert rates_chart([unknown], name="won", finding="Found", measure="Measured") is None


def test_stays_and_distributions_read_all_their_values_out() -> None:
    stays = stays_chart(
        [{"stage": "Discovery", "median": 14.0, "p90": 58.0, "norm": 21, "deals": 9},
         {"stage": "Proposal", "median": None, "p90": None, "norm": None, "deals": 1}],
        measure="Days",
    )  # fmt: skip
    assert stays is not None
    assert stays.description == "Discovery: 14 d, nine in ten by 58 d, norm 21 d."
    steps = distribution_chart(
        [{"took": "0 to 29 days", "deals": 1}], name="took", finding="Found", measure="Days"
    )
    assert steps is not None
    assert steps.description == "0 to 29 days: 1 deal."
    nothing = [{"took": "0 to 29 days", "deals": 0}]
    assert distribution_chart(nothing, name="took", finding="Found", measure="Days") is None


def test_small_bridges_are_the_largest_and_read_every_one_out() -> None:
    def lines(opening: int, won: int) -> list[dict[str, Any]]:
        told = (("opening", opening), ("won", -won), ("closing", opening - won))
        return [{"line": name, "amount": amount, "href": f"/why/bridge?line={name}"} for name, amount in told]

    groups = [(f"P{size:02}", lines(size * 100_00, 50_00)) for size in range(1, 14)]
    drawn, others = largest([*groups, ("Idle", lines(0, 0))])
    assert [name for name, _ in drawn] == [f"P{size:02}" for size in range(13, 4, -1)]
    assert [name for name, _ in others] == ["P04", "P03", "P02", "P01"]
    drawing = bridges_chart(drawn, measure="Open amount", currency="EUR", by="owner")
    assert drawing is not None
    assert drawing.finding == "P13 shrank the most, by 50"
    for told in ("P13: opening 1.3k, won −50, closing 1.2k", "P05: opening 500, won −50, closing 450"):
        assert told in drawing.description
    # Three bars a group, each a link of its own; the zero lines lead nowhere.
    assert len(re.findall(r'<a href="/why/bridge', drawing.wide)) == 9 * 3
    assert bridges_chart([], measure="Open amount", currency="EUR", by="owner") is None


def test_stays_over_time_say_where_they_changed_among_enough_deals() -> None:
    def row(stage: str, quarter: int, median: float | None, completed: int) -> dict[str, Any]:
        return {"stage": stage, "period": f"2025-Q{quarter}", "median": median, "completed": completed, "norm": 21,
                "href": f"/why/time_in_stage?stage={stage}"}  # fmt: skip

    records = [
        row("Discovery", 1, 10.0, 30), row("Discovery", 2, 14.0, 30), row("Discovery", 3, None, 0),
        row("Proposal", 1, 5.0, 3), row("Proposal", 2, 60.0, 30),
    ]  # fmt: skip
    drawing = stays_over_time_chart(records, measure="Days")
    assert drawing is not None
    # Proposal's first quarter is of three deals alone.
    assert (
        drawing.finding
        == "Deals stay longer in Discovery: half have left after 14 d in 2025-Q2, 10 d in 2025-Q1"
    )
    assert (
        "Discovery: 2025-Q1 10 d, 2025-Q2 14 d, 2025-Q3 – (norm 21 d); Proposal: 2025-Q1 5 d"
        in drawing.description
    )
    assert drawing.wide.count('<a href="/why/time_in_stage?stage=Discovery"') >= 2
    assert stays_over_time_chart([row("Discovery", 1, None, 0)], measure="Days") is None


def test_sources_beyond_the_largest_are_one_bar_with_a_link_of_its_own() -> None:
    table = [
        {"source": f"S{at:02}", "won_amount": at * 100_00, "qualified_amount": 0, "href": f"/why/sources?source=S{at:02}"}
        for at in range(1, 16)
    ]  # fmt: skip
    drawing = sources_chart(
        table, by="source", measure="Won", currency="EUR", others="/why/sources?figure=won_amount"
    )
    assert drawing is not None
    # The four smallest: 100 + 200 + 300 + 400.
    assert drawing.description.endswith("S05: 500 won, 0 qualified; 4 others: 1.0k won, 0 qualified.")
    assert len(re.findall(r'<a href="/why/sources\?source=', drawing.wide)) == 11
    assert '<a href="/why/sources?figure=won_amount"' in drawing.wide


def test_the_bar_of_the_smallest_groups_leads_to_all_of_theirs() -> None:
    def group(at: int) -> dict[str, object]:
        amounts = {f"{name}_amount": 0 for name in ("waived", "unverifiable", "unqualified")}
        href = f"/deals?behind=nominal&of.owner=P{at:02}&period=2026-Q1"
        return {
            "owner": f"P{at:02}",
            "amount": at * 100,
            "qualified_amount": at * 100,
            **amounts,
            "href": href,
        }

    drawing = groups_chart([group(at) for at in range(1, 11)], "owner", currency="EUR")
    assert drawing is not None
    # Seven of ten have a bar of their own, and P01, P02 and P03 one together.
    assert drawing.description.endswith("; 3 others: 6, 100% qualified.")
    found = {unescape(each) for each in re.findall(r'<a href="([^"]+)"', drawing.wide)}
    others = "/deals?behind=nominal&of.owner=P03&period=2026-Q1&of.owner=P02&of.owner=P01"
    assert len(found) == 8
    assert others in found
    unlinked = groups_chart([{**group(1), "href": ""}], "owner", currency="EUR")
    assert unlinked is not None
    assert "<a " not in unlinked.wide
