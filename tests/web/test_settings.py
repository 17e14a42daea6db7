"""The settings: each keeps what was typed, refuses beside the field, and notes who changed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stageproof.actions.campaigns import create_campaign
from stageproof.actions.leads import create_lead
from stageproof.actions.rates import set_rate
from stageproof.actions.targets import set_target
from stageproof.records.models import Change, Organisation, Person, RateVersion, TargetVersion, Team, Token
from tests.web.conftest import Cast, Clock, text_of

Browser = Callable[[str], Client]
ORGANISATION = {
    "name": "Northwind Traders", "zone": "Europe/Berlin", "currency": "EUR", "calendar_kind": "4-4-5",
    "year_starts": "2", "week_starts": "6",
}  # fmt: skip


def test_the_organisation_is_changed_and_who_did_it_is_kept(cast: Cast, at: Browser) -> None:
    assert cast.ada.person is not None
    typed = {**ORGANISATION, "pipeline_owner": cast.ada.person.pk}
    assert at("olga").post("/settings/organisation", typed).status_code == 302
    held = Organisation.objects.get()
    assert (held.name, held.zone, held.calendar_kind, held.year_starts, held.week_starts, held.pipeline_owner) == (
        "Northwind Traders", "Europe/Berlin", "4-4-5", 2, 6, cast.ada.person,
    )  # fmt: skip
    change = Change.objects.get()
    assert (change.actor, change.what) == ("olga@northwind.example", "organisation")
    assert change.fields["zone"] == ["Europe/Vienna", "Europe/Berlin"]
    assert change.fields["pipeline_owner"] == ["Olga Novak", "Ada Adler"]
    assert "currency" not in change.fields
    words = text_of(at("ada").get("/settings/changes"))
    assert "zone: Europe/Vienna → Europe/Berlin" in words


def test_the_currency_stays_once_there_is_a_rate(cast: Cast, at: Browser) -> None:
    assert cast.olga.person is not None
    typed = {**ORGANISATION, "currency": "USD", "pipeline_owner": cast.olga.person.pk}
    set_rate(cast.fay, currency="GBP", from_on=dt.date(2026, 1, 1), rate="1.17", now=timezone.now())
    refused = at("olga").post("/settings/organisation", typed)
    assert refused.status_code == 422
    assert "There are deals or rates already" in text_of(refused)
    assert Organisation.objects.get().name == "Northwind"
    RateVersion.objects.all().delete()
    assert at("olga").post("/settings/organisation", typed).status_code == 302
    assert Organisation.objects.get().currency == "USD"


@pytest.mark.parametrize(
    ("owner", "says"), [("", "A pipeline has one owner"), ("ann", "is a rep, who may not")]
)
def test_the_pipeline_owner_is_someone_who_may_define(cast: Cast, at: Browser, owner: str, says: str) -> None:
    number = getattr(cast[owner].person, "pk", "") if owner else ""
    refused = at("ada").post("/settings/organisation", {**ORGANISATION, "pipeline_owner": number})
    assert refused.status_code == 422
    assert says in text_of(refused)


def test_a_person_gets_another_role_and_team(cast: Cast, at: Browser) -> None:
    otto = cast.otto.person
    assert otto is not None
    typed = {"name": "Otto Olsen", "role": "manager", "team": cast.east.pk}
    assert at("ada").post(f"/settings/people/{otto.pk}", typed).status_code == 302
    otto.refresh_from_db()
    assert (otto.role, otto.team, otto.is_active) == ("manager", cast.east, True)
    assert Change.objects.get().fields == {"role": ["rep", "manager"], "team": ["West", "East"]}


def test_a_person_who_is_not_is_not_found(cast: Cast, at: Browser) -> None:
    assert at("ada").get("/settings/people/999").status_code == 404


def test_teams_form_a_tree(cast: Cast, at: Browser) -> None:
    assert cast.mia.person is not None
    typed = {"name": "East coast", "parent": cast.east.pk, "manager": cast.mia.person.pk}
    assert at("ada").post("/settings/teams", typed).status_code == 302
    made = Team.objects.get(name="East coast")
    assert (made.parent, made.manager) == (cast.east, cast.mia.person)
    page = at("ada").get("/settings/teams").content.decode()
    assert page.index(">East<") < page.index(">East coast<") < page.index(">West<")
    refused = at("ada").post(f"/settings/teams/{cast.east.pk}", {"name": "East", "parent": made.pk})
    assert refused.status_code == 422
    assert "A team cannot be below itself." in text_of(refused)


def test_targets_are_set_in_a_grid_and_keep_their_history(cast: Cast, at: Browser) -> None:
    assert cast.ann.person is not None
    ann, east = cast.ann.person.pk, cast.east.pk
    typed = {f"person-{ann}-0": "250,000.50", f"team-{east}-1": "1 000 000", "whole-3": ""}
    assert at("fay").post("/settings/targets?year=2026", typed).status_code == 302
    held = {(row.owner_id, row.team_id): row for row in TargetVersion.objects.all()}
    assert set(held) == {(ann, None), (None, east)}
    first = held[ann, None]
    assert (first.amount, first.currency, first.starts_on, first.ends_on, first.actor) == (
        25_000_050, "EUR", dt.date(2026, 1, 1), dt.date(2026, 3, 31), "fay@northwind.example",
    )  # fmt: skip
    assert held[None, east].starts_on == dt.date(2026, 4, 1)
    page = at("mia").get("/settings/targets?year=2026").content.decode()
    assert 'value="250,000.50"' in page
    assert "whole-0" not in page
    assert at("mia").post("/settings/targets?year=2026", {f"person-{ann}-0": "300000"}).status_code == 302
    amounts = TargetVersion.objects.filter(owner=ann).order_by("seq").values_list("amount", "actor")
    assert list(amounts) == [(25_000_050, "fay@northwind.example"), (30_000_000, "mia@northwind.example")]
    at("fay").post("/settings/targets?year=2026", {f"person-{ann}-0": ""})
    assert TargetVersion.objects.get(owner=ann, valid_to__isnull=True).removed


def test_a_manager_sets_no_target_of_others(cast: Cast, at: Browser) -> None:
    assert cast.otto.person is not None
    typed = {f"person-{cast.otto.person.pk}-0": "1", "whole-0": "1", f"team-{cast.west.pk}-0": "1"}
    at("mia").post("/settings/targets?year=2026", typed)
    assert not TargetVersion.objects.exists()


def test_an_unreadable_target_is_said_beside_its_field(cast: Cast, at: Browser) -> None:
    refused = at("fay").post(
        "/settings/targets?year=2026", {"whole-0": "much", f"team-{cast.east.pk}-0": "5"}
    )
    assert refused.status_code == 422
    page = refused.content.decode()
    assert 'aria-invalid="true"' in page.split('name="whole-0"', 1)[1].split("</td>", 1)[0]
    assert 'value="much"' in page
    assert list(TargetVersion.objects.values_list("team", "amount")) == [(cast.east.pk, 500)]


def test_a_rate_that_a_campaign_or_a_target_lacks_is_named(cast: Cast, at: Browser, now: Clock) -> None:
    create_campaign(
        cast.max, name="Fair", now=now(), facts={"source": "Event", "cost": 90_000, "currency": "GBP"}
    )
    first, last = dt.date(2026, 1, 1), dt.date(2026, 3, 31)
    set_target(cast.fay, starts_on=first, ends_on=last, amount=100, currency="CHF", now=now())
    assert "No rate is known for CHF, GBP, so amounts" in text_of(at("fay").get("/settings/currencies"))
    costs = "Costs in GBP count nowhere"
    create_lead(cast.max, now=now(), facts={"name": "Dan Dorn", "source": "Event", "campaign": "Fair"})
    assert costs in text_of(at("fay").get("/attribution"))
    set_rate(cast.fay, currency="GBP", from_on=first, rate="1.2", now=now())
    page = text_of(at("fay").get("/attribution?by=campaign&period=all"))
    assert costs not in page
    # 900.00 GBP at 1.2.
    assert "1.1k" in page


def test_rates_are_dated_and_a_correction_is_said_to_be_one(cast: Cast, at: Browser) -> None:
    typed = {"currency": "usd", "from_on": "2026-01-01", "rate": "0.92"}
    assert at("fay").post("/settings/currencies", typed).status_code == 302
    refused = at("fay").post("/settings/currencies", {**typed, "rate": "0.93"})
    assert refused.status_code == 422
    assert "There is a rate of 0.92 from this day already." in text_of(refused)
    assert (
        at("fay").post("/settings/currencies", {**typed, "rate": "0.93", "correct": "on"}).status_code == 302
    )
    assert list(RateVersion.objects.order_by("seq").values_list("currency", "from_on", "rate")) == [
        ("USD", dt.date(2026, 1, 1), "0.92"),
        ("USD", dt.date(2026, 1, 1), "0.93"),
    ]
    words = text_of(at("fay").get("/settings/currencies"))
    assert "0.92" in words
    assert "until" in words
    assert [change.fields["rate"] for change in Change.objects.order_by("id")] == [
        [None, "0.92"],
        ["0.92", "0.93"],
    ]


def test_a_rate_is_taken_out_and_put_back(cast: Cast, at: Browser) -> None:
    fay, typed = at("fay"), {"currency": "usd", "from_on": "2026-01-01", "rate": "0.92"}
    fay.post("/settings/currencies", typed)
    rate = RateVersion.objects.get()
    assert at("ann").post(f"/settings/currencies/{rate.pk}/remove").status_code == 403
    assert fay.post(f"/settings/currencies/{rate.pk}/remove").status_code == 302
    page = fay.get("/settings/currencies")
    assert "The rate of USD from 2026-01-01 is out" in text_of(page)
    assert "taken out" in text_of(page)
    out = RateVersion.objects.get(valid_to=None)
    assert reverse("change_undo", args=[out.seq, out.seq]) in page.content.decode()
    assert f"/settings/currencies/{out.pk}/remove" not in page.content.decode()
    fay.post(reverse("change_undo", args=[out.seq, out.seq]))
    assert not RateVersion.objects.get(valid_to=None).removed


@pytest.mark.parametrize(
    ("field", "typed"),
    [("currency", "EURO"), ("currency", "EUR"), ("from_on", "soon"), ("rate", "-1"), ("rate", "x")],
)
def test_a_wrong_rate_is_refused_beside_its_field(cast: Cast, at: Browser, field: str, typed: str) -> None:
    given = {"currency": "USD", "from_on": "2026-01-01", "rate": "0.92", field: typed}
    refused = at("fay").post("/settings/currencies", given)
    assert refused.status_code == 422
    place = refused.content.decode().split(f'name="{field}"', 1)[1].split("</label>", 1)[0]
    assert 'class="wrong"' in place
    assert not RateVersion.objects.exists()


def test_a_token_is_shown_once_listed_and_revoked(cast: Cast, at: Browser) -> None:
    made = at("ann").post("/settings/tokens", {"name": "Sheet", "scope": "write", "days": "30"})
    assert "It is not shown again." in text_of(made)
    token = Token.objects.get()
    assert token.expires_at - token.created_at == dt.timedelta(days=30)
    assert at("ben").post(f"/settings/tokens/{token.pk}/revoke").status_code == 404
    assert at("ann").post(f"/settings/tokens/{token.pk}/revoke").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "Sheet" not in text_of(at("ann").get("/settings/tokens"))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"days": "366"}, "days"),
        ({"days": "-1"}, "days"),
        ({"scope": "admin"}, "scope"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_token_is_refused_beside_its_field(
    cast: Cast, at: Browser, typed: dict[str, str], field: str
) -> None:
    refused = at("ann").post("/settings/tokens", {"name": "Sheet", "scope": "read", "days": "30", **typed})
    assert refused.status_code == 422
    place = refused.content.decode().split(f'name="{field}"', 1)[1].split("</label>", 1)[0]
    assert 'class="wrong"' in place
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("name", "first"), [("ada", "/settings/organisation"), ("olga", "/settings/organisation"),
                        ("mia", "/settings/targets"), ("fay", "/settings/targets"), ("ann", "/settings/tokens")]
)  # fmt: skip
def test_settings_open_at_what_one_may_see(at: Browser, cast: Cast, name: str, first: str) -> None:
    assert at(name).get("/settings")["Location"] == first


def test_nobody_is_an_admin_by_typing_it(cast: Cast, at: Browser) -> None:
    """What a form does not ask for is not taken from it."""
    assert cast.otto.person is not None
    typed = {
        "name": "Otto Olsen",
        "role": "rep",
        "team": "",
        "email": "ada@northwind.example",
        "password": "x",
    }
    at("ada").post(f"/settings/people/{cast.otto.person.pk}", typed)
    otto = Person.objects.get(pk=cast.otto.person.pk)
    assert (otto.email, otto.has_usable_password()) == ("otto@northwind.example", False)
