"""`stageproof audit`: figures worked by hand, and every way in which it refuses."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import DEALS, Ran

Stageproof = Callable[..., Ran]


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def audited(stageproof: Stageproof, *arguments: str | Path) -> dict[str, Any]:
    ran = stageproof("audit", *arguments, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_the_figures_are_those_worked_by_hand(stageproof: Stageproof, deals: Path) -> None:
    found = audited(stageproof, deals, "--as-of", "2025-09-15", "--period", "2025-Q3", "--target", "10000")

    figures = found["figures"]
    assert found["as_of"] == "2025-09-15"
    assert figures["open"] == {"count": 3, "amount": usd("6000.50")}
    assert figures["won"] == {"count": 2, "amount": usd("5000.00")}
    assert figures["lost"] == {"count": 1, "amount": usd("9000.00")}
    assert figures["win_rate"] == {"by_count": pytest.approx(2 / 3), "by_amount": pytest.approx(5 / 14)}
    assert figures["average_deal_size"] == usd("2500.00")
    # 1 July to 30 August is 60 days, 1 July to 31 July is 30.
    assert figures["cycle_length_days"] == {"mean": 45.0, "median": 45.0, "p90": pytest.approx(57.0)}
    # 3 open x 2,500 x 2/3 / 45 days = 111.11.
    assert figures["velocity_per_day"] == usd("111.11")
    # Alder and Birch close in the quarter: 3,000.50 of 10,000, and of the 5,000 that remain.
    assert figures["coverage"]["nominal"] == pytest.approx(0.30005)
    assert figures["coverage"]["remaining"] == pytest.approx(0.6001)
    assert figures["coverage"]["needed"] == pytest.approx(1.5)
    assert found["rows"]["read"] == found["rows"]["taken"] == 6


def test_qualifications_add_up_to_what_is_open(stageproof: Stageproof, deals: Path) -> None:
    figures = audited(stageproof, deals, "--as-of", "2025-09-15")["figures"]
    parts = [figures[name] for name in ("qualified", "waived", "unverifiable", "unqualified")]
    assert sum(part["count"] for part in parts) == 3
    assert sum(round(float(part["amount"]["amount"]) * 100) for part in parts) == 600_050


def test_owners_sources_and_quarters_are_broken_down(stageproof: Stageproof, deals: Path) -> None:
    found = audited(stageproof, deals, "--as-of", "2025-09-15")
    owners = {row["owner"]: row for row in found["by_owner"]}
    assert owners["Ann"]["open"] == {"count": 2, "amount": usd("4000.50")}
    assert owners["Ann"]["win_rate"]["by_count"] == 1.0
    assert owners["Ben"]["lost"] == {"count": 1, "amount": usd("9000.00")}
    assert {row["source"]: row["open"]["count"] for row in found["by_source"]} == {"Web": 2, "Event": 1}
    quarters = {row["period"]: row for row in found["by_period"]}
    assert quarters["2025-Q3"]["won"]["count"] == 2
    assert quarters["2025-Q4"]["open"]["count"] == 1


def test_a_target_alone_is_taken_for_the_quarter_of_the_day(stageproof: Stageproof, deals: Path) -> None:
    found = audited(stageproof, deals, "--as-of", "2025-09-15", "--target", "6,001")
    assert found["period"]["name"] == "2025-Q3"
    assert found["figures"]["coverage"]["nominal"] == pytest.approx(0.5)


def test_the_terminal_says_the_answer_first_and_fits_80_columns(stageproof: Stageproof, deals: Path) -> None:
    ran = stageproof("audit", deals, "--as-of", "2025-09-15", "--period", "2025-Q3", "--target", "10000")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert next(line for line in lines if line).startswith("Of 3.0k USD open for 2025-Q3")
    assert max(len(line) for line in lines) <= 80
    for heading in ("Stages", "Monday's four checks", "Owners", "Sources", "Rows"):
        assert heading in lines


def test_reports_deals_and_rejects_are_written(stageproof: Stageproof, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        DEALS + "7,Gorse,Negotiation,1,31/02/2025,2025-07-01,false,false,Ann,Web\n"
    )
    ran = stageproof(
        "audit", "deals.csv", "--html", "report.html", "--deals", "open.csv", "--rejects", "rejected.csv"
    )
    assert ran.code == 0, ran.err
    assert "<h1" in (tmp_path / "report.html").read_text()
    listed = list(csv.DictReader((tmp_path / "open.csv").open()))
    assert {row["deal"]: row["amount"] for row in listed} == {"1": "1000.50", "2": "2000.00", "3": "3000.00"}
    rejected = list(csv.DictReader((tmp_path / "rejected.csv").open(encoding="utf-8-sig")))
    assert [(row["row"], row["column"], row["value"]) for row in rejected] == [
        ("8", "CloseDate", "31/02/2025")
    ]


def test_a_cell_that_a_spreadsheet_would_run_is_written_harmless(
    stageproof: Stageproof, tmp_path: Path
) -> None:
    (tmp_path / "deals.csv").write_text(DEALS.replace("Alder", '"=HYPERLINK(""http://example.com"")"'))
    assert stageproof("audit", "deals.csv", "--deals", "open.csv").code == 0
    names = {row["deal"]: row["name"] for row in csv.DictReader((tmp_path / "open.csv").open())}
    assert names["1"] == '\'=HYPERLINK("http://example.com")'


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "binary": (bytes(range(256)) * 20, "binary"),
    "header_only": (b"Id,Name,StageName,Amount\n", "no row"),
    "no_deal_column": (b"colour,size\nred,3\n", "no column"),
    "open_quote": (b'Id,Name,StageName\n1,"Alder,Open\n2,Birch,Open\n', "never closes"),
    "same_header_twice": (b"Id,Id,StageName\n1,1,Open\n", "more than once"),
    "nothing_left": (b"Id,Name,StageName,Amount\n1,Alder,Open,1e309\n", "Nothing is left"),
    "too_many_columns": (
        b",".join(b"c%d" % i for i in range(10_000)) + b"\n" + b",".join([b"1"] * 10_000) + b"\n",
        "the limit is 2,000",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_whole(name: str, stageproof: Stageproof, tmp_path: Path) -> None:
    content, expected = HOSTILE[name]
    (tmp_path / f"{name}.csv").write_bytes(content)
    ran = stageproof("audit", f"{name}.csv", "--html", "r.html", "--deals", "d.csv", "--rejects", "j.csv")
    assert (ran.code, ran.out) == (1, "")
    assert f"{name}.csv" in ran.err
    assert expected in ran.err
    assert "Traceback" not in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.csv"]


def test_a_folder_and_a_missing_file_are_refused(stageproof: Stageproof, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, expected in (("folder", "directory"), ("nowhere.csv", "no file")):
        ran = stageproof("audit", name)
        assert (ran.code, ran.out) == (1, "")
        assert expected in ran.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--as-of", "tomorrow"], "'tomorrow' is not a date"),
        (["--period", "2025-Q5"], "2025-Q5"),
        (["--target", "a lot", "--period", "2025-Q3"], "a lot"),
        (["--zone", "Mars/Olympus"], "Mars/Olympus"),
        (["--currency", "DOLLARS"], "DOLLARS"),
        (["--date-order", "ydm"], "ydm"),
        (["--definition", "nowhere.toml"], "nowhere.toml"),
        (["--mapping", "nowhere.toml"], "nowhere.toml"),
        (["--html", "no/such/folder/report.html"], "no/such/folder"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(
    arguments: list[str], expected: str, stageproof: Stageproof, deals: Path
) -> None:
    ran = stageproof("audit", deals, *arguments)
    assert ran.code == 1, ran.out
    assert expected in ran.err
    assert "Traceback" not in ran.err


def test_wrong_usage_exits_with_2(stageproof: Stageproof, deals: Path) -> None:
    assert stageproof("audit").code == 2
    assert stageproof("audit", deals, "--no-such-option").code == 2
    unknown = stageproof("audti", deals)
    assert unknown.code == 2
    assert "Did you mean 'audit'?" in unknown.err


def test_where_the_day_cannot_be_told_from_the_month_it_asks(stageproof: Stageproof, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        "Id,Name,StageName,CloseDate\n1,Alder,Open,03/04/2025\n2,Birch,Open,05/06/2025\n"
    )
    ran = stageproof("audit", "deals.csv")
    assert ran.code == 1
    assert "CloseDate" in ran.err
    assert "dmy" in ran.err
    assert stageproof("audit", "deals.csv", "--date-order", "dmy").code == 0


def test_a_folder_that_is_not_ours_keeps_its_files(
    stageproof: Stageproof, deals: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "report.html"
    kept.write_text("last month's report")
    bad = tmp_path / "bad.csv"
    bad.write_text("")
    assert stageproof("audit", bad, "--html", kept).code == 1
    assert kept.read_text() == "last month's report"
    assert os.listdir(tmp_path).count("report.html") == 1


def test_a_change_dated_in_years_to_come_is_named(stageproof: Stageproof, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(
        "Id,Stage,Amount,Created date\n1,Proposal,5,2024-01-02\n2,Proposal,5,2199-01-02\n", "utf-8"
    )
    [told] = [each for each in audited(stageproof, path)["problems"] if each["code"] == "day_to_come"]
    assert told["value"] == "2199-01-02"
    asked = audited(stageproof, path, "--as-of", "2024-02-01")
    assert "day_to_come" not in {each["code"] for each in asked["problems"]}


def test_quarters_of_whole_weeks(stageproof: Stageproof, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    rows = "1,Proposal,5,2025-01-02,2025-03-30\n2,Proposal,7,2025-01-02,2025-03-31\n"
    path.write_text("Id,Stage,Amount,Created date,Close date\n" + rows, "utf-8")
    # The year ends on the last Sunday of December, the 29th in 2024; thirteen weeks later is 30 March.
    weeks = audited(stageproof, path, "--calendar", "4-4-5", "--period", "2025-Q1")
    assert (weeks["period"]["starts_on"], weeks["period"]["ends_on"]) == ("2024-12-30", "2025-03-30")
    assert weeks["period"]["open"] == {"count": 1, "amount": usd("5.00")}
    months = audited(stageproof, path, "--period", "2025-Q1")
    assert months["period"]["open"] == {"count": 2, "amount": usd("12.00")}
    wrong = stageproof("audit", path, "--calendar", "5-5-5")
    assert wrong.code == 1
    assert "4-4-5" in wrong.err
