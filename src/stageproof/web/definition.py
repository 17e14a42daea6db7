"""Definition: what the stages ask for, who answers for it, and every version that there was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stageproof.actions.conflict import NotFound
from stageproof.actions.definitions import compare_versions, draft_definition
from stageproof.actions.permission import DEFINES, demand
from stageproof.engine.definition import EXPANSION, Definition, read_definition, write_definition
from stageproof.engine.definition_check import check_definition
from stageproof.engine.ideal_customer import sentences
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import sentence
from stageproof.engine.templates import NAMES, template
from stageproof.records.models import DefinitionVersion, Organisation, Person
from stageproof.web.answers import actor_of
from stageproof.web.policy import EVERYONE, policy

CALLED = {"smb": "SMB", "enterprise-meddic": "Enterprise, MEDDIC"}
"""What people call the templates, where it is not their name."""


@policy(*EVERYONE)
@require_safe
def definition(request: HttpRequest) -> HttpResponse:
    """The definition of a pipeline as a page, the version in force unless another is asked for."""
    request.place = "definition"  # type: ignore[attr-defined]
    may_edit = actor_of(request).role in DEFINES
    rows = list(_seen(may_edit))
    published = [row for row in rows if row.published_at is not None]
    if not published:
        drafts = [row for row in rows if row.published_at is None]
        context = {
            "templates": _templates(),
            "may_edit": may_edit,
            "drafts": drafts,
            "given": _begin_given(request),
        }
        return render(request, "definition_begin.html", context)
    pipelines = _ordered(published)
    name = request.GET.get("pipeline") or pipelines[0]
    mine = [row for row in rows if row.pipeline == name]
    today = day_at(timezone.now(), Organisation.objects.get().zone)
    ruling = in_force(mine, today)
    shown = _asked(mine, request.GET.get("version", "")) or ruling or mine[-1]
    read = read_definition(shown.toml)
    people = _people()
    history = [
        {
            "row": row, "in_force": row is ruling, "coming": _coming(row, today),
            "who": people.get(row.published_by or row.drafted_by, row.published_by or row.drafted_by),
        }
        for row in reversed(mine)
    ]  # fmt: skip
    ideal = sentences(read.ideal_customer) if read.ideal_customer else []
    context = {
        "pipelines": pipelines, "name": name, "shown": shown, "is_ruling": shown is ruling, "ruling": ruling,
        "stages": drawn(read), "definition": read, "owner": _person_called(read.owner), "history": history,
        "ideal": ideal,
        "warnings": check_definition(read), "may_edit": may_edit, "versions": [row.version for row in mine],
        "drafts": [row for row in mine if row.published_at is None] if may_edit else [],
        "coming": next((row for row in mine if _coming(row, today)), None), **_comparison(request, name, mine),
    }  # fmt: skip
    return render(request, "definition.html", context)


@policy(*DEFINES)
@require_http_methods(["GET", "HEAD"])
def definition_begin(request: HttpRequest) -> HttpResponse:
    """Asks which template a new pipeline is to begin with."""
    request.place = "definition"  # type: ignore[attr-defined]
    context = {
        "templates": _templates(),
        "may_edit": True,
        "given": {**_begin_given(request), "name": ""},
        "another": True,
    }
    return render(request, "definition_begin.html", context)


@policy(*DEFINES)
@require_POST
def definition_new(request: HttpRequest) -> HttpResponse:
    """A new draft of a published version, or of a template under a name and an owner; then its form."""
    request.place = "definition"  # type: ignore[attr-defined]
    actor = actor_of(request)
    demand(actor, DEFINES, "change the definition")
    if request.POST.get("template"):
        try:
            toml = _from_template(request)
            row = draft_definition(actor, toml=toml, now=timezone.now()).row
        except Refused as refused:
            context = {
                "templates": _templates(), "may_edit": True, "given": _begin_given(request), "another": True,
                "problems": refused.problems,
            }  # fmt: skip
            return render(request, "definition_begin.html", context, status=422)
    else:
        source = row_of(request.POST.get("version", ""))
        row = draft_definition(actor, toml=source.toml, now=timezone.now()).row
        messages.info(
            request,
            f"This draft begins as version {source.version}. Nobody is held to it until you publish it.",
        )
    return redirect("definition_draft", row.pk)


def row_of(pk: str | int) -> DefinitionVersion:
    """The version of this identity; NotFound where there is none."""
    text = str(pk)
    row = (
        DefinitionVersion.objects.filter(pk=int(text)).first()
        if text.isascii() and text.isdigit() and len(text) < 19
        else None
    )
    if row is None:
        raise NotFound("definition", text[:40])
    return row


def in_force(rows: list[DefinitionVersion], today: Any) -> DefinitionVersion | None:
    """Which of a pipeline's versions rules on the day: that which took effect last."""
    ruling = [
        row
        for row in rows
        if row.published_at is not None and row.effective_from is not None and row.effective_from <= today
    ]
    return max(ruling, key=lambda row: (row.effective_from, row.version), default=None)


def drawn(read: Definition) -> list[dict[str, Any]]:
    """The stages in order with their criteria in words and what the check warns of."""
    by_place: dict[str, list[Problem]] = {}
    for each in check_definition(read):
        by_place.setdefault(each.column, []).append(each)
    return [
        {
            "stage": stage,
            "warnings": by_place.get(stage.name, []),
            "criteria": [
                {
                    "criterion": each,
                    "asks": sentence(each.proof),
                    "warnings": by_place.get(f"{stage.name}, {each.id}", []),
                }
                for each in stage.exit
            ],
        }
        for stage in read.stages
    ]


def _seen(may_edit: bool) -> Any:
    rows = DefinitionVersion.objects.order_by("pipeline", "version")
    return rows if may_edit else rows.filter(published_at__isnull=False)


def _ordered(published: list[DefinitionVersion]) -> list[str]:
    """The names of the pipelines, those for after the purchase last."""
    kinds = {row.pipeline: read_definition(row.toml).kind for row in published}
    return sorted(kinds, key=lambda name: kinds[name] == EXPANSION)


def _asked(rows: list[DefinitionVersion], number: str) -> DefinitionVersion | None:
    if not number:
        return None
    found = next((row for row in rows if str(row.version) == number), None)
    if found is None:
        raise NotFound("definition", f"version {number[:20]}")
    return found


def _coming(row: DefinitionVersion, today: Any) -> bool:
    return row.published_at is not None and row.effective_from is not None and row.effective_from > today


def _comparison(request: HttpRequest, name: str, rows: list[DefinitionVersion]) -> dict[str, Any]:
    """What changed between the two versions asked for; between the last two where none is."""
    numbers = [row.version for row in rows]
    if len(numbers) < 2:
        return {}
    before = _asked(rows, request.GET.get("before", "")) or rows[-2]
    after = _asked(rows, request.GET.get("after", "")) or rows[-1]
    changes = compare_versions(name, before.version, after.version)
    return {"before": before, "after": after, "changes": changes, "compared": "before" in request.GET}


def _templates() -> list[tuple[str, str, Definition]]:
    return [(name, CALLED.get(name, name.capitalize()), template(name)) for name in NAMES]


def _begin_given(request: HttpRequest) -> dict[str, str]:
    owner = Organisation.objects.get().pipeline_owner
    given = {"template": NAMES[0], "name": template(NAMES[0]).pipeline, "owner": owner.email if owner else ""}
    return {**given, **{key: request.POST[key] for key in given if key in request.POST}}


def _from_template(request: HttpRequest) -> str:
    chosen = template(request.POST["template"])
    name = " ".join(request.POST.get("name", "").split())
    owner = " ".join(request.POST.get("owner", "").split())
    return write_definition(replace(chosen, pipeline=name, owner=owner))


def who(email: str) -> str:
    """The name of the person who acted under this address; the address where nobody has it."""
    return Person.objects.filter(email=email).values_list("name", flat=True).first() or email


def _people() -> dict[str, str]:
    return dict(Person.objects.values_list("email", "name"))


def _person_called(owner: str) -> Person | None:
    return (
        Person.objects.filter(email=owner.casefold()).first()
        or Person.objects.filter(name__iexact=owner).first()
    )
