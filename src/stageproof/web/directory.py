"""What the pages of accounts and contacts have in common: their form, their merge, and their history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from stageproof.actions import directory
from stageproof.actions.conflict import NotFound
from stageproof.actions.directory import KEEPS, MERGES, Kind
from stageproof.actions.merges import merges_into
from stageproof.actions.permission import forbid
from stageproof.actions.take_out import take_out
from stageproof.engine.frames import instant_of
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Account, AccountVersion, Contact, ContactVersion
from stageproof.records.models import Merge as Merged
from stageproof.records.models.accounts import HERE
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment
from stageproof.web.deal_history import Event, event_of
from stageproof.web.merging import Fact, Merge, Side, merge_page
from stageproof.web.moves import version_given
from stageproof.web.undo import merged, offered, undo_url

E = TypeVar("E", Account, Contact)
SHOWN = 8


@dataclass(frozen=True)
class Field:
    """A field of a form: what it is called, how much it takes, and how it is typed."""

    name: str
    label: str
    limit: int = 255
    kind: str = "text"
    wide: bool = False


@dataclass(frozen=True)
class Pages(Generic[E]):
    """The pages of accounts or of contacts."""

    kind: Kind[E]
    fields: Sequence[Field]
    read: Callable[[HttpRequest], dict[str, Any]]
    begins: Callable[[HttpRequest], dict[str, Any]]
    another: str
    passes: Callable[[E], Sequence[tuple[str, int]]]
    merge: Callable[..., E]

    @property
    def word(self) -> str:
        return self.kind.word


def new(request: HttpRequest, pages: Pages[E]) -> HttpResponse:
    """Asks for the facts of a new one, or creates it; a likely duplicate is shown before."""
    actor, problems = actor_of(request), []
    if actor.role not in KEEPS:
        raise forbid(f"create {pages.word}s")
    if request.method == "POST":
        try:
            made = directory.create(
                pages.kind, actor, now=timezone.now(), facts=pages.read(request),
                even_if_similar=request.POST.get("even_if_similar") == "on",
            )  # fmt: skip
            messages.success(request, f"{made.name} is in the {pages.word}s.")
            return redirect(pages.word, made.pk)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, pages, None, problems)


def edit(request: HttpRequest, pages: Pages[E], pk: int) -> HttpResponse:
    """Asks for other facts, or takes them."""
    actor, problems = actor_of(request), []
    if actor.role not in KEEPS:
        raise forbid(f"change {pages.word}s")
    row = directory.find(pages.kind.model, pk)
    if request.method == "POST":
        try:
            edited = directory.edit(
                pages.kind, actor, row.pk, now=timezone.now(), changes=pages.read(request),
                expected_version=version_given(request),
            )  # fmt: skip
            saved = directory.versions_of(edited).get(valid_to=None)
            way_back = undo_url(saved.seq) if edited.version != row.version else ""
            messages.success(request, f"{edited.name} is saved.", extra_tags=way_back)
            return redirect(pages.word, row.pk)
        except Refused as refused:
            problems = list(refused.problems)
    return _form(request, pages, row, problems)


def _form(request: HttpRequest, pages: Pages[E], row: E | None, problems: list[Problem]) -> HttpResponse:
    given: dict[str, Any] = request.POST.dict()
    if not given:
        given = pages.begins(request) if row is None else {f.name: getattr(row, f.name) for f in pages.fields}
    similar = [
        (problem, reverse(pages.word, args=[problem.value]))
        for problem in problems
        if problem.code == "likely_duplicate"
    ]
    context = {
        "entry": row, "word": pages.word, "another": pages.another, "problems": problems, "similar": similar,
        "fields": [(field, "" if given.get(field.name) is None else given[field.name]) for field in pages.fields],
        "version": given.get("expected_version", row.version if row else ""),
        "accounts": _account_names() if any(field.kind == "account" for field in pages.fields) else [],
        "wrong": {problem.column: problem for problem in problems if problem.column},
    }  # fmt: skip
    return render(request, "directory_form.html", context, status=422 if problems else 200)


def _account_names() -> Any:
    here = Account.objects.filter(HERE)
    return here.order_by("name").values_list("name", flat=True)[:500]


def remove(request: HttpRequest, pages: Pages[E], pk: int) -> HttpResponse:
    """Takes out one that was made by mistake, with the way back."""
    row = directory.find(pages.kind.model, pk)
    out = take_out(
        pages.kind, actor_of(request), pk, now=timezone.now(), reason=request.POST.get("reason", ""),
        expected_version=version_given(request),
    )  # fmt: skip
    offered(request, f"{row.name} is out of the {pages.word}s; its history stays.", undo_url(out.seq))
    return redirect(f"{pages.word}s")


def merge(request: HttpRequest, pages: Pages[E], pk: int) -> HttpResponse:
    """Likely duplicates, then the two side by side with what becomes of each fact, then the one of both."""
    actor = actor_of(request)
    if actor.role not in MERGES:
        raise forbid(f"merge {pages.word}s")
    this = directory.find(pages.kind.model, pk)
    if request.method == "POST":
        kept = pages.merge(
            actor, winner=_id(request.POST.get("winner")), loser=_id(request.POST.get("loser")), now=timezone.now()
        )  # fmt: skip
        return merged(request, pages.word, kept.pk, f"The two are one {pages.word} now: {kept.name}.")
    chosen = request.GET.get("with", "")
    if not chosen.isdigit():
        return merge_page(request, Merge(pages.word, _side(pages, this), _others(request, pages, this)))
    other = directory.find(pages.kind.model, int(chosen))
    if other.pk == this.pk:
        raise NotFound(pages.word, chosen)
    kept, gone = (other, this) if request.GET.get("keep") == "other" else (this, other)
    filled = directory.fills(pages.kind, kept, gone)
    facts = [
        Fact(field.label, _said(getattr(kept, field.name)), _said(getattr(gone, field.name)), field.name in filled)
        for field in (*pages.fields, Field("external_id", "Identifier elsewhere"))
    ]  # fmt: skip
    merging = Merge(
        pages.word, _side(pages, this), [], kept=_side(pages, kept), gone=_side(pages, gone), facts=facts,
        passes=[each for each in pages.passes(gone) if each[1]], other=str(other.pk),
    )  # fmt: skip
    return merge_page(request, merging)


def _others(request: HttpRequest, pages: Pages[E], this: E) -> list[Side]:
    """Those likely to be the same as this one, or those whose name holds what was typed."""
    text = request.GET.get("q", "").strip()
    if text:
        here = pages.kind.model._default_manager.filter(HERE, name__icontains=text)
        return [_side(pages, each) for each in here.exclude(pk=this.pk).order_by("name")[:SHOWN]]
    facts = {field.name: getattr(this, field.name) for field in pages.fields}
    likely = [each for each in pages.kind.likely(facts) if each.id != this.pk]
    rows = pages.kind.model._default_manager.in_bulk([each.id for each in likely])
    return [_side(pages, rows[each.id], each.why) for each in likely if each.id in rows]


def _side(pages: Pages[E], row: E, why: str = "") -> Side:
    more = row.domain if isinstance(row, Account) else ", ".join(filter(None, (row.title, row.email)))
    return Side(str(row.pk), row.name, reverse(pages.word, args=[row.pk]), why or more)


def _said(value: Any) -> str:
    return "" if value is None else str(value)


def _id(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def shown_at(model: type[E], pk: int, moment: Moment) -> tuple[E, E | AccountVersion | ContactVersion]:
    """The row, and its facts at the moment; NotFound where it was not known then."""
    if moment.is_now:
        row = directory.find(model, pk)
        return row, row
    at = instant_of(moment.pipeline.at)
    found = model._default_manager.filter(pk=pk).first()
    while found is not None:
        version = directory.version_at(found, at)
        if version is None or version.removed:
            break
        if version.merged_into is None:
            return found, version
        found = model._default_manager.filter(pk=version.merged_into.pk).first()
    raise NotFound(model._meta.model_name or "", f"{pk} on {moment.on.isoformat()}")


def history(
    row: Account | Contact, moment: Moment, labels: dict[str, str], *, may_merge: bool
) -> list[Event]:
    """What was changed of the row up to the moment, newest first; with the way back from merges for whom it is."""
    until = instant_of(moment.pipeline.at)
    versions = list(directory.versions_of(row).filter(valid_from__lte=until).order_by("valid_from", "seq"))
    merges = merges_into(row._meta.model_name or "", row.pk) if may_merge and moment.is_now else {}
    return [*reversed(list(_events(versions, labels, list(merges.values()))))]


def _out_or_back(before: Any, after: Any) -> str:
    """That it was taken out, or put back; blank for every other change."""
    if before.removed == after.removed:
        return ""
    return f"Taken out: {after.note}" if after.removed else "Put back"


def _events(versions: Sequence[Any], labels: dict[str, str], merges: Sequence[Merged]) -> Iterator[Event]:
    if versions:
        yield event_of(versions[0], "plus", "Added")
    for before, after in pairwise(versions):
        details = [
            (label, _said(getattr(before, name)) or "nothing", _said(getattr(after, name)) or "nothing")
            for name, label in labels.items()
            if getattr(before, name) != getattr(after, name)
        ]
        named = _out_or_back(before, after) or after.note[:1].upper() + after.note[1:]
        text = named or (
            f"Changed {', '.join(label.lower() for label, *_ in details)}" if details else "Changed"
        )
        merge = next((each for each in merges if each.first_seq <= after.seq <= each.last_seq), None)
        undo = reverse("merge_undo", args=[merge.pk]) if merge else ""
        yield event_of(after, "edit" if not named else "right", text, details=details, undo=undo)
