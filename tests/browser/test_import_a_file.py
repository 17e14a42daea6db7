"""A file imported by hand in a browser: looked at, put right, committed, undone; with and without script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from stageproof.records.models import Deal, ImportRun
from stageproof.web import as_of, import_work
from tests.actions.conftest import Cast, Clock, acme, cast, deal, now
from tests.browser.pages import Open, judge, sync_api

__all__ = ["acme", "cast", "deal", "now"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = """Deal ID,Deal Name,Account,Stage,Amount,Close Date,Owner,Shelf
D-1,Roof,ACME Corporation,Discovery,about ten,2026-06-30,Ann Archer,A
D-2,Cellar,Green Ltd,Demo booked,900,2026-07-31,Ben Baker,B
D-3,Attic,Green Ltd,Discovery,800,2026-08-31,Ben Baker,B
"""


@pytest.fixture(autouse=True)
def _surroundings(now: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now())
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    as_of._present.clear()
    as_of._past.clear()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_file_is_looked_at_put_right_imported_and_undone(
    opened: Open, cast: Cast, deal: Deal, export: Path, script: bool
) -> None:
    page = opened(cast.olga, "/imports", script=script)
    page.get_by_label("Exports of your CRM").set_input_files(export)
    page.get_by_role("button", name="Upload and look").click()
    sync_api.expect(page.get_by_role("heading", name="What these files would do")).to_be_visible()
    sync_api.expect(page.get_by_role("heading", name="2 cells to put right")).to_be_visible()
    assert Deal.objects.count() == 1

    page.get_by_label("Amount in row 2 of deals.csv").fill("10")
    page.get_by_label("Stage in row 3 of deals.csv").fill("Discovery")
    page.get_by_role("button", name="Put right and look again").click()
    sync_api.expect(page.locator("#mend")).to_have_count(0)
    page.get_by_role("radio", name="The same", exact=True).check()
    page.get_by_role("button", name="Decide and look again").click()
    sync_api.expect(page.locator(".twins")).to_contain_text("ACME Corporation is taken as Acme Corp")

    page.get_by_role("button", name="Import", exact=True).click()
    sync_api.expect(page).to_have_url(re.compile(r"/imports/\d+$"))
    assert list(Deal.objects.order_by("key").values_list("key", "amount", "account__name"))[:2] == [
        ("D-1", 1_000, "Acme Corp"), ("D-2", 90_000, "Green Ltd"),
    ]  # fmt: skip
    page.get_by_role("button", name="Undo this import").click()
    sync_api.expect(page.locator(".notice.success")).to_contain_text("The import is undone.")
    assert Deal.objects.exclude(status="deleted").count() == 1


def test_a_long_import_shows_its_progress_and_leads_on_by_itself(
    opened: Open, cast: Cast, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go_on = threading.Event()
    looked = import_work.look_at

    def slowly(*given: object) -> dict[str, object]:
        assert go_on.wait(60)
        return looked(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(import_work, "AT_ONCE", 0)
    monkeypatch.setattr(import_work, "look_at", slowly)
    page = opened(cast.olga, "/imports")
    page.get_by_label("Exports of your CRM").set_input_files(export)
    page.get_by_role("button", name="Upload and look").click()
    sync_api.expect(page.locator("#working")).to_contain_text("Reading the files")
    judge(page)
    go_on.set()
    sync_api.expect(page.get_by_role("heading", name="What these files would do")).to_be_visible()
    assert ImportRun.objects.get().status == "preview"


def test_the_pages_are_accessible_and_within_their_width(
    opened: Open, cast: Cast, deal: Deal, export: Path
) -> None:
    export.write_text(f"{TEXT}{deal.key},Acme rollout,Acme Corp,Qualification,7,2026-06-30,Ann Archer,A\n")

    def judged() -> None:
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        judge(page)

    page = opened(cast.olga, "/imports")
    judged()
    page.get_by_label("Exports of your CRM").set_input_files(export)
    page.get_by_role("button", name="Upload and look").click()
    sync_api.expect(page.locator("#verdict")).to_be_visible()
    judged()
    page.get_by_role("button", name="Import", exact=True).click()
    sync_api.expect(page).to_have_url(re.compile(r"/imports/\d+$"))
    judged()
    page.goto(page.url.rsplit("/", 1)[0])
    judged()
