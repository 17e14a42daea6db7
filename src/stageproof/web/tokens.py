"""API tokens: made, shown once, and revoked."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from stageproof.actions.permission import ADMINISTERS
from stageproof.actions.tokens import create_token, revoke_token
from stageproof.engine.problem import Problem, Refused
from stageproof.records.models import Token
from stageproof.web.answers import actor_of
from stageproof.web.beside import Beside
from stageproof.web.organisation import whole
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.settings_frame import show
from stageproof.web.sign_in import confirmed

FIELDS = ("name", "scope", "days")
SCOPES = [("read", "Read only"), ("write", "Read and change what I may")]
LASTS = [(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "A year")]


@policy(*EVERYONE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("text")
@confirmed
def tokens(request: HttpRequest) -> HttpResponse:
    """The tokens in force, or a new one, whose text is shown this once."""
    given, problems, text = {"scope": "read", "days": "90"}, [], ""
    actor, now = actor_of(request), timezone.now()
    if request.method == "POST":
        given = request.POST.dict()
        try:
            _, text = create_token(
                actor,
                name=given.get("name", ""),
                scope=given.get("scope", ""),
                now=now,
                expires_at=now + dt.timedelta(days=min(whole(given.get("days", "")), 1000)),
            )
            given = {"scope": "read", "days": "90"}
        except Refused as refused:
            problems = [
                Problem(each.code, each.says, each.remedy, column="days")
                if each.column == "expires_at"
                else each
                for each in refused.problems
            ]
    beside = Beside(problems, FIELDS)
    rows = Token.objects.filter(revoked_at__isnull=True).select_related("person").order_by("-created_at")
    admin = actor.role in ADMINISTERS
    context = {
        "tokens": rows if admin else rows.filter(person=actor.person), "now": now, "admin": admin, "text": text,
        "given": given, "wrong": beside, "lasts": LASTS,
        "scopes": [*SCOPES, ("admin", "All that I may, settings too")] if admin else SCOPES,
    }  # fmt: skip
    return show(request, "tokens.html", "tokens", context, beside.status)


@policy(*EVERYONE)
@require_POST
def token_revoke(request: HttpRequest, token: int) -> HttpResponse:
    """Ends a token at once."""
    revoked = revoke_token(actor_of(request), token, now=timezone.now())
    messages.success(request, f"“{revoked.name}” is revoked.")
    return redirect("tokens")
