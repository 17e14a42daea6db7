"""The command line: `stageproof COMMAND`. Exit 0 done, 1 refused with reasons, 2 wrong usage."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line and gives its exit code.

    The overview is plain text from a list: it must not wait for a data frame library to load.
    """
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        from stageproof.cli.commands import overview

        sys.stdout.write(overview())
        return 0
    if arguments[0] == "--version":
        from stageproof import __version__

        sys.stdout.write(f"stageproof {__version__}\n")
        return 0
    from stageproof.cli.run import run

    return run(arguments)
