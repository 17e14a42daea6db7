"""Takes the pictures of the pages: `python docs/make_pictures.py`, with Chromium on the machine.

The demo company is always the same, so pictures change only where the report does.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.demo_pages import demo_pages
from docs.examples import DEMO_DAY, DEMO_PERIOD

from stageproof.audit.audit import audit
from stageproof.audit.report import report
from stageproof.demo.book import demo_company

PICTURES = Path(__file__).resolve().parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Picture:
    """One picture: its file, the size of the window, the scheme, and where it is scrolled to or which page it is."""

    name: str
    width: int
    height: int
    scheme: str = "light"
    at: str = ""


SHOWN = (
    Picture("report.png", 1280, 1000),
    Picture("report-dark.png", 1280, 1000, "dark"),
    Picture("report-phone.png", 390, 844),
    Picture("report-checks.png", 1280, 900, at="#checks"),
)


FIRST_YEAR = "as_of=2024-09-23&period=2024-Q3&since=period"
SECOND_YEAR = "as_of=2025-09-22&period=2025-Q3&since=period"
"""A week before the end of the third quarter, a year before and after the firm took up its routine."""

WORK = (
    Picture("board.png", 1280, 900, at="/board"),
    Picture("board-phone.png", 390, 844, "dark", at="/board"),
    Picture("pipeline.png", 1280, 900, at="/pipeline"),
    Picture("movement.png", 1280, 900, at="/movement"),
    Picture("coverage.png", 1280, 1000, at="/coverage"),
    Picture("funnel.png", 1280, 1000, at="/funnel?period=2025-Q4"),
    Picture("expansion.png", 1280, 1000, at="/expansion"),
)
"""The pages people work in, on the day after the story; `at` is the address of the page."""

READINGS = (
    Picture("readings-2024.png", 1280, 900, at=f"/readings?{FIRST_YEAR}"),
    Picture("readings-2025.png", 1280, 900, at=f"/readings?{SECOND_YEAR}"),
    *(
        Picture(f"reading-{reader}-{year}.png", 1280, 1100, at=f"/readings/{reader}?{asked}&charts=yes")
        for reader in ("sales", "marketing", "finance", "board")
        for year, asked in ((2024, FIRST_YEAR), (2025, SECOND_YEAR))
    ),
    Picture("reconciliation.png", 1280, 1100, at=f"/readings/reconciliation?{FIRST_YEAR}&charts=yes"),
    Picture("reading-phone.png", 390, 844, "dark", at=f"/readings/board?{SECOND_YEAR}&charts=yes"),
)
"""The readings of both years; `at` is the address of the page."""


def page_of_demo_company() -> str:
    """The report of the demo company in the last week of its first third quarter."""
    book = demo_company().book()
    rules = book.as_of(DEMO_DAY).definitions[0]
    return report(audit(book, as_of=DEMO_DAY, definition=rules, period=book.calendar.period(DEMO_PERIOD)))


def take(browser: Browser, address: str, picture: Picture) -> None:
    """One picture, without the bar that scrolls."""
    size = {"width": picture.width, "height": picture.height}
    page = browser.new_context(viewport=size, color_scheme=picture.scheme, device_scale_factor=1).new_page()
    page.goto(address)
    if picture.at:
        page.locator(picture.at).first.scroll_into_view_if_needed()
        page.evaluate("at => document.querySelector(at).scrollIntoView()", picture.at)
    page.screenshot(path=PICTURES / picture.name, animations="disabled")
    page.context.close()


def take_pages(browser: Browser, folder: Path) -> None:
    """The pictures of pages that need a server, as the chief executive sees them."""
    with demo_pages(folder, "executive") as (address, cookie):
        for picture in (*WORK, *READINGS):
            size = {"width": picture.width, "height": picture.height}
            context = browser.new_context(
                viewport=size,
                color_scheme=picture.scheme,
                device_scale_factor=1,  # type: ignore[arg-type]
            )
            context.add_cookies([cookie])  # type: ignore[list-item]
            page = context.new_page()
            answer = page.goto(address + picture.at, wait_until="networkidle")
            if answer is None or not answer.ok:
                raise RuntimeError(f"{picture.at} was not answered")
            page.screenshot(path=PICTURES / picture.name, animations="disabled")
            context.close()


def main() -> int:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        print("There is no Chromium on this machine.", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        path.write_text(page_of_demo_company(), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for picture in SHOWN:
            take(browser, path.as_uri(), picture)
        take_pages(browser, Path(folder) / "home")
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
