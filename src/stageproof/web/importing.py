"""Import: files uploaded, looked at, put right, and taken in; and what became of earlier ones."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.conflict import NotFound
from stageproof.actions.permission import IMPORTS, demand
from stageproof.actions.undo_import import undo_import
from stageproof.engine.problem import Refused
from stageproof.records.models import ImportRun
from stageproof.web.answers import actor_of
from stageproof.web.board import whole_number
from stageproof.web.import_work import LOOK, start
from stageproof.web.policy import policy
from stageproof.web.uploads import (
    MOST_BYTES,
    MOST_FILES,
    drop_of_run,
    receive,
    upload_of,
    upload_of_run,
    waiting,
)

ROWS = 25


@policy(*IMPORTS)
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The earlier imports and where to upload files; takes the files of a new one."""
    request.place = "imports"  # type: ignore[attr-defined]
    actor = actor_of(request)
    if request.method == "POST":
        demand(actor, IMPORTS, "import deals")
        try:
            upload = receive(actor, request.FILES.getlist("files"))
        except Refused as refused:
            return _list(request, {"problems": refused.problems}, status=422)
        start(upload, LOOK, actor, now=timezone.now())
        return redirect("import_upload", upload.token)
    return _list(request, {})


def _list(request: HttpRequest, more: dict[str, Any], status: int = 200) -> HttpResponse:
    rows = ImportRun.objects.select_related("person").order_by("-pk")
    count, page = rows.count(), max(whole_number(request, "page", 1), 1)
    tokens = waiting(actor_of(request))
    shown = [{"run": run, "token": tokens.get(run.pk)} for run in rows[(page - 1) * ROWS : page * ROWS]]
    context = {
        "rows": shown, "count": count, "page_number": page, "pages": max((count + ROWS - 1) // ROWS, 1),
        "most_megabytes": MOST_BYTES // 1024**2, "most_files": MOST_FILES, **more,
    }  # fmt: skip
    return render(request, "imports.html", context, status=status)


@policy(*IMPORTS)
@require_safe
def import_run(request: HttpRequest, run: int) -> HttpResponse:
    """One import: what it did, and how to undo it."""
    request.place = "imports"  # type: ignore[attr-defined]
    return _run(request, _row(run))


@policy(*IMPORTS)
@require_POST
def import_undo(request: HttpRequest, run: int) -> HttpResponse:
    """Takes the import back, whole or not at all."""
    request.place = "imports"  # type: ignore[attr-defined]
    row = _row(run)
    try:
        undo_import(actor_of(request), row.pk, now=timezone.now())
    except Refused as refused:
        return _run(request, row, problems=refused.problems, status=422)
    drop_of_run(row.pk)
    messages.success(request, "The import is undone. Everything that it changed is as it was before.")
    return redirect("import_run", row.pk)


@policy(*IMPORTS)
@require_safe
def import_rejected(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """The rejected rows with the reasons, harmless to any spreadsheet."""
    upload = upload_of(actor_of(request), token)
    if not upload.rejected.is_file():
        raise NotFound("list of rejected rows", "rejected.csv")
    file = upload.rejected.open("rb")
    return FileResponse(
        file, as_attachment=True, filename="rejected rows.csv", content_type="text/csv; charset=utf-8"
    )


def _row(run: int) -> ImportRun:
    row = ImportRun.objects.select_related("person").filter(pk=run).first()
    if row is None:
        raise NotFound("import", str(run))
    return row


def _run(request: HttpRequest, row: ImportRun, status: int = 200, **more: Any) -> HttpResponse:
    upload = upload_of_run(actor_of(request), row.pk)
    context = {
        "run": row, "summary": row.summary, "token": upload.token if upload else None,
        "has_rejected": bool(upload and upload.rejected.is_file()), "goes_on": bool(upload and upload.paths),
        "counts": counts_of(row.summary), "may_undo": row.status == "committed" and row.first_seq is not None, **more,
    }  # fmt: skip
    return render(request, "import_run.html", context, status=status)


def counts_of(summary: dict[str, Any]) -> list[tuple[str, str, int]]:
    """What an import does to deals, in the order in which people ask: name, label and count."""
    rejected = int((summary.get("rows") or {}).get("rejected", 0))
    named = (
        ("created", "New deals"), ("updated", "Deals with other facts"), ("moved", "Deals moved"),
        ("refused_count", "Moves refused"), ("deleted", "Deals deleted"), ("unchanged", "Deals as they are"),
    )  # fmt: skip
    found = [(name, label, int(summary.get(name, 0))) for name, label in named]
    kept = [each for each in found if each[2] or each[0] in ("created", "updated", "unchanged")]
    return [*kept, ("rejected", "Rows rejected", rejected)]
