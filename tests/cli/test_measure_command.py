"""`stageproof measure`: the same figures from files, an exported book and a database, and every refusal."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stageproof.actions.actor import system
from stageproof.actions.deals import create_deal, move_deal
from stageproof.actions.leads import create_lead, log_on_lead, qualify_lead
from stageproof.actions.organisation import set_up
from tests.cli.conftest import Ran

Stageproof = Callable[..., Ran]
NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def rows(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)["rows"]
    return found


@pytest.fixture
def sold(db: None) -> None:
    """Four deals of 1,000 each: two lost, two open."""
    set_up(
        name="Northwind", zone="Europe/Vienna", currency="EUR", owner_name="Olga Novak",
        owner_email="olga@northwind.example", now=NOW,
    )  # fmt: skip
    for number in range(4):
        facts = {"name": f"Deal {number}", "amount": 100_000, "close_on": dt.date(2026, 4, 1)}
        deal = create_deal(system("cli"), now=NOW + dt.timedelta(minutes=number), facts=facts).deal
        if number < 2:
            at = NOW + dt.timedelta(days=2, minutes=number)
            move_deal(system("cli"), deal.key, to="lost", now=at, lost_reason="No budget")


def test_measures_of_files_are_what_one_counts_in_them(stageproof: Stageproof, deals: Path) -> None:
    (whole,) = rows(stageproof("measure", "win_rate", deals, "--json"))
    assert (whole["won_count"], whole["lost_count"]) == (2, 1)
    assert whole["by_count"] == pytest.approx(2 / 3)
    assert whole["by_amount"] == pytest.approx(5_000 / 14_000)
    booked = rows(stageproof("measure", "bookings", deals, "--json"))
    assert booked[0]["won_amount"] == {"amount": "5000.00", "currency": "USD"}
    by_owner = {
        each["owner"]: each
        for each in rows(stageproof("measure", "win_rate", deals, "--by", "owner", "--json"))
    }
    assert by_owner["Ann"]["won_count"] == 1
    assert by_owner["Ben"]["lost_count"] == 1


def test_a_period_is_cut_by_the_calendar_given(stageproof: Stageproof, deals: Path) -> None:
    asked = ("bookings", "--period", "2025-P08", "--json")
    # Won are 1,000 on 31 July and 4,000 on 30 August. Of 13 weeks from 30 June the fifth to the eighth end on 24 August.
    for cut, expected in (
        ((), "4000.00"),
        (("--calendar", "4-4-5"), "1000.00"),
        (("--year-starts", 2), "0.00"),
    ):
        (row,) = rows(stageproof("measure", *asked, deals, *cut))
        assert row["won_amount"]["amount"] == expected, cut


def test_the_order_of_dates_is_said_where_files_cannot_tell(stageproof: Stageproof, tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text("Id,Name,StageName,Amount,CloseDate\n1,Alder,Prospecting,10,03/04/2026\n")
    asked = ("measure", "open_pipeline", path, "--period", "2026-04", "--as-of", "2026-01-31", "--json")
    assert "--date-order dmy" in stageproof(*asked).err
    for order, expected in (("dmy", 1), ("mdy", 0)):
        (row,) = rows(stageproof(*asked, "--date-order", order))
        assert row["open_count"] == expected


def test_letters_are_read_in_the_encoding_said(stageproof: Stageproof, tmp_path: Path) -> None:
    path = tmp_path / "turkish.csv"
    text = "Id,Name,StageName,Amount,CloseDate,Owner\n1,Alder,Prospecting,10,2026-03-31,Oğuz Şahin\n"
    path.write_bytes(text.encode("cp1254"))
    asked = ("measure", "open_pipeline", path, "--by", "owner", "--as-of", "2026-01-31", "--json")
    for said, owner in (((), "Oðuz Þahin"), (("--encoding", "windows-1254"), "Oğuz Şahin")):
        assert [row["owner"] for row in rows(stageproof(*asked, *said))] == [owner]
    proposed = stageproof("map", path, "--encoding", "windows-1254").out
    assert ("Oğuz Şahin" in proposed, 'encoding = "windows-1254"' in proposed) == (True, True)
    wrong = stageproof(*asked, "--encoding", "klingon")
    assert (wrong.code, "Use one such as Windows-1252" in " ".join(wrong.err.split())) == (1, True)


def test_a_book_keeps_its_calendar_unless_another_is_asked_for(stageproof: Stageproof, sold: None) -> None:
    assert stageproof("export", "book", "--out", "book").code == 0
    asked = ("open_pipeline", "--book", "book", "--as-of", "2026-03-31", "--json")
    # Both open ones close on 1 April 2026, which is in the second quarter of years from January on alone.
    for cut, expected in (((), 2), (("--year-starts", 4), 0)):
        (row,) = rows(stageproof("measure", *asked, "--period", "2026-Q2", *cut))
        assert row["open_count"] == expected, cut


def test_without_a_name_every_measure_is_listed(stageproof: Stageproof) -> None:
    from stageproof.engine.measures import MEASURES

    ran = stageproof("measure")
    assert ran.code == 0
    assert all(name in ran.out for name in MEASURES)


def test_the_table_is_written_for_people_and_as_csv(
    stageproof: Stageproof, deals: Path, tmp_path: Path
) -> None:
    ran = stageproof("measure", "bookings", deals, "--by", "owner", "--csv", "out.csv")
    assert ran.code == 0, ran.err
    assert "4,000.00" in ran.out
    header, *lines = (tmp_path / "out.csv").read_text().splitlines()
    assert header.startswith("owner,")
    assert len(lines) == 2


@pytest.mark.parametrize("engine", ["polars", "duckdb", "ibis"])
def test_an_exported_book_gives_its_figures_on_every_engine(
    stageproof: Stageproof, sold: None, engine: str
) -> None:
    assert stageproof("export", "book", "--out", "book").code == 0
    asked = ("--book", "book", "--engine", engine, "--json")
    (whole,) = rows(stageproof("measure", "win_rate", "--as-of", "2026-03-31", *asked))
    assert (whole["won_count"], whole["lost_count"]) == (0, 2)
    lines = {each["line"]: each for each in rows(
        stageproof("measure", "bridge", "--start", "2026-03-03", "--as-of", "2026-03-31", *asked)
    )}  # fmt: skip
    assert lines["opening"]["amount"] == {"amount": "4000.00", "currency": "EUR"}
    assert lines["lost"]["amount"]["amount"] == "-2000.00"
    assert lines["closing"]["amount"]["amount"] == "2000.00"
    late = ("--start", "2026-03-02", "--start-known-at", "2026-03-01", "--as-of", "2026-03-31")
    known = {each["line"]: each["amount"]["amount"] for each in rows(
        stageproof("measure", "bridge", *late, *asked)
    )}  # fmt: skip
    assert (known["opening"], known["late_arrivals"]) == ("0.00", "4000.00")


def test_how_soon_a_meeting_is_due_is_asked_for(stageproof: Stageproof, sold: None) -> None:
    lead = create_lead(system("cli"), now=NOW, facts={"name": "Dan Dorn", "source": "Web"}).lead
    qualify_lead(system("cli"), lead, reason="Has a budget", now=NOW)
    met = NOW + dt.timedelta(days=10)
    log_on_lead(system("cli"), lead, kind="meeting", subject="First meeting", now=met)
    assert stageproof("export", "book", "--out", "book").code == 0
    for days, expected in (("7", (0, 1)), ("14", (1, 0))):
        asked = ("--book", "book", "--as-of", "2026-03-31", "--days", days, "--json")
        (row,) = rows(stageproof("measure", "handover", *asked))
        assert (row["met_in_time"], row["met_late"]) == expected
    wrong = stageproof("measure", "handover", "--book", "book", "--days", "soon")
    assert (wrong.code, "'soon' is not a number of days." in wrong.err) == (1, True)


def test_a_second_export_adds_and_says_so(stageproof: Stageproof, sold: None) -> None:
    first = stageproof("export", "book", "--out", "book")
    assert "written anew" in first.out
    create_deal(system("cli"), now=NOW + dt.timedelta(days=5), facts={"name": "Late", "amount": 5})
    again = stageproof("export", "book", "--out", "book", "--json")
    assert (json.loads(again.out)["rows"]["deals"], json.loads(again.out)["afresh"]) == (1, False)


@pytest.mark.spark
def test_a_cluster_of_several_processes_gives_the_same(
    stageproof: Stageproof, sold: None, tmp_path: Path
) -> None:
    if shutil.which("java") is None:
        pytest.skip("PySpark needs a Java runtime on PATH")
    import subprocess
    import sys

    stageproof("export", "book", "--out", "book")
    # A master and two workers, each a process of its own; in this process there may be another Spark already.
    program = "import sys; from stageproof.cli import main; sys.exit(main())"
    asked = ["measure", "open_pipeline", "--book", str(tmp_path / "book"), "--as-of", "2026-03-31", "--json"]
    ran = subprocess.run(
        [sys.executable, "-c", program, *asked, "--engine", "spark", "--connect", "local-cluster[2,1,1024]"],
        capture_output=True, text=True, check=False, timeout=300, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    here = stageproof("measure", "open_pipeline", "--book", "book", "--as-of", "2026-03-31", "--json")
    assert json.loads(ran.stdout)["rows"] == rows(here)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("coverge", "deals.csv"), "There is no measure 'coverge'"),
        (("coverage",), "There is nothing to measure"),
        (("coverage", "deals.csv", "--book", "b"), "another place"),
        (
            ("coverage", "deals.csv"),
            "needs 'period'. Say period=2026-Q2; at the command line --period 2026-Q2.",
        ),
        (("bookings", "deals.csv", "--calendar", "4-4-4"), "Use one of months, 4-4-5, 4-5-4, 5-4-4."),
        (("win_rate", "deals.csv", "--mode", "events"), "takes no 'mode'"),
        (("funnel", "deals.csv", "--view", "weekly", "--period", "2025-Q3"), "not one of"),
        (("win_rate", "--book", "absent"), "isn't an exported book"),
        (("win_rate", "--engine", "duckdb", "--connect", "absent.duckdb"), "no such file"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    stageproof: Stageproof, deals: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = stageproof("measure", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert says in " ".join(ran.err.split())
