"""Leads, campaigns and their members from files: what they say of themselves, and what files do not say."""

from __future__ import annotations

import datetime as dt

from stageproof.engine.frames import collect, readable
from stageproof.engine.measures.campaign_costs import campaign_costs
from stageproof.engine.measures.first_response import first_response
from tests.importers.imported_books import Import, codes

DEALS = "Id,Name,StageName,Amount,CloseDate,CreatedDate\n006A,Acme,Discovery,100,2026-03-31,2026-01-05\n"
LEADS = """Id,Name,Company,Email,Industry,NumberOfEmployees,Country,LeadSource,Status,IsConverted,ConvertedDate,\
ConvertedOpportunityId,FirstResponseDate,DisqualifiedReason,CreatedDate,LastModifiedDate
00Q1,Dan Dorn,Delta,dan@delta.example,Food,"1,200",AT,Web,Closed - Converted,true,2026-01-05,006A,2026-01-02T10:00:00Z,,\
2026-01-02T09:00:00Z,2026-01-05T00:00:00Z
00Q2,Eda Ender,Echo,,,many,,Event,Unqualified,false,,,,Too small,2026-01-03T09:00:00Z,2026-01-09T00:00:00Z
"""
CAMPAIGNS = """Id,Name,Type,StartDate,EndDate,ActualCost,CreatedDate
7011,Spring,Webinar,2026-01-01,2026-01-10,1000.50,2025-12-01
7012,Turned,Event,2026-02-10,2026-02-01,50,2025-12-01
"""
MEMBERS = "Id,CampaignId,LeadId,Status,FirstRespondedDate\n00v1,7011,00Q1,Responded,2026-01-02\n"


def test_leads_bring_what_they_say_of_themselves(imported: Import) -> None:
    found = imported({"Opportunity.csv": DEALS, "Lead.csv": LEADS})
    leads = readable(collect(found.book.as_of("2026-01-31").leads)).sort("lead")  # type: ignore[arg-type]
    assert leads.select(
        "email", "industry", "employees", "country", "status", "disqualified_reason"
    ).rows() == [
        ("dan@delta.example", "Food", 1200, "AT", "converted", None),
        (None, None, None, None, "disqualified", "Too small"),
    ]
    assert leads["responded_at"].to_list()[0] == dt.datetime(2026, 1, 2, 10, tzinfo=dt.UTC)
    assert "unreadable_number" in codes(found)
    before = collect(found.book.as_of("2026-01-02T12:00:00+00:00").leads)  # type: ignore[arg-type]
    # What made it convert, and what came after it came in, was not known yet.
    assert before.select("lead", "status", "responded_at").rows() == [("00Q1", "working", None)]


def test_what_no_file_says_is_unverifiable(imported: Import) -> None:
    bare = "Id,Name,Company,Status,IsConverted,CreatedDate\n00Q1,Dan,Delta,Open,false,2026-01-02\n"
    found = imported({"Opportunity.csv": DEALS, "Lead.csv": bare})
    assert not found.book.holds("leads", "responded_at")
    row = first_response(found.book.as_of("2026-01-31")).row(0, named=True)
    assert (row["leads"], row["unverifiable"], row["responded"]) == (1, 1, None)


def test_campaigns_bring_their_cost_and_touches_their_source(imported: Import) -> None:
    files = {
        "Opportunity.csv": DEALS,
        "Lead.csv": LEADS,
        "Campaign.csv": CAMPAIGNS,
        "CampaignMember.csv": MEMBERS,
    }
    found = imported(files)
    here = found.book.as_of("2026-01-05")
    costs = campaign_costs(here).select("campaign", "source", "cost", "spent").sort("campaign").rows()
    assert costs == [("Spring", "Webinar", 100_050, 50_025), ("Turned", "Event", 5_000, 5_000)]
    assert collect(here.touches).select("lead", "source", "campaign").rows() == [
        ("00Q1", "Webinar", "Spring")
    ]  # type: ignore[arg-type]
    assert "days_turned" in codes(found)
