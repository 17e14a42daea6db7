"""Every row of every file is taken or rejected by name, and the totals match."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageproof.engine.problem import Refused
from stageproof.importers import Imported, import_files
from stageproof.importers.rejects import rejects_csv
from tests.importers.imported_books import Import, codes, versions

HEAD = "id,name,stage,amount,currency,created date,close date\n"


def counts(found: Imported) -> tuple[int, int, int, int]:
    totals = found.accounting
    return totals.read, totals.taken, totals.rejected, totals.duplicates


def test_each_bad_row_is_rejected_with_its_place_value_and_remedy(imported: Import) -> None:
    found = imported(
        {
            "d.csv": HEAD
            + "1,Good,Proposal,5,USD,2024-01-02,2024-06-30\n"
            + "2,Day,Proposal,5,USD,2024-02-31,2024-06-30\n"
            + "3,Huge,Proposal,1e309,USD,2024-01-02,2024-06-30\n"
            + "4,Minus,Proposal,-5,USD,2024-01-02,2024-06-30\n"
            + "5,Enormous,Proposal,99999999999999999999,USD,2024-01-02,2024-06-30\n"
            + "6,Coin,Proposal,5,XQQ,2024-01-02,2024-06-30\n"
            + "7,Closed,Closed,5,USD,2024-01-02,2024-06-30\n"
            + ",Nameless,Proposal,5,USD,2024-01-02,2024-06-30\n"
            + "9,=1+1,Proposal,5,USD,2024-01-02,2024-06-30\n"
            + "10,Ragged,Proposal\n"
        }
    )
    assert counts(found) == (10, 2, 8, 0)
    assert {
        each.row: (each.problem.code, each.problem.column, each.problem.value) for each in found.rejected
    } == {
        3: ("unreadable_instant", "created date", "2024-02-31"),
        4: ("unreadable_money", "amount", "1e309"),
        5: ("negative_amount", "amount", "-5"),
        6: ("unreadable_money", "amount", "99999999999999999999"),
        7: ("unknown_currency", "currency", "XQQ"),
        8: ("unknown_outcome", "stage", "Closed"),
        9: ("no_id", "id", ""),
        11: ("too_few_cells", "", "10"),
    }
    assert all(each.problem.says and each.problem.remedy for each in found.rejected)
    assert [row[-1] for row in versions(found, "name")] == ["Good", "=1+1"]


def test_rejects_as_a_file(imported: Import) -> None:
    found = imported({"d.csv": HEAD + "1,Good,Proposal,5,USD,,\n2,=cmd(),Proposal,-5,USD,,\n"})
    [line] = csv.DictReader(io.StringIO(rejects_csv(found.rejected)))
    assert (line["source"], line["row"], line["name"], line["amount"]) == ("d.csv", "3", "'=cmd()", "-5")
    assert line["problem"] == "The amount is negative."


def test_duplicates_are_named(imported: Import) -> None:
    text = "id,stage,amount,last modified\n"
    rows = [
        "1,Proposal,5,2024-01-01",
        "1,Proposal,5,2024-01-01",
        "2,Proposal,6,2024-01-01",
        "2,Discovery,7,2024-02-01",
        "3,Proposal,8,2024-01-01",
    ]
    found = imported({"d.csv": text + "\n".join(rows)})
    assert counts(found) == (5, 3, 2, 2)
    assert [(each.row, each.problem.code) for each in found.rejected] == [(3, "same_row"), (4, "same_deal")]
    assert [(row[0], row[-1]) for row in versions(found, "amount")] == [("1", 500), ("2", 700), ("3", 800)]
    turned = imported({"d.csv": text + "\n".join(reversed(rows))})
    assert versions(turned, "amount") == versions(found, "amount")
    assert counts(turned) == counts(found)


def test_a_deal_in_two_files_is_taken_once(imported: Import) -> None:
    found = imported(
        {"a.csv": "id,stage,amount\n1,Proposal,5\n", "b.csv": "id,stage,amount\n1,Proposal,5\n2,Won,6\n"}
    )
    assert counts(found) == (3, 2, 1, 1)
    assert (found.rejected[0].source, found.rejected[0].problem.code) == ("b.csv", "same_deal")


def test_what_is_left_out_of_a_row_that_is_taken_is_counted(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,amount,next step date,last modified\n"
            "1,Proposal,5,soon,x\n2,Proposal,5,2024-01-01,2024-01-01\n"
        }
    )
    [account] = found.accounting.files
    assert (account.read, account.taken, account.with_problem, account.rejected) == (2, 2, 1, 0)
    assert {problem.column for problem in found.problems if problem.code.startswith("unreadable")} == {
        "next step date",
        "last modified",
    }


def test_blank_lines_and_files_not_used_are_apart(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,amount\n1,Proposal,5\n,,\n2,Proposal,5\n",
            "dictionary.csv": "Field,Meaning\na,b\nc,d\n",
        }
    )
    deals, other = found.accounting.files
    assert (deals.read, deals.taken, deals.blank) == (2, 2, 1)
    assert (other.unused, other.read, other.taken) == (True, 2, 0)
    assert counts(found) == (2, 2, 0, 0)
    assert found.accounting.as_dict()["read"] == 2
    assert "file_not_used" in codes(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file_empty"),
        ("id,stage,amount\n", "no_rows"),
        ("shape,colour\nround,red\n", "no_deals"),
        ('id,stage\n1,"open', "open_quote"),
        ("id,id,stage\n1,2,Open\n", "duplicate_headers"),
        ("id,stage,amount\n1,Proposal,-5\n2,Proposal,1e309\n", "nothing_left"),
    ],
)
def test_refused_whole(imported: Import, text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        imported({"d.csv": text})
    first = refused.value.problems[0]
    assert first.says
    assert first.remedy
    if code in ("file_empty", "no_rows", "no_deals", "nothing_left"):
        assert first.code == code


def test_directories_and_missing_files_are_refused_together(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        import_files([tmp_path, tmp_path / "gone.csv", tmp_path / "gone.json"])
    assert [problem.code for problem in refused.value.problems] == [
        "directory",
        "file_missing",
        "file_missing",
    ]


def test_no_file_is_refused() -> None:
    with pytest.raises(Refused, match="No file"):
        import_files([])


def test_progress_rises_to_one(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("id,stage,amount\n1,Proposal,5\n")
    seen: list[float] = []
    import_files([path], progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


CELL = st.sampled_from(
    ["", "-", "5", "x", "-5", "2024-02-31", "2024-02-01", "Won", "Open", "USD", "=1", "1e309", '"']
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[CELL] * 7), min_size=1, max_size=8))
def test_rows_are_taken_or_rejected_whatever_they_hold(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    path = tmp_path / "d.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEAD.strip().split(","), ("k", "k", "Open", "1", "USD", "", ""), *rows])
    found = import_files([path])
    [account] = found.accounting.files
    assert account.read + account.blank == len(rows) + 1
    assert account.read == account.taken + account.rejected
    assert account.rejected == len(found.rejected) == len({each.row for each in found.rejected})
    assert found.book.table("deals")["deal"].n_unique() == account.taken
