"""The description of the API as text, for docs/reference/openapi.json: python -m stageproof.api.openapi."""

from __future__ import annotations

import json
import os
import sys


def text() -> str:
    """The description, in an order that does not change by itself."""
    from stageproof.api.app import description

    return json.dumps(description(), indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Writes the description to the output."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stageproof.server.settings")
    import django

    django.setup()
    sys.stdout.write(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
