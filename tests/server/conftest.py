"""An empty PostgreSQL database, where one can be had."""

from tests.crash.conftest import postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]
