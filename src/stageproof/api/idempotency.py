"""Idempotency: what a key was answered once, it is answered again; nothing is done twice."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from stageproof.api.problems import JSON, wrong
from stageproof.engine.problem import Problem
from stageproof.records.models import IdempotencyKey, Person

KEPT = dt.timedelta(hours=48)
LONGEST = 255
HEADER = "Idempotency-Key"


def once(
    request: HttpRequest, person: Person, key: str, now: dt.datetime, verb: Callable[[], HttpResponse]
) -> HttpResponse:
    """The answer of the verb, kept in the transaction of what it wrote; the kept one where the key was used.

    The key is taken before the verb begins: a second request with it waits for the first one's answer. A fault of
    ours leaves nothing behind, neither the write nor the key.
    """
    problem = _unfit(key)
    if problem is not None:
        return wrong(422, [problem])
    digest = _digest(request)
    with transaction.atomic():
        IdempotencyKey.objects.filter(person=person, created_at__lt=now - KEPT).delete()
        row, mine = IdempotencyKey.objects.get_or_create(
            person=person,
            key=key,
            defaults={"request_digest": digest, "status": 0, "body": "", "created_at": now},
        )
        if not mine:
            return _again(row, digest)
        response = verb()
        if response.status_code >= 500:
            transaction.set_rollback(True)
        else:
            row.status, row.body = response.status_code, response.content.decode()
            row.save(update_fields=["status", "body"])
    return response


def _again(row: IdempotencyKey, digest: str) -> HttpResponse:
    if row.request_digest != digest:
        says = "This key was used for another request."
        return wrong(409, [Problem("idempotency_key_reused", says, "Use a new key for each request.")])
    response = HttpResponse(row.body, status=row.status, content_type=JSON)
    response["Idempotent-Replayed"] = "true"
    version = json.loads(row.body).get("version") if row.body else None
    if isinstance(version, int) and row.status < 300:
        response["ETag"] = f'"{version}"'
    return response


def _digest(request: HttpRequest) -> str:
    """What makes two requests the same: address, body and the version they expect."""
    said = (request.method, request.get_full_path(), request.headers.get("If-Match", ""))
    digest = hashlib.sha256("\n".join(str(part) for part in said).encode())
    if request.content_type == "multipart/form-data":
        for name in sorted(request.POST):
            digest.update(json.dumps([name, request.POST.getlist(name)]).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                digest.update(f"{name} {file.name} {file.size}".encode())
                for chunk in file.chunks():
                    digest.update(chunk)
                file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


def _unfit(key: str) -> Problem | None:
    if 0 < len(key) <= LONGEST and key.isascii() and key.isprintable():
        return None
    says = f"An idempotency key is of 1 to {LONGEST} printable characters."
    return Problem("wrong_idempotency_key", says, "Use a random one, such as a UUID.", column=HEADER)
