"""Close: exports of opportunities, whose lead is the account and whose status is stage and outcome."""

from __future__ import annotations

from stageproof.importers.shape import Shape, groups
from stageproof.importers.vocabulary import DEAL

OPPORTUNITIES = Shape(
    "Close",
    "deals",
    "opportunities",
    groups("id opportunityid", "leadid leadname", "statuslabel", "statustype"),
    {
        **DEAL,
        "account": ("leadname",),
        "account_id": ("leadid",),
        "stage": ("statuslabel",),
        "status": ("statustype",),
        "owner": ("username",),
        "owner_id": ("userid",),
    },
)

SHAPES = (OPPORTUNITIES,)
