"""Health: whether the process lives, whether it can work, and what it counted."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from stageproof.engine.problem import Problem
from stageproof.server import warming
from stageproof.server.sqlite import check_sqlite
from stageproof.web.policy import PUBLIC, policy

HERE = ("127.0.0.1", "::1", "")
"""Addresses of this machine; blank is a local socket."""
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
REQUESTS = Counter(
    "stageproof_requests_total",
    "Requests answered, by route, method and status.",
    ["route", "method", "status"],
)
SECONDS = Histogram(
    "stageproof_request_seconds",
    "Seconds until the answer, by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_log = structlog.get_logger("stageproof.health")


@policy(*PUBLIC)
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 for as long as the process answers at all."""
    return JsonResponse({"alive": True})


@policy(*PUBLIC)
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where the process can work, 503 with what it lacks."""
    problems = unready()
    body = {"ready": not problems, "problems": [each.as_dict() for each in problems]}
    return JsonResponse(body, status=503 if problems else 200)


@policy(*PUBLIC)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What was counted, as Prometheus reads it; 404 for whoever is not to know."""
    if not may_read_metrics(request):
        return HttpResponse(status=404)
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read_metrics(request: HttpRequest) -> bool:
    """With the token of STAGEPROOF_METRICS_TOKEN where one is set; else from this very machine, not through a proxy."""
    wanted = os.environ.get("STAGEPROOF_METRICS_TOKEN", "")
    if wanted:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), wanted.encode())
    return request.META.get("REMOTE_ADDR", "") in HERE and not any(name in request.META for name in FORWARDED)


def unready() -> list[Problem]:
    """What keeps the process from working: the database, its schema, a SQLite with a known fault, its own start."""
    problems = []
    if warming.goes_on():
        problems.append(Problem("starting", "The deals are being loaded.", "Ask again in a moment."))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            says = "The database is of an older version."
            problems.append(Problem("migrations_missing", says, "Run the server's migrations."))
    except DatabaseError:
        # Why is for the log: the answer is open to everyone.
        _log.exception("not_ready")
        problems.append(Problem("no_database", "The database does not answer.", "See the log."))
    if connection.vendor == "sqlite" and (says_of := check_sqlite()):
        problems.append(Problem("faulty_sqlite", says_of))
    return problems


class MeterMiddleware:
    """Counts every request and its time by route, never by address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match else "(none)"
        method = request.method if request.method in METHODS else "(other)"
        REQUESTS.labels(route, method, str(response.status_code)).inc()
        SECONDS.labels(route).observe(time.perf_counter() - started)
        return response
