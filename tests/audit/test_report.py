"""The report as a page: complete in itself, literal, linked, and never silently cut."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from stageproof.audit import deal_lists, finding_lists
from stageproof.audit.report import PICKED, report, spoken
from stageproof.engine.problem import Problem
from tests.audit.small_books import ALPHA, BRAVO, CHARLIE, DELTA, small_audit

VOID = {"meta", "br", "img", "link", "input", "hr", "path", "rect", "circle"}


class Page(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def html() -> str:
    problem = Problem("bad_date", "31/02/2024 is not a date.", "Write a day that exists.", source="deals.csv",
                      row=1017, column="Close Date", value="31/02/2024", count=3)  # fmt: skip
    return report(
        small_audit(
            problems=(problem,), notes=("A gap is named.",), rows={"read": 9, "taken": 8, "rejected": 1}
        )
    )


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_is_complete_in_itself(html: str, page: Page) -> None:
    assert page.open == []
    assert page.tags["script"] == page.tags["link"] == page.tags["img"] == page.tags["iframe"] == 0
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html
    outside = re.findall(r"(?:https?:)?//[\w.]+", html)
    assert set(outside) <= {"http://www.w3.org"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "src"]


def test_every_link_leads_somewhere_on_the_page(page: Page) -> None:
    assert [each for each, times in Counter(page.ids).items() if times > 1] == []
    assert {link for link in page.links if link[1:] not in page.ids or link[0] != "#"} == {
        # The figures of these link to lists that have no deal.
        "#deals-waived", "#deals-unverifiable"
    }  # fmt: skip


def test_headings_descend_one_level_at_a_time(page: Page) -> None:
    assert page.headings.count(1) == 1
    assert page.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_tables_are_captioned_and_headed(page: Page) -> None:
    assert page.tags["caption"] == page.tags["table"] > 8
    assert [tag for tag, name, _ in page.attributes if name == "scope"].count("th") == page.tags["th"]


def test_drawings_have_names_and_descriptions(html: str, page: Page) -> None:
    roles = [value for tag, name, value in page.attributes if tag == "svg" and name == "role"]
    assert roles == ["img"] * 8  # four charts, each for a page and for a phone
    for named in re.findall(r'aria-labelledby="(\S+-title) (\S+-says)"', html):
        assert set(named) <= set(page.ids)


def test_the_answer_comes_first(page: Page) -> None:
    assert page.text.index("Of 2.2M USD open for 2024-Q3, 800k is qualified") < page.text.index(
        "Each with its definition"
    )


def test_short_figures_carry_the_exact_value_on_hover_and_for_readers(html: str) -> None:
    assert str(spoken("2.2M", "2,200,000.00 USD")) in html
    assert str(spoken("a<b", '"c"')) == (
        '<span title="&#34;c&#34;"><span aria-hidden="true">a&lt;b</span>'
        '<span class="heard">&#34;c&#34;</span></span>'
    )


def test_rows_and_problems_are_accounted_for(page: Page) -> None:
    assert re.search(r"9\s+rows read\s*8\s+taken\s*1\s+rejected", page.text)
    assert "deals.csv, row 1,017, column Close Date" in page.text
    assert "Write a day that exists." in page.text
    assert "A gap is named." in page.text


def test_each_criterion_shows_its_proof_and_how_it_stands(page: Page) -> None:
    # Alpha, Bravo and Delta are past Discovery, of which Delta has no evidence of pain; Bravo alone is past Proposal.
    assert "Proof: evidence of pain from the buyer.2 met, 1 unmet" in page.text
    assert "Proof: evidence of budget from the buyer.0 met, 1 unmet" in page.text


def test_each_deal_is_listed_once_under_its_qualification(html: str) -> None:
    lists = dict(re.findall(r'<div class="list[^"]*" id="deals-(\w+)">(.*?)</table>', html, re.DOTALL))
    names = {key: re.findall(r'<th scope="row">([^<]+)<', table) for key, table in lists.items()}
    assert names == {
        "qualified": ["Alpha rollout", "Charlie"],
        "unqualified": ["Bravo", "Delta"],
        "won": ["Deal E"],
        "lost": ["Deal F", "Deal G"],
    }


def test_what_a_deal_still_has_to_prove_is_named(page: Page) -> None:
    assert "2 of 3 met" in page.text
    assert "nothing to prove yet" in page.text


def test_figures_of_the_period_lead_to_its_deals_alone(html: str) -> None:
    def data(name: str) -> str:
        return re.search(rf'<tr([^>]*)><th scope="row">{name}<', html)[1]  # type: ignore[index]

    assert 'data-in="1"' in data("Alpha rollout")
    assert "data-in" not in data("Delta")
    assert ".lists:has(#period-qualified:target) .list:not(#deals-qualified)" in html


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "=1+1", "{{ 7*7 }}", '"><img src=x onerror=alert(1)>', "</title>&amp;"],
)
def test_hostile_names_show_literally(name: str) -> None:
    found = Page(
        report(
            small_audit(
                [
                    {**ALPHA, "name": name, "account": name, "owner": name, "source": name, "stage": name},
                    BRAVO,
                ],
                problems=(Problem("p", name, name, source=name, column=name),),
                notes=(name,),
            )
        )
    )
    assert found.tags["script"] == found.tags["img"] == 0
    assert found.open == []
    assert found.text.count(name) >= 10


def test_a_list_that_is_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deal_lists, "ROWS", 2)
    monkeypatch.setattr(finding_lists, "ROWS", 2)
    rows = [
        {**DELTA, "deal": f"D{number}", "name": f"Delta {number}", "amount": number * 100_00}
        for number in range(5)
    ]
    text = Page(report(small_audit([*rows, CHARLIE]))).text
    assert "The 2 largest of 5; write all with --deals FILE." in text
    assert "The findings on the 2 largest of 5; all with --deals FILE." in text
    # The largest are the ones that are kept, and the list that is whole says nothing.
    assert "Delta 4" in text
    assert "Delta 3" in text
    assert "Delta 2" not in text
    assert text.count("write all with --deals FILE") == 1


def test_five_hundred_deals_are_embedded() -> None:
    rows = [
        {**DELTA, "deal": f"D{number:03}", "name": f"N{number:03}", "amount": number * 100_00 + 1}
        for number in range(501)
    ]
    text = Page(report(small_audit(rows, period=None, target=None))).text
    assert "The 500 largest of 501; write all with --deals FILE." in text
    assert "N001" in text
    assert "N000" not in text


def test_many_owners_cannot_be_picked_but_are_all_listed() -> None:
    rows = [{**ALPHA, "deal": f"D{number}", "owner": f"Owner {number:02}"} for number in range(PICKED + 1)]
    html = report(small_audit(rows))
    assert 'href="#owner-0"' not in html
    assert f">Owner {PICKED:02}</th>" in html.replace("\n", "")


@pytest.mark.parametrize("rows", [[], [DELTA], [{**ALPHA, "amount": None}], [{**ALPHA, "owner": None, "name": None,
                                  "account": None, "source": None, "stage": None, "close_on": None}]])  # fmt: skip
@pytest.mark.parametrize("period", ["2024-Q3", None])
def test_a_page_comes_of_any_book(rows: list[dict[str, object]], period: str | None) -> None:
    if not rows:
        rows = [{**ALPHA, "status": "deleted"}]
    found = Page(report(small_audit(rows, period=period, target=None)))
    assert found.open == []
    assert found.headings.count(1) == 1
    assert len(found.ids) == len(set(found.ids))


def test_a_negative_amount_has_a_true_minus_sign() -> None:
    text = Page(report(small_audit([{**ALPHA, "amount": -5_000_00}, CHARLIE]))).text
    assert "−5,000.00" in text
    assert "-5,000" not in text


def test_what_the_files_lack_is_named_with_what_to_bring() -> None:
    text = Page(report(small_audit([ALPHA], evidence=None))).text
    assert "nothing can be verified: the files hold no evidence" in text
    assert "Keep a sheet of evidence" in text
