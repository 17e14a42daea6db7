"""Movement, coverage, velocity, conversion and why: figures against plain SQL, whose deals they are of, refusals."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.actions.rates import set_rate
from stageproof.actions.targets import set_target
from stageproof.records.models import Deal
from stageproof.records.tables import book
from stageproof.web import conversion
from tests.actions.readings_world import set_deal
from tests.actions.won_deal import won
from tests.web.conftest import PART, Cast, Clock, problems_of, text_of
from tests.web.figures import open_figures

__all__ = ["won"]

At = Callable[[str], Client]
PAGES = ("/movement", "/coverage", "/velocity", "/conversion")
Q1 = (dt.date(2026, 1, 1), dt.date(2026, 3, 31))


@pytest.fixture
def quarter(cast: Cast, now: Clock, deal: Deal) -> dict[str, Deal]:
    """Ann's 50,000 due in June; in March 20,000 (then 25,000) open and 6,000 lost of Ben's, 7,000 of Otto's in West.

    East is to win 40,000 in the first quarter, Ben 15,000 of it, everybody 60,000.
    """
    march = {"close_on": dt.date(2026, 3, 31)}
    made = {"Acme": deal}
    for name, actor, amount in (("Open", cast.ben, 2_000_000), ("Lost", cast.ben, 600_000),
                                ("West", cast.otto, 700_000)):  # fmt: skip
        made[name] = create_deal(actor, now=now(), facts={"name": name, "amount": amount, **march}).deal
    for amount, who in (
        (6_000_000, {}),
        (4_000_000, {"team": cast.east}),
        (1_500_000, {"owner": cast.ben.person}),
    ):
        set_target(cast.olga, starts_on=Q1[0], ends_on=Q1[1], amount=amount, now=now(), **who)
    now.days(10)
    move_deal(cast.ben, made["Lost"].key, to="lost", lost_reason="Price", now=now())
    edit_deal(cast.ben, made["Open"].key, now=now(), changes={"amount": 2_500_000})
    return made


def one(sql: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


def figures(response: Any) -> dict[str, str]:
    """The figures at the head of a page: what each says by its label."""
    body = response.content.decode()
    found = re.findall(r'<p class="figure"><span class="label">(.*?)</span><b>(.*?)</b>', body, flags=re.S)
    return {label: " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split()) for label, shown in found}


def links(response: Any, part: str = "/why/") -> list[str]:
    return [
        unescape(href) for href in re.findall(r'href="([^"]+)"', response.content.decode()) if part in href
    ]


def test_everybody_opens_every_page_on_an_empty_book(at: At, cast: Cast) -> None:
    for name in ("ann", "mia", "olga", "max", "fay", "eve", "ada"):
        client = at(name)
        assert [client.get(path).status_code for path in PAGES] == [200] * 4, name
    for path in (*PAGES, "/funnel", "/attribution"):
        part = client.get(f"{path}?drawings=1")
        assert "It begins with the first deal that is created here or imported." in text_of(part), path
        assert "Choose a later day." in text_of(client.get(f"{path}?as_of=2026-03-01&drawings=1")), path


@pytest.mark.parametrize(
    ("path", "grain", "days"),
    [("/velocity", "-Q2", 60), ("/conversion", "-Q2", 60), ("/funnel", "-Q2", 60), ("/attribution", "", 330)],
)
def test_until_something_is_won_what_looks_back_shows_when_something_was(
    at: At, won: Deal, now: Clock, path: str, grain: str, days: int
) -> None:
    assert "No deal has been won in" not in text_of(at("ann").get(path))
    now.days(days)
    client = at("ann")
    present, before = (f"2026{grain}", "2026-Q1") if grain else ("2027", "2026")
    page = client.get(path)
    assert (
        f"No deal has been won in {present} yet, so this is {before}, the last in which one was."
        in text_of(page)
    )
    assert re.search(rf'<option value="{before}" selected', page.content.decode())
    assert f'href="?period={present}"' in page.content.decode()
    asked = client.get(f"{path}?period={present}")
    assert "No deal has been won in" not in text_of(asked)
    assert re.search(rf'<option value="{present}" selected', asked.content.decode())
    # What is ahead of the pipeline is that of the present.
    assert "2026-Q2: " in text_of(client.get("/coverage?as_of=2026-04-20"))


def test_an_empty_card_says_why_and_what_to_do(at: At, deal: Deal) -> None:
    words = text_of(at("ann").get("/conversion?period=2026-05&drawings=1"))
    for says in ("No deal entered a stage in May 2026.", "No deal closed in May 2026.",
                 "No deal whose creation is known was won in May 2026."):  # fmt: skip
        assert f"{says} Choose another period." in words
    part = at("ann").get("/conversion?period=2026-05&owner=Ann+Archer&drawing=converted", **PART)
    assert "in May 2026. Choose another period, or take the filters off." in text_of(part)
    ahead = at("ann").get("/coverage?period=2027-12&drawing=ahead", **PART)
    assert "Nothing is open for Dec 2027 or the periods after it." in text_of(ahead)


@pytest.mark.usefixtures("quarter")
def test_coverage_is_what_plain_sql_says(at: At) -> None:
    shown = figures(at("olga").get("/coverage?period=2026-Q1"))
    first, last = (date.toordinal() - dt.date(1970, 1, 1).toordinal() for date in Q1)
    opened = one(
        "SELECT SUM(amount) FROM records_deal WHERE status = 'open' AND close_on BETWEEN %s AND %s",
        first,
        last,
    )
    assert opened == 3_200_000
    assert "60,000.00 EUR" in shown["Target"]
    assert f"{opened / 6_000_000:.4f} ×" in shown["Nominal"]
    assert "60,000.00 EUR" in shown["Gap"]


@pytest.mark.usefixtures("quarter")
def test_each_sees_the_coverage_of_their_own(at: At) -> None:
    """West's rep sees West's 7,000; East's manager 25,000, with East's and Ben's targets in the table."""
    assert "0.1167 ×" in figures(at("otto").get("/coverage?period=2026-Q1"))["Nominal"]
    manager = at("mia").get("/coverage?period=2026-Q1&by=owner")
    assert "0.4167 ×" in figures(manager)["Nominal"]
    words = text_of(manager)
    assert "Of the deals that you and your team own." in words
    assert "Ben Baker 15.0k" in words
    assert "Otto Olsen" not in words


@pytest.mark.usefixtures("quarter")
def test_narrowed_to_a_team_the_target_is_the_teams(at: At) -> None:
    shown = figures(at("fay").get("/coverage?period=2026-Q1&team=East"))
    assert "40,000.00 EUR" in shown["Target"]
    assert "0.6250 ×" in shown["Nominal"]
    assert figures(at("fay").get("/coverage?period=2026-Q1&source=Referral"))["Target"].startswith(
        "– unknown"
    )


@pytest.mark.usefixtures("quarter")
def test_who_set_which_target_when_is_for_those_who_see_it(at: At, cast: Cast, now: Clock) -> None:
    set_target(cast.olga, starts_on=Q1[0], ends_on=Q1[1], amount=5_000_000, now=now(), team=cast.east)
    words = text_of(at("mia").get("/coverage?period=2026-Q1"))
    assert "East 1 Jan to 31 Mar 50,000.00 EUR" in re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", "", words)
    assert words.count("still holds") == 3
    # The day before it, East was to win 40,000, and nobody had set anything else.
    yesterday = now.at.date() - dt.timedelta(days=1)
    then = text_of(at("mia").get(f"/coverage?period=2026-Q1&as_of={yesterday.isoformat()}"))
    told = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", "", then)
    assert told.count("still holds") == 3
    assert "East 1 Jan to 31 Mar 40,000.00 EUR" in told
    assert "East 1 Jan to 31 Mar 50,000.00 EUR" not in told
    assert "Ben Baker" not in text_of(at("otto").get("/coverage?period=2026-Q1"))


@pytest.mark.usefixtures("quarter")
@pytest.mark.parametrize("mode", ["endpoints", "events"])
def test_the_lines_of_the_movement_add_up(at: At, now: Clock, mode: str) -> None:
    """Since before the first deal: 83,000 new at first, 6,000 lost, 5,000 more on Ben's."""
    response = at("olga").get(f"/movement?start=2026-03-01&mode={mode}&export=lines")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    amounts = {row["line"]: float(row["amount"]) for row in rows}
    closing = amounts.pop("closing")
    opened = one("SELECT SUM(amount) FROM records_deal WHERE status = 'open'") / 100
    assert sum(amounts.values()) == closing == opened == 82_000
    if mode == "events":
        assert (amounts["increased"], amounts["lost"]) == (5_000, -6_000)


@pytest.mark.usefixtures("quarter")
def test_each_line_opens_its_deals_and_each_deal_its_changes(at: At, quarter: dict[str, Deal]) -> None:
    olga = at("olga")
    page = olga.get("/movement?start=2026-03-04&mode=events")
    line = next(href for href in links(page) if "line=increased" in href)
    behind = olga.get(line)
    words = text_of(behind)
    assert "1 deal behind it" in words
    assert "20000.00 EUR 25000.00 EUR" in words
    assert "ben@northwind.example" in words
    assert f"/deals/{quarter['Open'].key}" in behind.content.decode()


def test_a_movement_that_ends_before_it_begins_is_refused(at: At, cast: Cast) -> None:
    response = at("olga").get("/movement?start=2026-03-02&as_of=2026-03-01")
    assert response.status_code == 422
    assert "has not come yet" in problems_of(response)[0][0]


@pytest.mark.usefixtures("quarter")
@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/movement?start=2026-03-01&by=team", 6), ("/coverage?period=2026-Q1", 20), ("/velocity?period=2026-Q1", 12),
        ("/conversion?period=2026-Q1", 30), ("/board?owner=Ben+Baker", 4), ("/pipeline?status=lost", 1),
        ("/accounts", 1),
    ],
)  # fmt: skip
def test_figures_open_the_same_figure(at: At, path: str, least: int) -> None:
    assert open_figures(at("olga"), path) >= least


@pytest.mark.usefixtures("quarter")
@pytest.mark.parametrize("path", PAGES)
def test_every_table_is_taken_away(at: At, path: str) -> None:
    olga = at("olga")
    exports = [href for href in links(olga.get(path), "export=") if "csv" in href]
    assert exports
    for href in exports:
        response = olga.get(path + href)
        lines = b"".join(response.streaming_content).decode().splitlines()
        assert response["Content-Type"].startswith("text/csv"), href
        assert "," in lines[0]
    assert olga.get(path + exports[0].replace("csv", "xlsx")).content[:2] == b"PK"


@pytest.mark.usefixtures("quarter")
def test_of_many_groups_those_with_the_most_deals_are_shown_until_all_are_asked_for(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "GROUPS", 1)
    asked = "/conversion?period=2026-Q1&by=owner"
    few, every = at("olga").get(asked), at("olga").get(f"{asked}&groups=all")
    shown = {
        name: [each["group"] for each in page.context["stays_by"]]
        for name, page in (("few", few), ("all", every))
    }
    # Of the four deals two are Ben's.
    assert shown == {"few": ["Ben Baker"], "all": ["Ann Archer", "Ben Baker", "Otto Olsen"]}
    assert "The 1 of 3 with the most deals." in text_of(few)
    assert "groups=all" in unescape(few.content.decode())
    assert "with the most deals" not in text_of(every)


@pytest.mark.usefixtures("quarter")
def test_time_in_stage_is_cut_as_conversion_is(at: At) -> None:
    page = at("olga").get("/conversion?period=2026-Q1&by=owner")
    assert "Time in stage by owner" in text_of(page)
    response = at("olga").get("/conversion?period=2026-Q1&by=owner&export=stays_by&format=csv")
    rows = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))
    # Both of Ben's came on one day; one was lost ten days later, and one is still there.
    (ben,) = [row for row in rows if row["owner"] == "Ben Baker"]
    assert (ben["deals"], ben["completed"], ben["still_there"]) == ("2", "1", "1")
    assert float(ben["median"]) == pytest.approx(10, abs=0.05)


@pytest.mark.usefixtures("quarter")
def test_a_drawing_comes_when_it_is_asked_for_and_stays(at: At) -> None:
    olga = at("olga")
    page = "/movement?start=2026-03-01"
    part = olga.get(f"{page}&drawing=bridge", **PART).content.decode()
    assert part.lstrip().startswith('<figure class="chart">')
    assert '<a href="/why/bridge' in part
    assert "vega.github.io" not in part
    small = olga.get(f"{page}&by=owner&drawing=bridges", **PART).content.decode()
    bars = [unescape(href) for href in re.findall(r'<a href="([^"]+)"', small.partition('class="narrow"')[0])]
    assert {"line=closing" in href and "owner=Ben+Baker" in href for href in bars} == {True, False}
    assert "Ben Baker: opening 0" in small
    assert "Its row of bridge" in text_of(olga.get(bars[0]))
    assert "chart-waiting" not in olga.get(page).content.decode()
    assert olga.get(f"{page}&drawing=none", **PART).status_code == 404


# Why


@pytest.mark.usefixtures("quarter")
def test_why_says_formula_deals_version_and_instant(at: At) -> None:
    words = text_of(at("fay").get("/why/coverage?period=2026-Q1&figure=nominal"))
    assert "32,000.00 EUR open / 60,000.00 EUR target = 0.5333x" in words
    assert "New business, version 1" in words
    assert "As of" in words


@pytest.mark.usefixtures("quarter")
def test_why_names_each_rate_that_its_deals_were_converted_at(at: At, cast: Cast, now: Clock) -> None:
    today = now.at.date()
    for days, rate in ((40, "0.9"), (0, "0.8")):
        set_rate(cast.fay, currency="USD", from_on=today - dt.timedelta(days=days), rate=rate, now=now())
    now.days(1)
    for days in (0, 20):
        facts = {"name": "Dollars", "amount": 100_000, "currency": "USD"}
        deal = create_deal(cast.ben, now=now(), facts=facts).deal
        set_deal(deal, now(), status="won", close_on=today - dt.timedelta(days=days))
    words = text_of(at("fay").get("/why/bookings?figure=won_amount"))
    assert re.search(
        r"1 USD 0\.8 to 0\.9 EUR .* 0\.8 EUR since .*, 1 deal .*0\.9 EUR since .*, 1 deal", words
    )


@pytest.mark.usefixtures("quarter")
@pytest.mark.parametrize(
    ("path", "mark"),
    [("/conversion", "30 to 40% from discovery to proposal"), ("/conversion", "from 4.9 months in 2019 to 6.5 in 2025"),
     ("/funnel", "50 to 60% of qualified leads"), ("/coverage", "is convention, 1 / win rate is arithmetic")],
)  # fmt: skip
def test_what_others_report_is_a_direction(at: At, path: str, mark: str) -> None:
    assert mark in text_of(at("fay").get(f"{path}?period=2026-Q1"))


@pytest.mark.usefixtures("quarter")
def test_the_deals_behind_a_figure_are_those_that_one_sees(at: At) -> None:
    path = "/why/open_pipeline?figure=open_amount"
    counts = {
        name: re.search(r"(\d+) deals? behind it", text_of(at(name).get(path)))
        for name in ("olga", "mia", "otto")
    }
    assert {name: found and int(found[1]) for name, found in counts.items()} == {
        "olga": 3,
        "mia": 2,
        "otto": 1,
    }


@pytest.mark.usefixtures("quarter")
def test_the_deals_are_taken_away_and_add_up(at: At) -> None:
    response = at("fay").get("/why/open_pipeline/export?figure=open_amount&by=owner&owner=Ben+Baker")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    opened = one("SELECT SUM(d.amount) FROM records_deal d JOIN records_person p ON p.id = d.owner_id"
                 " WHERE d.status = 'open' AND p.name = 'Ben Baker'")  # fmt: skip
    assert sum(round(float(row["value_EUR"]) * 100) for row in rows) == opened


def python_of(response: Any) -> str:
    found = re.search(r'id="why-python"[^>]*>(.*?)</textarea>', response.content.decode(), flags=re.S)
    assert found is not None
    return unescape(found[1])


@pytest.mark.usefixtures("quarter")
@pytest.mark.parametrize(
    "path",
    [
        "/why/coverage?period=2026-Q1&figure=open_amount&team=East",
        "/why/coverage?period=2026-Q1&figure=open_amount&by=owner&owner=Ben+Baker",
        "/why/open_pipeline?figure=open_count&as_of=2026-03-02",
        "/why/bridge?figure=amount&start=2026-03-01&mode=events&line=increased",
        "/why/bridge?figure=amount&start=2026-03-01&by=team&line=closing&team=West&owner=Otto+Olsen",
        "/why/required_creation?period=2026-Q1&figure=gap_amount",
    ],
)
def test_the_python_computes_the_figure(at: At, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines, run on the same book, print what the page says."""
    response = at("olga").get(path)
    code = python_of(response).replace('book = book_in_folder(Path("export"))', "book = given")
    exec(code, {"given": book()})
    printed = capsys.readouterr().out.strip().splitlines()[-1]
    found = re.search(r'<p class="why-value"><span title="([\d,.−]+)', response.content.decode())
    assert found is not None
    said = found[1].replace(",", "").replace("−", "-")
    money = "." in said
    assert int(printed) == (round(float(said) * 100) if money else int(said))


@pytest.mark.usefixtures("quarter")
def test_the_link_shows_the_same_figure_after_later_changes(
    at: At, cast: Cast, now: Clock, quarter: dict[str, Deal]
) -> None:
    olga = at("olga")
    page = olga.get("/why/open_pipeline?figure=open_amount")
    found = re.search(r'id="why-link"', page.content.decode())
    assert found is not None
    link = unescape(re.search(r'<input readonly value="([^"]+)" id="why-link"', page.content.decode())[1])  # type: ignore[index]
    value = re.search(r'class="why-value"><span title="([^"]+)"', page.content.decode())
    now.days(3)
    edit_deal(cast.ann, quarter["Acme"].key, now=now(), changes={"amount": 9_999_900})
    parts = urlsplit(link)
    again = olga.get(f"{parts.path}?{parts.query}")
    assert again.status_code == 200
    then = re.search(r'class="why-value"><span title="([^"]+)"', again.content.decode())
    assert value is not None
    assert then is not None
    assert then[1] == value[1]
    assert value[1] not in olga.get("/why/open_pipeline?figure=open_amount").content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/why/nonsense", 404), ("/why/coverage?period=2026-Q1&figure=nonsense", 404), ("/why/coverage", 422),
        ("/why/bridge?start=2027-01-01", 422), ("/why/coverage?period=soon", 422), ("/why/funnel?period=2026-Q1", 200),
        ("/why/win_rate?mode=events", 422), ("/why/open_pipeline?by=mood", 422), ("/coverage?period=ever", 422),
        ("/movement?by=mood&mode=odd&of=odd", 200), ("/why/open_pipeline?as_of=2026-03-01T10:00:00Z", 200),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_or_left_out(at: At, cast: Cast, path: str, status: int) -> None:
    assert at("olga").get(path).status_code == status
