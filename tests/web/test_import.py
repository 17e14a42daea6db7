"""The import's pages: look, put right, decide, commit, undo; and nobody sees another's files."""

from __future__ import annotations

import datetime as dt
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from stageproof.actions.deals import edit_deal
from stageproof.records.models import Account, Activity, Deal, DealVersion, ImportRun, Ledger
from stageproof.web import import_work, uploads
from stageproof.web.import_look import fixes
from stageproof.web.uploads import receive, upload_of
from tests.web.conftest import PART, Cast, Clock, text_of

At = Callable[[str], Client]

HEAD = "Deal ID,Deal Name,Account,Stage,Amount,Close Date,Owner,Shelf"
GOOD = f"""{HEAD}
D-1,Roof,Blue Ltd,Discovery,1200.50,2026-06-30,Ann Archer,A
D-2,Cellar,Green Ltd,Prospecting,900,2026-07-31,Ben Baker,B
"""
BAD = f"""{HEAD}
D-1,Roof,Blue Ltd,Discovery,about ten,2026-06-30,Ann Archer,A
D-2,Cellar,Green Ltd,Demo booked,900,2026-07-31,Ben Baker,B
D-3,Porch,Green Ltd,Demo booked,700,2026-07-31,Ben Baker,B
D-4,Attic,Green Ltd,Discovery,800,2026-08-31,Ben Baker,B
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    yield
    import_work._at_work.clear()


def file(text: str | bytes, name: str = "deals.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def uploaded(client: Client, *texts: str | SimpleUploadedFile) -> str:
    """The address of an upload after its first look."""
    files = [each if isinstance(each, SimpleUploadedFile) else file(each) for each in texts]
    response = client.post("/imports", {"files": files})
    assert response.status_code == 302, text_of(response)
    address: str = response["Location"]
    return address


def state() -> list[Any]:
    """Everything that an import could change."""
    return [
        list(Deal.objects.order_by("pk").values()), DealVersion.objects.count(), Account.objects.count(),
        Activity.objects.count(), Ledger.objects.values_list("last_seq", flat=True).first(),
    ]  # fmt: skip


def committed(client: Client, address: str) -> str:
    response = client.post(f"{address}/commit")
    assert response.status_code == 302, text_of(response)
    found: str = response["Location"]
    return found


# Who may


@pytest.mark.parametrize("who", ["ann", "mia", "max", "fay", "eve"])
def test_nobody_else_imports_and_nothing_is_kept_of_what_they_send(at: At, cast: Cast, who: str) -> None:
    client = at(who)
    assert client.get("/imports").status_code == 403
    assert client.post("/imports", {"files": [file(GOOD)]}).status_code == 403
    assert ImportRun.objects.count() == 0
    assert not (Path(settings.DATA_DIR) / "uploads").exists()
    assert "Import" not in text_of(client.get("/definition")).split("Definition")[0]


def test_an_upload_is_seen_by_who_made_it_and_by_admins_and_by_nobody_else(
    at: At, cast: Cast, now: Clock
) -> None:
    from stageproof.actions.actor import Actor
    from stageproof.records.models import Person

    other = Person.objects.create_user("oscar@northwind.example", name="Oscar Orr", role="pipeline owner")
    address, client = uploaded(at("olga"), BAD), Client()
    client.force_login(other)
    paths = ("", "/progress", "/rejected.csv")
    missing = "/imports/files/" + "0" * 32
    for path in paths:
        refused, absent = client.get(address + path), client.get(missing + path)
        assert refused.status_code == absent.status_code == 404
        token = address.rsplit("/", 1)[1]
        assert text_of(refused).replace(token, "") == text_of(absent).replace("0" * 32, "")
    before = state()
    for path, given in (("/commit", {}), ("/discard", {}), ("", {"do": "options", "zone": "UTC"})):
        assert client.post(address + path, given).status_code == 404
    assert state() == before
    assert "Waits for you" not in text_of(client.get("/imports"))
    assert at("ada").get(address).status_code == 200
    assert at("olga").get(address).status_code == 200
    assert upload_of(Actor(None, "cli"), address.rsplit("/", 1)[1]).paths


@pytest.mark.parametrize("token", ["..", "%2e%2e", "a" * 32 + "%2f..", "files", "x" * 31])
def test_a_token_leads_nowhere_else(at: At, cast: Cast, token: str) -> None:
    assert at("ada").get(f"/imports/files/{token}").status_code == 404


# Looking


def test_a_look_changes_nothing_and_says_what_would_happen(at: At, cast: Cast) -> None:
    client, before = at("olga"), state()
    address = uploaded(client, GOOD)
    page = text_of(client.get(address))
    assert state() == before
    assert "What these files would do New deals 2" in page
    assert "Rows rejected 0" in page
    assert "7 of 8 columns recognised" in page
    assert "1200.50" in page
    assert ImportRun.objects.get().status == "preview"


def test_the_commit_does_what_was_shown_and_takes_the_files_away(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    run = committed(client, address)
    deal = Deal.objects.get(key="D-1")
    assert (deal.name, deal.amount, deal.currency, deal.stage) == ("Roof", 120_050, "EUR", "Discovery")
    assert "New deals 2" in text_of(client.get(run))
    assert not upload_of(cast.olga, address.rsplit("/", 1)[1]).paths
    assert client.get(address)["Location"] == run


def test_committing_twice_imports_once(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    assert committed(client, address) == committed(client, address)
    assert ImportRun.objects.count() == 1
    assert DealVersion.objects.count() == 2


def test_an_undone_import_leaves_everything_as_it_was(at: At, cast: Cast, now: Clock, deal: Deal) -> None:
    client = at("olga")
    text = f"{HEAD}\n{deal.key},Other name,Acme Corp,Prospecting,1.00,2026-06-30,Ann Archer,A\n"
    run = committed(client, uploaded(client, text))
    deal.refresh_from_db()
    assert (deal.name, deal.amount) == ("Other name", 100)
    assert client.post(f"{run}/undo").status_code == 302
    deal.refresh_from_db()
    assert (deal.name, deal.amount) == ("Acme rollout", 5_000_000)
    assert "Undone" in text_of(client.get(run))
    assert "Undo this import" not in text_of(client.get(run))
    assert not list((Path(settings.DATA_DIR) / "uploads").iterdir())


def test_an_import_that_was_changed_since_is_not_undone(at: At, cast: Cast, now: Clock) -> None:
    client = at("olga")
    run = committed(client, uploaded(client, GOOD))
    edit_deal(cast.olga, "D-1", now=now(), changes={"name": "Gable"})
    response = client.post(f"{run}/undo")
    assert response.status_code == 422
    assert "1 of what came was changed since: D-1." in text_of(response)
    assert Deal.objects.get(key="D-1").name == "Gable"


def test_an_import_without_effect_is_not_offered(at: At, cast: Cast) -> None:
    client = at("olga")
    committed(client, uploaded(client, GOOD))
    page = client.get(uploaded(client, GOOD))
    assert "These files would change nothing" in text_of(page)
    assert "disabled" in page.content.decode()


# Putting right


def fix(client: Client, address: str, **typed: str) -> Any:
    """Types into the cells to put right: by place, `all` for every cell that says so."""
    upload = uploads.Upload(
        address.rsplit("/", 1)[1], Path(settings.DATA_DIR) / "uploads" / address.rsplit("/", 1)[1]
    )
    given: dict[str, str] = {"do": "fix"}
    for place, each in enumerate(upload.read("outcome")["fixes"]):
        given[f"at-{place}"] = f"{each['source']}:{each['row']}:{each['column']}"
        given[f"fix-{place}"] = typed.get(each["value"].replace(" ", "_"), each["value"])
        if each["count"] > 1:
            given[f"all-{place}"] = "on"
    return client.post(address, given)


def test_a_cell_that_is_put_right_is_read_so_and_the_file_stays_as_it_was(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, BAD)
    page = text_of(client.get(address))
    assert "New deals 1" in page
    assert "2 cells to put right" in page
    assert "row 2 , Amount" in page or "row 2, Amount" in page
    assert fix(client, address, about_ten="10000").status_code == 302
    assert fix(client, address, Demo_booked="Discovery").status_code == 302
    page = text_of(client.get(address))
    assert "New deals 4" in page
    assert "to put right" not in page
    upload = upload_of(cast.olga, address.rsplit("/", 1)[1])
    assert upload.paths[0].read_bytes() == BAD.encode()
    committed(client, address)
    assert list(Deal.objects.order_by("key").values_list("key", "amount", "stage")) == [
        ("D-1", 1_000_000, "Discovery"), ("D-2", 90_000, "Discovery"), ("D-3", 70_000, "Discovery"),
        ("D-4", 80_000, "Discovery"),
    ]  # fmt: skip


def test_a_wrong_correction_is_wrong_at_its_place_again(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, BAD)
    fix(client, address, about_ten="about eleven")
    body = client.get(address).content.decode()
    assert 'value="about eleven"' in body
    assert "about ten" not in body


def test_looking_again_keeps_one_record(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, BAD)
    for amount in ("1", "2"):
        fix(client, address, about_ten=amount)
    assert ImportRun.objects.count() == 1


def test_rejected_rows_are_downloaded_with_their_reasons_and_no_formula(at: At, cast: Cast) -> None:
    client = at("olga")
    text = BAD + '"=HYPERLINK(""http://x"")",Trap,Blue Ltd,Discovery,x,2026-06-30,Ann Archer,-1+2\n'
    run_address = uploaded(client, text)
    response = client.get(f"{run_address}/rejected.csv")
    assert response["Content-Disposition"].startswith("attachment")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 5
    trap = next(line for line in lines if "HYPERLINK" in line)
    assert "This is not an amount of money." in trap
    assert ',"\'=HYPERLINK(""http://x"")",' in trap
    assert trap.endswith(",'-1+2")
    run = committed(client, run_address)
    assert f"{run_address}/rejected.csv" in client.get(run).content.decode()
    assert client.get(f"{run_address}/rejected.csv").status_code == 200


def test_a_column_is_given_another_meaning(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    given = {"do": "columns", "source": "deals.csv", "table": "deals"}
    names = ("deal", "name", "account", "stage", "", "close_on", "owner", "source")
    given |= {f"column-{place}": name for place, name in enumerate(names)}
    assert client.post(address, given).status_code == 302
    committed(client, address)
    deal = Deal.objects.get(key="D-1")
    assert (deal.source, deal.amount) == ("A", None)


def test_two_columns_cannot_mean_the_same(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    given = {"do": "columns", "source": "deals.csv", "table": "deals", "column-1": "name", "column-7": "name"}
    response = client.post(address, given)
    assert response.status_code == 422
    assert "Deal Name and Shelf cannot all be “Name”." in text_of(response)


def test_files_without_deals_say_so_and_can_be_told_what_they_are(at: At, cast: Cast) -> None:
    client = at("olga")
    text = "Ref,What,Where to,Worth\nX-1,Roof,Discovery,12\n"
    address = uploaded(client, text)
    page = text_of(client.get(address))
    assert "1 thing to mend before anything can be imported" in page
    assert client.post(f"{address}/commit").status_code == 422
    assert Deal.objects.count() == 0
    client.post(address, {"do": "columns", "source": "deals.csv", "table": "deals"})
    names = ("deal", "name", "stage", "amount")
    given = {f"column-{place}": name for place, name in enumerate(names)}
    client.post(address, {"do": "columns", "source": "deals.csv", "table": "deals", **given})
    committed(client, address)
    assert Deal.objects.values_list("key", "name", "stage", "amount").get() == (
        "X-1",
        "Roof",
        "Discovery",
        1_200,
    )


def test_stages_of_the_files_are_mapped_and_dates_read_in_the_order_said(at: At, cast: Cast) -> None:
    client = at("olga")
    rows = (
        "D-1,Roof,Blue Ltd,Pitch,5,03/04/2026,Ann Archer,A",
        "D-2,Wall,Blue Ltd,Signed,5,01/02/2026,Ann Archer,A",
    )
    text = "\n".join((HEAD, *rows))
    address = uploaded(client, text)
    assert 'data-code="ambiguous_dates"' in client.get(address).content.decode()
    names = [name for name, _ in upload_of(cast.olga, address.rsplit("/", 1)[1]).read("look")["stages"]]
    client.post(address, {
        "do": "options", "date_order": "dmy", f"stage-{names.index('Pitch')}": "Proposal",
        f"stage-{names.index('Signed')}": "won:",
    })  # fmt: skip
    committed(client, address)
    found = Deal.objects.order_by("key").values_list("stage", "status", "close_on")
    assert found[0] == ("Proposal", "open", dt.date(2026, 4, 3))
    assert found[1][1:] == ("won", dt.date(2026, 2, 1))


def test_letters_are_read_in_the_encoding_said(at: At, cast: Cast) -> None:
    client = at("olga")
    text = "Id,Name,Stage,Amount,Close date\nT1,Çelik İşleri Ağrı,Prospecting,10,2026-06-30\n"
    address = uploaded(client, file(text.encode("cp1254")))
    assert "Çelik Ýþleri Aðrý" in text_of(client.get(address))
    client.post(address, {"do": "options", "encoding": "Windows-1254"})
    page = text_of(client.get(address))
    assert "Çelik İşleri Ağrı" in page
    assert "Ýþleri" not in page
    committed(client, address)
    assert Deal.objects.get(key="T1").name == "Çelik İşleri Ağrı"


def test_workbooks_are_put_right_like_any_file(at: At, cast: Cast) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Open deals")
        for row, line in enumerate(BAD.splitlines()):
            for column, cell in enumerate(line.split(",")):
                sheet.write_string(row, column, cell)
    client = at("olga")
    address = uploaded(client, file(buffer.getvalue(), "book.xlsx"))
    fix(client, address, about_ten="12", Demo_booked="Proposal")
    committed(client, address)
    assert Deal.objects.filter(stage="Proposal").count() == 2
    assert Deal.objects.get(key="D-1").amount == 1_200


# Duplicates and the gate


def test_a_likely_account_is_decided_to_be_the_one_here(
    at: At, cast: Cast, now: Clock, acme: Account
) -> None:
    client = at("olga")
    address = uploaded(client, f"{HEAD}\nD-1,Roof,ACME Corporation,Discovery,5,2026-06-30,Ann Archer,A\n")
    page = text_of(client.get(address))
    assert "The account ACME Corporation looks like Acme Corp , which is here." in page
    client.post(address, {"do": "same", "same_accounts-0": "same"})
    assert "ACME Corporation is taken as Acme Corp" in text_of(client.get(address))
    committed(client, address)
    assert Deal.objects.get(key="D-1").account == acme
    assert Account.objects.count() == 1


def test_a_decision_is_taken_back(at: At, cast: Cast, now: Clock, acme: Account) -> None:
    client = at("olga")
    address = uploaded(client, f"{HEAD}\nD-1,Roof,ACME Corporation,Discovery,5,2026-06-30,Ann Archer,A\n")
    client.post(address, {"do": "same", "same_accounts-0": "same"})
    client.post(address, {"do": "same", "same_accounts-kept-0": "apart"})
    committed(client, address)
    assert Deal.objects.get(key="D-1").account != acme
    assert set(Account.objects.values_list("name", flat=True)) == {"Acme Corp", "ACME Corporation"}


def test_a_likely_deal_is_decided_to_be_the_one_here(at: At, cast: Cast, deal: Deal) -> None:
    client = at("olga")
    address = uploaded(client, f"{HEAD}\nD-1,Acme rollout,Acme Corp,Prospecting,7,2026-06-30,Ann Archer,A\n")
    assert f"The deal D-1 has the name and account of {deal.key}" in text_of(client.get(address))
    client.post(address, {"do": "same", "same_deals-0": "same"})
    committed(client, address)
    assert Deal.objects.count() == 1
    deal.refresh_from_db()
    assert deal.amount == 700


def test_two_rows_cannot_be_one_deal(at: At, cast: Cast, deal: Deal) -> None:
    client = at("olga")
    row = "Acme rollout,Acme Corp,Prospecting,7,2026-06-30,Ann Archer,A"
    address = uploaded(client, f"{HEAD}\nD-1,{row}\nD-2,{row}\n")
    client.post(address, {"do": "same", "same_deals-0": "same", "same_deals-1": "same"})
    assert f"Several deals of the files were said to be {deal.key}." in text_of(client.get(address))
    assert client.post(f"{address}/commit").status_code == 422
    assert Deal.objects.count() == 1


def test_a_refused_move_is_shown_with_every_reason_and_the_rest_is_taken(
    at: At, cast: Cast, deal: Deal
) -> None:
    client = at("olga")
    text = f"{HEAD}\n{deal.key},Acme rollout,Acme Corp,Qualification,7,2026-06-30,Ann Archer,A\n"
    address = uploaded(client, text)
    page = text_of(client.get(address))
    assert "1 move that the gate refuses" in page
    problems = ImportRun.objects.get().summary["refused"][0]["problems"]
    assert len(problems) == 5
    assert all(problem["says"] in page for problem in problems)
    committed(client, address)
    deal.refresh_from_db()
    assert (deal.stage, deal.amount) == ("Prospecting", 700)


# Uploading


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "No file was chosen."),
        ([file(GOOD), file(GOOD, "DEALS.CSV")], "Two files have the same name."),
        (
            [file("x", f"{number}.csv") for number in range(21)],
            "21 files are more than the 20 that are read at once.",
        ),
    ],
)
def test_what_cannot_be_uploaded_is_refused(at: At, cast: Cast, files: list[Any], says: str) -> None:
    response = at("olga").post("/imports", {"files": files})
    assert response.status_code == 422
    assert says in text_of(response)


def test_files_that_are_too_large_are_refused_and_the_limit_named(
    at: At, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1024**2)
    response = at("olga").post("/imports", {"files": [file(b"x" * (1024**2 + 1))]})
    assert response.status_code == 422
    assert "the limit is 1 MB." in text_of(response)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "a/b/c.csv", "\u202egpj.csv", ".hidden", ""]
)
def test_a_file_s_name_leads_nowhere(cast: Cast, name: str) -> None:
    given = file(GOOD, "x.csv")
    given._name = name
    path = receive(cast.olga, [given]).paths[0].resolve()
    assert path.parent.parent.parent == (Path(settings.DATA_DIR) / "uploads").resolve()
    assert not path.name.startswith(".")


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 200, b"PK\x03\x04broken", b"\xff\xfe\xd8\x00", b'{"a":', b'"open quote\n' * 5]
)
@pytest.mark.parametrize("name", ["deals.csv", "deals.xlsx", "deals.json"])
def test_broken_files_are_told_of_and_change_nothing(at: At, cast: Cast, content: bytes, name: str) -> None:
    client, before = at("olga"), state()
    address = uploaded(client, file(content, name))
    page = client.get(address)
    assert page.status_code == 200
    assert "to mend before anything can be imported" in text_of(page)
    assert client.post(f"{address}/commit").status_code == 422
    assert state() == before


def test_discarded_files_are_gone_with_their_record(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    assert client.post(f"{address}/discard").status_code == 302
    assert client.get(address).status_code == 404
    assert ImportRun.objects.count() == 0


def test_forgotten_files_go_after_a_week(at: At, cast: Cast) -> None:
    client = at("olga")
    old, kept = uploaded(client, GOOD), uploaded(client, GOOD)
    folder = Path(settings.DATA_DIR) / "uploads" / old.rsplit("/", 1)[1]
    week = time.time() - 7 * 24 * 3600 - 60
    os.utime(folder, (week, week))
    uploaded(client, GOOD)
    assert client.get(old).status_code == 404
    assert client.get(kept).status_code == 200


# Work that takes longer


def test_work_that_goes_on_shows_its_progress_and_is_not_begun_twice(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    upload = upload_of(cast.olga, address.rsplit("/", 1)[1])
    # Another process, which is alive, says that it is at work.
    upload.write(
        "progress",
        {"what": "look", "share": 0.25, "says": "Reading the files", "pid": os.getppid(), "at": time.time()},
    )
    page = client.get(address)
    assert "Reading the files" in text_of(page)
    assert 'value="0.250"' in page.content.decode()
    assert client.get(f"{address}/progress", **PART).status_code == 200
    assert client.post(f"{address}/commit").status_code == 422
    assert client.post(f"{address}/discard").status_code == 422
    upload.forget("progress")
    done = client.get(f"{address}/progress", **PART)
    assert (done.status_code, done["HX-Redirect"]) == (204, address)


def test_work_that_was_interrupted_can_be_done_again(at: At, cast: Cast) -> None:
    client = at("olga")
    address = uploaded(client, GOOD)
    upload = upload_of(cast.olga, address.rsplit("/", 1)[1])
    # No process has this number, and one that has been silent for long has stopped.
    for pid, told_at in ((2**22 + 7, time.time()), (os.getppid(), time.time() - 3600)):
        upload.write("progress", {"what": "commit", "share": 0.5, "says": "", "pid": pid, "at": told_at})
        assert "What these files would do" in text_of(client.get(address))
    committed(client, address)
    assert Deal.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_large_files_are_read_apart_from_the_page(
    transactional_db: None, at: At, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_work, "AT_ONCE", 0)
    client = at("olga")

    def wait(address: str) -> None:
        upload = upload_of(cast.olga, address.rsplit("/", 1)[1])
        until = time.monotonic() + 60
        while import_work.working(upload) and time.monotonic() < until:
            time.sleep(0.05)
        assert not import_work.working(upload)

    address = uploaded(client, GOOD)
    wait(address)
    assert "New deals 2" in text_of(client.get(address))
    assert client.post(f"{address}/commit").status_code == 302
    wait(address)
    assert Deal.objects.count() == 2
    assert client.get(address)["Location"] == f"/imports/{ImportRun.objects.get().pk}"


def test_cells_that_say_the_same_are_one_line_to_put_right() -> None:
    from stageproof.engine.problem import Problem
    from stageproof.importers.accounting import Rejected

    def row(number: int, value: str, column: str = "Stage") -> Rejected:
        problem = Problem("unknown_stage", "No.", "", "a.csv", number, column, value)
        return Rejected("a.csv", ("Id", "Stage"), number, (f"D-{number}", value), problem)

    rows = [row(2, "X"), row(3, "X"), row(4, "Y"), row(5, ""), row(6, ""), row(7, "Z", "")]
    found = [(each["row"], each["value"], each["count"], each["cells"]) for each in fixes(rows, [])]
    assert found == [(2, "X", 2, ["D-2"]), (4, "Y", 1, ["D-4"]), (5, "", 1, ["D-5"]), (6, "", 1, ["D-6"])]
