"""The board: who sees what, totals of all deals whatever is drawn, and any past day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.test import Client

from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.records.models import Deal
from tests.web.conftest import Cast, Clock, text_of

At = Callable[[str], Client]


def whole(client: Client, query: str = "") -> str:
    body = client.get(f"/board{query}").content.decode()
    found = re.search(r'id="whole">(.*?)</p>', body, flags=re.S)
    return "" if found is None else " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


@pytest.fixture
def others(cast: Cast, now: Clock, deal: Deal) -> None:
    """Ben's deal over 10,000.00 and Otto's over 7,000.00, both new; Ann's over 50,000.00 stands beside."""
    create_deal(
        cast.ben, now=now(), facts={"name": "Ben's", "amount": 1_000_000, "close_on": dt.date(2026, 9, 1)}
    )
    create_deal(cast.otto, now=now(), facts={"name": "Otto's", "amount": 700_000, "source": "Fair"})


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("ann", ["Acme", "Ben"]),
        ("mia", ["Acme", "Ben"]),
        ("otto", ["Otto"]),
        ("olga", ["Acme", "Ben", "Otto"]),
        ("fay", ["Acme", "Ben", "Otto"]),
    ],
)
def test_each_sees_the_deals_of_those_they_answer_for(at: At, name: str, names: list[str]) -> None:
    body = at(name).get("/board").content.decode()
    cards = re.findall(r'class="card-name"[^>]*>(\w+)', body)
    assert sorted(cards) == sorted(names)


@pytest.mark.usefixtures("others")
def test_totals_are_exact_and_of_what_the_person_sees(at: At) -> None:
    assert whole(at("olga")).startswith("3 open deals · 67.0k EUR 67,000.00 EUR nominal")
    assert whole(at("ann")).startswith("2 open deals · 60.0k EUR 60,000.00 EUR nominal")
    assert whole(at("otto")).startswith("1 open deal · 7.0k EUR 7,000.00 EUR nominal")


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?owner=Ann+Archer", 1),
        ("?team=East", 2),
        ("?source=Referral", 1),
        ("?source=(none)", 1),
        ("?period=2026-Q2", 1),
        ("?period=2026-Q3", 1),
        ("?owner=Ann+Archer&source=Fair", 0),
        ("?risk=any", 3),
        ("?risk=no_next_step", 3),
        ("?risk=no_close_date", 1),
        ("?text=acme", 1),
    ],
)
def test_filters_narrow_deals_and_totals_alike(at: At, query: str, count: int) -> None:
    client = at("olga")
    if count:
        assert whole(client, query).startswith(f"{count} open deal")
    assert client.get(f"/board{query}").content.decode().count('class="deal-card"') == count


def test_a_column_draws_twelve_cards_and_counts_them_all(at: At, cast: Cast, now: Clock) -> None:
    for number in range(45):
        create_deal(cast.ann, now=now(), facts={"name": f"Deal {number:02}", "amount": 100_000 + number})
    client = at("ann")
    body = client.get("/board").content.decode()
    assert body.count('class="deal-card"') == 12
    # 45 x 1,000.00 and 0.00 + 0.01 + ... + 0.44 = 9.90
    assert whole(client).startswith("45 open deals · 45.0k EUR 45,009.90 EUR nominal")
    following = client.get("/board/column?stage=0&offset=12").content.decode()
    assert following.count('class="deal-card"') == 30
    last = client.get("/board/column?stage=0&offset=42").content.decode()
    assert last.count('class="deal-card"') == 3
    assert "hx-get" not in last
    drawn = re.findall(
        r"Deal (\d\d)", " ".join(re.findall(r'class="card-name"[^>]*>([^<]+)', body + following + last))
    )
    assert [int(each) for each in drawn] == list(range(44, -1, -1))


def test_a_card_says_what_is_met_and_what_is_missing(at: At, ready: Callable[[], Deal]) -> None:
    ready()
    words = text_of(at("ann").get("/board"))
    assert "3/3 criteria met. Everything that this stage asks for is shown." in words


def test_the_unqualified_count_in_the_nominal_amount_alone(
    at: At, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    deal = ready()
    move_deal(cast.ann, deal.key, to="Discovery", now=now())
    assert "50.0k EUR 50,000.00 EUR qualified (100%)" in whole(at("ann"))
    edit_deal(cast.ann, deal.key, now=now(), changes={"next_step_on": None})
    assert "0 EUR 0.00 EUR qualified (0%)" in whole(at("ann"))
    assert "1 behind" in text_of(at("ann").get("/board"))


def test_a_past_day_shows_what_stood_then_and_offers_no_change(
    at: At, cast: Cast, deal: Deal, now: Clock
) -> None:
    now.days(10)
    edit_deal(cast.ann, deal.key, now=now(), changes={"amount": 9_900_000})
    now.days(1)
    client = at("ann")
    assert "99.0k EUR" in whole(client)
    past = client.get("/board?as_of=2026-03-05")
    words = text_of(past)
    assert "50.0k EUR 50,000.00 EUR nominal" in whole(client, "?as_of=2026-03-05")
    assert "This is the pipeline as it stood at the end of Thu 5 Mar . It can be read, not changed." in words
    assert "data-movable" not in past.content.decode()
    assert "New deal" not in words
    assert f'/deals/{deal.key}?as_of=2026-03-05"' in past.content.decode()


def test_before_there_was_any_deal_the_board_says_so(at: At, deal: Deal) -> None:
    words = text_of(at("ann").get("/board?as_of=2026-03-01"))
    assert "There was no open deal that you see at the end of that day." in words


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2031-01-01", "2031-01-01 has not come yet, so nothing is known of it."),
        ("spring", "'spring' is not a day."),
        ("1812-01-01", "1812-01-01 lies before any record."),
    ],
)
def test_a_day_that_cannot_be_shown_is_refused_with_the_way_on(
    at: At, day: str, says: str, deal: Deal
) -> None:
    for page in ("board", "pipeline", f"deals/{deal.key}", "accounts"):
        answer = at("ann").get(f"/{page}?as_of={day}")
        assert answer.status_code == 422
        assert says in text_of(answer)


def test_only_who_may_change_deals_is_offered_to_move_them(at: At, deal: Deal) -> None:
    for name, moves, creates in (("ann", True, True), ("max", False, True), ("fay", False, False)):
        page = at(name).get("/board").content.decode()
        assert ("data-movable" in page, 'href="/deals/new"' in page) == (moves, creates), name


def test_no_deals_leads_each_to_what_they_may_do(at: At) -> None:
    offered = ("Create the first deal", "Import an export of your CRM", "Back to now")
    for name, expected in (("ann", offered[:1]), ("max", offered[:1]), ("ada", offered[:2]), ("eve", ())):
        words = text_of(at(name).get("/board"))
        assert "No open deals yet" in words
        assert tuple(each for each in offered if each in words) == expected, name


def test_an_unknown_pipeline_is_not_found(at: At, deal: Deal) -> None:
    assert at("ann").get("/board?pipeline=Nothing").status_code == 404


@pytest.mark.parametrize("query", ["stage=x&offset=0", "stage=0&offset=1e9"])
def test_a_column_that_is_no_number_is_refused(at: At, deal: Deal, query: str) -> None:
    assert at("ann").get(f"/board/column?{query}").status_code == 422
