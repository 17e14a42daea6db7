"""`stageproof serve`: the pages and the API, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from stageproof.cli.deployment import Home, deployment

EXAMPLES = """
Examples:

  stageproof serve

  stageproof serve --port 9000 --workers 2

  STAGEPROOF_HOSTS=pipeline.example STAGEPROOF_HTTPS=1 stageproof serve --host 0.0.0.0
"""


def command(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8000,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen at; others than this machine need another.")
    ] = "127.0.0.1",
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="How many processes.")] = 1,
    threads: Annotated[int, typer.Option("--threads", min=1, max=256, help="Threads in each process.")] = 8,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log only what went wrong.")] = False,
    home: Home = None,
) -> int:
    """Serve the pages and the API."""
    with deployment(home, founded=False):
        from stageproof.server import logging, serve
        from stageproof.server.home import collect_static

        listener = serve.bind(host, port)
        collect_static()
        logging.configure("WARNING" if quiet else "INFO")
        if host not in serve.LOOPBACK:
            typer.echo("Others on the network reach this: put a proxy with TLS before it.", err=True)
        typer.echo(f"Stageproof at {serve.address(listener, host)}  (Ctrl+C stops it)")
        return serve.run(listener, workers=workers, threads=threads)
