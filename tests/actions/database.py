"""The whole database as one hash, and as rows, to show that nothing changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import connection, models

from stageproof.actions.conflict import Conflict, NotFound
from stageproof.actions.permission import Forbidden
from stageproof.engine.problem import Problem, Refused


def database_hash() -> str:
    """The hash of every row of every table of ours."""
    return hash_of(apps.get_app_config("records").get_models())


def hash_of(found: Iterable[type[models.Model]]) -> str:
    """The hash of every row of these tables, read as stored: putting forty queries together takes longer than they do."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for table in sorted(_stored(model) for model in found):
            cursor.execute(_QUERIES[table])
            digest.update(repr((table, cursor.fetchall())).encode())
    return digest.hexdigest()


def _stored(model: type[models.Model]) -> str:
    options, quoted = model._meta, connection.ops.quote_name
    if options.db_table not in _QUERIES:
        key = quoted(options.pk.column)
        _QUERIES[options.db_table] = f"SELECT * FROM {quoted(options.db_table)} ORDER BY {key}"
    return options.db_table


_QUERIES: dict[str, str] = {}


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fails where the database is not the same after as before."""
    before = database_hash()
    yield
    assert database_hash() == before


def refused(verb: Callable[[], object]) -> list[Problem]:
    """The problems with which the verb refuses, having changed nothing."""
    with nothing_changes(), pytest.raises(Refused) as caught:
        verb()
    return list(caught.value.problems)


def codes(verb: Callable[[], object]) -> list[str]:
    """The codes of these problems."""
    return [problem.code for problem in refused(verb)]


def forbidden(verb: Callable[[], object]) -> Problem:
    """The problem with which the verb is forbidden, having changed nothing."""
    with nothing_changes(), pytest.raises(Forbidden) as caught:
        verb()
    return caught.value.problem


def not_found(verb: Callable[[], object]) -> Problem:
    """The problem where nothing is found for the actor, having changed nothing."""
    with nothing_changes(), pytest.raises(NotFound) as caught:
        verb()
    return caught.value.problem


def conflicts(verb: Callable[[], object]) -> Conflict:
    """The conflict in which the verb ends, having changed nothing."""
    with nothing_changes(), pytest.raises(Conflict) as caught:
        verb()
    return caught.value


def denied(verb: Callable[[], object], error: type[Exception]) -> None:
    """Fails unless the verb ends in this error, having changed nothing."""
    with nothing_changes(), pytest.raises(error):
        verb()
