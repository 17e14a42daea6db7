"""A draft of the definition, edited as a form or as TOML: both are the same draft."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from stageproof.actions.definitions import compare_versions, discard_draft, edit_draft
from stageproof.actions.permission import DEFINES
from stageproof.engine.definition import FRAMEWORKS, read_definition
from stageproof.engine.definition_check import check_definition
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import DefinitionVersion, Person
from stageproof.records.models.organisation import ROLES
from stageproof.web.answers import actor_of
from stageproof.web.definition import row_of, who
from stageproof.web.definition_form import (
    DefinitionForm,
    checked,
    form_of,
    named,
    operated,
    toml_of,
    typed_form,
)
from stageproof.web.policy import policy
from stageproof.web.proof_form import KINDS, PARTS, SUGGESTED, TESTS

SAVES = ("save", "effect")


@policy(*DEFINES)
@require_http_methods(["GET", "HEAD", "POST"])
def definition_draft(request: HttpRequest, version: int) -> HttpResponse:
    """The draft as a form; a button either changes what the form holds or saves it."""
    row = _draft(request, version)
    if isinstance(row, HttpResponse):
        return row
    if request.method != "POST":
        return _form(request, row, form_of(row.toml))
    form, do = typed_form(request.POST, row.toml, row.pipeline), request.POST.get("do", "save")
    if do not in SAVES:
        return _form(request, row, checked(operated(form, do)), unsaved=True)
    try:
        return _save(request, row, toml_of(form), do)
    except Refused as refused:
        shown = (
            form.problems
            or [each for rule in form.rules for each in rule.problems]
            or [each for stage in form.stages for each in stage.problems]
            or [each for stage in form.stages for criterion in stage.exit for each in criterion.problems]
        )
        if not shown:
            form.problems = list(refused.problems)
        return _form(request, row, form, unsaved=True, status=422, refused=len(refused.problems))


@policy(*DEFINES)
@require_http_methods(["GET", "HEAD", "POST"])
def definition_toml(request: HttpRequest, version: int) -> HttpResponse:
    """The draft as TOML, with what is wrong by its line and what the check warns of."""
    row = _draft(request, version)
    if isinstance(row, HttpResponse):
        return row
    text, problems, unsaved = row.toml, [], False
    if request.method == "POST":
        # Browsers send line ends of their own.
        text, unsaved = request.POST.get("toml", "").replace("\r\n", "\n"), True
        try:
            if request.POST.get("do") == "check":
                read_definition(text)
            else:
                return _save(request, row, text, request.POST.get("do", "save"), form=False)
        except Refused as refused:
            problems = list(refused.problems)
    warnings: list[Problem] = [] if problems else check_definition(read_definition(text))
    context = {**_around(row), "text": text, "problems": problems, "warnings": warnings, "unsaved": unsaved}
    return render(request, "definition_toml.html", context, status=422 if problems else 200)


@policy(*DEFINES)
@require_POST
def definition_discard(request: HttpRequest, version: int) -> HttpResponse:
    """Takes the draft away."""
    row = row_of(version)
    discard_draft(actor_of(request), row.pipeline, row.version, now=timezone.now())
    messages.success(request, f"The draft of {row.pipeline} is gone.")
    return redirect("definition")


def _draft(request: HttpRequest, version: int) -> DefinitionVersion | HttpResponse:
    """The draft; where it was published meanwhile, the way to its page."""
    request.place = "definition"  # type: ignore[attr-defined]
    row = row_of(version)
    if row.published_at is not None and request.method != "POST":
        return redirect(published_address(row))
    return row


def published_address(row: DefinitionVersion) -> str:
    """The page that shows a version."""
    return f"{reverse('definition')}?{urlencode({'pipeline': row.pipeline, 'version': str(row.version)})}"


def _save(
    request: HttpRequest, row: DefinitionVersion, toml: str, do: str, *, form: bool = True
) -> HttpResponse:
    edit_draft(
        actor_of(request),
        row.pipeline,
        row.version,
        toml=toml,
        now=timezone.now(),
        drafted_at=_opened(request),
    )
    if do == "effect":
        return _lead(request, "definition_effect", row.pk)
    messages.success(request, "The draft is saved. Nobody is held to it until you publish it.")
    return _lead(request, "definition_draft" if form else "definition_toml", row.pk)


def _lead(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """A redirect that a script, too, follows as a whole page."""
    response = redirect(name, pk)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response


def _opened(request: HttpRequest) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(request.POST.get("drafted_at", ""))
    except ValueError:
        return None


def _form(
    request: HttpRequest, row: DefinitionVersion, form: DefinitionForm, *, unsaved: bool = False, status: int = 200,
    refused: int = 0,
) -> HttpResponse:  # fmt: skip
    context = {
        **_around(row), "form": named(form), "unsaved": unsaved, "refused": refused, "kinds": KINDS, "tests": TESTS,
        "part_kinds": PARTS, "rules_set": sum(bool(each.text) for each in form.rules),
        "rules_open": any(each.text or each.problems for each in form.rules),
        "suggested": SUGGESTED, "frameworks": FRAMEWORKS, "roles": ROLES,
        "people": Person.objects.filter(is_active=True).order_by("name"), "last": len(form.stages) - 1,
    }  # fmt: skip
    response = render(request, "definition_draft.html", context, status=status)
    if refused and request.headers.get("HX-Request") == "true":
        # What is wrong stands beside the fields, not in the dialog.
        response["HX-Retarget"], response["HX-Reswap"], response["HX-Reselect"] = (
            "#draft",
            "outerHTML",
            "#draft",
        )
    return response


def _around(row: DefinitionVersion) -> dict[str, Any]:
    """What both ways to edit show around the draft: what it changes, as saved."""
    mine = DefinitionVersion.objects.filter(pipeline=row.pipeline)
    before = mine.filter(published_at__isnull=False).order_by("-effective_from", "-version").first()
    return {
        "row": row, "before": before, "drafter": who(row.drafted_by),
        "drafted_at": row.drafted_at.isoformat(),
        "changes": compare_versions(row.pipeline, before.version, row.version) if before else None,
    }  # fmt: skip


__all__ = ["definition_discard", "definition_draft", "definition_toml", "published_address"]
