"""The first run: everything leads there, one page makes the organisation, then it is gone."""

from __future__ import annotations

import pytest
from django.test import Client

from stageproof.records.models import DefinitionVersion, Organisation, Person
from tests.web.conftest import Cast, text_of

TYPED = {
    "name": "Northwind", "zone": "Europe/Vienna", "currency": "eur", "year_starts": "2", "week_starts": "6",
    "owner_name": "Ada Adler", "owner_email": "Ada@Northwind.example", "password": "heron-quartz-lantern-9",
    "template": "smb",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/board", "/sign-in", "/settings/people", "/deals/D-1", "/invitation"])
def test_every_page_leads_to_the_first_run(path: str) -> None:
    response = Client().get(path)
    assert (response.status_code, response["Location"]) == (302, "/welcome")


@pytest.mark.django_db
def test_it_shows_each_template_with_its_stages() -> None:
    words = text_of(Client().get("/welcome"))
    assert "Mid-market" in words
    assert "Enterprise, with MEDDIC" in words
    assert "Prospecting" in words


@pytest.mark.django_db
def test_one_page_makes_the_organisation_and_signs_its_admin_in() -> None:
    client = Client()
    response = client.post("/welcome", TYPED)
    assert (response.status_code, response["Location"]) == (302, "/")
    made = Organisation.objects.get()
    assert (made.name, made.zone, made.currency, made.year_starts, made.week_starts) == (
        "Northwind", "Europe/Vienna", "EUR", 2, 6,
    )  # fmt: skip
    ada = Person.objects.get()
    assert (ada.email, ada.role, made.pipeline_owner) == ("ada@northwind.example", "admin", ada)
    assert ada.check_password(TYPED["password"])
    assert '"ada@northwind.example"' in DefinitionVersion.objects.get().toml
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert client.get("/welcome").status_code == 404
    assert Client().get("/welcome").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("name", " ", "The organisation needs a name."),
        ("zone", "Mars/Olympus", "Mars/Olympus"),
        ("currency", "EURO", "This is not a currency."),
        ("owner_name", "Sales Team", "The pipeline owner must be one person"),
        ("owner_email", "ada", "This is not an e-mail address."),
        ("password", "short", "This password is too short."),
        ("year_starts", "13", "year_starts"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_made(field: str, typed: str, says: str) -> None:
    response = Client().post("/welcome", {**TYPED, field: typed})
    body = response.content.decode()
    assert response.status_code == 422
    place = body.split(f'name="{field}"', 1)[1].split("</label>", 1)[0]
    assert 'aria-invalid="true"' in place
    assert says in place
    assert TYPED["password"] not in body
    assert not Organisation.objects.exists()
    assert not Person.objects.exists()


def test_a_second_organisation_cannot_be_made(cast: Cast) -> None:
    assert Client().post("/welcome", TYPED).status_code == 404
    assert Organisation.objects.get().name == "Northwind"
    assert not Person.objects.filter(email="ada@northwind.example", role="pipeline owner").exists()
