"""One of several workers: answers requests on the socket of the process that started it, and ends with it."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

from stageproof.server import home, serve


def main() -> int:
    """Serves on the socket whose handle is the first argument; the exit code."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    home.enter()
    return serve.run(listener, threads=int(sys.argv[2]))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
