"""One upload: what its files are taken for and would change, the cells to put right, and the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.import_deals import forget_preview
from stageproof.actions.permission import IMPORTS, demand
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import field_label
from stageproof.importers.encoding import LETTERS, NAMES
from stageproof.importers.mapping import ORDERS, TABLES
from stageproof.records.models import ImportRun, Organisation
from stageproof.records.tables import definitions_in_force
from stageproof.web.answers import actor_of
from stageproof.web.import_reading import LOST, OF_ALL, WON, take_columns, take_correction, twice
from stageproof.web.import_work import COMMIT, LOOK, committed, start, working
from stageproof.web.importing import counts_of
from stageproof.web.policy import policy
from stageproof.web.uploads import Upload, upload_of

FIXES = 25
MANY_COLUMNS = 100
LABELS = {
    "deal": "Deal id", "name": "Name", "account_id": "Account id", "owner_id": "Owner id",
    "expected_on": "Expected close date",
    "closed_at": "Closed", "won_at": "Won", "lost_at": "Lost", "close_on": "Close date", "created_at": "Created",
    "modified_at": "Last changed", "stage_changed_at": "In stage since", "is_closed": "Is closed", "is_won": "Is won",
    "is_lost": "Is lost", "is_deleted": "Is deleted", "campaign_id": "Campaign id", "next_step_on": "Next step date",
    "deal_type": "Type", "renews_on": "Renews on", "follows": "Deal that it renews or builds on",
    "at": "Changed at", "property": "What changed", "old": "Value before", "new": "Value after",
}  # fmt: skip
ORDER_WORDS = {"ymd": "Year, month, day", "dmy": "Day, month, year", "mdy": "Month, day, year"}
TABLE_WORDS = {
    "versions": "versions of deals", "history": "history of deals", "field_history": "changes of fields",
    "roles": "people's roles on deals", "users": "sellers and teams",
}  # fmt: skip


@policy(*IMPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def import_upload(request: HttpRequest, token: str) -> HttpResponse:
    """Shows what the last look found; takes what is said of the files and looks at them again."""
    request.place = "imports"  # type: ignore[attr-defined]
    actor = actor_of(request)
    upload = upload_of(actor, token)
    if (run := committed(upload)) is not None:
        return redirect("import_run", run.pk)
    if at_work := working(upload):
        return render(request, "import_working.html", {"token": token, "progress": at_work, "upload": upload})
    if request.method == "POST":
        demand(actor, IMPORTS, "import deals")
        said = upload.said()
        problems = _take(said, upload, request)
        if problems:
            return _page(request, upload, problems=problems, status=422)
        upload.write("said", said)
        start(upload, LOOK, actor, now=timezone.now())
        return redirect(f"{reverse('import_upload', args=[token])}{_anchor(request)}")
    return _page(request, upload)


@policy(*IMPORTS)
@require_safe
def import_progress(request: HttpRequest, token: str) -> HttpResponse:
    """How far the work on an upload has come; the way on where it is done."""
    upload = upload_of(actor_of(request), token)
    at_work = working(upload)
    if at_work is None:
        run = committed(upload)
        after = reverse("import_run", args=[run.pk]) if run else reverse("import_upload", args=[token])
        return (
            HttpResponse(status=204, headers={"HX-Redirect": after})
            if request.headers.get("HX-Request")
            else redirect(after)
        )
    return render(request, "partials/import_progress.html", {"token": token, "progress": at_work})


@policy(*IMPORTS)
@require_POST
def import_commit(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the files in, with the files and the choices that were looked at."""
    request.place = "imports"  # type: ignore[attr-defined]
    actor = actor_of(request)
    upload = upload_of(actor, token)
    if (run := committed(upload)) is not None:
        return redirect("import_run", run.pk)
    demand(actor, IMPORTS, "import deals")
    try:
        if not upload.said().get("run") or upload.read("outcome").get("refused"):
            says = "These files cannot be imported as they are."
            raise Refused([Problem("nothing_to_commit", says, "Mend what is said below first.")])
        start(upload, COMMIT, actor, now=timezone.now())
    except Refused as refused:
        return _page(request, upload, problems=refused.problems, status=422)
    if (run := committed(upload)) is not None:
        messages.success(request, "The import is done.")
        return redirect("import_run", run.pk)
    return redirect("import_upload", token)


@policy(*IMPORTS)
@require_POST
def import_discard(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the files away without importing them."""
    actor = actor_of(request)
    upload = upload_of(actor, token)
    if working(upload):
        says = "These files are being read."
        raise Refused([Problem("import_at_work", says, "Wait until that is done.", value=token)])
    if run := upload.said().get("run"):
        forget_preview(actor, int(run))
    upload.discard()
    messages.success(request, "The files are gone. Nothing was imported.")
    return redirect("imports")


def _take(said: dict[str, Any], upload: Upload, request: HttpRequest) -> list[Problem]:
    """Puts what was said on the page into `said`; problems where it contradicts itself."""
    given, do = request.POST, request.POST.get("do", "")
    if do == "columns":
        sheets = {sheet["source"]: sheet for sheet in upload.read("look").get("sheets", [])}
        sheet = sheets.get(given.get("source", ""))
        if sheet is None:
            return [
                Problem("unknown_file", "There is no such file in this upload.", "Upload it with the others.")
            ]
        if given.get("table") == (sheet["table"] or "") and (double := twice(sheet, given)):
            return [
                Problem(
                    "field_twice", f"{' and '.join(headers)} cannot all be “{label_of(field)}”.", "Choose one of them.",
                    source=sheet["source"], column=headers[0],
                )
                for field, headers in double
            ]  # fmt: skip
        take_columns(said, sheet, {name: given[name] for name in given})
    elif do == "fix":
        fixes = upload.read("outcome").get("fixes", [])
        for place, fix in enumerate(fixes):
            text = given.get(f"fix-{place}", fix["value"]).replace("\x00", "")
            if (
                text != fix["value"]
                and given.get(f"at-{place}") == f"{fix['source']}:{fix['row']}:{fix['column']}"
            ):
                take_correction(said, fix, text.strip(), everywhere=given.get(f"all-{place}") == "on")
    elif do == "same":
        _take_same(said, upload, request)
    elif do == "options":
        for name in OF_ALL:
            said[name] = given.get(name, "").strip().replace("\x00", "")
        if said["encoding"] not in NAMES.values():
            said["encoding"] = ""
        stages = dict(upload.read("look").get("stages", []))
        said["stages"] = {
            name: given[f"stage-{place}"] for place, name in enumerate(stages) if given.get(f"stage-{place}")
        }
    elif do == "start over":
        for name in [name for name in said if name not in ("person", "run")]:
            del said[name]
    return []


def _take_same(said: dict[str, Any], upload: Upload, request: HttpRequest) -> None:
    """Notes which accounts and deals are those here; what was decided before can be taken back."""
    outcome = upload.read("outcome")
    for kind, listed, key in (
        ("same_accounts", "likely_accounts", "name"),
        ("same_deals", "likely_deals", "deal"),
    ):
        decided = {
            name: here
            for place, (name, here) in enumerate(said.get(kind, {}).items())
            if request.POST.get(f"{kind}-kept-{place}") != "apart"
        }
        for place, each in enumerate(outcome.get(listed, [])):
            if request.POST.get(f"{kind}-{place}") == "same":
                decided[each[key]] = each["here"]
        said[kind] = decided


def _anchor(request: HttpRequest) -> str:
    return {"columns": "#files", "options": "#reading", "fix": "#mend", "same": "#same"}.get(
        request.POST.get("do", ""), ""
    )


def _page(
    request: HttpRequest, upload: Upload, *, problems: Sequence[Problem] = (), status: int = 200
) -> HttpResponse:
    said, look, outcome = upload.said(), upload.read("look"), upload.read("outcome")
    refused = outcome.get("refused", [])
    run = None if refused or not said.get("run") else ImportRun.objects.filter(pk=said["run"]).first()
    summary = run.summary if run else {}
    fixes = outcome.get("fixes", [])
    page = min(_number(request.GET.get("fixes", "")), max((len(fixes) - 1) // FIXES + 1, 1))
    organisation = Organisation.objects.get()
    definitions = definitions_in_force(day_at(timezone.now(), organisation.zone))
    ruling = next((each for each in definitions if each.pipeline == said.get("pipeline")), None) or (
        definitions[0] if definitions else None
    )
    posted = request.POST if request.method == "POST" and request.POST.get("do") == "columns" else None
    context = {
        "token": upload.token, "problems": problems, "refused": refused, "run": run, "summary": summary,
        "counts": counts_of(summary) if run else [], "others": _others(summary), "outcome": outcome,
        "sheets": [_sheet(sheet, posted) for sheet in look.get("sheets", [])], "unread": look.get("problems", []),
        "fixes": list(enumerate(fixes))[(page - 1) * FIXES : page * FIXES], "fix_count": len(fixes), "fix_page": page,
        "fix_pages": max((len(fixes) - 1) // FIXES + 1, 1), "notes": _notes(summary, fixes),
        "corrected": corrected(said), "has_rejected": upload.rejected.is_file() and bool(run),
        "same_accounts": list(said.get("same_accounts", {}).items()),
        "same_deals": list(said.get("same_deals", {}).items()),
        "said": said,
        "stages": [(name, count, said.get("stages", {}).get(name, "")) for name, count in look.get("stages", [])],
        "known_stages": [stage.name for stage in ruling.stages] if ruling else [], "won": WON, "lost": LOST,
        "definitions": definitions, "orders": [(order, ORDER_WORDS[order]) for order in ORDERS],
        "encodings": [(NAMES[page], f"{words} ({NAMES[page]})") for page, words in LETTERS.items()],
        "tables": [(table, TABLE_WORDS.get(table, field_label(table))) for table in TABLES],
        "known_tables": TABLES, "names": [path.name for path in upload.paths], "left_out": said.get("leave_out", []),
    }  # fmt: skip
    return render(request, "import_upload.html", context, status=status)


def _sheet(sheet: dict[str, Any], posted: Any) -> dict[str, Any]:
    """A sheet as the page shows it; of very many columns those that fit no field are told by name."""
    mine = posted is not None and posted.get("source") == sheet["source"]
    columns = [
        {
            **column,
            "place": place,
            "field": posted.get(f"column-{place}", column["field"]) if mine else column["field"],
        }
        for place, column in enumerate(sheet["columns"])
    ]
    fields = sorted(((name, label_of(name)) for name in sheet["fields"]), key=lambda pair: pair[1])
    shown = [column for column in columns if column["field"]]
    rest = [column for column in columns if not column["field"]]
    room = max(MANY_COLUMNS - len(shown), 0)
    return {
        **sheet, "fields": fields, "shown": sorted(shown + rest[:room], key=lambda column: column["place"]),
        "beyond": rest[room:], "used": len(shown), "is_tab": "#" in sheet["source"],
        "table_words": TABLE_WORDS.get(sheet["table"] or "", sheet["table"]),
    }  # fmt: skip


def label_of(name: str) -> str:
    """What a field of a file is called on the page."""
    label = LABELS.get(name) or field_label(name)
    return label[:1].upper() + label[1:]


def corrected(said: dict[str, Any]) -> int:
    """How many cells or texts were put right so far."""
    return sum(
        len(rows)
        for kind in ("cells", "values")
        for by_header in said.get(kind, {}).values()
        for rows in by_header.values()
    )


def _notes(summary: dict[str, Any], fixes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The problems that no cell stands for: of whole files, or to be known."""
    cells = {(fix["source"], fix["row"], fix["column"]) for fix in fixes}
    return [
        each
        for each in summary.get("problems", [])
        if (each.get("source", ""), each.get("row"), each.get("column", "")) not in cells
    ]


def _others(summary: dict[str, Any]) -> list[tuple[str, int]]:
    """What else the files bring."""
    names = ("activities", "roles", "evidence", "leads", "targets", "touches")
    found = [(name.replace("roles", "people on deals"), int(summary.get(name, 0))) for name in names]
    added = [(f"new {kind}", int(count)) for kind, count in (summary.get("added") or {}).items()]
    return [each for each in (*added, *found) if each[1]]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else 1
