"""What the charts show: bars in proportion, from zero, with the finding above."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import Any

import polars as pl
import pytest

from stageproof.charts import render
from stageproof.charts.ages import ages_chart
from stageproof.charts.bridge import bridge_chart
from stageproof.charts.by_quarter import SHOWN, by_quarter_chart
from stageproof.charts.coverage import coverage_chart
from stageproof.charts.stages import stages_chart

BAR = re.compile(r'<path d="M([\d.-]+),([\d.-]+)h([\d.-]+)v([\d.-]+)h[^"]*Z"[^>]*fill="([^"]+)"')
QUALIFIED, HATCHED, WON = "var(--qualified)", "hatched", "var(--won)"


def bars(drawn: str) -> list[tuple[float, float, float, float, str]]:
    """Left, top, width, height and fill of every bar."""
    found = []
    for x, y, w, h, fill in BAR.findall(drawn):
        pattern = re.search(r"-(hatched|dotted)\)", fill)
        found.append((float(x), float(y), float(w), float(h), pattern[1] if pattern else fill))
    return found


def opened(qualified: int, unqualified: int, **more: int) -> dict[str, int]:
    parts = {"qualified": qualified, "waived": 0, "unverifiable": 0, "unqualified": unqualified, **more}
    amounts = {f"{name}_amount": amount for name, amount in parts.items()}
    counts = {f"{name}_count": 1 if amount else 0 for name, amount in parts.items()}
    return {"open_count": sum(counts.values()), "open_amount": sum(parts.values()), **counts, **amounts}


def cover(target: int | None, nominal: float | None, qualified: float | None) -> dict[str, Any]:
    return {"target": target, "nominal": nominal, "qualified": qualified}


def test_coverage_bars_are_in_proportion_and_start_at_zero() -> None:
    drawn = coverage_chart(opened(200_00, 600_00), cover(400_00, 2.0, 0.5), won_amount=100_00, period="2024-Q3",
                           currency="USD")  # fmt: skip
    claimed, rest, real, won = bars(drawn.wide)
    assert [each[4] for each in (claimed, rest, real, won)] == [QUALIFIED, HATCHED, QUALIFIED, WON]
    assert claimed[0] == real[0] == won[0] == 0
    assert rest[0] == pytest.approx(claimed[2])
    assert rest[2] == pytest.approx(3 * claimed[2])
    assert (real[2], won[2]) == (pytest.approx(claimed[2]), pytest.approx(claimed[2] / 2))
    # The target's line stands at twice what is qualified.
    line = re.search(r'<line transform="translate\(([\d.]+),', drawn.wide)
    assert line
    assert float(line[1]) == pytest.approx(2 * claimed[2])


@pytest.mark.parametrize(
    ("row", "ratios", "finding"),
    [
        (opened(200_00, 600_00), cover(400_00, 2.0, 0.5),
         "Qualified pipeline covers 0.5x of the target, not the 2.0x claimed"),
        (opened(200_00, 0), cover(400_00, 0.5, 0.5), "All that is open is qualified: 0.5x of the target"),
        (opened(200_00, 600_00), cover(None, None, None), "200 of 800 open is qualified"),
        (opened(200_00, 0), cover(None, None, None), "All of the 200 open is qualified"),
        (opened(0, 0), cover(400_00, 0.0, 0.0), "Nothing is open for the period"),
    ],
)  # fmt: skip
def test_the_finding_of_coverage(row: dict[str, int], ratios: dict[str, Any], finding: str) -> None:
    drawn = coverage_chart(row, ratios, won_amount=0, period="2024-Q3", currency="USD")
    assert drawn.finding == finding
    assert drawn.description.endswith("target 400." if ratios["target"] else "no target is set.")


def test_each_qualification_has_its_own_fill() -> None:
    table = pl.DataFrame([{"stage": "Discovery", **opened(100, 100, waived=100, unverifiable=100)}])
    found = bars(stages_chart(table, currency="USD").wide)
    assert [each[4] for each in found] == [QUALIFIED, "var(--waived)", "dotted", HATCHED]
    assert {round(each[2], 3) for each in found} == {round(found[0][2], 3)}


def test_stages_keep_their_order_and_name_the_most_unproven() -> None:
    rows = [("Zeta", 500_00, 0), ("Alpha", 0, 700_00), ("Mid", 100_00, 100_00)]
    table = pl.DataFrame([{"stage": name, **opened(good, bad)} for name, good, bad in rows])
    drawn = stages_chart(table, currency="USD")
    labels = [re.search(rf">{name}<", drawn.wide).start() for name, *_ in rows]  # type: ignore[union-attr]
    heights = [float(re.findall(r"translate\([\d.-]+,([\d.]+)\)", drawn.wide[:at])[-1]) for at in labels]
    assert heights == sorted(heights)
    assert drawn.finding == "Most of what is not qualified sits in Alpha: 700"
    assert drawn.description == (
        "Zeta: 500, 500 qualified; Alpha: 700, 0 qualified; Mid: 200, 100 qualified."
    )


def test_deals_without_amounts_are_counted_instead() -> None:
    unpriced = {
        f"{name}_amount": 0 for name in ("open", "qualified", "waived", "unverifiable", "unqualified")
    }
    rows = [{"stage": "First", **opened(1, 0), **unpriced}, {"stage": "Second", **opened(1, 1), **unpriced}]
    drawn = stages_chart(pl.DataFrame(rows), currency="USD")
    assert drawn.measure == "Open deals by stage and how many of them are qualified"
    assert drawn.finding == "All of what is not qualified sits in Second: 1 deal"
    assert drawn.description == "First: 1 deal, 1 qualified; Second: 2 deals, 1 qualified."
    first, second, rest = bars(drawn.wide)
    assert (first[2], rest[2], rest[4]) == (pytest.approx(second[2]), pytest.approx(second[2]), HATCHED)


def ages(*rows: tuple[str, float | None, int | None]) -> pl.DataFrame:
    schema = {"stage": pl.String, "age_median": pl.Float64, "norm_days": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_late_is_beyond_the_factor_and_not_at_it() -> None:
    drawn = ages_chart(ages(("At", 30.0, 20), ("Beyond", 31.0, 20), ("No norm", 90.0, None)), factor=1.5)
    assert drawn
    assert drawn.finding == "The median deal is late in Beyond"
    assert (
        drawn.description
        == "At: 30 d of 20 d norm; Beyond: 31 d of 20 d norm · late; No norm: 90 d, no norm."
    )
    found = bars(drawn.wide)
    assert [each[4] for each in found[:3]] == [WON, "var(--late)", WON]
    assert found[2][2] == pytest.approx(3 * found[0][2])


def test_ages_unknown_are_not_drawn() -> None:
    assert ages_chart(ages(("A", None, 20)), factor=1.5) is None


def quarters(count: int, **amounts: int) -> pl.DataFrame:
    rows = [{"quarter": f"20{10 + n // 4}-Q{n % 4 + 1}", "won_amount": 100_00 * (n + 1), **opened(100_00, 0), **amounts}
            for n in range(count)]  # fmt: skip
    return pl.DataFrame(rows)


def test_quarters_stand_on_zero_with_open_on_top_of_won() -> None:
    drawn = by_quarter_chart(quarters(2), currency="USD")
    assert drawn
    first, first_open, second, second_open = bars(drawn.wide)
    assert first[1] + first[3] == pytest.approx(second[1] + second[3])
    assert second[3] == pytest.approx(2 * first[3])
    assert first_open[1] + first_open[3] == pytest.approx(first[1])
    assert second_open[3] == pytest.approx(first[3])
    assert drawn.finding == "The best quarter was 2010-Q2, with 200 won"


def test_quarters_left_out_are_named() -> None:
    drawn = by_quarter_chart(quarters(SHOWN + 3), currency="USD")
    assert drawn
    assert drawn.measure.endswith(f"the last {SHOWN} of {SHOWN + 3} quarters")
    assert "2010-Q3" not in drawn.wide
    assert "2010-Q4" in drawn.wide


def test_no_quarter_with_an_amount_is_no_chart() -> None:
    assert by_quarter_chart(quarters(2, won_amount=0, open_amount=0), currency="USD") is None


def test_the_bridge_carries_its_total_from_bar_to_bar() -> None:
    lines = [("opening", 1000_00), ("new", 500_00), ("increased", 0), ("lost", -300_00), ("closing", 1200_00)]
    drawn = bridge_chart(
        [{"line": name, "amount": amount} for name, amount in lines], measure="m", currency="USD"
    )
    opening, new, lost, closing = bars(drawn.wide)
    unit = opening[2] / 1000
    assert (new[0], new[2]) == (pytest.approx(1000 * unit), pytest.approx(500 * unit))
    assert (lost[0], lost[2]) == (pytest.approx(1200 * unit), pytest.approx(300 * unit))
    assert (closing[0], closing[2]) == (0, pytest.approx(1200 * unit))
    assert [each[4] for each in (new, lost)] == ["var(--up)", "var(--down)"]
    assert drawn.finding == "The pipeline grew from 1.0k to 1.2k; the largest move was new, +500"
    assert "Lost: −300" in drawn.description


def test_every_specification_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    # Drawing skips the check of the schema; here nothing is skipped.
    monkeypatch.setattr(render, "debug_mode", lambda _: nullcontext())
    amounts = opened(100_00, 300_00)
    lines = [
        {"line": "opening", "amount": 1_00},
        {"line": "won", "amount": -1_00},
        {"line": "closing", "amount": 0},
    ]
    drawn = [
        coverage_chart(amounts, cover(400_00, 1.0, 0.25), won_amount=1_00, period="2024-Q3", currency="USD"),
        stages_chart(pl.DataFrame([{"stage": "A", **amounts}]), currency="USD"),
        ages_chart(ages(("A", 30.0, 20)), factor=1.5),
        by_quarter_chart(quarters(2), currency="USD", target=100_00, period="2010-Q1"),
        bridge_chart(lines, measure="m", currency="USD"),
    ]
    assert all(each and each.wide.endswith("</svg>") and each.narrow.endswith("</svg>") for each in drawn)
