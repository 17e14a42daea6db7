"""The pages of readings: the same cents as the database, for whom they are meant, with every figure's deals."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pypdf import PdfReader

from stageproof.actions.deals import edit_deal
from stageproof.engine.money import Money
from stageproof.records.models import Deal, FrozenReading
from tests.actions.readings_world import world
from tests.web.conftest import Cast, Clock, acme, at, cast, deal, now, problems_of, ready, text_of

__all__ = ["acme", "at", "cast", "deal", "now", "ready", "world"]

PAPERS = ("sales", "marketing", "finance", "board", "reconciliation")
Q1, Q2 = "?as_of=2026-03-02&period=2026-Q1", "?as_of=2026-03-02&period=2026-Q2"


@pytest.fixture
def later(world: Deal, now: Clock) -> Deal:
    """The same company the day after, when the moment that is read has passed."""
    now.days(1)
    return world


def figure(response: Any, name: str) -> str:
    """Every digit of a figure on a page."""
    found = re.search(
        rf'id="figure-{name}">.*?<p class="value">.*?class="heard">(.*?)<', response.content.decode(), re.S
    )
    assert found, name
    return unescape(found[1])


def sql(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def euros(amount: int) -> str:
    return Money(amount, "EUR").exact()


# What a deal is worth in EUR, worked out by the database: USD at 0.9, to the cent.
WORTH = "ROUND(amount * CASE currency WHEN 'USD' THEN 0.9 ELSE 1 END)"


def test_the_pages_say_what_the_database_says(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    nominal = int(sql(f"SELECT SUM({WORTH}) FROM records_deal WHERE status = 'open'"))
    for reader in ("sales", "marketing", "finance", "board"):
        assert figure(eve.get(f"/readings/{reader}{Q2}"), "nominal") == euros(nominal), reader
    board = eve.get(f"/readings/board{Q2}")
    assert figure(board, "target") == "60,000.00 EUR"
    assert figure(eve.get(f"/readings/board{Q1}"), "won") == euros(
        int(sql(f"SELECT SUM({WORTH}) FROM records_deal WHERE status = 'won'"))
    )
    sales = eve.get(f"/readings/sales{Q2}").content.decode()
    for owner, amount in (("Ann Archer", 5_000_000), ("Ben Baker", 1_111_110)):
        row = re.search(rf'<tr><th scope="row"><a [^>]*>{owner}</a>.*?</tr>', sales, re.S)
        assert row, owner
        assert euros(amount) in row[0]
    assert "all" in text_of(eve.get(f"/readings/reconciliation{Q2}"))
    assert "checks come out even" in text_of(eve.get(f"/readings/reconciliation{Q2}"))


def test_what_moved_opens_its_deals_whether_open_or_qualified(
    at: Callable[[str], Client], later: Deal
) -> None:
    """All that is open is qualified in this company, and all of it is new since the year began."""
    eve = at("eve")
    page = eve.get(f"/readings/board{Q1}").content.decode()
    addresses = set(map(unescape, re.findall(r'href="([^"]*behind=moved[^"]*line=new[^"]*)"', page)))
    assert len(addresses) == 2
    for address in addresses:
        response: Any = eve.get(f"{address}&format=csv")
        rows = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))
        assert {row["name"]: row["amount"] for row in rows} == {
            "Acme rollout": "50000.00", "Beta": "11111.10", "Gamma": "0.00",
        }, address  # fmt: skip


def test_the_head_is_the_same_in_all(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    heads = {
        re.search(
            r'<dl class="reading-head">.*?</dl>', eve.get(f"/readings/{each}{Q2}").content.decode(), re.S
        )[0]  # type: ignore[index]
        for each in PAPERS
    }
    assert len(heads) == 1
    assert "New business version 1" in heads.pop()


@pytest.mark.parametrize("who", ["ann", "mia", "otto", "max", "eve"])
def test_everyone_reads_the_deals_they_may_see(
    cast: Cast, at: Callable[[str], Client], later: Deal, who: str
) -> None:
    client = at(who)
    sees = 0 if who == "otto" else 6_111_110
    assert figure(client.get(f"/readings/sales{Q2}"), "nominal") == euros(sees)
    page = client.get(f"/readings{Q2}")
    assert page.status_code == 200
    scoped = who in ("ann", "mia", "otto")
    assert ("the deals you see" in text_of(page)) == scoped
    assert (b"Freeze" in page.content) == (not scoped)


def test_a_filter_narrows_every_figure_and_the_target(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    assert figure(eve.get(f"/readings/sales{Q2}&owner=Ben+Baker"), "nominal") == euros(1_111_110)
    assert figure(eve.get(f"/readings/finance{Q2}&team=West"), "nominal") == "0.00 EUR"
    assert figure(eve.get(f"/readings/finance{Q2}&team=West"), "target") == "unknown"


def test_every_figure_leads_to_deals_that_add_up_to_it(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    looked = 0
    for reader in ("sales", "finance"):
        page = eve.get(f"/readings/{reader}{Q2}")
        for name, address in re.findall(
            r'id="figure-(\w+)">.*?<p class="value">(?:<a href="([^"]+)")?', page.content.decode(), re.S
        ):
            if not address or (reader == "sales" and name not in ("qualified", "closing_soon")):
                continue
            deals = eve.get(unescape(address) + "&format=csv")
            assert deals.status_code == 200, name
            rows = list(csv.DictReader(io.StringIO(b"".join(deals.streaming_content).decode())))  # type: ignore[attr-defined]
            column = "expected" if name in ("expected", "forecast") else "value"
            if name in (
                "nominal",
                "qualified",
                "unqualified",
                "base",
                "outside",
                "expected",
                "closing_soon",
                "won",
            ):
                whole = sum(round(float(row[column] or 0) * 100) for row in rows)
                assert euros(whole) == figure(page, name), (reader, name)
                looked += 1
    assert looked >= 7


def test_figures_lead_to_the_page_that_explains_them(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    board = eve.get(f"/readings/board{Q2}&owner=Ann+Archer").content.decode()
    whys = [unescape(each) for each in re.findall(r'href="(/why/[^"]+)"', board)]
    assert len(whys) >= 3
    nominal = next(each for each in whys if "open_amount" in each)
    assert "50,000.00 EUR" in unescape(eve.get(nominal).content.decode())
    sales = unescape(eve.get(f"/readings/sales{Q2}&owner=Ann+Archer").content.decode())
    risky = re.search(r'href="(/pipeline\?risk=[^"]+)"', sales)
    assert risky
    assert eve.get(risky[1]).status_code == 200


def test_a_row_of_a_table_leads_to_its_deals(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    page = text_of(eve.get(f"/readings/sales/deals{Q2}&behind=nominal&of.owner=Ben+Baker"))
    assert "Beta" in page
    assert "Acme rollout" not in page
    assert re.search(r"1 deal · 11,111\.10 EUR", page)
    blank = text_of(eve.get(f"/readings/marketing/deals{Q2}&behind=nominal&of.source="))
    assert "No deal is behind this figure" in blank


ROW = re.compile(
    r'<th scope="row"><a href="([^"]*deals[^"]*of\.[^"]*)"[^>]*>[^<]*</a></th><td[^>]*>(\d+)</td>'
)
BAR = re.compile(r'<a href="([^"]+)" tabindex="-1"')


def test_a_row_and_its_bar_open_as_many_deals_as_the_row_counts(
    at: Callable[[str], Client], later: Deal
) -> None:
    """Of the three that are open, Acme is in Discovery, Beta and Gamma in the stage before, each another's."""
    eve = at("eve")
    kept = eve.post(f"/readings/freeze{Q2}", {"name": "Kept", "reader": "sales"})["Location"]
    for path in (f"/readings/sales{Q2}", kept):
        rows = {
            re.search(r"of\.(.*?)(?:&|$)", unescape(href))[1]: (unescape(href), int(count))  # type: ignore[index]
            for href, count in ROW.findall(eve.get(path).content.decode())
        }
        assert {name: count for name, (_, count) in rows.items() if count} == {
            "stage=Prospecting": 2, "stage=Discovery": 1, "owner=Ann+Archer": 1, "owner=Ben+Baker": 1,
            "owner=Otto+Olsen": 1, "team=East": 2, "team=West": 1, "month=2026-05": 1, "month=2026-06": 1, "month=": 1,
        }  # fmt: skip
        for name, (href, count) in rows.items():
            says = f"{count} deal" if count else "No deal is behind this figure"
            assert says in text_of(eve.get(href)), (path, name)
    part = eve.get(f"/readings/sales/drawing/owner{Q2}").content.decode()
    bars = {unescape(each) for each in BAR.findall(part)}
    assert len(bars) == 2
    assert {text_of(eve.get(each)).count("1 deal ·") for each in bars} == {1}
    both = f"/readings/sales/deals{Q2}&behind=nominal&of.owner=Ann+Archer&of.owner=Ben+Baker"
    assert "Owner: Ann Archer, Ben Baker 2 deals" in text_of(eve.get(both))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("/readings/sales?period=2026-Q9", "is not a period"),
        ("/readings/board?since=frozen-99", "no such moment"),
        ("/readings/board?as_of=2999-01-01", "has not come yet"),
        ("/readings/board?known_at=2999-01-01", "has not come yet"),
        ("/readings/sales?pipeline=Nowhere", "There is no pipeline 'Nowhere'"),
        ("/readings/sales/deals?behind=nothing", "No figure of this reading is called 'nothing'"),
        ("/readings/sales/deals?behind=nominal&of.colour=red", "nothing called 'colour'"),
    ],
)
def test_what_cannot_be_read_is_said(
    at: Callable[[str], Client], later: Deal, address: str, code: str
) -> None:
    answer = at("eve").get(address)
    assert answer.status_code == 422
    assert code in " ".join(says for says, _ in problems_of(answer))


def test_what_is_not_a_reading_is_not_found(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    for address in (
        "/readings/sale",
        "/readings/sale/pdf",
        "/readings/sales/drawing/nothing",
        "/readings/frozen/9/board",
    ):
        assert eve.get(address).status_code == 404, address


def test_charts_come_after_the_page_and_without_script_too(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    page = eve.get(f"/readings/finance{Q2}").content.decode()
    waiting = re.findall(r'hx-get="(/readings/finance/drawing/\w+[^"]*)"', page)
    for address in waiting:
        drawn = eve.get(unescape(address)).content.decode()
        assert "<figcaption>" in drawn
        assert drawn.count("<svg") == 2
    again = eve.get(f"/readings/finance{Q2}&charts=yes").content.decode()
    assert again.count("<figure") >= 2
    assert "hx-get" not in again.split("<article")[1].split("</article>")[0]


def test_freeze_open_and_compare(cast: Cast, at: Callable[[str], Client], later: Deal, now: Clock) -> None:
    fay = at("fay")
    made = fay.post(f"/readings/freeze{Q2}&owner=Ann+Archer", {"name": "Ann in April", "reader": "finance"})
    row = FrozenReading.objects.get()
    assert made.headers["Location"] == f"/readings/frozen/{row.pk}/finance"
    assert (row.where, row.period) == ({"owner": ["Ann Archer"]}, "2026-Q2")
    before = figure(fay.get(made.headers["Location"]), "expected")
    assert "It is what it was" in text_of(fay.get(f"/readings/frozen/{row.pk}/compare"))
    now.days(1)
    edit_deal(cast.ann, later.key, now=now(), changes={"amount": 1_000_000})
    assert figure(fay.get(made.headers["Location"]), "expected") == before
    assert "same to the cent" in text_of(fay.get(f"/readings/frozen/{row.pk}/check"))
    page = fay.get(f"/readings/frozen/{row.pk}/compare")
    assert "Why it is no longer what it was" in text_of(page)
    assert "Nominal pipeline" in text_of(page)
    assert euros(-4_000_000) in unescape(page.content.decode())
    deals = text_of(fay.get(f"/readings/frozen/{row.pk}/compare?line=nominal&cause=events"))
    assert "Acme rollout" in deals
    assert "50,000.00" in deals
    assert fay.get(f"/readings/frozen/{row.pk}/compare?line=nominal&cause=luck").status_code == 422
    behind = text_of(fay.get(f"/readings/frozen/{row.pk}/sales/deals?behind=nominal"))
    assert "· 50,000.00 EUR" in behind
    # From then on the board's reading says what moved since it.
    assert "Since “Ann in April”" in unescape(fay.get("/readings/board").content.decode())
    for address in (f"/readings/frozen/{row.pk}/board", f"/readings/frozen/{row.pk}/compare"):
        assert at("mia").get(address).status_code == 403
    assert at("mia").post(f"/readings/freeze{Q2}", {"name": "Mine"}).status_code == 403


def test_today_is_frozen_as_it_is_by_now(at: Callable[[str], Client], later: Deal, now: Clock) -> None:
    today = now.at.date().isoformat()
    made = at("eve").post(f"/readings/freeze?known_at={today}&period=2026-Q2", {"name": "Today"})
    assert made.status_code == 302
    row = FrozenReading.objects.get()
    assert row.as_of <= row.recorded_at
    assert row.known_at <= row.recorded_at


def test_a_name_that_is_taken_is_said(at: Callable[[str], Client], later: Deal) -> None:
    eve = at("eve")
    eve.post(f"/readings/freeze{Q2}", {"name": "Board"})
    again = eve.post(f"/readings/freeze{Q2}", {"name": "Board"})
    assert again.status_code == 422
    assert problems_of(again)[0][0] == "There is a frozen reading called 'Board' already."
    assert FrozenReading.objects.count() == 1


@pytest.mark.parametrize("reader", PAPERS)
def test_the_pdf_has_the_same_cents(at: Callable[[str], Client], later: Deal, reader: str) -> None:
    eve = at("eve")
    page = eve.get(f"/readings/{reader}{Q2}")
    answer = eve.get(f"/readings/{reader}/pdf{Q2}")
    assert answer.headers["Content-Type"] == "application/pdf"
    pdf = PdfReader(io.BytesIO(answer.content))
    sheets = [" ".join(sheet.extract_text().split()) for sheet in pdf.pages]
    whole = " ".join(sheets)
    for name in ("nominal", "qualified", "expected", "forecast", "won", "target", "closing_soon"):
        if f'id="figure-{name}"' in page.content.decode():
            assert figure(page, name) in whole, name
    assert "61,111.10" in whole
    for number, sheet in enumerate(sheets, start=1):
        assert f"Page {number} of {len(sheets)}" in sheet
        assert "As of 2026-03-02" in sheet
    # Charts are drawn with lines and letters, not as pictures of dots.
    assert all(not sheet.images for sheet in pdf.pages)
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    width = round(float(pdf.pages[0].mediabox.width))
    assert width == 595
    if reader != "board":
        return
    letter = PdfReader(io.BytesIO(eve.get(f"/readings/{reader}/pdf{Q2}&paper=letter").content))
    assert round(float(letter.pages[0].mediabox.width)) == 612


def test_an_empty_company_has_readings_too(at: Callable[[str], Client]) -> None:
    eve = at("eve")
    for reader in PAPERS:
        page = eve.get(f"/readings/{reader}")
        assert page.status_code == 200
        assert (
            "checks come out even" in text_of(page)
            or figure(page, "nominal" if reader != "marketing" else "qualified") == "0.00 EUR"
        )
    assert PdfReader(io.BytesIO(eve.get("/readings/board/pdf").content)).pages
    assert "Nothing is frozen yet" in text_of(eve.get("/readings"))
