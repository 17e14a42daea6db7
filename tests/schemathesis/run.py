"""Fuzzes a live server on this machine by its own description: no fault of ours, no answer that is not described.

Schemathesis lives in an environment of its own, for what it needs does not go with what the product needs:
`python tests/schemathesis/run.py ENVIRONMENT [EXAMPLES [SECONDS [SEED]]]`, or `make fuzz`.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "allow_header_conformance,ignored_auth,use_after_free"
)
LEFT_OUT = (
    # These would shut the fuzzer itself out.
    "/api/v1/me/tokens/{token_id}/revoke",
    "/api/v1/people/{person_id}",
)


def main() -> int:
    """The exit code of the run: 0 where every answer was as described."""
    environment = Path(sys.argv[1]).resolve()
    examples = sys.argv[2] if len(sys.argv) > 2 else "50"
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 600
    seed = sys.argv[4:5]
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(
            STAGEPROOF_HOME=home,
            STAGEPROOF_API_PER_MINUTE="1000000",
            DJANGO_SETTINGS_MODULE="stageproof.server.settings",
        )
        os.environ.pop("DATABASE_URL", None)
        token = prepare()
        server = subprocess.Popen(
            [Path(sys.executable).parent / "stageproof", "serve", "--port", "0", "--quiet"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            if found is None:
                return 1
            address = found.group().rstrip("/")
            # The first answer waits until everything is loaded.
            urllib.request.urlopen(f"{address}/api/v1/openapi.json", timeout=60).close()
            return fuzz(environment, address, token, examples, seconds, seed)
        finally:
            server.terminate()
            server.wait(20)


def fuzz(
    environment: Path, address: str, token: str, examples: str, seconds: int, seed: Sequence[str]
) -> int:
    """Runs the fuzzer against the address; running out of time is no failure."""
    command = [
        str(environment / "bin" / "schemathesis"), "run", f"{address}/api/v1/openapi.json", "--checks", CHECKS,
        "--phases", "examples,fuzzing,stateful", "--max-examples", examples, "--header", f"Authorization:Bearer {token}",
        "--workers", "2", "--no-color", "--suppress-health-check", "all", "--continue-on-failure",
        # A machine that is busy with other things answers late; how late is measured elsewhere.
        "--request-timeout", "60", *(("--seed", *seed) if seed else ()),
    ]  # fmt: skip
    for path in LEFT_OUT:
        command += ["--exclude-path", path]
    try:
        return subprocess.run(command, timeout=seconds, cwd=os.environ["STAGEPROOF_HOME"]).returncode
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"Stopped after {seconds} s, with no failure until then said above.\n")
        return 0


def prepare() -> str:
    """An organisation with a few deals, and an admin's token to it."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from stageproof.actions.accounts import create_account
    from stageproof.actions.actor import Actor
    from stageproof.actions.deals import create_deal
    from stageproof.actions.organisation import set_up
    from stageproof.actions.tokens import create_token

    call_command("migrate", verbosity=0)
    now = timezone.now() - dt.timedelta(days=1)
    founded = set_up(name="Northwind", zone="Europe/Vienna", currency="EUR", owner_name="Olga Novak",
                     owner_email="olga@northwind.example", now=now)  # fmt: skip
    olga = Actor(founded.owner, "api")
    acme = create_account(olga, now=now, facts={"name": "Acme Corp"})
    for number in range(5):
        facts = {"name": f"Deal {number}", "account": acme, "amount": 100_000 * number}
        create_deal(olga, now=timezone.now(), facts=facts)
    return create_token(olga, name="fuzz", scope="admin", now=timezone.now())[1]


if __name__ == "__main__":
    sys.exit(main())
