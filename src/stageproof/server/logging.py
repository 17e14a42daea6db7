"""The log: one line of JSON per event on the error stream, without anything secret in it."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?|secret|token|authori[sz]ation|cookie|session|csrf|api_?key|digest|^key$|otp|totp|recovery",
    re.IGNORECASE,
)
# Our own tokens, bearer headers, and keys in addresses: those of invitations, password resets, sign-in
# links and shared readings.
_SECRET_TEXT = re.compile(
    r"stp_[\w-]+|(?<=bearer )\S+|(?<=invitations/)[\w-]{20,}|(?<=enter/)[\w-]{20,}|(?<=forgotten/)[\w-]{10,}"
    r"|(?<=shared/)[\w-]{20,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",
    re.IGNORECASE,
)
_log = structlog.get_logger("stageproof.request")


def configure(level: str = "INFO") -> None:
    """Sends every log of this process, ours and others', through the same line writer."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    last: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("django", "django.server", "waitress"):
        other = logging.getLogger(name)
        other.handlers, other.propagate = [], True
    # Every answer of 4xx would be a warning of its own, beside the line of its request.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with every value hidden that is secret by its name or its look."""
    for name, value in event.items():
        event[name] = HIDDEN if _SECRET_NAME.search(name) and value is not None else _hidden(value)
    return event


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {
            name: HIDDEN if _SECRET_NAME.search(str(name)) else _hidden(each) for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hidden(each) for each in value]
    return value


class RequestLogMiddleware:
    """Gives each request an id and writes one line about it: its route, never its address or what it holds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        match = request.resolver_match
        user = getattr(request, "user", None)
        _log.info(
            "request",
            request_id=request.request_id,  # type: ignore[attr-defined]
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            person=user.pk if user is not None and user.is_authenticated else None,
        )
        return response
