"""The work of an import: at once where the files are small, else in a thread whose progress the page asks for.

Progress is kept beside the files, so that any process can tell of it. A commit is one transaction: where the work
was interrupted, the record of the import says whether it was done.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connections

from stageproof.actions.actor import Actor
from stageproof.actions.import_deals import ImportResult, commit_import, preview_import
from stageproof.engine.problem import Problem, Refused
from stageproof.importers.rejects import write_rejects
from stageproof.records.models import ImportRun
from stageproof.web.import_look import found_by, look_at
from stageproof.web.import_reading import mapping_of, options_of
from stageproof.web.uploads import Upload

AT_ONCE = 256 * 1024
"""Bytes of files that are read while the page waits: about a second's work."""
LOOK, COMMIT = "look", "commit"
SILENT_SECONDS = 15 * 60
_EVERY = 0.25

_log = logging.getLogger(__name__)
_at_work: dict[str, threading.Thread] = {}


def start(upload: Upload, what: str, actor: Actor, *, now: dt.datetime) -> None:
    """Looks at the files, or commits them; refused while that goes on already."""
    if working(upload):
        says = "These files are being read already."
        raise Refused([Problem("import_at_work", says, "Wait until that is done.", value=upload.token)])
    _tell(upload, what, 0.0, "Reading the files")
    if sum(path.stat().st_size for path in upload.paths) <= AT_ONCE:
        _do(upload, what, actor, now)
        return
    thread = threading.Thread(target=_apart, args=(upload, what, actor, now), daemon=True)
    _at_work[upload.token] = thread
    thread.start()


def working(upload: Upload) -> dict[str, Any] | None:
    """How far the work has come; None where none goes on, also because it was interrupted."""
    progress = upload.read("progress")
    if not progress:
        return None
    thread = _at_work.get(upload.token)
    alive = thread is not None and thread.is_alive()
    elsewhere = progress.get("pid") != os.getpid() and time.time() - progress.get("at", 0) < SILENT_SECONDS
    return progress if alive or (elsewhere and _runs(progress.get("pid"))) else None


def committed(upload: Upload) -> ImportRun | None:
    """The import that the upload became, where it was committed."""
    run = upload.said().get("run")
    return ImportRun.objects.filter(pk=run).exclude(status="preview").first() if run else None


def _runs(pid: Any) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, TypeError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _apart(upload: Upload, what: str, actor: Actor, now: dt.datetime) -> None:
    try:
        _do(upload, what, actor, now)
    except Exception as error:
        _log.exception("import at work failed")
        says = f"The work stopped unexpectedly ({type(error).__name__}). Nothing was imported."
        remedy = "Try again; if it stops again, give the files to whoever runs this server."
        upload.write("outcome", {"refused": [Problem("import_failed", says, remedy).as_dict()]})
        upload.forget("progress")
    finally:
        _at_work.pop(upload.token, None)
        connections.close_all()


def _do(upload: Upload, what: str, actor: Actor, now: dt.datetime) -> None:
    """The work itself; a refusal is what it found."""
    try:
        if what == LOOK:
            _look(upload, actor, now)
        else:
            _commit(upload, actor, now)
    except Refused as refused:
        upload.write("outcome", {"refused": [problem.as_dict() for problem in refused.problems]})
    finally:
        upload.forget("progress")


def _look(upload: Upload, actor: Actor, now: dt.datetime) -> None:
    said = upload.said()
    upload.forget("outcome")
    upload.write("look", look_at(upload.paths, mapping_of(said)))
    result = preview_import(
        actor, upload.paths, now=now, options=options_of(said), progress=_progress(upload, LOOK),
        again=said.get("run"),
    )  # fmt: skip
    said["run"] = result.run.pk if result.run else None
    upload.write("said", said)
    _keep_rejected(upload, result)
    upload.write("outcome", found_by(result))


def _commit(upload: Upload, actor: Actor, now: dt.datetime) -> None:
    said = upload.said()
    result = commit_import(
        actor, upload.paths, now=now, run=said.get("run"), options=options_of(said),
        progress=_progress(upload, COMMIT),
    )  # fmt: skip
    _keep_rejected(upload, result)
    upload.without_files()
    upload.forget("outcome")


def _keep_rejected(upload: Upload, result: ImportResult) -> None:
    upload.rejected.unlink(missing_ok=True)
    if result.rejected:
        write_rejects(upload.rejected, result.rejected)


def _progress(upload: Upload, what: str) -> Callable[[float], None]:
    """What tells of the work, a few times a second at most."""
    last = [0.0]

    def tell(share: float) -> None:
        moment = time.monotonic()
        if share < 1 and moment - last[0] < _EVERY:
            return
        last[0] = moment
        done = "Trying out what they would change" if what == LOOK else "Saving every change with its history"
        _tell(upload, what, share, "Reading the files" if share < 1 else done)

    return tell


def _tell(upload: Upload, what: str, share: float, says: str) -> None:
    upload.write(
        "progress", {"what": what, "share": share, "says": says, "pid": os.getpid(), "at": time.time()}
    )
