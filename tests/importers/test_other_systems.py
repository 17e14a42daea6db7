"""Exports of Close and Dynamics 365."""

from __future__ import annotations

import datetime as dt

from tests.importers.imported_books import Import, versions

CLOSE = (
    "id,lead_id,lead_name,status_label,status_type,date_estimated,value,value_currency,user_name,date_created,"
    "date_won,date_lost,date_updated,note\n"
    "oppo_1,lead_1,Acme,Proposal,active,2025-11-30,1500.00,EUR,Ada Long,2025-09-01T08:00:00+00:00,,,"
    "2025-09-02T08:00:00+00:00,\n"
    "oppo_2,lead_1,Acme,Won,won,2025-10-01,900.00,EUR,Ada Long,2025-09-01T08:00:00+00:00,"
    "2025-10-14T15:00:00+00:00,,2025-10-14T15:00:00+00:00,\n"
)
DYNAMICS = (
    "(Do Not Modify) Opportunity,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Topic,Potential Customer,"
    "Est. close date,Est. revenue,Status,Pipeline Phase,Actual Close Date,Actual Revenue,Owner,Created On,Currency\n"
    'a-1,x,9/2/2025 8:00 AM,Depot,Acme,11/30/2025,"1,500.00",Open,Propose,,,Ada Long,9/1/2025 8:00 AM,US Dollar\n'
    "a-2,x,10/14/2025 3:00 PM,Harbour,Acme,10/1/2025,900.00,Won,Close,10/14/2025,750.00,Ada Long,9/1/2025 8:00 AM,"
    "US Dollar\n"
    "a-3,x,10/14/2025 3:00 PM,Pier,Acme,10/1/2025,80.00,Lost,Close,10/14/2025,0.00,Ada Long,9/1/2025 8:00 AM,US Dollar\n"
)


def test_close(imported: Import) -> None:
    found = imported({"opportunities.csv": CLOSE})
    assert found.shapes[0].system == "Close"
    rows = versions(found, "stage", "amount", "currency", "close_on", "owner", "account")
    assert rows[0] == (
        "oppo_1", "2025-09-01 08:00", "open", "Proposal", 1500_00, "EUR", dt.date(2025, 11, 30), "Ada Long", "Acme",
    )  # fmt: skip
    assert rows[-1][:3] == ("oppo_2", "2025-10-14 15:00", "won")
    assert rows[-1][4:7] == (900_00, "EUR", dt.date(2025, 10, 14))


def test_dynamics_and_what_deals_were_won_for(imported: Import) -> None:
    found = imported({"opportunities.csv": DYNAMICS})
    assert found.shapes[0].system == "Dynamics"
    ends = {row[0]: row[2:] for row in versions(found, "name", "amount", "currency", "close_on", "account")}
    assert ends == {
        "a-1": ("open", "Depot", 1500_00, "USD", dt.date(2025, 11, 30), "Acme"),
        "a-2": ("won", "Harbour", 750_00, "USD", dt.date(2025, 10, 14), "Acme"),
        "a-3": ("lost", "Pier", 80_00, "USD", dt.date(2025, 10, 14), "Acme"),
    }
