"""init, user, import, export and doctor, in the deployment that a test has."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stageproof.actions.actor import system
from stageproof.actions.deals import create_deal
from stageproof.actions.organisation import set_up
from stageproof.actions.tokens import create_token
from stageproof.records.models import Deal, DealVersion, Invitation, Organisation, Person, Token
from tests.actions.readings_world import set_deal
from tests.cli.conftest import Ran

Stageproof = Callable[..., Ran]
NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
PASSWORD = "a rather long sentence"


@pytest.fixture
def founded(db: None) -> Person:
    return set_up(
        name="Northwind", zone="UTC", currency="EUR", owner_name="Olga Novak", owner_email="olga@northwind.example",
        now=NOW, password=PASSWORD,
    ).owner  # fmt: skip


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives the next command its input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


INIT = ("init", "--name", "Northwind", "--owner", "Olga Novak", "--email", "olga@northwind.example")


@pytest.mark.django_db
def test_init_sets_up_once(stageproof: Stageproof, typed: Callable[[str], None]) -> None:
    typed(f"{PASSWORD}\n")
    ran = stageproof(
        *INIT, "--currency", "EUR", "--zone", "Europe/Vienna", "--calendar", "4-4-5", "--year-starts", "4",
        "--password-stdin",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert "Northwind is set up" in ran.out
    made = Organisation.objects.get()
    assert (made.name, made.currency, made.zone) == ("Northwind", "EUR", "Europe/Vienna")
    assert (made.calendar_kind, made.year_starts) == ("4-4-5", 4)
    owner = Person.objects.get()
    assert (owner.name, owner.role, owner.check_password(PASSWORD)) == ("Olga Novak", "admin", True)
    again = stageproof(*INIT)
    assert again.code == 1
    assert "has its organisation already" in again.err


@pytest.mark.django_db
def test_init_refuses_with_every_reason_and_makes_nothing(stageproof: Stageproof) -> None:
    ran = stageproof(
        "init",
        "--name",
        " ",
        "--owner",
        "everyone",
        "--email",
        "olga",
        "--currency",
        "COIN",
        "--zone",
        "Mars",
    )
    assert ran.code == 1
    assert ran.err.count("Refused: ") == 5
    for words in ("needs a name", "everyone", "not an e-mail address", "not a currency", "Mars"):
        assert words in ran.err
    assert not Organisation.objects.exists()
    missing = stageproof("init", "--name", "Northwind")
    assert (missing.code, missing.out) == (1, "")
    assert "--owner is missing" in missing.err


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command", [("doctor",), ("user", "list"), ("export", "all"), ("import", "deals.csv"), ("backup", "b")]
)
def test_commands_of_a_deployment_say_so_where_there_is_none(
    stageproof: Stageproof, command: tuple[str, ...]
) -> None:
    ran = stageproof(*command)
    assert (ran.code, ran.out) == (1, "")
    assert "Nothing is set up here yet. Run `stageproof init`" in ran.err


def test_a_person_is_added_shut_out_and_let_in(
    stageproof: Stageproof, founded: Person, typed: Callable[[str], None]
) -> None:
    typed(f"{PASSWORD}\n")
    ran = stageproof(
        "user", "add", "ann@northwind.example", "--name", "Ann Archer", "--password-stdin", "--json"
    )
    assert ran.code == 0, ran.err
    expected = {
        "name": "Ann Archer",
        "email": "ann@northwind.example",
        "role": "rep",
        "team": None,
        "active": True,
    }
    assert json.loads(ran.out) == expected
    ann = Person.objects.get(email="ann@northwind.example")
    assert ann.check_password(PASSWORD)
    token, _ = create_token(_at_page(ann), name="mine", scope="read", now=NOW)
    assert stageproof("user", "disable", "ANN@northwind.example").code == 0
    ann.refresh_from_db()
    assert (ann.is_active, Token.objects.get(pk=token.pk).revoked_at is None) == (False, False)
    assert stageproof("user", "enable", "ann@northwind.example").code == 0
    typed("another long sentence\n")
    assert stageproof("user", "password", "ann@northwind.example", "--password-stdin").code == 0
    ann.refresh_from_db()
    assert (ann.is_active, ann.check_password("another long sentence")) == (True, True)
    listed = json.loads(stageproof("user", "list", "--json").out)
    assert [each["name"] for each in listed] == ["Ann Archer", "Olga Novak"]


def test_a_person_without_a_password_is_invited(stageproof: Stageproof, founded: Person) -> None:
    ran = stageproof("user", "add", "ben@northwind.example", "--name", "Ben Baker", "--role", "manager")
    assert ran.code == 0, ran.err
    row = Invitation.objects.get()
    assert (row.email, row.role, row.accepted_at) == ("ben@northwind.example", "manager", None)
    assert "/invitation#" in ran.out
    assert row.digest not in ran.out
    assert not Person.objects.filter(email="ben@northwind.example").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("promote", "olga@northwind.example"), "There is no 'promote'"),
        (("disable",), "not said who"),
        (("disable", "nobody@northwind.example"), "Nobody here has the address"),
        (("disable", "olga@northwind.example"), "last admin"),
        (("password", "olga@northwind.example"), "no password to set"),
        (("add", "cy@northwind.example", "--name", "Cy", "--role", "king"), "There is no role 'king'"),
        (("add", "cy@northwind.example", "--name", "Cy", "--team", "North"), "There is no team 'North'"),
    ],
)
def test_people_are_refused_with_a_sentence(
    stageproof: Stageproof, founded: Person, arguments: tuple[str, ...], words: str
) -> None:
    before = list(Person.objects.values())
    ran = stageproof("user", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err
    assert list(Person.objects.values()) == before
    assert not Invitation.objects.exists()


def test_a_weak_password_invites_nobody(
    stageproof: Stageproof, founded: Person, typed: Callable[[str], None]
) -> None:
    typed("short\n")
    ran = stageproof("user", "add", "ann@northwind.example", "--name", "Ann Archer", "--password-stdin")
    assert ran.code == 1
    assert "too short" in ran.err
    assert not Invitation.objects.exists()


def test_an_import_is_shown_first_then_made_then_undone(
    stageproof: Stageproof, founded: Person, deals: Path
) -> None:
    shown = stageproof("import", deals)
    assert shown.code == 0, shown.err
    assert "6  deals are new" in shown.out
    assert "Nothing was changed" in shown.out
    assert not Deal.objects.exists()
    made = stageproof("import", deals, "--commit", "--json")
    body = json.loads(made.out)
    assert (body["committed"], body["created"]) == (True, 6)
    assert Deal.objects.get(key="1").amount == 100_050
    assert Deal.objects.get(key="4").status == "won"
    assert stageproof("doctor").code == 0
    none = stageproof("import", "--undo", "99")
    assert (none.code, "`stageproof import --list` shows the numbers." in none.err) == (1, True)
    undone = stageproof("import", "--undo", str(body["run"]))
    assert undone.code == 0, undone.err
    # What was only looked at is not among them.
    (listed,) = json.loads(stageproof("import", "--list", "--json").out)["items"]
    assert (listed["run"], listed["status"], listed["files"][0]["name"]) == (
        body["run"],
        "undone",
        "deals.csv",
    )
    assert "undone" in stageproof("import", "--list").out
    assert set(Deal.objects.values_list("status", flat=True)) == {"deleted"}
    assert stageproof("import").code == 2
    assert stageproof("import", deals, "--undo", "1").code == 2
    assert stageproof("import", "nowhere.csv").code == 1


def test_the_doctor_finds_what_was_changed_by_hand(stageproof: Stageproof, founded: Person) -> None:
    deal = create_deal(system("cli"), now=NOW, facts={"name": "Alder", "amount": 100}).deal
    healthy = stageproof("doctor", "--json")
    assert (healthy.code, json.loads(healthy.out)) == (
        0, {"changes": 1, "deals": 1, "sound": True, "problems": []},
    )  # fmt: skip
    DealVersion.objects.filter(deal=deal).update(amount=101)
    ran = stageproof("doctor", "--json")
    assert ran.code == 1
    assert {each["code"] for each in json.loads(ran.out)["problems"]} >= {"change_altered", "present_differs"}
    assert "things are wrong" in stageproof("doctor").out


def test_a_bridge_of_the_deals_here_opens_as_it_was_known_then(
    stageproof: Stageproof, founded: Person
) -> None:
    """Alder is worth 1,000 from 2 March, entered as 700 until 10 March; Birch, 50, comes on 5 March."""
    alder = create_deal(system("cli"), now=NOW, facts={"name": "Alder", "amount": 70_000}).deal
    birch = NOW + dt.timedelta(days=3)
    create_deal(system("cli"), now=birch, facts={"name": "Birch", "amount": 5_000})
    set_deal(alder, NOW + dt.timedelta(hours=1), learned=NOW + dt.timedelta(days=8), amount=100_000)
    asked = ("--from", "2026-03-03", "--to", "2026-03-12", "--json")

    def lines(*also: str) -> dict[str, str]:
        ran = stageproof("bridge", *asked, *also)
        assert ran.code == 0, ran.err
        found = {row["line"]: row["amount"]["amount"] for row in json.loads(ran.out)["lines"]}
        return {line: amount for line, amount in found.items() if amount != "0.00"}

    assert lines() == {"opening": "1000.00", "new": "50.00", "closing": "1050.00"}
    known = ("--start-known-at", "2026-03-03")
    assert lines(*known) == {
        "opening": "700.00", "late_arrivals": "300.00", "new": "50.00", "closing": "1050.00",
    }  # fmt: skip
    assert lines(*known, "--known-at", "2026-03-06") == {
        "opening": "700.00",
        "new": "50.00",
        "closing": "750.00",
    }
    # In the first stage nothing is to be proven yet.
    assert lines("--qualified", *known) == lines(*known)
    ahead = stageproof("bridge", "--from", "2026-03-03", "--to", "2999-01-01")
    assert (ahead.code, "has not come yet" in ahead.err) == (1, True)
    assert stageproof("bridge", "deals.csv", "--home", ".", *asked).code == 2


HOSTILE = '=HYPERLINK("http://x","click")'


def test_every_table_is_exported_whole_safe_and_without_secrets(
    stageproof: Stageproof, founded: Person, tmp_path: Path
) -> None:
    facts: dict[str, Any] = {
        "name": HOSTILE,
        "amount": 123_456,
        "close_on": dt.date(2026, 6, 30),
        "owner": founded,
    }
    create_deal(system("cli"), now=NOW, facts={**facts, "custom": {"Floor": "3"}})
    create_deal(system("cli"), now=NOW, facts={"name": "Birch", "amount": 5, "currency": "JPY"})
    ran = stageproof("export", "all", "--out", "csv", "--json")
    assert ran.code == 0, ran.err
    written = {each["table"]: each["rows"] for each in json.loads(ran.out)}
    assert written["deals"] == written["deal_versions"] == 2
    assert {path.stem for path in (tmp_path / "csv").iterdir()} == set(written)
    with (tmp_path / "csv" / "deals.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first["name"] == f"'{HOSTILE}"
    assert (first["amount"], first["currency"], first["close_on"]) == ("1234.5600", "EUR", "2026-06-30")
    assert (first["owner"], first["custom"]) == ("Olga Novak", '{"Floor": "3"}')
    assert first["created_at"] == "2026-03-02T09:00:00.000000Z"
    assert (second["amount"], second["currency"]) == ("5.0000", "JPY")
    people = (tmp_path / "csv" / "people.csv").read_text()
    assert "olga@northwind.example" in people
    assert founded.password not in people
    assert "password" not in people


def test_parquet_keeps_types_and_texts(stageproof: Stageproof, founded: Person, tmp_path: Path) -> None:
    create_deal(
        system("cli"), now=NOW, facts={"name": HOSTILE, "amount": 123_456, "close_on": dt.date(2026, 6, 30)}
    )
    assert stageproof("export", "deals", "--format", "parquet", "--out", "p").code == 0
    (row,) = pl.read_parquet(tmp_path / "p" / "deals.parquet").to_dicts()
    assert row["name"] == HOSTILE
    assert (str(row["amount"]), row["close_on"], row["created_at"]) == (
        "1234.5600",
        dt.date(2026, 6, 30),
        NOW,
    )
    assert pl.read_parquet_schema(tmp_path / "p" / "deals.parquet")["version"] == pl.Int64


def test_exports_refuse_what_is_not_there(stageproof: Stageproof, founded: Person, tmp_path: Path) -> None:
    assert "There is no table 'tokens'" in stageproof("export", "tokens").err
    assert "There is no format 'xml'" in stageproof("export", "deals", "--format", "xml").err
    (tmp_path / "file").write_text("")
    ran = stageproof("export", "deals", "--out", "file")
    assert ran.code == 1
    assert "cannot be written" in ran.err


def _at_page(person: Person) -> Any:
    from stageproof.actions.actor import Actor

    return Actor(person, "page")
