"""People: who is here, in which role and team, and who is invited."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from stageproof.actions.conflict import NotFound
from stageproof.actions.import_directory import NOT_INVITED
from stageproof.actions.invitations import accept_invitation, invite, open_invitation, withdraw_invitation
from stageproof.actions.people import change_person
from stageproof.actions.permission import ADMINISTERS
from stageproof.charts.wording import day_text
from stageproof.engine.period import day_at
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Invitation, Organisation, Person, Team
from stageproof.records.models.organisation import ROLES
from stageproof.web.answers import actor_of
from stageproof.web.beside import Beside
from stageproof.web.organisation import small
from stageproof.web.policy import PUBLIC, policy
from stageproof.web.settings_frame import show
from stageproof.web.sign_in import confirmed, enter, sends_mail

INVITED = ("email", "name", "role", "team")
CHOICES = [(role, role.capitalize()) for role in ROLES]


@policy(*ADMINISTERS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def people(request: HttpRequest) -> HttpResponse:
    """The people and the open invitations, or a new invitation, whose link is shown this once."""
    given, problems, link = {"role": "rep"}, [], ""
    if request.method == "POST":
        given = request.POST.dict()
        try:
            link = invited(request, given)
            given = {"role": "rep"}
        except Refused as refused:
            problems = list(refused.problems)
    beside = Beside(problems, INVITED)
    found = Person.objects.select_related("team").order_by("-is_active", "name")
    context = {
        "people": found.exclude(email__endswith=f"@{NOT_INVITED}"),
        "named": found.filter(email__endswith=f"@{NOT_INVITED}"),
        "invitations": open_invitations(), "given": given, "wrong": beside, "link": link,
        "roles": CHOICES, "teams": teams(), "mailed": sends_mail() and link,
    }  # fmt: skip
    return show(request, "people.html", "people", context, beside.status)


@sensitive_variables("key", "link")
def invited(request: HttpRequest, given: dict[str, str]) -> str:
    """The link that lets the invited person in; mailed too where mail is set up."""
    row, key = invite(
        actor_of(request),
        email=given.get("email", ""),
        name=given.get("name", ""),
        role=given.get("role", ""),
        team=team_of(given.get("team", "")),
        now=timezone.now(),
    )
    # After the sign, what a browser keeps to itself: no server, proxy or log on the way sees the key.
    link = request.build_absolute_uri(reverse("invitation")) + f"#{key}"
    if sends_mail():
        organisation = Organisation.objects.get()
        until = day_text(day_at(row.expires_at, organisation.zone))
        told = {"invitation": row, "link": link, "organisation": organisation, "until": until}
        text = render_to_string("mail/invitation.txt", told)
        # A name may hold a line break; a subject may not.
        subject = " ".join(f"{row.invited_by.name} invites you to Stageproof".split())
        send_mail(subject, text, None, [row.email])
    return link


def open_invitations() -> Any:
    """The invitations that nobody has accepted and that are still good."""
    now = timezone.now()
    rows = Invitation.objects.filter(accepted_at__isnull=True, expires_at__gt=now)
    return rows.select_related("team", "invited_by").order_by("expires_at")


def teams() -> list[tuple[int, str]]:
    """The teams to choose from."""
    return list(Team.objects.order_by("name").values_list("id", "name"))


def team_of(text: str) -> Team | None:
    """The team chosen; none where none is, refused where there is no such team."""
    if not text:
        return None
    found = Team.objects.filter(pk=text).first() if small(text) else None
    if found is None:
        problem = Problem("wrong_team", "There is no such team.", "Choose one of the list.", column="team")
        raise Refused([problem])
    return found


@policy(*ADMINISTERS)
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One person's name, role, team and access as a form, or changes them."""
    held = Person.objects.filter(pk=person_id).first()
    if held is None:
        raise NotFound("person", str(person_id))
    given: dict[str, Any] = {"name": held.name, "role": held.role, "team": held.team_id or ""}
    problems: list[Problem] = []
    if request.method == "POST":
        given |= {name: request.POST[name] for name in ("name", "role", "team") if name in request.POST}
        try:
            changes = {
                "name": given["name"].strip(), "role": given["role"], "team": team_of(str(given["team"])),
                "is_active": request.POST.get("is_active", "yes" if held.is_active else "") == "yes",
            }  # fmt: skip
            change_person(actor_of(request), held.pk, changes=changes, now=timezone.now())
            messages.success(request, f"{changes['name']} is saved.")
            return redirect("people")
        except Refused as refused:
            problems = list(refused.problems)
    beside = Beside(problems, ("name", "role", "team"))
    context = {"person": held, "given": given, "wrong": beside, "roles": CHOICES, "teams": teams()}
    return show(request, "person.html", "people", context, beside.status)


@policy(*ADMINISTERS)
@require_POST
@confirmed
def invitation_withdraw(request: HttpRequest, invitation: int) -> HttpResponse:
    """Ends an invitation that nobody has accepted."""
    withdraw_invitation(actor_of(request), invitation, now=timezone.now())
    messages.success(request, "The invitation is withdrawn; its link is no longer good.")
    return redirect("people")


@policy(*PUBLIC)
@never_cache
@sensitive_post_parameters("key", "password")
@sensitive_variables("key")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Asks the invited person for a password, or lets them in with it."""
    key = request.POST.get("key", "").strip()
    problems: list[Problem] = []
    if request.method == "POST":
        try:
            row = open_invitation(key, now=timezone.now())
        except NotFound:
            return render(request, "invitation_ended.html", status=404)
        if "password" in request.POST:
            try:
                joined = accept_invitation(key, password=request.POST["password"], now=timezone.now())
            except Refused as refused:
                problems = list(refused.problems)
            else:
                enter(request, joined)
                return redirect("home")
        beside = Beside(problems, ("password",))
        context = {"invitation": row, "key": key, "wrong": beside, "given": {}}
        return render(request, "invitation.html", context, status=beside.status)
    return render(request, "invitation_open.html")
