"""Warming up: a process loads the deals and its pages when it starts, not when somebody asks for the first of them."""

from __future__ import annotations

import gc
import threading

import structlog

_going_on = threading.Event()
_log = structlog.get_logger("stageproof.warming")


def goes_on() -> bool:
    """Whether this process still loads what its answers need."""
    return _going_on.is_set()


def begin() -> threading.Thread:
    """Loads in the background; whoever asks meanwhile waits for the same loading, not for another."""
    _going_on.set()
    thread = threading.Thread(target=_warm, name="warming", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    from django.db import connection
    from django.urls import get_resolver

    try:
        # The addresses import every page, the tables every version of every deal.
        _ = get_resolver().url_patterns
        _load()
    except Exception:
        # Whoever asks next is told what is wrong, in the way of the page or of the API.
        _log.exception("not_warmed")
    finally:
        # What was loaded by now stays: to look it through for garbage takes a tenth of a second every time.
        gc.collect()
        gc.freeze()
        _going_on.clear()
        connection.close()


def _load() -> None:
    """What the board of whoever sees all deals is drawn from; nothing where there is no organisation yet."""
    from django.utils import timezone

    from stageproof.actions.actor import system
    from stageproof.engine.period import day_at
    from stageproof.records.models import Organisation
    from stageproof.records.tables import organisation
    from stageproof.web.as_of import Moment, present
    from stageproof.web.board import board_of

    if not Organisation.objects.exists():
        return
    now = timezone.now()
    today = day_at(now, organisation().zone)
    moment = Moment(present(now, today), today, True, now)
    if moment.pipeline.definitions:
        board_of(system("page"), moment, {}).columns()
