"""Upgrades a deployment to a later version and dies amid it: `python -m tests.server.kill_in_migration AFTER...`.

Each number is after how many statements that change the schema a child is killed; at last one is let through. Prints
how the children ended, and what is still to be migrated.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from stageproof.server import home


def main(kills: list[int]) -> dict[str, Any]:
    home.enter()
    from django.conf import settings
    from django.db import connections
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

    settings.MIGRATION_MODULES = {"records": "tests.server.later"}
    plain, ends, missing = BaseDatabaseSchemaEditor.execute, [], []
    for after in [*kills, 0]:
        connections.close_all()
        child = os.fork()
        if child:
            ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            missing.append(sorted(home.refuse_newer()))
            continue
        left = [after]

        def dying(editor: Any, *given: Any, left: list[int] = left, **more: Any) -> Any:
            done = plain(editor, *given, **more)
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        BaseDatabaseSchemaEditor.execute = dying  # type: ignore[method-assign]
        home.prepare()
        os._exit(0)
    return {"ends": ends, "missing": missing}


if __name__ == "__main__":
    print(json.dumps(main([int(each) for each in sys.argv[1:]])))
