"""Leads, campaigns and touches through an import: taken, taken again, corrected, undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stageproof.actions.campaigns import remove_campaign
from stageproof.actions.import_deals import commit_import
from stageproof.actions.leads import edit_lead, find_lead, merge_leads
from stageproof.actions.undo_change import undo_changes
from stageproof.actions.undo_import import undo_import
from stageproof.engine.frames import collect
from stageproof.records.doctor import doctor
from stageproof.records.models import CampaignVersion, ImportRun, LeadVersion, Touch
from stageproof.records.tables import pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import refused
from tests.actions.test_import import files
from tests.importers.test_leads_campaigns import CAMPAIGNS, DEALS, LEADS, MEMBERS

__all__ = ["files"]
Files = Callable[..., list[Path]]


def written(files: Files, **other: str) -> list[Path]:
    texts = {"Opportunity": DEALS, "Lead": LEADS, "Campaign": CAMPAIGNS, "CampaignMember": MEMBERS}
    return files(**{**texts, **other})


def test_they_come_with_everything_and_only_once(cast: Cast, now: Clock, files: Files) -> None:
    first = commit_import(cast.olga, written(files), now=now())
    assert (first.leads, first.campaigns, first.touches) == (3, 2, 1)
    dan = find_lead("00Q1")
    assert (dan.email, dan.employees, dan.deal.key, dan.status) == (
        "dan@delta.example",
        1200,
        "006A",
        "converted",
    )  # type: ignore[union-attr]
    assert find_lead("00Q2").disqualified_reason == "Too small"
    again = commit_import(cast.olga, written(files), now=now())
    assert not again.changes_anything
    costs = CampaignVersion.objects.filter(name="Spring")
    assert list(costs.values_list("source", "cost", "currency")) == [("Webinar", 100_050, "EUR")]
    assert doctor().problems == ()


def test_a_corrected_cost_is_a_version_and_what_people_did_stays(
    cast: Cast, now: Clock, files: Files
) -> None:
    commit_import(cast.olga, written(files), now=now())
    edit_lead(cast.max, "00Q2", now=now(), changes={"industry": "Steel", "title": "CEO"})
    [problem] = refused(lambda: undo_import(cast.olga, ImportRun.objects.get().pk, now=now()))
    assert problem.says == f"1 of what came was changed since: {find_lead('00Q2').name}."
    later = commit_import(
        cast.olga, written(files, Campaign=CAMPAIGNS.replace("1000.50", "2000.50")), now=now()
    )
    assert (later.campaigns, later.leads) == (1, 0)
    assert list(CampaignVersion.objects.filter(name="Spring").order_by("seq").values_list("cost", flat=True)) == [
        100_050, 200_050,
    ]  # fmt: skip
    assert find_lead("00Q2").industry == "Steel"
    assert doctor().problems == ()


def test_a_merged_lead_does_not_come_back(cast: Cast, now: Clock, files: Files) -> None:
    commit_import(cast.olga, written(files), now=now())
    merge_leads(cast.max, winner="00Q1", loser="00Q2", now=now())
    again = commit_import(cast.olga, written(files, Lead=LEADS.replace("Eda Ender", "Eda Other")), now=now())
    assert again.leads == 0
    assert find_lead("00Q2").lead == "00Q1"


def test_an_import_is_undone_with_its_leads(cast: Cast, now: Clock, files: Files) -> None:
    done = commit_import(cast.olga, written(files), now=now())
    assert done.run is not None
    undo_import(cast.olga, done.run.pk, now=now())
    assert not LeadVersion.objects.filter(valid_to__isnull=True, removed=False).exists()
    assert not CampaignVersion.objects.filter(valid_to__isnull=True, removed=False).exists()
    assert not Touch.objects.filter(withdrawn_at__isnull=True).exists()
    pipeline = pipeline_now(now.at)
    assert [collect(each).height for each in (pipeline.leads, pipeline.touches, pipeline.campaigns)] == [
        0,
        0,
        0,
    ]  # type: ignore[arg-type]
    back = commit_import(cast.olga, written(files), now=now())
    assert (back.leads, back.campaigns, back.touches) == (2, 2, 1)
    # What a person took out stays out, until the files say something else of it.
    remove_campaign(cast.max, "Spring", now=now())
    touch = Touch.objects.get(withdrawn_at__isnull=True)
    undo_changes(cast.olga, touch.seq, touch.seq, now=now())
    third = commit_import(cast.olga, written(files), now=now())
    assert (third.campaigns, third.touches) == (0, 0)
    dearer = written(files, Campaign=CAMPAIGNS.replace("1000.50", "2000.50"))
    assert commit_import(cast.olga, dearer, now=now()).campaigns == 1
    assert doctor().problems == ()
