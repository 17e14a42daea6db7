"""The home: the folder of a deployment, with Django set up on it, its database present and its files in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from stageproof.engine.problem import Problem, Refused

SETTINGS = "stageproof.server.settings"


def enter(home: Path | None = None) -> Path:
    """Sets Django up on the home given, else on STAGEPROOF_HOME; its folder."""
    if home is not None:
        os.environ["STAGEPROOF_HOME"] = str(home.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    try:
        import django
        from django.apps import apps

        if not apps.ready:
            django.setup()
    except OSError as error:
        raise Refused([_unusable(error)]) from None
    from django.conf import settings

    return Path(settings.DATA_DIR)


def prepare() -> None:
    """Brings the database to this version's schema; refused where it is a newer one's, or SQLite is unsound."""
    from django.core.management import call_command
    from django.db import OperationalError, connection

    from stageproof.server.sqlite import check_sqlite

    if connection.vendor == "sqlite" and (unsound := check_sqlite()) is not None:
        raise Refused([Problem("sqlite_unsound", unsound, "Then start again.")])
    try:
        if refuse_newer():
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
    except (OperationalError, OSError) as error:
        raise Refused([_unreachable(error)]) from None


def require_database() -> None:
    """Refuses unless there is a deployment here, of this version or an older one; brings it up to date."""
    from django.db import OperationalError, connection

    from stageproof.records.models import Organisation

    database: Any = connection
    on_disk = database.vendor == "sqlite" and not database.is_in_memory_db()
    if on_disk and not Path(database.settings_dict["NAME"]).exists():
        raise Refused([_not_set_up()])
    prepare()
    try:
        there = Organisation.objects.exists()
    except OperationalError as error:
        raise Refused([_unreachable(error)]) from None
    if not there:
        raise Refused([_not_set_up()])


def refuse_newer() -> set[str]:
    """The migrations that the database still needs; refused where it has some of a later version."""
    has, ours = applied(), known()
    unknown = sorted(has - ours)
    if unknown:
        says = f"The database is of a newer version: it has {', '.join(unknown[:3])}, which this one does not know."
        remedy = "Run the newer version, or restore a backup made before the upgrade."
        raise Refused([Problem("newer_schema", says, remedy, value=unknown[0], count=len(unknown))])
    return ours - has


def applied() -> set[str]:
    """The migrations that the database has, as app.name."""
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    return {f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()}


def known() -> set[str]:
    """The migrations that this version has, as app.name."""
    from django.db.migrations.loader import MigrationLoader

    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or {}}


def collect_static() -> None:
    """Puts the pages' files where the server reads them."""
    from django.core.management import call_command

    try:
        call_command("collectstatic", verbosity=0, interactive=False)
    except OSError as error:
        raise Refused([_unusable(error)]) from None


def _not_set_up() -> Problem:
    where = os.environ.get("STAGEPROOF_HOME", "stageproof-data")
    says = "Nothing is set up here yet."
    remedy = "Run `stageproof init`, or name another folder with --home or STAGEPROOF_HOME."
    return Problem("not_set_up", says, remedy, source=where)


def _unusable(error: Any) -> Problem:
    where = os.environ.get("STAGEPROOF_HOME", "stageproof-data")
    says = f"The data folder cannot be used: {getattr(error, 'strerror', None) or error}."
    remedy = "Choose a folder that is yours, with --home or STAGEPROOF_HOME."
    return Problem("home_unusable", says, remedy, source=where)


def _unreachable(error: Any) -> Problem:
    says = f"The database does not answer: {str(error).splitlines()[0] if str(error) else error}."
    return Problem("database_unreachable", says, "Check DATABASE_URL, or the data folder and its disk.")
