"""The mapping file: read with every problem at once, proposed from files, and obeyed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageproof.engine.problem import Refused
from stageproof.importers import import_files, read_mapping
from stageproof.importers.mapping import Mapping, propose
from tests.importers.imported_books import Import, codes, versions

ODD = (
    "Ref;Deal called;Wer;Bucks;Wann;Where it is\n"
    "A-1;First;Ada;1.200,50;31.12.2024;S1\n"
    "A-2;Second;Bo;80,00;01.11.2024;Signed\n"
    "A-3;Third;Bo;70,00;15.11.2024;Dead\n"
)
FULL = """
currency = "eur"
zone = "Europe/Vienna"
date_order = "dmy"

[files."odd.csv"]
table = "deals"
[files."odd.csv".columns]
deal = "Ref"
name = "Deal called"
owner = "Wer"
amount = "Bucks"
close_on = "Wann"
stage = "Where it is"

[stages]
order = ["Discovery", "Proposal"]
won = ["Signed"]
lost = ["Dead"]
[stages.names]
"S1" = "Discovery"
"""


def test_a_mapping_says_what_headers_do_not(imported: Import) -> None:
    found = imported({"odd.csv": ODD}, mapping=read_mapping(FULL))
    assert versions(found, "name", "stage", "owner", "amount", "currency", "close_on") == [
        (
            "A-1",
            "2024-10-31 23:00",
            "open",
            "First",
            "Discovery",
            "Ada",
            120050,
            "EUR",
            dt.date(2024, 12, 31),
        ),
        ("A-2", "2024-10-31 23:00", "won", "Second", None, "Bo", 8000, "EUR", dt.date(2024, 11, 1)),
        ("A-3", "2024-11-14 23:00", "lost", "Third", None, "Bo", 7000, "EUR", dt.date(2024, 11, 15)),
    ]
    assert found.stage_order == ("Discovery", "Proposal")
    assert found.book.currency == "EUR"


def test_without_it_the_file_is_refused_with_what_is_missing(imported: Import) -> None:
    with pytest.raises(Refused) as refused:
        imported({"odd.csv": ODD})
    [problem] = refused.value.problems
    assert problem.code == "no_deals"
    assert "an id or a name" in problem.says
    assert "a stage or a status" in problem.says
    assert problem.remedy


def test_a_header_near_a_known_one_is_pointed_out(imported: Import) -> None:
    with pytest.raises(Refused) as refused:
        imported({"deals.csv": "Deal Nam,Amount,Stge\nOne,5,Open\n"})
    [problem] = refused.value.problems
    assert "'Deal Nam' looks like" in problem.says
    assert "'Stge' looks like 'stage'" in problem.says


def test_every_problem_of_a_mapping_at_once() -> None:
    text = """
currancy = "EUR"
currency = "EURO"
zone = "Mars/Base"
date_order = "myd"
leave_out = "x.csv"
[files."a.csv"]
tabel = "deals"
table = "dealz"
[files."a.csv".columns]
deal = 7
[stages]
win = ["Won"]
won = "Won"
[amount]
negative = "maybe"
from_price_list = { key = "product" }
[join.producer]
near = true
[join.product]
near = "yes"
[teams]
colum = "x"
"""
    with pytest.raises(Refused) as refused:
        read_mapping(text, source="m.toml")
    said = {problem.column: problem for problem in refused.value.problems}
    assert "Did you mean 'currency'?" in said["currancy"].remedy
    assert "Did you mean 'table'?" in said['files."a.csv".tabel'].remedy
    assert "Did you mean 'deals'?" in said['files."a.csv".table'].remedy
    assert "Did you mean 'product'?" in said["join.producer"].remedy
    assert {
        "currency", "date_order", "leave_out", 'files."a.csv".columns.deal', "stages.win", "stages.won",
        "amount.negative", "amount.from_price_list", "join.product.near", "teams.colum",
    } <= set(said)  # fmt: skip
    assert any(
        "Mars/Base" in problem.says or problem.value == "Mars/Base" for problem in refused.value.problems
    )


def test_text_that_is_no_toml_is_refused() -> None:
    with pytest.raises(Refused, match="not TOML"):
        read_mapping("[files\n")


def test_fields_and_columns_that_are_not_there(imported: Import) -> None:
    mapping = read_mapping(
        '[files."d.csv".columns]\ndeel = "id"\nowner = "Boss"\n[files."other.csv"]\ntable = "deals"\n'
    )
    with pytest.raises(Refused) as refused:
        imported({"d.csv": "id,name,stage,amount\n1,One,Proposal,5\n"}, mapping=mapping)
    assert [problem.column for problem in refused.value.problems] == ["deel", "Boss"]
    assert "Did you mean 'deal'?" in refused.value.problems[0].remedy


def test_a_blank_header_takes_a_column_away(imported: Import) -> None:
    text = '[files."d.csv".columns]\namount = ""\n'
    found = imported(
        {"d.csv": "id,name,stage,amount,owner\n1,One,Proposal,5,Ada\n"}, mapping=read_mapping(text)
    )
    assert "amount" not in found.book.fields
    assert "custom amount" in found.book.fields


def test_files_left_out_are_not_read(imported: Import) -> None:
    mapping = read_mapping('leave_out = ["broken.csv"]')
    found = imported({"d.csv": "id,stage,amount\n1,Proposal,5\n", "broken.csv": ""}, mapping=mapping)
    assert found.sources == ("d.csv",)


def test_a_stage_before_closing(imported: Import) -> None:
    deals = {"d.csv": "id,stage,created date,close date\n1,Won,2024-01-01,2024-02-01\n"}
    before = imported(deals, mapping=read_mapping('[stages]\nbefore_close = "Proposal"\n'))
    assert versions(before, "stage")[0] == ("1", "2024-01-01 00:00", "open", "Proposal")


def test_team_column(imported: Import) -> None:
    files = {
        "d.csv": "id,stage,owner,amount\n1,Proposal,Ada,5\n",
        "sellers.csv": "rep,manager,regional_office\nAda,Mo,East\n",
    }
    assert versions(imported(files), "team")[0][-1] == "Mo"
    chosen = imported(files, mapping=read_mapping('[teams]\ncolumn = "regional_office"\n'))
    assert versions(chosen, "team")[0][-1] == "East"


def test_negative_amounts_are_taken_only_when_told(imported: Import) -> None:
    deals = {"d.csv": "id,stage,amount\n1,Proposal,-5\n2,Proposal,7\n"}
    strict = imported(deals)
    assert [row.problem.code for row in strict.rejected] == ["negative_amount"]
    taken = imported(deals, mapping=read_mapping('[amount]\nnegative = "take"\n'))
    assert [row[-1] for row in versions(taken, "amount")] == [-500, 700]


def test_a_price_list_that_was_not_given_is_named(imported: Import) -> None:
    mapping = read_mapping('[amount]\nfrom_price_list = { file = "prices.csv" }\n')
    with pytest.raises(Refused, match=r"prices\.csv"):
        imported({"d.csv": "id,stage,amount\n1,Proposal,5\n"}, mapping=mapping)


def test_prices_fill_open_deals_only(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,product,amount,created date,close date\n"
            "1,Proposal,Big,,2024-01-01,\n2,Won,Big,,2024-01-01,2024-02-01\n3,Proposal,Big,9,2024-01-01,\n4,Proposal,Odd,,2024-01-01,\n",
            "prices.csv": "product,price\nBig,100\nSmall,10\n",
        },
        mapping=read_mapping('[amount]\nfrom_price_list = { file = "prices.csv" }\n'),
    )
    assert versions(found, "amount") == [
        ("1", "2024-01-01 00:00", "open", 10000),
        ("2", "2024-01-01 00:00", "open", 10000),
        ("2", "2024-02-01 00:00", "won", None),
        ("3", "2024-01-01 00:00", "open", 900),
        ("4", "2024-01-01 00:00", "open", None),
    ]
    assert any("1 deal has none" in gap for gap in found.gaps)
    assert "won_without_amount" in codes(found)


def test_a_proposal_reads_as_a_mapping_and_changes_nothing(tmp_path: Path) -> None:
    deals = tmp_path / "deals.csv"
    deals.write_text(
        'id,"my ""name""",stage,amount,created date\n1,"a\nb",Won,5,2024-01-02\n2,c,Proposal,7,2024-01-03\n'
    )
    sellers = tmp_path / "sellers.csv"
    sellers.write_text("rep,team\nAda,East\n")
    text = propose([deals, sellers])
    assert 'deal       = "id"  # 1, 2' in text
    assert '# "my \\"name\\"" is kept as a field of your own  # a b, c' in text
    assert 'won = ["Won"]' in text
    mapped = import_files([deals, sellers], mapping=read_mapping(text))
    plain = import_files([deals, sellers])
    assert mapped.book.table("deals").equals(
        plain.book.table("deals").select(mapped.book.table("deals").columns)
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4))
def test_any_stage_name_survives_the_proposal(
    tmp_path_factory: pytest.TempPathFactory, stages: list[str]
) -> None:
    import polars as pl

    path = tmp_path_factory.mktemp("any") / "deals.csv"
    cells = ['"' + "".join(letter for letter in name if letter.isprintable()) + "x" for name in stages]
    pl.DataFrame(
        {"id": [str(at) for at in range(len(cells))], "stage": cells, "amount": ["1"] * len(cells)}
    ).write_csv(path)
    assert isinstance(read_mapping(propose([path])), Mapping)
