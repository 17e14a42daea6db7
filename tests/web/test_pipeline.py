"""The pipeline table: sorted, narrowed, totalled, edited in place, changed in bulk and taken away."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageproof.actions.actor import Actor
from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.actions.expansion import open_expansion
from stageproof.records.models import Deal, DealVersion
from stageproof.web.exports import as_csv
from tests.actions.won_deal import expanding, won
from tests.web.conftest import PART, Cast, Clock, problems_of, text_of

__all__ = ["expanding", "won"]

At = Callable[[str], Client]


@pytest.fixture
def three(cast: Cast, now: Clock, deal: Deal) -> dict[str, Deal]:
    """Ann's Acme over 50,000.00, her Beta over 20,000.00, and Ben's Core without an amount."""
    beta = {
        "name": "Beta",
        "amount": 2_000_000,
        "close_on": dt.date(2026, 4, 1),
        "forecast_category": "commit",
    }
    return {
        "Acme": deal,
        "Beta": create_deal(cast.ann, now=now(), facts=beta).deal,
        "Core": create_deal(cast.ben, now=now(), facts={"name": "Core"}).deal,
    }


def names(response: Any) -> list[str]:
    return re.findall(r'<td class="col-name[^"]*"[^>]*><a [^>]*>([^<]+)', response.content.decode())


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-amount", ["Acme rollout", "Beta", "Core"]),
        ("amount", ["Beta", "Acme rollout", "Core"]),
        ("name", ["Acme rollout", "Beta", "Core"]),
        ("-name", ["Core", "Beta", "Acme rollout"]),
        ("close_on", ["Beta", "Acme rollout", "Core"]),
        ("owner", ["Acme rollout", "Beta", "Core"]),
        ("nonsense", ["Acme rollout", "Beta", "Core"]),
    ],
)
def test_sorting_puts_what_is_blank_last(at: At, sort: str, expected: list[str]) -> None:
    assert names(at("ann").get(f"/pipeline?sort={sort}")) == expected


@pytest.mark.usefixtures("three")
def test_the_totals_row_is_exact(at: At) -> None:
    words = text_of(at("ann").get("/pipeline"))
    assert "3 deals 70.0k EUR 70,000.00 EUR" in words
    assert "Pipeline 3 open deals · 70.0k EUR 70,000.00 EUR nominal" in words
    assert "1 deal without an amount" in words


@pytest.mark.usefixtures("three")
def test_columns_are_those_chosen_after_the_deal(at: At) -> None:
    body = at("ann").get("/pipeline?columns=team&columns=source").content.decode()
    heads = [
        " ".join(re.sub(r"<[^>]+>", " ", each).split())
        for each in re.findall(r"<th scope=\"col\" class=\"(?!tick).*?</th>", body)
    ]
    assert heads == ["Deal", "Team", "Source"]


def test_changes_since_a_day_are_marked_with_what_was(
    at: At, cast: Cast, three: dict[str, Deal], now: Clock
) -> None:
    now.days(5)
    edit_deal(cast.ann, three["Acme"].key, now=now(), changes={"amount": 4_000_000})
    create_deal(cast.ann, now=now(), facts={"name": "New one", "amount": 100})
    body = at("ann").get("/pipeline?since=2026-03-04").content.decode()
    assert re.findall(r'class="col-\w+ [^"]*marked" title="Was ([^"]+)"', body) == ["50,000.00 EUR"]
    rows = re.findall(r'<tr id="row-[^"]+"[^>]*class="(new-row)?"', body)
    assert sorted(rows) == ["", "", "", "new-row"]


def test_an_edit_in_place_answers_with_the_way_back(at: At, three: dict[str, Deal]) -> None:
    key, client = three["Beta"].key, at("ann")
    answer = client.post(f"/pipeline/{key}/amount", {"value": "25,000.50", "expected_version": 1}, **PART)
    events = json.loads(answer["HX-Trigger"])
    three["Beta"].refresh_from_db()
    assert (answer.status_code, three["Beta"].amount, three["Beta"].version) == (204, 2_500_050, 2)
    assert events["toast"]["text"] == "Beta: amount is 25000.50."
    assert events["row-changed"] == {"key": key}
    # What the page says first is told anew with the row.
    row = client.get(f"/pipeline/{key}/row", **PART).content.decode()
    assert "75,000.50 EUR" in row.split('id="whole"')[1]
    client.post(events["toast"]["undo"]["url"], events["toast"]["undo"]["values"], **PART)
    three["Beta"].refresh_from_db()
    assert (three["Beta"].amount, three["Beta"].version) == (2_000_000, 3)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("close_on", "2026-05-31", dt.date(2026, 5, 31)),
        ("close_on", "", None),
        ("next_step", "Call them", "Call them"),
        ("next_step_on", "2026-03-20", dt.date(2026, 3, 20)),
        ("forecast_category", "best case", "best case"),
        ("amount", "", None),
    ],
)
def test_each_cell_takes_its_value(
    at: At, three: dict[str, Deal], field: str, value: str, expected: object
) -> None:
    deal = three["Beta"]
    assert at("ann").post(f"/pipeline/{deal.key}/{field}", {"value": value}, **PART).status_code == 204
    deal.refresh_from_db()
    assert getattr(deal, field) == expected


def test_a_category_has_its_capital_and_is_sent_as_it_is_kept(at: At, three: dict[str, Deal]) -> None:
    client, deal = at("ann"), three["Beta"]
    form = client.get(f"/pipeline/{deal.key}/forecast_category", **PART).content.decode()
    assert (
        '<option value="commit" selected>Commit</option><option value="best case">Best case</option>' in form
    )
    edit = client.get(f"/deals/{deal.key}/edit").content.decode()
    assert (
        '<option value="commit" selected>Commit</option><option value="best case">Best case</option>' in edit
    )
    assert 'aria-label="Category: Commit">Commit<' in client.get("/pipeline").content.decode()
    client.post(f"/pipeline/{deal.key}/forecast_category", {"value": "best case"}, **PART)
    page = client.get(f"/deals/{deal.key}").content.decode()
    assert "<del>Commit</del> <ins>Best case</ins>" in page
    assert "<dt>Forecast category</dt><dd>Best case</dd>" in page


def test_the_owner_is_chosen_by_name(at: At, three: dict[str, Deal]) -> None:
    deal = three["Beta"]
    assert at("ann").post(f"/pipeline/{deal.key}/owner", {"value": "Ben Baker"}, **PART).status_code == 204
    deal.refresh_from_db()
    assert deal.owner is not None
    assert deal.owner.name == "Ben Baker"
    wrong = at("mia").post(f"/pipeline/{deal.key}/owner", {"value": "Nobody Known"}, **PART)
    assert problems_of(wrong) == [("There is nobody called 'Nobody Known'.", "Choose one of the list")]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("abc", "“abc” is not an amount."),
        ("-1", "An amount cannot be negative."),
        ("1e400", "is beyond the largest"),
    ],
)
def test_a_wrong_amount_is_refused_and_nothing_changes(
    at: At, three: dict[str, Deal], value: str, says: str
) -> None:
    answer = at("ann").post(f"/pipeline/{three['Beta'].key}/amount", {"value": value}, **PART)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert DealVersion.objects.filter(deal=three["Beta"]).count() == 1


def test_an_edit_on_an_old_version_is_a_conflict(
    at: At, cast: Cast, three: dict[str, Deal], now: Clock
) -> None:
    edit_deal(cast.mia, three["Beta"].key, now=now(), changes={"source": "Fair"})
    answer = at("ann").post(
        f"/pipeline/{three['Beta'].key}/amount", {"value": "1", "expected_version": 1}, **PART
    )
    assert answer.status_code == 409
    assert "mia@northwind.example changed source." in text_of(answer)


@pytest.mark.parametrize("field", ["stage", "status", "custom", "nothing"])
def test_what_is_not_a_cell_cannot_be_edited(at: At, three: dict[str, Deal], field: str) -> None:
    assert at("ann").post(f"/pipeline/{three['Beta'].key}/{field}", {"value": "won"}).status_code == 404
    three["Beta"].refresh_from_db()
    assert (three["Beta"].status, three["Beta"].version) == ("open", 1)


@pytest.mark.parametrize(("name", "status"), [("otto", 404), ("ben", 403), ("fay", 403)])
def test_cells_are_edited_by_those_who_may(at: At, three: dict[str, Deal], name: str, status: int) -> None:
    answer = at(name).post(f"/pipeline/{three['Beta'].key}/amount", {"value": "1"})
    assert answer.status_code == status
    assert DealVersion.objects.filter(deal=three["Beta"]).count() == 1


def test_a_bulk_change_tells_what_became_of_each(at: At, cast: Cast, three: dict[str, Deal]) -> None:
    keys = [three["Acme"].key, three["Core"].key, "D999"]
    answer = at("ann").post("/pipeline/bulk", {"deal": keys, "what": "close_on", "close_on": "2026-08-31"})
    words = text_of(answer)
    three["Acme"].refresh_from_db()
    three["Core"].refresh_from_db()
    assert three["Acme"].close_on == dt.date(2026, 8, 31)
    assert three["Core"].close_on is None
    assert "1 deal changed, 2 not" in words
    assert "You may not change this deal." in words
    assert "There is no deal 'D999'." in words


def test_a_bulk_move_goes_through_the_same_gate(
    at: At, ready: Callable[[], Deal], three: dict[str, Deal]
) -> None:
    ready()
    moved = {"deal": [three["Acme"].key, three["Beta"].key], "what": "move", "move": "Discovery"}
    words = text_of(at("ann").post("/pipeline/bulk", moved))
    three["Acme"].refresh_from_db()
    three["Beta"].refresh_from_db()
    assert (three["Acme"].stage, three["Beta"].stage) == ("Discovery", "Prospecting")
    assert "Prospecting: The buyer answered or met us. Missing: an activity with the buyer." in words


def test_what_was_changed_together_is_taken_back_together(
    at: At, cast: Cast, ready: Callable[[], Deal], now: Clock
) -> None:
    deal, client = ready(), at("ann")
    other = create_deal(cast.ann, now=now(), facts={"name": "Other", "close_on": dt.date(2026, 5, 5)}).deal
    keys = [deal.key, other.key]
    edited = client.post("/pipeline/bulk", {"deal": keys, "what": "close_on", "close_on": "2026-12-31"})
    assert (
        client.post(re.findall(r'action="(/changes/[^"]+)"', edited.content.decode())[0]).status_code == 302
    )
    assert [Deal.objects.get(key=key).close_on for key in keys] == [dt.date(2026, 6, 30), dt.date(2026, 5, 5)]
    moved = client.post(
        "/pipeline/bulk", {"deal": keys, "what": "move", "move": "Discovery"}
    ).content.decode()
    back = {name: re.findall(f'name="{name}" value="([^"]+)"', moved) for name in ("deal", "to")}
    # The gate let one of them through; that one goes back.
    assert back == {"deal": [deal.key], "to": ["Prospecting"]}
    assert "1 deal changed" in text_of(client.post("/pipeline/bulk/back", back))
    assert {each.stage for each in Deal.objects.all()} == {"Prospecting"}
    assert at("ben").post("/pipeline/bulk/back", back).status_code == 200
    assert at("fay").post("/pipeline/bulk/back", back).status_code == 403


def test_a_bulk_change_of_nothing_is_refused(at: At, three: dict[str, Deal]) -> None:
    answer = at("ann").post("/pipeline/bulk", {"what": "explode"})
    assert [says for says, _ in problems_of(answer)] == [
        "No deal is selected.",
        "It is not said what is to change.",
    ]


def rows_of(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_the_export_holds_every_row_and_runs_nothing(
    at: At, cast: Cast, three: dict[str, Deal], now: Clock
) -> None:
    edit_deal(cast.ann, three["Beta"].key, now=now(), changes={"next_step": "=HYPERLINK(1)"})
    rows = rows_of(at("ann").get("/pipeline/export?columns=amount,close_on,next_step&sort=name"))
    assert rows == [
        ["deal", "name", "amount", "close_on", "next_step", "currency"],
        [three["Acme"].key, "Acme rollout", "50000.00", "2026-06-30", "", "EUR"],
        [three["Beta"].key, "Beta", "20000.00", "2026-04-01", "'=HYPERLINK(1)", "EUR"],
        [three["Core"].key, "Core", "", "", "", "EUR"],
    ]


def test_the_workbook_holds_the_same_as_texts_and_numbers(
    at: At, cast: Cast, three: dict[str, Deal], now: Clock
) -> None:
    edit_deal(cast.ann, three["Beta"].key, now=now(), changes={"next_step": "=1+1"})
    content = (
        at("ann").get("/pipeline/export?format=xlsx&columns=amount,close_on,next_step&sort=name").content
    )
    frame = pl.read_excel(io.BytesIO(content))
    assert frame["amount"].to_list() == [50000, 20000, None]
    assert frame["close_on"].to_list() == [dt.date(2026, 6, 30), dt.date(2026, 4, 1), None]
    assert frame["next_step"].to_list() == [None, "=1+1", None]


def test_an_export_holds_only_what_the_person_sees(at: At, three: dict[str, Deal]) -> None:
    assert rows_of(at("otto").get("/pipeline/export")) == [rows_of(at("ann").get("/pipeline/export"))[0]]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_text_leaves_as_a_formula(text: str) -> None:
    frame = pl.DataFrame({"deal": ["D1"], "name": [text], "currency": ["EUR"]})
    body = b"".join(as_csv(frame, "x").streaming_content).decode()  # type: ignore[arg-type]
    rows = list(csv.reader(io.StringIO(body, newline="")))
    cell = rows[1][1]
    assert cell in (text, f"'{text}")
    if not re.fullmatch(r"-?\d+(?:[.,]\d+)*", cell):
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_a_page_has_a_hundred_rows_and_says_of_how_many(at: At, cast: Cast, now: Clock) -> None:
    for number in range(105):
        create_deal(cast.ann, now=now(), facts={"name": f"Deal {number}", "amount": number})
    client = at("ann")
    assert len(names(client.get("/pipeline"))) == 100
    second = client.get("/pipeline?page=2")
    assert len(names(second)) == 5
    assert "101–105 of 105 deals" in text_of(second)
    # 0 + 1 + ... + 104 = 5,460 cents
    assert "105 deals 55 EUR 54.60 EUR" in text_of(second)


def test_won_and_lost_deals_have_their_own_lists(
    at: At, cast: Cast, three: dict[str, Deal], now: Clock
) -> None:
    move_deal(cast.ann, three["Beta"].key, to="lost", lost_reason="Price", now=now())
    lost = at("ann").get("/pipeline?status=lost")
    assert names(lost) == ["Beta"]
    assert "Pipeline 1 deal lost · 20.0k EUR" in text_of(lost)
    assert names(at("ann").get("/pipeline")) == ["Acme rollout", "Core"]
    assert names(at("ann").get("/pipeline?status=all&sort=name")) == ["Acme rollout", "Beta", "Core"]


@pytest.mark.usefixtures("expanding")
def test_what_follows_a_sale_is_not_added_to_new_business(
    at: Callable[[str], Client], won: Deal, now: Clock
) -> None:
    renewal = open_expansion(Actor(won.owner, "page"), won.key, deal_type="renewal", now=now()).deal
    ann = at("ann")
    assert renewal.key not in ann.get("/pipeline?columns=deal").content.decode()
    assert renewal.key in ann.get("/pipeline?columns=deal&pipeline=Expansion").content.decode()
    every = ann.get("/pipeline?columns=deal&pipeline=all&status=all").content.decode()
    assert renewal.key in every
    assert won.key in every
