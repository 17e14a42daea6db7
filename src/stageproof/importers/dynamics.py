"""Dynamics 365: exports of opportunities to Excel or CSV, with the labels of its views."""

from __future__ import annotations

from stageproof.importers.shape import Shape, groups
from stageproof.importers.vocabulary import DEAL

OPPORTUNITIES = Shape(
    "Dynamics",
    "deals",
    "opportunities",
    groups(
        "topic",
        "potentialcustomer account contact opportunity",
        "status statusreason pipelinephase",
        "estclosedate estrevenue actualrevenue actualclosedate pipelinephase",
    ),
    {
        **DEAL,
        # The hidden first column of its workbooks is headed "(Do Not Modify) Opportunity" and holds the id.
        "deal": ("opportunityid", "opportunity"),
        "name": ("topic",),
        "status": ("status", "statusreason"),
    },
)

SHAPES = (OPPORTUNITIES,)
