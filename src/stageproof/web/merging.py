"""The page of a merge: which two are likely one, side by side, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True)
class Side:
    """One of the two: its identifier, its name, its page, and what tells it apart."""

    id: str
    name: str
    url: str
    more: str = ""


@dataclass(frozen=True)
class Fact:
    """A fact of both; `taken` where the one that stays takes it over from the other."""

    label: str
    kept: str
    gone: str
    taken: bool = False

    @property
    def becomes(self) -> str:
        return self.gone if self.taken else self.kept


@dataclass(frozen=True)
class Merge:
    """A merge as it is prepared: first the others to choose from, then the one that stays and the one that goes."""

    word: str
    this: Side
    others: Sequence[Side]
    kept: Side | None = None
    gone: Side | None = None
    facts: Sequence[Fact] = ()
    passes: Sequence[tuple[str, int]] = field(default_factory=list)
    other: str = ""
    version: int | None = None

    @property
    def keeps_other(self) -> bool:
        return self.kept is not None and self.kept.id != self.this.id


def merge_page(request: HttpRequest, merge: Merge) -> HttpResponse:
    """The page of a merge at either of its two steps."""
    request.place = "board" if merge.word == "deal" else "accounts"  # type: ignore[attr-defined]
    return render(request, "merge.html", {"merge": merge, "text": request.GET.get("q", "").strip()})
