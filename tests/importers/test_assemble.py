"""Several files of any shape into one book: outcomes, dates, versions without history, people, targets."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageproof.engine.definition import read_definition
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Refused
from stageproof.importers.keys import match_keys
from stageproof.importers.mapping import Join, StageMapping
from stageproof.importers.outcome import Stages, outcome_of
from stageproof.importers.stage_entries import entered_stage
from tests.importers.imported_books import Import, codes, versions

DEFINITION = """
[pipeline]
name = "New business"
owner = "Ada Long"
[[stages]]
name = "Discovery"
aliases = ["Entdeckung"]
[[stages]]
name = "Proposal"
"""


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Won", "won"), ("Closed Won", "won"), ("closedwon", "won"), ("6 - Closed Won", "won"), ("CLOSED-WON", "won"),
        ("Gewonnen", "won"), ("Gagné", "won"), ("Lost", "lost"), ("Closed Lost - price", "lost"), ("Verloren", "lost"),
        ("Perdu", "lost"), ("Cancelled", "lost"), ("Deleted", "deleted"), ("Closed", "closed"), ("Open", "open"),
        ("In Progress", "open"), ("Negotiation", None), ("Wonderful stage", None), ("Not won yet", None),
        ("Lost & Found Inc.", "lost"), ("Closing", None), ("Lost – no decision", "lost"), ("Lost: No Funds", "lost"),
        ("No decision - lost", "lost"), ("Closed - Not Won", "lost"), ("Verbal win", None), ("Win plan agreed", None),
        ("Noch nicht gewonnen", None), ("Fechado e ganho", "won"), ("Zamknięte – przegrane", "lost"),
        ("Chiusa", "closed"), ("5. 受注", "won"), ("失注(価格)", "lost"), ("受注見込み", None), ("クローズ", "closed"),
    ],
)  # fmt: skip
def test_outcomes_by_words(words: str, outcome: str | None) -> None:
    assert outcome_of(words) == outcome


def test_flags_beat_words_and_the_mapping_beats_both() -> None:
    plain = Stages()
    assert plain.decide("Signed", None, closed=True, won=True) == "won"
    assert plain.decide("Closed Won", None, closed=False, won=False) == "open"
    assert plain.decide("Closed", None) == "closed"
    assert plain.decide("Parked", None, closed=True, won=False) == "lost"
    assert plain.decide("Negotiation", "Won") == "won"
    mapped = Stages(StageMapping(order=("Won over",), won=("Parked",), lost=("Closed",)))
    assert mapped.decide("Won over", None) == "open"
    assert mapped.decide("Parked", None, closed=True, won=False) == "won"
    assert mapped.decide("Closed", None) == "lost"


def test_a_stage_learned_from_flags_is_known_in_the_history(imported: Import) -> None:
    found = imported(
        {
            "Opportunity.csv": "Id,Name,StageName,Amount,CloseDate,IsClosed,IsWon,CreatedDate,LastModifiedDate\n"
            "1,One,Signed,5,2024-02-01,true,true,2024-01-01T00:00:00Z,2024-02-01T10:00:00Z\n",
            "OpportunityHistory.csv": "Id,OpportunityId,StageName,Amount,CloseDate,CreatedDate,CreatedById\n"
            "a,1,Talk,5,2024-03-01,2024-01-01T00:00:00Z,u\nb,1,Signed,5,2024-02-01,2024-02-01T10:00:00Z,u\n",
        }
    )
    assert versions(found, "stage") == [
        ("1", "2024-01-01 00:00", "open", "Talk"),
        ("1", "2024-02-01 10:00", "won", "Talk"),
    ]


@pytest.mark.parametrize(
    ("header", "stage"),
    [
        ("engage_date", "Engaging"), ("Date entered Proposal", "Proposal"), ("Proposal Date", "Proposal"),
        ('Date entered "Engaging (Sales Pipeline)"', "Engaging"), ("hs_date_entered_proposal", "Proposal"),
        ("created_date", None), ("close_date", None), ("Proposal", None), ("date", None), ("propose_by", None),
    ],
)  # fmt: skip
def test_columns_of_stage_dates(header: str, stage: str | None) -> None:
    assert entered_stage(header, ["Engaging", "Proposal"]) == stage


def test_stage_dates_make_versions(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,amount,created date,Date entered Discovery,Date entered Proposal,close date\n"
            "1,Proposal,5,2024-01-01,2024-01-01,2024-02-01,2024-12-31\n"
            "2,Won,9,2024-01-01,2024-01-01,2024-02-15,2024-03-01\n"
            "3,Discovery,7,2024-01-05,2024-01-05,,\n"
        }
    )
    assert versions(found, "stage", "amount") == [
        ("1", "2024-01-01 00:00", "open", "Discovery", 500),
        ("1", "2024-02-01 00:00", "open", "Proposal", 500),
        ("2", "2024-01-01 00:00", "open", "Discovery", None),
        ("2", "2024-02-15 00:00", "open", "Proposal", None),
        ("2", "2024-03-01 00:00", "won", "Proposal", 900),
        ("3", "2024-01-05 00:00", "open", "Discovery", 700),
    ]


def test_closing_begins_with_its_day_in_the_zone(imported: Import) -> None:
    deals = {"d.csv": "id,stage,created date,close date,amount\n1,Won,2018-11-01,2018-11-04,5\n"}
    found = imported(deals, zone="America/Sao_Paulo")
    # Midnight of 2018-11-04 did not exist in São Paulo: the day began at 01:00, which is 03:00 in UTC.
    assert versions(found, "close_on") == [
        ("1", "2018-11-01 03:00", "open", None),
        ("1", "2018-11-04 03:00", "won", dt.date(2018, 11, 4)),
    ]
    assert found.book.as_of("2018-11-03").open.collect().to_native().height == 1
    assert found.book.as_of("2018-11-04").open.collect().to_native().height == 0


def test_a_history_of_states_tells_all_that_its_columns_say(imported: Import) -> None:
    deals = (
        "Deal ID,Name,Stage,Amount,Close date,Created,Source,Segment,Next step,Next step date,Competitor\n"
    )
    deals += "1,A,Proposal,10,2025-06-30,2025-01-01,Web,Large,Sign,2025-06-20,Acme\n"
    history = "Deal ID,Changed at,Stage,Amount,Source,Segment,Next step,Next step date,Competitor\n"
    history += "1,2025-01-01,Discovery,5,Event,Small,Call,2025-01-10,\n"
    history += "1,2025-03-01,Proposal,10,Web,Large,Sign,2025-06-20,Acme\n"
    found = imported({"deals.csv": deals, "history.csv": history})
    said = ("source", "segment", "next_step", "next_step_on", "competitor")
    assert versions(found, *said) == [
        ("1", "2025-01-01 00:00", "open", "Event", "Small", "Call", dt.date(2025, 1, 10), None),
        ("1", "2025-03-01 00:00", "open", "Web", "Large", "Sign", dt.date(2025, 6, 20), "Acme"),
    ]


@pytest.mark.parametrize(
    ("row", "expected", "code"),
    [
        ("1,Won,2024-03-01,2024-02-01,5,", [("2024-03-01 00:00", "won")], "closed_before_created"),
        ("1,Won,2024-03-01,,5,", [("2024-03-01 00:00", "won")], "closed_without_date"),
        ("1,Won,2024-03-01,2024-03-01,5,", [("2024-03-01 00:00", "won")], None),
        ("1,Won,,2024-03-01,5,", [("2024-03-01 00:00", "won")], "no_created_date"),
        (
            "1,Won,2024-03-01,2030-01-01,5,2024-04-01 12:00",
            [("2024-03-01 00:00", "open"), ("2024-04-01 12:00", "won")],
            "closed_in_future",
        ),
        (
            "1,Won,2024-03-01,2024-04-01,,",
            [("2024-03-01 00:00", "open"), ("2024-04-01 00:00", "won")],
            "won_without_amount",
        ),
        ("1,Open,,,5,", [("2024-01-15 00:00", "open")], "no_created_date"),
    ],
)
def test_odd_dates(imported: Import, row: str, expected: list[tuple[str, str]], code: str | None) -> None:
    found = imported(
        {"d.csv": f"id,status,created date,close date,amount,last modified\n{row}\n0,Open,2024-01-15,,1,\n"}
    )
    assert [(at, status) for deal, at, status in versions(found) if deal == "1"] == expected
    if code:
        assert code in codes(found)
    assert found.accounting.rejected == 0


def test_undated_books_begin_in_1970_or_on_the_day_asked_for(imported: Import) -> None:
    deals = {"d.csv": "id,stage,amount\n1,Proposal,5\n"}
    assert versions(imported(deals)) == [("1", "1970-01-01 00:00", "open")]
    asked = imported(deals, as_of=dt.date(2024, 6, 30), zone="Asia/Tokyo")
    assert versions(asked) == [("1", "2024-06-29 15:00", "open")]


def test_an_ambiguous_column_is_read_by_the_evidence_of_others(imported: Import) -> None:
    files = {
        "a.csv": "id,stage,amount,created date\n1,Proposal,5,03/04/2024\n",
        "b.csv": "id,stage,amount,created date\n2,Proposal,5,25/04/2024\n",
    }
    assert [row[1] for row in versions(imported(files))] == ["2024-04-03 00:00", "2024-04-25 00:00"]


def test_dates_that_nothing_decides_are_asked_about(imported: Import) -> None:
    deals = {"a.csv": "id,stage,amount,created date\n1,Proposal,5,03/04/2024\n"}
    with pytest.raises(Refused) as refused:
        imported(deals)
    [problem] = refused.value.problems
    assert (problem.code, problem.column, problem.value) == ("ambiguous_dates", "created date", "03/04/2024")
    assert "--date-order" in problem.remedy
    assert versions(imported(deals, date_order="mdy"))[0][1] == "2024-03-04 00:00"


def test_unknown_stages_are_rejected_where_a_definition_is_given(imported: Import) -> None:
    deals = {"d.csv": "id,stage,amount\n1,Discovery,5\n2,entdeckung,6\n3,Propsal,7\n4,Won,8\n5,,9\n"}
    found = imported(deals, definition=read_definition(DEFINITION))
    [rejected] = found.rejected
    assert (rejected.row, rejected.problem.code, rejected.problem.value) == (4, "unknown_stage", "Propsal")
    assert "Did you mean 'Proposal'?" in rejected.problem.remedy
    assert found.accounting.balanced
    assert imported(deals).rejected == ()


def test_a_definition_of_another_pipeline_rejects_nothing(imported: Import) -> None:
    found = imported({"d.csv": "id,stage,amount\n1,A,5\n2,B,6\n"}, definition=read_definition(DEFINITION))
    assert found.rejected == ()
    assert "unknown_stage" in codes(found)


def test_deals_without_ids_are_told_apart_by_name_account_and_content(imported: Import) -> None:
    rows = [
        "Renewal,Acme,Open,5",
        "Renewal,Beta,Open,6",
        "Single,Acme,Open,7",
        "Twice,Acme,Open,8",
        "Twice,Acme,Open,9",
    ]
    text = "name,account,status,amount\n"
    found = imported({"d.csv": text + "\n".join(rows)})
    assert [(row[0], row[-1]) for row in versions(found, "amount")] == [
        ("Renewal · Acme", 500),
        ("Renewal · Beta", 600),
        ("Single", 700),
        ("Twice · Acme", 800),
        ("Twice · Acme #2", 900),
    ]
    again = imported({"d.csv": text + "\n".join(reversed(rows))})
    assert versions(again, "amount") == versions(found, "amount")


def test_segments_of_accounts_and_teams_of_sellers(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,amount,account,owner\n1,Proposal,5,Acme,Ada\n2,Proposal,5,Beta,Bo\n",
            "accounts.csv": "account,sector\nAcme,Retail\n",
            "sellers.csv": "rep,team\nAda,East\n",
        }
    )
    assert versions(found, "segment", "team") == [
        ("1", "1970-01-01 00:00", "open", "Retail", "East"),
        ("2", "1970-01-01 00:00", "open", None, None),
    ]


def test_targets(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,amount,created date\n1,Proposal,5,2024-02-01\n",
            "targets.csv": 'rep,period,target\nAda,2024-Q1,"1,000"\n,2024,5000\nBo,soon,7\n',
        }
    )
    table = found.book.table("targets").sort("amount")
    assert table.select("owner", "starts_on", "ends_on", "amount", "currency").rows() == [
        ("Ada", dt.date(2024, 1, 1), dt.date(2024, 3, 31), 100000, "USD"),
        (None, dt.date(2024, 1, 1), dt.date(2024, 12, 31), 500000, "USD"),
    ]
    assert [each.problem.code for each in found.rejected] == ["unreadable_period"]


def test_the_quarter_of_a_target_is_the_calendar_s(imported: Import) -> None:
    sheets = {
        "d.csv": "id,stage,amount,created date\n1,Proposal,5,2024-02-01\n",
        "targets.csv": "rep,period,target\nAda,FY2025-Q1,10\nBo,2025-Q4,20\nCy,2025-02,30\n",
    }
    april = Calendar(year_starts=4)
    found = imported(sheets, calendar=april).book
    assert found.calendar == april
    assert found.table("targets").sort("amount").select("starts_on", "ends_on").rows() == [
        (dt.date(2024, 4, 1), dt.date(2024, 6, 30)),
        (dt.date(2025, 1, 1), dt.date(2025, 3, 31)),
        # A month in digits is the one on everybody's wall.
        (dt.date(2025, 2, 1), dt.date(2025, 2, 28)),
    ]


def test_leads_and_campaigns(imported: Import) -> None:
    found = imported(
        {
            "d.csv": "id,stage,amount\n1,Proposal,5\n",
            "leads.csv": "Id,LastName,Company,Status,IsConverted,ConvertedDate,ConvertedOpportunityId,LeadSource,"
            "CreatedDate\n"
            "L1,Stone,Acme,Closed - Converted,true,2024-02-01,1,Web,2024-01-05T10:00:00Z\n"
            "L2,Klein,Beta,Open - Not Contacted,false,,,Web,2024-01-06T10:00:00Z\n"
            "L3,Gross,Beta,Closed - Not Converted,false,,,Event,2024-01-07T10:00:00Z\n",
            "members.csv": "Id,CampaignId,LeadId,Status,FirstRespondedDate\nM1,C1,L1,Responded,2024-01-04\n",
            "campaigns.csv": "Id,Name,BudgetedCost\nC1,Spring fair,100\n",
        }
    )
    leads = found.book.table("leads").sort("lead", "valid_from")
    assert leads.select("lead", "status", "deal", "source").rows() == [
        ("L1", "working", None, "Web"),
        ("L1", "converted", "1", "Web"),
        ("L2", "new", None, "Web"),
        ("L3", "disqualified", None, "Event"),
    ]
    assert found.book.table("touches").select("lead", "campaign").rows() == [("L1", "Spring fair")]


@pytest.mark.parametrize(
    ("given_key", "known", "twin"),
    [
        ("GTXPro", ["GTX Pro", "GTX Plus Pro"], "GTX Pro"),
        ("gtx-pro", ["GTX Pro"], "GTX Pro"),
        ("Enterprse Suite", ["Enterprise Suite", "Starter"], "Enterprise Suite"),
        ("Plan 100", ["Plan 200", "Plan 300"], None),
        ("Basic", ["Basic Plus"], None),
        ("Thing", ["Other"], None),
        ("AB C", ["A BC", "ABC"], None),
    ],
)
def test_near_keys(given_key: str, known: list[str], twin: str | None) -> None:
    told = match_keys([given_key], known, Join())
    assert told.near == ({given_key: twin} if twin else {})
    assert told.joined == {}
    allowed = match_keys([given_key], known, Join(near=True))
    assert allowed.joined == ({given_key: twin} if twin else {})


CASES = st.lists(
    st.tuples(
        st.sampled_from(["Discovery", "Proposal", "Won", "Lost"]),
        st.integers(0, 400),
        st.one_of(st.none(), st.integers(-30, 400)),
        st.one_of(st.none(), st.integers(0, 10**6)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CASES, st.randoms(use_true_random=False))
def test_versions_are_contiguous_whatever_the_dates(
    imported: Import, cases: list[tuple[str, int, int | None, int | None]], chance: random.Random
) -> None:
    start = dt.date(2024, 1, 1)

    def day(number: int | None) -> str:
        return "" if number is None else str(start + dt.timedelta(days=number))

    rows = [
        f"{at},{stage},{day(created)},{day(lasts if lasts is None else created + lasts)},{amount or ''}"
        for at, (stage, created, lasts, amount) in enumerate(cases)
    ]
    head = "id,stage,created date,close date,amount\n"
    found = imported({"d.csv": head + "\n".join(rows)})
    table = found.book.table("deals").sort("deal", "valid_from")
    assert table["deal"].n_unique() == len(cases)
    following = table.select(
        ends=pl.col("valid_to"),
        begins=pl.col("valid_from").shift(-1).over("deal"),
        start=pl.col("valid_from"),
    )
    assert following.filter(pl.col("ends").is_not_null() & (pl.col("ends") <= pl.col("start"))).is_empty()
    assert following.select(pl.col("ends").eq_missing(pl.col("begins")).all()).item()
    last = table.filter(pl.col("valid_to").is_null()).sort(pl.col("deal").cast(pl.Int64))
    expected = [stage.lower() if stage in ("Won", "Lost") else "open" for stage, *_ in cases]
    assert last["status"].to_list() == expected
    assert set(table["stage"].drop_nulls()) <= {"Discovery", "Proposal"}
    chance.shuffle(rows)
    again = imported({"d.csv": head + "\n".join(rows)}).book.table("deals")
    assert again.sort("deal", "valid_from").equals(table)


def test_a_board_in_groups_with_the_header_again_and_sums(imported: Import) -> None:
    text = (
        "Deals,,,\nActive,,,\nName,Stage,Amount,Created\nDepot,Proposal,10,2024-01-02\nHarbour,Proposal,20,2024-01-02\n"
        ",,30,\nDone,,,\nName,Stage,Amount,Created\nPier,Closed Won,5,2024-01-03\nSubtotal,,5,\n"
        "Total SA,Proposal,,2024-01-04\nZwischensumme:,,35,\n"
    )
    found = imported({"board.csv": text})
    assert sorted((each.row, each.problem.code) for each in found.rejected) == [
        (6, "no_id"),
        (7, "heading"),
        (8, "repeated_header"),
        (10, "footer"),
        (12, "footer"),
    ]
    assert {row[0] for row in versions(found)} == {"Depot", "Harbour", "Pier", "Total SA"}
    assert (found.accounting.read, found.accounting.taken, found.accounting.rejected) == (9, 4, 5)


def test_closed_and_won_are_days_or_flags_by_what_is_in_them(imported: Import) -> None:
    days = imported(
        {"d.csv": "Id,Stage,Amount,Opened,Closed\n1,Won,5,2024-01-02,2024-03-04\n2,Proposal,5,2024-01-02,\n"}
    )
    assert versions(days, "close_on")[1] == ("1", "2024-03-04 00:00", "won", dt.date(2024, 3, 4))
    flags = imported(
        {"d.csv": "Id,Stage,Amount,Created,Closed,Won,Close date\n1,Zuschlag,5,2024-01-02,1,1,2024-03-04\n"
                  "2,Absage,5,2024-01-02,1,0,2024-03-05\n3,Angebot,5,2024-01-02,0,0,2024-12-01\n"}
    )  # fmt: skip
    ends = {row[0]: row[2] for row in versions(flags)}
    assert ends == {"1": "won", "2": "lost", "3": "open"}
    dated = imported(
        {
            "d.csv": "Id,Stage,Amount,Created,Won\n1,Zuschlag,5,2024-01-02,2024-03-04\n2,Angebot,5,2024-01-02,\n"
        }
    )
    assert versions(dated)[1] == ("1", "2024-03-04 00:00", "won")


def test_no_outcome_is_said(imported: Import) -> None:
    text = "Id,Stage,Amount,Created,Closed on\n1,Zuschlag,5,2024-01-02,2024-03-04\n"
    text += "2,Absage,5,2024-01-02,\n3,Angebot,5,2024-01-02,\n"
    told = {each.code: each for each in imported({"d.csv": text}).problems}
    assert "the stages are Absage, Angebot, Zuschlag" in told["no_outcomes"].says
    assert told["open_with_closing_day"].row == 2
    closed = imported({"d.csv": text.replace("Zuschlag", "Won")})
    assert not {"no_outcomes", "open_with_closing_day"} & codes(closed)


def test_what_keeps_numbers_from_spreadsheets_is_taken_off(imported: Import) -> None:
    deals = 'Id,StageName,Amount,CloseDate,CreatedDate,Name\n"=""00123""",Proposal,"=""12.50""",2024-05-01,2024-01-02,A\n'
    history = (
        "Id,OpportunityId,StageName,Amount,CloseDate,CreatedDate\n1,00123,Discovery,7,2024-05-01,2024-01-02\n"
    )
    history += "2,00123,Proposal,12.50,2024-05-01,2024-01-05\n"
    found = imported({"d.csv": deals, "OpportunityHistory.csv": history})
    assert versions(found, "amount") == [
        ("00123", "2024-01-02 00:00", "open", 7_00),
        ("00123", "2024-01-05 00:00", "open", 12_50),
    ]


def test_stages_by_the_probability_that_a_system_gives_them(imported: Import) -> None:
    text = "Id,Stage,Amount,Created,Probability (%)\n1,Zusage,5,2024-01-02,80\n2,Besuch,5,2024-01-02,10%\n"
    text += "3,Angebot,5,2024-01-02,40\n4,Angebot,5,2024-01-02,45\n5,Angebot,5,2024-01-02,99\n6,Won,5,2024-01-02,100\n"
    assert imported({"d.csv": text}).stage_order == ("Besuch", "Angebot", "Zusage")
    # Two stages with one probability, or a stage with none, and it tells nothing.
    assert imported({"d.csv": text.replace("80", "45")}).stage_order == ()
    assert imported({"d.csv": text.replace("80", "")}).stage_order == ()


def test_a_report_that_names_its_groups_once(imported: Import) -> None:
    text = (
        "Stage  ↑,Opportunity Name,Amount,Close Date,Created Date\nClosed Won,A,100,2025-03-01,2025-01-02\n"
        ",B,200,2025-03-02,2025-01-02\nSubtotal,Sum,300,,\n,Count,2,,\nProposal,C,50,2025-12-01,2025-01-02\n"
        ",D,70,2025-12-01,2025-01-02\nSubtotal,Sum,120,,\n,Count,2,,\nTotal,Sum,420,,\n,Count,4,,\n"
    )
    found = imported({"report.csv": text})
    ends = {row[0]: row[2:] for row in versions(found, "amount")}
    assert ends == {"A": ("won", 100_00), "B": ("won", 200_00), "C": ("open", 50_00), "D": ("open", 70_00)}
    assert {"groups_named_once"} <= codes(found)
    assert sorted(each.row for each in found.rejected) == [4, 5, 8, 9, 10, 11]
    # A blank stage amid named ones is a blank: nothing is filled down, and it is said.
    blank = imported({"report.csv": text.replace("\n,D,", "\nProposal,D,")})
    assert ("groups_named_once" in codes(blank), "no_stage" in codes(blank)) == (False, True)
