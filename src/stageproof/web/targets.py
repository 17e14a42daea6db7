"""Targets: a grid of people and teams by quarter, with what each was before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from stageproof.actions.actor import Actor
from stageproof.actions.permission import SETS_TARGETS, teams_below
from stageproof.actions.targets import set_target
from stageproof.engine.counted import count_text
from stageproof.engine.money import Money
from stageproof.engine.period import Period, day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Organisation, Person, TargetVersion, Team
from stageproof.records.tables import calendar_of
from stageproof.web.answers import actor_of
from stageproof.web.fields import amount
from stageproof.web.policy import policy
from stageproof.web.settings_frame import show
from stageproof.web.undo import undo_url

HISTORY = 50
Key = tuple[int | None, int | None, dt.date]


@dataclass(frozen=True)
class Cell:
    """One target in the grid: its field's name, what is in it, what is wrong with that."""

    name: str
    text: str
    says: str


@dataclass(frozen=True)
class Row:
    """The targets of a person, a team or the whole."""

    label: str
    kind: str
    cells: list[Cell]


@policy(*SETS_TARGETS)
@require_http_methods(["GET", "HEAD", "POST"])
def targets(request: HttpRequest) -> HttpResponse:
    """The grid of targets of a fiscal year, or the targets typed into it."""
    organisation, actor = Organisation.objects.get(), actor_of(request)
    today = day_at(timezone.now(), organisation.zone)
    year = _year(request, organisation, today)
    quarters = _quarters(organisation, year)
    wrong: dict[str, Problem] = {}
    if request.method == "POST":
        seqs, wrong = save(request, actor, organisation, quarters)
        if not wrong:
            text = f"{count_text(len(seqs), 'target is,targets are')} saved."
            messages.success(request, text, extra_tags=undo_url(seqs[0], seqs[-1]) if seqs else "")
            return redirect(f"{reverse('targets')}?year={year}")
    typed = request.POST.dict() if wrong else {}
    context = {
        "quarters": quarters, "year": year, "rows": grid(actor, organisation, quarters, typed, wrong),
        "wrong": list(wrong.values()), "history": history(actor, quarters),
    }  # fmt: skip
    return show(request, "targets.html", "targets", context, 422 if wrong else 200)


def save(
    request: HttpRequest, actor: Actor, organisation: Organisation, quarters: list[Period]
) -> tuple[list[int], dict[str, Problem]]:
    """The changes that set targets, and what was wrong by field; what is right is kept all the same."""
    held, now = held_targets(quarters), timezone.now()
    seqs: list[int] = []
    wrong: dict[str, Problem] = {}
    for person, team in holders(actor):
        for number, quarter in enumerate(quarters):
            name = field(person, team, number)
            text = request.POST.get(name)
            before = held.get(whose(person, team, quarter))
            if text is None or text.strip() == shown(before, organisation.currency):
                continue
            try:
                done = set_target(
                    actor, owner=person, team=team, starts_on=quarter.starts_on, ends_on=quarter.ends_on,
                    amount=amount(text, organisation.currency) if text.strip() else None, now=now,
                )  # fmt: skip
                seqs.append(done.seq)
            except Refused as refused:
                wrong[name] = refused.problems[0]
    return seqs, wrong


def grid(
    actor: Actor,
    organisation: Organisation,
    quarters: list[Period],
    typed: dict[str, str],
    wrong: dict[str, Problem],
) -> list[Row]:
    """A row each for the whole, the teams and the people, with a cell per quarter."""
    held = held_targets(quarters)
    rows = []
    for person, team in holders(actor):
        cells = []
        for number, quarter in enumerate(quarters):
            name = field(person, team, number)
            target = held.get(whose(person, team, quarter))
            says = wrong[name].says if name in wrong else ""
            cells.append(Cell(name, typed.get(name, shown(target, organisation.currency)), says))
        label = person.name if person else team.name if team else organisation.name
        rows.append(Row(label, "person" if person else "team" if team else "whole", cells))
    return rows


def holders(actor: Actor) -> list[tuple[Person | None, Team | None]]:
    """Whose targets the actor sets: all, or a manager's own teams and people."""
    people = Person.objects.filter(is_active=True, role__in=("rep", "manager")).order_by("name")
    teams = Team.objects.order_by("name")
    if actor.person is not None and actor.role == "manager":
        below = teams_below(actor.person)
        theirs = (people.filter(team__in=below) | people.filter(pk=actor.person.pk)).distinct()
        return [
            *((None, team) for team in teams.filter(pk__in=below)),
            *((person, None) for person in theirs),
        ]
    return [(None, None), *((None, team) for team in teams), *((person, None) for person in people)]


def whose(person: Person | None, team: Team | None, quarter: Period) -> Key:
    """What tells a target of a quarter from every other."""
    return person.pk if person else None, team.pk if team else None, quarter.starts_on


def held_targets(quarters: list[Period]) -> dict[Key, TargetVersion]:
    """The targets in force for exactly these quarters."""
    rows = TargetVersion.objects.filter(
        valid_to__isnull=True, removed=False, starts_on__in=[quarter.starts_on for quarter in quarters]
    )
    ends = {quarter.starts_on: quarter.ends_on for quarter in quarters}
    return {
        (row.owner_id, row.team_id, row.starts_on): row for row in rows if ends[row.starts_on] == row.ends_on
    }


def history(actor: Actor, quarters: list[Period]) -> list[TargetVersion]:
    """The latest changes of the year's targets, those that the actor sets."""
    rows = TargetVersion.objects.filter(starts_on__in=[quarter.starts_on for quarter in quarters])
    mine = holders(actor)
    people, teams = {p.pk for p, _ in mine if p}, {t.pk for _, t in mine if t}
    found = rows.select_related("owner", "team").order_by("-seq")
    return [
        row
        for row in found[: HISTORY * 4]
        if row.owner_id in people or row.team_id in teams or (None, None) in mine
    ][:HISTORY]


def shown(target: TargetVersion | None, currency: str) -> str:
    """A target as its field shows it; in another currency with its code."""
    if target is None:
        return ""
    digits = Money(target.amount, target.currency).exact().rsplit(" ", 1)[0]
    return digits if target.currency == currency else f"{digits} {target.currency}"


def field(person: Person | None, team: Team | None, quarter: int) -> str:
    """The name of a target's field."""
    holder = f"person-{person.pk}" if person else f"team-{team.pk}" if team else "whole"
    return f"{holder}-{quarter}"


def _year(request: HttpRequest, organisation: Organisation, today: dt.date) -> int:
    text = request.GET.get("year", "")
    if text.isascii() and text.isdigit() and 1971 <= int(text) <= 2199:
        return int(text)
    return int(calendar_of(organisation).containing(today, "year").name[-4:])


def _quarters(organisation: Organisation, year: int) -> list[Period]:
    calendar = calendar_of(organisation)
    return [calendar.period(f"{year}-Q{number}") for number in range(1, 5)]
