"""Drawings follow the page: named, themed by custom properties, and literal about names."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import altair as alt
import polars as pl
import pytest

from stageproof.charts.bars import rows
from stageproof.charts.bridge import bridge_chart
from stageproof.charts.render import svg
from stageproof.charts.stages import stages_chart
from stageproof.charts.theme import INK, NARROW, PATTERNS, PROPERTIES, QUALIFIED, UNQUALIFIED, WIDE

SVG = "{http://www.w3.org/2000/svg}"


def bars(colour: str, name: str = "x") -> str:
    chart = alt.Chart(rows([{"v": 1, "n": name}])).mark_bar(color=colour).encode(x="v:Q", y="n:N")
    return svg(chart, name="c", title="A <finding> & more", description='Says "it"')


def by_stage(stage: str) -> pl.DataFrame:
    row = {"stage": stage, "open_count": 2, "open_amount": 400_00, "qualified_amount": 100_00,
           "qualified_count": 1, "waived_amount": 0, "unverifiable_amount": 0, "unqualified_amount": 300_00}  # fmt: skip
    return pl.DataFrame([row])


def test_the_drawing_is_named_and_described() -> None:
    root = ET.fromstring(bars(INK))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "c-title c-says")
    assert [(each.tag, each.get("id"), each.text) for each in root[:2]] == [
        (f"{SVG}title", "c-title", "A <finding> & more"),
        (f"{SVG}desc", "c-says", 'Says "it"'),
    ]


def test_nothing_but_the_drawing_speaks() -> None:
    assert len(re.findall(r" (?:role|aria-\w+)=", bars(INK))) == 2


@pytest.mark.parametrize("colour", list(PROPERTIES))
def test_colours_become_custom_properties(colour: str) -> None:
    drawn = bars(colour)
    assert f'fill="var({PROPERTIES[colour]})"' in drawn
    assert not re.search(r"#0000[01]\d", drawn)


@pytest.mark.parametrize("colour", list(PATTERNS))
def test_drawn_fills_bring_their_pattern(colour: str) -> None:
    drawn, name = bars(colour), f"c-{PATTERNS[colour]}"
    assert f'fill="url(#{name})"' in drawn
    assert drawn.count(f'<pattern id="{name}"') == 1
    assert drawn.count("<pattern") == 1


def test_a_plain_fill_brings_no_pattern() -> None:
    assert "<defs>" not in bars(QUALIFIED)


@pytest.mark.parametrize(
    "name", ["<script>", ' class="x"', f'fill="{UNQUALIFIED}"', "a & b", 'role="img"', "]]>"]
)
def test_names_of_stages_are_text(name: str) -> None:
    root = ET.fromstring(stages_chart(by_stage(name), currency="USD").wide)
    assert name.strip() in [each.text.strip() for each in root.iter(f"{SVG}text") if each.text]


def test_wide_and_narrow_can_stand_on_one_page() -> None:
    drawn = stages_chart(by_stage("Discovery"), currency="USD")
    wide, narrow = (set(re.findall(r' id="([^"]+)"', each)) for each in (drawn.wide, drawn.narrow))
    assert wide
    assert not wide & narrow


def test_drawings_fit_their_page() -> None:
    drawn = stages_chart(by_stage("Discovery"), currency="USD")
    for each, width in ((drawn.wide, WIDE), (drawn.narrow, NARROW)):
        assert 0.85 * width <= float(ET.fromstring(each).get("width", "0")) <= width + 8


def test_nothing_is_fetched() -> None:
    chart = alt.Chart("https://example.com/data.csv").mark_point().encode(x="v:Q")
    with pytest.raises(ValueError, match=r"(?i)not allowed|denied|external"):
        svg(chart, name="c", title="t", description="d")


def test_the_bridge_is_a_drawing_too() -> None:
    lines = [{"line": "opening", "amount": 1}, {"line": "closing", "amount": 1}]
    assert ET.fromstring(bridge_chart(lines, measure="m", currency="USD").wide).tag == f"{SVG}svg"
