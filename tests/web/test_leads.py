"""Leads, campaigns, the funnel and attribution as pages: what they show, what they do, what they refuse."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.campaigns import create_campaign
from stageproof.actions.convert_lead import convert_lead
from stageproof.actions.deals import move_deal
from stageproof.actions.definitions import draft_definition, publish_definition
from stageproof.actions.leads import create_lead, disqualify_lead, find_lead, log_on_lead, qualify_lead
from stageproof.records.models import Account, Contact, Deal, LeadVersion, SavedView
from tests.actions.database import nothing_changes
from tests.web.conftest import PART, Cast, Clock, problems_of, text_of
from tests.web.figures import open_figures

At = Callable[[str], Client]
DAN: dict[str, Any] = {
    "name": "Dan Dorn", "account": "Delta Foods", "email": "dan@delta.example", "industry": "Food", "employees": 400,
    "source": "Web", "campaign": "Spring",
}  # fmt: skip


@pytest.fixture
def three(cast: Cast, now: Clock) -> dict[str, str]:
    """Dan, answered and qualified; Eda, new; Fay's lead Gus, disqualified."""
    dan = create_lead(cast.max, now=now(), facts=DAN).lead
    log_on_lead(cast.ann, dan, kind="call", subject="Answered", now=now())
    qualify_lead(cast.max, dan, reason="Wants an offer", now=now())
    eda = create_lead(cast.max, now=now(), facts={"name": "Eda Ender", "source": "Event"}).lead
    gus = create_lead(
        cast.max, now=now(), facts={"name": "Gus =1+1", "source": "Event", "account": "Gamma"}
    ).lead
    disqualify_lead(cast.max, gus, reason="Too small", now=now())
    return {"Dan": dan, "Eda": eda, "Gus": gus}


def names(response: Any) -> list[str]:
    return re.findall(r'<td class="col-name"><a [^>]*>([^<]+)', response.content.decode())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Eda Ender", "Dan Dorn"]),
        ("?sort=name", ["Dan Dorn", "Eda Ender"]),
        ("?status=disqualified", ["Gus =1+1"]),
        ("?status=all&source=Event&sort=name", ["Eda Ender", "Gus =1+1"]),
        ("?status=all&text=delta", ["Dan Dorn"]),
        ("?status=all&finding=waiting", ["Dan Dorn"]),
        ("?status=all&period=2026-03&sort=-name", ["Gus =1+1", "Eda Ender", "Dan Dorn"]),
        ("?status=all&period=2026-03&dated=qualified", ["Dan Dorn"]),
        ("?status=converted", []),
        ("?as_of=2026-03-01&status=all", []),
    ],
)
def test_the_table_is_narrowed_and_sorted(
    at: At, three: dict[str, str], query: str, expected: list[str]
) -> None:
    assert names(at("eve").get(f"/leads{query}")) == expected


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("account", "Delta Group", "Delta Group"), ("source", "Event", "Event"), ("campaign", "", None),
        ("employees", "1,200", 1200), ("email", "d@delta.example", "d@delta.example"), ("title", "CFO", "CFO"),
    ],
)  # fmt: skip
def test_each_cell_takes_its_value_and_gives_it_back(
    at: At, three: dict[str, str], field: str, value: str, kept: str | int | None
) -> None:
    client, cell = at("max"), f"/leads/{three['Dan']}/cell/{field}"
    before = find_lead(three["Dan"])
    form = client.get(cell, **PART).content.decode()
    assert f'name="expected_version" value="{before.version}"' in form
    assert f'value="{DAN.get(field, "")}"' in form
    answer = client.post(cell, {"value": value, "expected_version": before.version}, **PART)
    events = json.loads(answer["HX-Trigger"])
    assert (answer.status_code, events["row-changed"]) == (204, {"key": three["Dan"]})
    assert getattr(find_lead(three["Dan"]), field) == kept
    row = client.get(f"/leads/{three['Dan']}/cell/row", **PART, HTTP_HX_CURRENT_URL=f"/leads?columns={field}")
    assert (f"{kept:,}" if isinstance(kept, int) else kept or "–") in text_of(row)
    undo = events["toast"]["undo"]
    assert client.post(undo["url"], undo["values"], **PART).status_code == 204
    assert getattr(find_lead(three["Dan"]), field) == DAN.get(field)


def test_a_cell_is_refused_as_the_lead_s_form_is(
    at: At, cast: Cast, three: dict[str, str], now: Clock
) -> None:
    cells, seen = f"/leads/{three['Dan']}/cell", find_lead(three["Dan"]).version
    taken = at("ann").post(f"{cells}/owner", {"value": "Ben Baker", "expected_version": seen}, **PART)
    assert taken.status_code == 204
    works, reads = at("max"), at("eve")
    stale = works.post(f"{cells}/title", {"value": "CEO", "expected_version": seen}, **PART)
    assert stale.status_code == 409
    assert "ann@northwind.example changed owner." in text_of(stale)
    with nothing_changes():
        for field, value, says in (
            ("employees", "many", "Give a number up to"), ("employees", "²", "Give a number up to"),
            ("email", "nobody", "e-mail address"), ("owner", "Nobody Known", "Nobody Known"),
        ):  # fmt: skip
            wrong = works.post(f"{cells}/{field}", {"value": value}, **PART)
            assert (wrong.status_code, says in text_of(wrong)) == (422, True), field
        for field in ("status", "fit", "lead", "name", "custom"):
            assert works.post(f"{cells}/{field}", {"value": "converted"}).status_code == 404
        assert reads.post(f"{cells}/title", {"value": "CEO"}).status_code == 403
    assert "cell-button" not in reads.get("/leads").content.decode()
    now.days(1)
    assert "cell-button" not in works.get("/leads?as_of=2026-03-02").content.decode()


def test_a_cell_is_edited_without_a_script_and_leaves_the_table_that_it_no_longer_fits(
    at: At, three: dict[str, str]
) -> None:
    client, cell = at("max"), f"/leads/{three['Eda']}/cell/source"
    page = client.get(f"{cell}?next=/leads?source=Event")
    assert "Source of Eda Ender" in text_of(page)
    answer = client.post(cell, {"value": "Fair", "next": "/leads?source=Event"})
    assert (answer.status_code, answer["Location"]) == (302, "/leads?source=Event")
    row = f"/leads/{three['Eda']}/cell/row"
    assert "Eda" not in client.get(row, **PART, HTTP_HX_CURRENT_URL="/leads?source=Event").content.decode()
    assert "Eda" in client.get(row, **PART, HTTP_HX_CURRENT_URL="/leads").content.decode()


@pytest.mark.usefixtures("three")
def test_export_is_what_is_shown_and_harmless(at: At) -> None:
    response = at("max").get(
        "/leads/export?format=csv&status=disqualified&columns=status,disqualified_reason"
    )
    (row,) = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))  # type: ignore[arg-type]
    assert (row["name"], row["disqualified_reason"]) == ("Gus =1+1", "Too small")
    assert at("max").get("/leads/export?format=xlsx").content.startswith(b"PK")
    assert at("max").get("/leads?period=soon").status_code == 422


def test_a_view_of_leads_is_kept(at: At, three: dict[str, str]) -> None:
    client = at("max")
    client.post("/views", {"page": "leads", "name": "Events", "query": "source=Event&page=2"})
    assert SavedView.objects.get().query == {"source": "Event"}
    assert 'href="/leads?source=Event"' in client.get("/leads").content.decode()


def test_the_search_finds_leads(at: At, three: dict[str, str]) -> None:
    assert f'href="/leads/{three["Dan"]}"' in at("ann").get("/search?q=dan@delta").content.decode()


def test_bulk_answers_per_lead(at: At, three: dict[str, str]) -> None:
    keys = [three["Dan"], three["Eda"], "L999"]
    said = text_of(at("max").post("/leads/bulk", {"lead": keys, "what": "owner", "owner": "Ann Archer"}))
    assert "2 leads changed, 1 not" in said
    assert find_lead(three["Eda"]).owner.name == "Ann Archer"  # type: ignore[union-attr]
    client, eve = at("max"), at("eve")
    with nothing_changes():
        assert client.post("/leads/bulk", {"what": "owner"}).status_code == 422
        assert client.post("/leads/bulk", {"lead": keys, "what": "disqualified"}).status_code == 422
        assert eve.post("/leads/bulk", {"lead": keys, "what": "working"}).status_code == 403


def test_one_lead_with_everything_known_of_it(at: At, three: dict[str, str], cast: Cast, now: Clock) -> None:
    said = text_of(at("max").get(f"/leads/{three['Dan']}"))
    for words in (
        "Delta Foods",
        "Wants an offer",
        "Call, us: Answered",
        "Touched by Web, Spring",
        "declares no ideal",
    ):
        assert words in said
    assert at("max").get("/leads/L999").status_code == 404
    assert at("max").get(f"/leads/{three['Dan']}?as_of=2026-03-01").status_code == 404
    now.days(3)
    disqualify_lead(cast.max, three["Dan"], reason="Gone", now=now())
    then = text_of(at("eve").get(f"/leads/{three['Dan']}?as_of=2026-03-03"))
    assert "Wants an offer" in then
    assert "Gone" not in then


def test_the_fit_is_told_with_its_reasons(at: At, three: dict[str, str], cast: Cast, now: Clock) -> None:
    profile = """[ideal_customer]
fits_from = 30
[[ideal_customer.traits]]
trait = "industry"
one_of = ["Food"]
points = 30
[[ideal_customer.traits]]
trait = "country"
one_of = ["AT"]
points = 20
"""
    toml = (
        '[pipeline]\nname = "New business"\nowner = "Olga Novak"\n'
        + profile
        + '[[stages]]\nname = "Prospecting"\n'
    )
    draft = draft_definition(cast.olga, toml=toml, now=now()).row
    publish_definition(cast.olga, draft.pipeline, draft.version, effective_from=now.at.date(), now=now())
    said = text_of(at("max").get(f"/leads/{three['Dan']}"))
    assert "Fits: 30 of 50 points" in said
    assert "The country is not known; asked for is AT." in said
    assert names(at("max").get("/leads?status=all&fit=fits")) == ["Dan Dorn"]
    assert sorted(names(at("max").get("/leads?status=all&fit=unclear"))) == ["Eda Ender", "Gus =1+1"]


def test_a_new_lead_and_its_likely_twin(at: At, three: dict[str, str]) -> None:
    client, fay = at("max"), at("fay")
    twin = client.post("/leads/new", {"name": "D. Dorn", "email": "dan@delta.example", "employees": "1,200"})
    assert twin.status_code == 422
    assert f'href="/leads/{three["Dan"]}"' in twin.content.decode()
    made = client.post(
        "/leads/new",
        {"name": "D. Dorn", "email": "dan@delta.example", "employees": "1,200", "even_if_similar": "on"},
    )
    assert made.status_code == 302
    assert LeadVersion.objects.latest("seq").employees == 1200
    with nothing_changes():
        wrong = client.post("/leads/new", {"name": " ", "email": "x", "employees": "many", "owner": "Nobody"})
        assert wrong.status_code == 422
        assert fay.get("/leads/new").status_code == 403


def test_working_on_a_lead(at: At, three: dict[str, str]) -> None:
    client, eda = at("max"), three["Eda"]
    saved = client.post(f"/leads/{eda}/edit", {"name": "Eda Ender", "title": "CEO"}, **PART)
    assert saved.status_code == 204
    assert "undo" in saved["HX-Trigger"]
    client.post(f"/leads/{eda}/activity", {"kind": "email", "side": "seller", "subject": "Thanks"})
    client.post(f"/leads/{eda}/touch", {"source": "Web", "campaign": "Spring"})
    row = find_lead(eda)
    assert (row.title, row.status, row.responded_at is not None) == ("CEO", "working", True)
    refused = client.post(f"/leads/{eda}/qualify", {"framework": "BANT", "answer Budget": "10k"}, **PART)
    assert refused.status_code == 422
    assert len(problems_of(refused)) == 3
    client.post(f"/leads/{eda}/qualify", {"reason": "Wants an offer"})
    assert find_lead(eda).status == "qualified"
    client.post(f"/leads/{eda}/reopen", {})
    client.post(f"/leads/{eda}/disqualify", {"reason": "Too far"})
    assert find_lead(eda).disqualified_reason == "Too far"
    stale = client.post(f"/leads/{eda}/disqualify", {"reason": "Again", "expected_version": "1"}, **PART)
    assert stale.status_code == 409
    merged = client.post(f"/leads/{three['Dan']}/merge", {"loser": eda})
    assert merged["Location"] == f"/leads/{three['Dan']}"
    assert client.get(f"/leads/{eda}")["Location"] == f"/leads/{three['Dan']}"


def test_converting_proposes_who_is_there(at: At, three: dict[str, str], cast: Cast) -> None:
    there = Account.objects.create(name="Delta Foods GmbH", created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    client, dan = at("ann"), three["Dan"]
    page = client.get(f"/leads/{dan}/convert")
    assert f'value="{there.pk}" checked' in page.content.decode()
    with nothing_changes():
        wrong = client.post(f"/leads/{dan}/convert", {"name": "Delta", "amount": "lots", "currency": "EUR",
                                                      "account": "other", "account_name": "Nowhere"})  # fmt: skip
        assert wrong.status_code == 422
        assert len(problems_of(wrong)) == 2
        unqualified = client.post(
            f"/leads/{three['Eda']}/convert", {"name": "E", "currency": "EUR", "account": "other"}
        )
        assert "not qualified" in text_of(unqualified)
    done = client.post(
        f"/leads/{dan}/convert",
        {"name": "Delta rollout", "amount": "12,500", "currency": "EUR", "account": str(there.pk), "contact": "new",
         "role": "champion"},
    )  # fmt: skip
    deal = Deal.objects.get()
    assert done["Location"] == f"/deals/{deal.key}"
    assert (deal.account, deal.amount, deal.source) == (there, 1_250_000, "Web")
    assert Contact.objects.get().account == there
    assert "is a deal already" in text_of(client.get(f"/leads/{dan}/convert"))


@pytest.fixture
def won(cast: Cast, now: Clock, three: dict[str, str]) -> Deal:
    """Dan's deal over 5,000.00, won; the campaign cost 300.00."""
    days = {"starts_on": dt.date(2026, 3, 1), "ends_on": dt.date(2026, 3, 2)}
    create_campaign(cast.max, name="Spring", facts={"source": "Web", "cost": 30_000, **days}, now=now())
    deal = convert_lead(cast.ann, three["Dan"], facts={"amount": 500_000}, now=now()).deal
    move_deal(cast.olga, deal.key, to="lost", lost_reason="Price", now=now())
    now.days(1)
    return deal


def test_the_funnel_tells_what_leaks(at: At, won: Deal) -> None:
    said = text_of(at("max").get("/funnel?period=2026-Q1"))
    for words in ("New 1 lead Too small 1", "Price 1", "1 lead qualified during 2026-Q1", "Qualified, meeting to come 1",
                  "1 of 3 leads that came in during 2026-Q1 were answered"):  # fmt: skip
        assert words in said
    assert "What leaks where" not in text_of(at("max").get("/funnel?period=2026-Q1&view=period"))
    assert "Nobody came in during 2025" in text_of(at("eve").get("/funnel?period=2025"))
    rows = list(csv.DictReader(io.StringIO(
        b"".join(at("max").get("/funnel/export?format=csv&period=2026-Q1").streaming_content).decode()  # type: ignore[arg-type]
    )))  # fmt: skip
    assert [row["count"] for row in rows[:4]] == ["3", "1", "1", "1"]


@pytest.mark.parametrize(
    "path",
    ["/funnel?period=2026-Q1&by=owner", "/attribution?by=campaign&model=linear", "/campaign/Spring"],
)  # fmt: skip
def test_figures_open_what_is_behind_them(at: At, won: Deal, path: str) -> None:
    assert open_figures(at("max"), path) > (5 if "campaign" in path else 20)


@pytest.mark.parametrize("model", ["first", "last", "linear", "w_shaped", "nonsense"])
def test_attribution_adds_up(at: At, won: Deal, model: str) -> None:
    rows = list(csv.DictReader(io.StringIO(
        b"".join(at("max").get(f"/attribution/export?format=csv&model={model}").streaming_content).decode()  # type: ignore[arg-type]
    )))  # fmt: skip
    named = {row["source"]: row for row in rows}
    assert (named["Web"]["lost_deals"], named["Web"]["cost"], named["Web"]["leads"]) == ("1.0", "300.00", "1")
    assert (named["Event"]["leads"], named["Event"]["cost"]) == ("2", "")
    assert "What each source brought during 2026" in text_of(at("eve").get(f"/attribution?model={model}"))


def test_campaigns_are_kept_by_marketing(at: At, won: Deal) -> None:
    client, ann = at("max"), at("ann")
    assert "300.00" in text_of(client.get("/campaigns"))
    page = client.get("/campaign/Spring")
    assert "Mar 2026 300.00" in text_of(page)
    version = re.search(r'name="expected_version" value="(\d+)"', page.content.decode())
    assert version is not None
    facts = {
        "source": "Web",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-02",
        "cost": "450",
        "currency": "EUR",
    }
    assert client.post("/campaign/Spring", {**facts, "expected_version": version[1]}).status_code == 302
    assert client.post("/campaign/Spring", {**facts, "expected_version": version[1]}).status_code == 409
    assert "450.00 EUR" in text_of(client.get("/campaign/Spring"))
    assert (
        client.post("/campaigns/new", {"name": "", "source": "", "cost": "x", "currency": "EUR"}).status_code
        == 422
    )
    assert client.post("/campaigns/new", {"name": "A/B test", **facts}).status_code == 302
    assert client.get("/campaign/A/B test").status_code == 200
    with nothing_changes():
        assert ann.post("/campaign/Spring", {"remove": "1"}).status_code == 403
        assert ann.get("/campaigns/new").status_code == 403
    client.post("/campaign/Spring", {"remove": "1"})
    assert "300" not in text_of(client.get("/campaigns"))
    assert client.get("/campaign/Nothing").status_code == 404


@pytest.mark.parametrize("page", ["/leads", "/campaigns", "/funnel", "/attribution"])
def test_empty_pages_say_what_comes_next(at: At, page: str) -> None:
    response = at("max").get(page)
    assert response.status_code == 200
    assert 'class="empty"' in response.content.decode()


def test_a_lead_that_became_another_teams_deal_is_theirs(
    at: At, cast: Cast, now: Clock, three: dict[str, str]
) -> None:
    convert_lead(cast.ann, three["Dan"], facts={"amount": 100}, now=now())
    assert names(at("ben").get("/leads?status=converted")) == ["Dan Dorn"]
    assert names(at("otto").get("/leads?status=converted")) == []
    assert at("otto").get(f"/leads/{three['Dan']}").status_code == 404
    assert names(at("otto").get("/leads")) == ["Eda Ender"]
