"""Sheets of evidence, committees and activities beside the deals, and what qualifies by them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageproof.cli.run import run
from stageproof.engine.definition import read_definition
from stageproof.engine.qualification import criterion_states, qualified_deals
from stageproof.importers import Imported
from stageproof.importers.evidence import evidence_kind, side_of
from stageproof.importers.files import recognised_sheet
from stageproof.importers.mapping import FileMapping, Mapping, read_mapping
from tests.importers.imported_books import Import, codes

DEFINITION = read_definition("""
[pipeline]
name = "New business"
owner = "Ada Long"
[[stages]]
name = "Discovery"
[[stages.exit]]
id = "pain"
says = "The buyer named a problem"
proof = { evidence = "pain", from = "buyer", within_days = 90 }
[[stages.exit]]
id = "buyer_met"
says = "The buyer met us"
proof = { activity = "meeting", side = "buyer", within_days = 60 }
[[stages.exit]]
id = "champion"
says = "A champion is engaged"
proof = { role = "champion", engaged_within_days = 30 }
[[stages]]
name = "Proposal"
[[stages.exit]]
id = "close_confirmed"
says = "The buyer confirmed the close date"
proof = { evidence = "close_date", from = "buyer", within_days = 30 }
[[stages]]
name = "Negotiation"
""")
DEALS = (
    "id,name,stage,amount,owner,close date,created date\n"
    "1,Acme,Negotiation,100,Ada Long,2024-09-30,2024-01-02\n"
    "2,Beta,Negotiation,200,Bo Chen,2024-09-30,2024-01-02\n"
    "3,Gamma,Proposal,300,Ada Long,2024-09-30,2024-01-02\n"
    "4,Delta,Discovery,400,Bo Chen,2024-09-30,2024-01-02\n"
)
EVIDENCE = "deal,kind,given on,given by,side,expires on,criterion,verified by,what\n"


def qualified(found: Imported, day: str = "2024-06-30") -> dict[str, str]:
    pipeline = replace(found.book, definitions=(DEFINITION,)).as_of(day)
    frame = qualified_deals(pipeline).collect().to_native()
    return dict(frame.sort("deal").select("deal", "qualification").rows())


def states(found: Imported, criterion: str, day: str = "2024-06-30") -> list[str]:
    frame = criterion_states(replace(found.book, definitions=(DEFINITION,)).as_of(day))
    return frame.filter(pl.col("criterion") == criterion).sort("deal")["state"].to_list()


def test_three_sheets_beside_the_deals_qualify_them(imported: Import) -> None:
    sheets = {
        "evidence.csv": EVIDENCE
        + "1,Pain,2024-06-01,Carl Stone,,,,,\n"
        + "1,Close date,2024-06-20,Carl Stone,,,,,\n"
        + "2,Pain,2024-06-01,Dora Klein,buyer,,,,\n"
        + "2,Close date,2024-05-01,Dora Klein,buyer,,,,\n"
        + "3,pain,2024-06-01,Ada Long,seller,,,,\n",
        "committee.csv": "deal id,contact,role,title,last engaged\n"
        "1,Carl Stone,Champion,CFO,2024-06-15\n2,Dora Klein,Internal champion,,2024-06-15\n"
        "3,Emil Gross,Champion,,2024-06-15\n",
        "activities.csv": "deal id,kind,date,side,contact\n"
        "1,meeting,2024-06-03,buyer,Carl Stone\n2,Meeting,2024-06-04,customer,\n3,meeting,2024-06-05,,Emil Gross\n",
    }
    found = imported({"deals.csv": DEALS, **sheets})
    assert found.rejected == ()
    assert {file.source: (file.taken_for, file.read, file.taken) for file in found.accounting.files} == {
        "deals.csv": ("spreadsheet deals", 4, 4),
        "evidence.csv": ("spreadsheet evidence", 5, 5),
        "committee.csv": ("spreadsheet committees", 3, 3),
        "activities.csv": ("spreadsheet activities", 3, 3),
    }
    # 2's close date was confirmed 60 days ago; 3's pain is the seller's; 4 is in the first stage, with nothing behind.
    assert qualified(found) == {"1": "qualified", "2": "unqualified", "3": "unqualified", "4": "qualified"}
    assert states(found, "pain") == ["met", "met", "unmet", "unmet"]
    assert states(found, "champion") == ["met", "met", "met", "unmet"]
    assert states(found, "buyer_met") == ["met", "met", "met", "unmet"]
    assert states(found, "close_confirmed") == ["met", "unmet", "unmet", "unmet"]
    # As of an earlier day nothing that came later is known.
    assert states(found, "pain", "2024-05-31") == ["unmet"] * 4
    assert states(found, "champion", "2024-06-02") == ["unmet"] * 4
    # The meetings of 3 and 5 June engaged the contacts of 1 and 3; that of 4 June names nobody.
    assert states(found, "champion", "2024-06-14") == ["met", "unmet", "met", "unmet"]
    assert states(found, "close_confirmed", "2024-05-30") == ["unmet", "met", "unmet", "unmet"]
    alone = imported({"deals.csv": DEALS})
    assert qualified(alone) == dict.fromkeys("123", "unverifiable") | {"4": "qualified"}


def test_the_rows_of_a_sheet_as_they_are_taken(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": DEALS,
            "evidence.csv": "Deal ID,Evidence,Date given,Given by,Side,Valid until,Where,Verified by,Description\n"
            "1,Close date,2024-06-20 10:30,Carl Stone,,2024-09-30,Mail of 20 June,Bo Chen,Signs in September\n"
            "Beta,budget,2024-06-21,Ada Long,,,,,\n3,Budget,2024-06-22,,Customer,,,,\n3,budget,2024-06-23,,,,,,\n",
        }
    )
    table = found.book.table("evidence").sort("given_at")
    day, when = dt.date(2024, 9, 30), dt.datetime(2024, 6, 20, 10, 30, tzinfo=dt.UTC)
    assert table.row(0, named=True).items() >= {
        "evidence": "1 · close_date · 1", "deal": "1", "kind": "close_date", "what": "Signs in September",
        "given_by": "Carl Stone", "side": "buyer", "given_at": when, "expires_on": day, "valid_from": when,
        "located_at": "Mail of 20 June", "verified_by": "Bo Chen",
    }.items()  # fmt: skip
    # Ada owns a deal, so what she says is the seller's; of nobody no side is assumed.
    assert table.select("deal", "kind", "side").rows()[1:] == [
        ("2", "budget", "seller"),
        ("3", "budget", "buyer"),
        ("3", "budget", None),
    ]
    shape = next(each for each in found.shapes if each.source == "evidence.csv")
    assert shape.columns == {
        "deal": "Deal ID", "kind": "Evidence", "what": "Description", "given_at": "Date given", "given_by": "Given by",
        "side": "Side", "expires_on": "Valid until", "located_at": "Where", "verified_by": "Verified by",
    }  # fmt: skip


def test_bad_evidence_is_rejected_by_name(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": DEALS,
            "evidence.csv": EVIDENCE
            + "1,pain,2024-06-01,Carl,,,,,\n"
            + "9,pain,2024-06-01,Carl,,,,,\n"
            + ",pain,2024-06-01,Carl,,,,,\n"
            + "1,,2024-06-01,Carl,,,,,\n"
            + "1,pain,,Carl,,,,,\n"
            + "1,pain,2024-02-31,Carl,,,,,\n"
            + "1,pain,2024-06-01,Carl,,2024-05-31,,,\n"
            + "1,pain,2024-06-01,Carl,,soon,,,\n"
            + "1,waiver,2024-06-01,Carl,,,,Bo,\n"
            + "1,pain,2024-06-01,Carl,,,,,\n"
            + "1,budget,2024-06-01,Carl,fence,,,,\n",
        }
    )
    assert {
        each.row: (each.problem.code, each.problem.column, each.problem.value) for each in found.rejected
    } == {
        3: ("unknown_deal", "deal", "9"),
        4: ("no_deal", "deal", ""),
        5: ("no_kind", "kind", ""),
        6: ("no_instant", "given on", ""),
        7: ("unreadable_instant", "given on", "2024-02-31"),
        8: ("expired_when_given", "expires on", "2024-05-31"),
        9: ("unreadable_day", "expires on", "soon"),
        10: ("waiver_of_nothing", "criterion", ""),
        11: ("same_row", "deal", "1"),
    }
    account = found.accounting.files[1]
    assert (account.read, account.taken, account.with_problem, account.rejected, account.duplicates) == (
        11,
        2,
        1,
        9,
        1,
    )
    assert "unknown_side" in codes(found)
    assert found.book.table("evidence").sort("kind").select("kind", "side").rows() == [
        ("budget", None),
        ("pain", "buyer"),
    ]


def test_ids_of_evidence_and_two_pieces_with_one(imported: Import) -> None:
    rows = ["E1,1,pain,2024-06-01,buyer", "E1,2,pain,2024-06-01,buyer", "E2,2,pain,2024-06-02,buyer"]
    head = "evidence id,deal,kind,given on,side\n"
    found = imported({"deals.csv": DEALS, "evidence.csv": head + "\n".join(rows)})
    kept = found.book.table("evidence").sort("evidence").select("evidence", "deal").rows()
    assert kept == [("E1", "1"), ("E2", "2")]
    assert [(each.row, each.problem.code) for each in found.rejected] == [(3, "same_evidence")]
    turned = imported({"deals.csv": DEALS, "evidence.csv": head + "\n".join(reversed(rows))})
    assert turned.book.table("evidence").sort("evidence").select("evidence", "deal").rows() == kept


def test_a_waiver_and_an_expiry(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": DEALS,
            "evidence.csv": EVIDENCE
            + "1,waiver,2024-06-01,,,,Close confirmed,Bo Chen,The buyer is away\n"
            + "2,close date,2024-06-20,Dora,,2024-06-29,,,\n",
        }
    )
    assert states(found, "close_confirmed") == ["waived", "unmet", "unmet", "unmet"]
    assert states(found, "close_confirmed", "2024-06-29") == ["waived", "met", "unmet", "unmet"]


def test_a_sheet_of_which_nothing_is_taken_is_no_evidence(imported: Import) -> None:
    found = imported({"deals.csv": DEALS, "evidence.csv": EVIDENCE + "9,pain,2024-06-01,Carl,,,,,\n"})
    assert not found.book.holds("evidence")
    assert states(found, "pain") == ["unverifiable"] * 4


@pytest.mark.parametrize(
    ("source", "headers", "table"),
    [
        ("x.csv", "deal,evidence,date", "evidence"),
        ("x.csv", "Deal ID,Proof type,Obtained on,Stage", "evidence"),
        ("x.csv", "opportunity_id,kind,side,given_at", "evidence"),
        ("x.csv", "deal,kind,date,verified by", "evidence"),
        ("Evidence 2024.csv", "deal,kind,date,side", "evidence"),
        ("x.csv", "deal,kind,date,side", "activities"),
        ("x.csv", "deal id,kind,date,direction,contact id", "activities"),
        ("x.csv", "deal,stage,amount,close date,evidence,date", "deals"),
        ("x.csv", "opportunity name,type,stage,received on,value,owner", "deals"),
        ("x.csv", "deal,stakeholder,buying role,last contact", "roles"),
        ("x.csv", "id,property,value,date,stage,owner", "deals"),
        ("x.csv", "id,field,old value,new value,date", "field_history"),
        ("Other.csv", "Ref,What for,When", None),
    ],
)
def test_what_a_sheet_is_taken_for(source: str, headers: str, table: str | None) -> None:
    found = recognised_sheet(source, headers.split(","), Mapping())
    assert (found.table if found else None) == table


def test_a_mapping_names_the_sheet_of_evidence(imported: Import) -> None:
    mapping = read_mapping(
        '[files."notes.csv"]\ntable = "evidence"\n'
        '[files."notes.csv".columns]\ndeal = "Ref"\nkind = "What for"\ngiven_at = "When"\ngiven_by = "By"\n'
    )
    assert mapping.of("notes.csv") == FileMapping(
        "evidence", {"deal": "Ref", "kind": "What for", "given_at": "When", "given_by": "By"}
    )
    found = imported(
        {"deals.csv": DEALS, "notes.csv": "Ref,What for,When,By\n1,Pain,2024-06-01,Carl\n"}, mapping=mapping
    )
    assert found.book.table("evidence").select("deal", "kind", "side").rows() == [("1", "pain", "buyer")]


def test_roles_and_activities_of_deals_that_are_not_there(imported: Import) -> None:
    found = imported(
        {
            "deals.csv": DEALS,
            "committee.csv": "deal,contact,role,last engaged\nAcme,Carl,Economic buyer,2024-03-01\n"
            "Acme,Carl,Economic buyer,2024-05-01\n9,Carl,Champion,\n2,,Champion,\n",
            "activities.csv": "deal,kind,date,side,contact\nAcme,call,2024-06-03,seller,Carl\n9,call,2024-06-03,,\n"
            "2,email,2024-06-03,inbound,\n",
        }
    )
    assert [(each.source, each.row, each.problem.code) for each in found.rejected] == [
        ("committee.csv", 4, "unknown_deal"),
        ("committee.csv", 5, "no_contact"),
        ("activities.csv", 3, "unknown_deal"),
    ]
    roles = (
        found.book.table("roles")
        .sort("valid_from")
        .select("deal", "contact", "role", "valid_from", "engaged_at")
    )
    march, may = dt.datetime(2024, 3, 1, tzinfo=dt.UTC), dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
    assert roles.rows() == [
        ("1", "Carl", "economic_buyer", dt.datetime(2024, 1, 2, tzinfo=dt.UTC), None),
        ("1", "Carl", "economic_buyer", march, march),
        ("1", "Carl", "economic_buyer", may, may),
    ]
    activities = found.book.table("activities").sort("deal").select("deal", "kind", "side", "contact")
    assert activities.rows() == [("1", "call", "seller", "Carl"), ("2", "email", "buyer", None)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Close date", "close_date"), ("closeDate", "close_date"), (" PAIN ", "pain"), ("Budget / ROI", "budget_roi"),
     ("close_date", "close_date"), ("MEDDIC", "meddic")],
)  # fmt: skip
def test_kinds_are_written_as_definitions_write_them(text: str, kind: str) -> None:
    assert evidence_kind(text) == kind


@given(st.text())
def test_a_kind_written_once_stays_as_it_is(text: str) -> None:
    assert evidence_kind(evidence_kind(text)) == evidence_kind(text)


def test_sides() -> None:
    assert [side_of(text) for text in ("Buyer", "customer", "buyer side", "Us", "Vendor", "fence")] == [
        "buyer", "buyer", "buyer", "seller", "seller", None,
    ]  # fmt: skip


def test_the_audit_of_deals_and_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {
        "deals.csv": DEALS,
        "evidence.csv": EVIDENCE
        + "1,pain,2024-06-01,Carl,,,,,\n1,close date,2024-06-20,Carl,,,,,\n3,pain,2024-06-01,Emil,,,,,\n",
        "definition.toml": """
[pipeline]
name = "New business"
owner = "Ada Long"
[[stages]]
name = "Discovery"
[[stages.exit]]
id = "pain"
says = "The buyer named a problem"
proof = { evidence = "pain", from = "buyer", within_days = 90 }
[[stages]]
name = "Proposal"
[[stages.exit]]
id = "close_confirmed"
says = "The buyer confirmed the close date"
proof = { evidence = "close_date", from = "buyer", within_days = 30 }
[[stages]]
name = "Negotiation"
""",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = [str(tmp_path / name) for name in texts]
    code = run(["audit", *files[:2], "--definition", files[2], "--as-of", "2024-06-30", "--json"])
    told = capsys.readouterr().out
    assert code == 0
    # 1 and 3 have their proofs and 4 needs none; 2 has none.
    names = ("qualified", "unqualified", "unverifiable")
    assert {
        each["stage"]: [each[name]["amount"]["amount"] for name in names]
        for each in json.loads(told)["by_stage"]
    } == {
        "Discovery": ["400.00", "0.00", "0.00"],
        "Proposal": ["300.00", "0.00", "0.00"],
        "Negotiation": ["100.00", "200.00", "0.00"],
    }
    assert "Keep a sheet of evidence" not in told
