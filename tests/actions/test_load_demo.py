"""The demo company's story moves by whole years, and whatever is named by a year moves with it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from stageproof.actions.load_demo import Told
from stageproof.demo.book import campaign_versions
from stageproof.engine.frames import day_of

BOOTHS = "Supply Forum booth"


def test_a_campaign_is_named_by_the_year_in_which_it_runs() -> None:
    whole = campaign_versions(dt.date(2025, 12, 31))
    for today, years in ((dt.date(2025, 11, 3), 0), (dt.date(2026, 5, 2), 1), (dt.date(2029, 1, 1), 3)):
        told = Told.by(today)
        moved = told.frame("campaigns", whole)
        booths = moved.filter(pl.col("campaign").str.starts_with(BOOTHS)).unique("campaign").sort("starts_on")
        begun = [day_of(day) for day in booths["starts_on"]]
        assert [day.year for day in begun] == [year + years for year in (2023, 2024, 2025)]
        assert booths["campaign"].to_list() == [f"{BOOTHS} {day.year}" for day in begun]
        # Leads and deals call it as it is called, or nothing as before.
        leads = pl.DataFrame({"lead": ["L1", "L2"], "campaign": [f"{BOOTHS} 2024", None]})
        assert told.frame("leads", leads)["campaign"].to_list() == [f"{BOOTHS} {2024 + years}", None]
