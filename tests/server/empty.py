"""Makes the tables of a deployment: `python -m tests.server.empty`."""

from __future__ import annotations

from stageproof.server import home


def main() -> None:
    home.enter()
    home.prepare()
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    main()
