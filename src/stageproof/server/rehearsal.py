"""The demo's sign-in link: good once, from this machine, and only in a server that the demo started."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from stageproof.actions.tokens import digest
from stageproof.records.models import Person
from stageproof.web.policy import PUBLIC, policy
from stageproof.web.sign_in import enter

VARIABLE = "STAGEPROOF_REHEARSAL"


def new_link(person: Person) -> str:
    """The path that signs the person in, once; this process and its workers know it by its digest alone."""
    key = secrets.token_urlsafe(24)
    os.environ[VARIABLE] = f"{digest(key)}:{person.pk}"
    return f"rehearsal/enter/{key}"


def is_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this server is a demo's."""
    return VARIABLE in environment


@policy(*PUBLIC)
@require_safe
def enter_once(request: HttpRequest, key: str) -> HttpResponse:
    """Signs in who comes with the link first; for everyone after there is no such page."""
    known, _, person = os.environ.get(VARIABLE, "").partition(":")
    given = digest(key)
    if not known or not secrets.compare_digest(given, known):
        raise Http404
    # Only one adds it, whichever worker answers.
    if not cache.add(f"rehearsal:{given}", 1, timeout=None):
        raise Http404
    enter(request, Person.objects.get(pk=int(person), is_active=True))
    return redirect("home")
