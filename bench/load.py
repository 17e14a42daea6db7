"""`make load`: people at work on a large pipeline while an import runs; how long they wait, and what it costs.

So many users on this machine's own address, each clicking, pausing, and clicking again; after a quarter of the time an
import of further deals begins in a process of its own. Reports the median and the 95th
percentile of every kind of click, errors, and the server's memory. Nothing here is part of `make test`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.run import OUT, data  # noqa: E402
from bench.server import FILES, Client, Results, imported, someone  # noqa: E402
from tests.server.running import STAGEPROOF, Server, environment  # noqa: E402

CLICKS = (("board", 30), ("pipeline table", 25), ("deal", 25), ("search", 5), ("past day", 5), ("move", 10))


@dataclass
class Waits:
    """How long each kind of click took, in seconds, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, took: float, error: str | None) -> None:
        with self.lock:
            self.seconds[kind].append(took)
            if error:
                self.errors.append(f"{kind}: {error}")


def main() -> int:
    """Runs the load and prints its table; the exit code says whether the targets were met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deals", type=int, default=100_000)
    options.add_argument("--users", type=int, default=25)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument(
        "--pause", type=float, default=6, help="seconds between two clicks of a person, in the mean"
    )
    options.add_argument("--again", action="store_true", help="ask what the run before imported")
    options.add_argument("--importing", type=int, default=10_000, help="deals that arrive meanwhile")
    given = options.parse_args()
    place = OUT / f"load-{given.deals}"
    if given.again:
        from stageproof.server import home

        home.enter(place)
    else:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        imported(place, data(given.deals), Results())
    cookie, _ = someone()
    keys = movable()
    more = further(given.importing, place / "further")
    server = Server(place)
    server.start()
    try:
        server.wait()
        browser = {"Cookie": cookie}
        for path in ("/board", "/pipeline"):
            Client(server, browser).ask("GET", path)
        waits, memory, import_took = load(server, cookie, keys, more, given)
    finally:
        server.kill()
    return show(waits, memory, import_took, given.seconds)


def movable() -> list[str]:
    """Open deals that may go back to the first stage, in an order that is the same every time."""
    from stageproof.records.models import Deal

    keys = list(
        Deal.objects.filter(status="open")
        .exclude(stage="Prospecting")
        .order_by("id")
        .values_list("key", flat=True)
    )
    random.Random(1).shuffle(keys)
    return keys


def further(count: int, folder: Path) -> list[Path]:
    """Files of deals that are not there yet."""
    source = data(count)
    folder.mkdir(exist_ok=True)
    found = []
    for name in FILES[:2]:
        # Other identifiers of the same length make other deals.
        text = (source / name).read_text(encoding="utf-8").replace("006DC", "006XX")
        (folder / name).write_text(text, encoding="utf-8")
        found.append(folder / name)
    return found


def load(
    server: Server, cookie: str, keys: list[str], more: list[Path], given: argparse.Namespace
) -> tuple[Waits, list[int], float | None]:
    """The users at work until the time is up; their waits, the server's memory in bytes, and how long the import took."""
    waits, memory, until = Waits(), [], time.monotonic() + given.seconds
    threads = [
        threading.Thread(
            target=user, args=(server, cookie, keys[number :: given.users], given.pause, number, until, waits)
        )
        for number in range(given.users)
    ]
    for thread in threads:
        thread.start()
    time.sleep(given.seconds / 4)
    began = time.monotonic()
    command = [str(STAGEPROOF), "import", *map(str, more), "--commit"]
    importing = subprocess.Popen(
        command, env=environment(server.home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    took = None
    while time.monotonic() < until or took is None:
        memory.append(resident(server))
        if took is None and importing.poll() is not None:
            took = time.monotonic() - began
            if importing.returncode:
                waits.errors.append(
                    f"import: {(importing.stderr.read() if importing.stderr else b'')[-500:]!r}"
                )
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    return waits, memory, took


def user(
    server: Server, cookie: str, keys: list[str], pause: float, number: int, until: float, waits: Waits
) -> None:
    """One person: a click, a pause of half to one and a half times the mean, and the next click."""
    chance = random.Random(number)
    client = Client(server, {"Cookie": cookie})
    kinds, weights = zip(*CLICKS, strict=True)
    time.sleep(chance.random() * pause)
    while time.monotonic() < until:
        kind = chance.choices(kinds, weights)[0]
        started = time.perf_counter()
        error = None
        try:
            click(client, kind, keys, chance)
        except (OSError, SystemExit) as problem:
            error = str(problem)[:300]
            client.connection.close()
        waits.note(kind, time.perf_counter() - started, error)
        time.sleep(pause * (0.5 + chance.random()))


def click(client: Client, kind: str, keys: list[str], chance: random.Random) -> None:
    """What one click asks of the server."""
    if kind == "move":
        client.drag(keys.pop())
        return
    sort = chance.choice(["-amount", "close_on", "name"])
    paths = {
        "board": "/board",
        "pipeline table": f"/pipeline?page={chance.randrange(1, 40)}&sort={sort}",
        "deal": f"/deals/{chance.choice(keys)}",
        "search": f"/search?q={chance.choice(['north', 'bright', 'audit'])}",
        "past day": f"/board?as_of=2025-{chance.randrange(7, 10):02}-15",
    }
    client.ask("GET", paths[kind])


def resident(server: Server) -> int:
    """The memory that the server holds, in bytes; zero where the system does not tell."""
    status = Path(f"/proc/{server.process.pid if server.process else 0}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def show(waits: Waits, memory: list[int], import_took: float | None, seconds: int) -> int:
    """Prints the table; 1 where the 95th percentile is over 300 ms or anything failed."""
    everything = [took for some in waits.seconds.values() for took in some]
    print(f"\n{len(everything)} clicks in {seconds} s, {len(waits.errors)} errors; milliseconds\n")
    print(f"{'':<20}{'clicks':>8}{'p50':>9}{'p95':>9}{'longest':>9}")
    for kind, some in [*sorted(waits.seconds.items()), ("all", everything)]:
        p50, p95 = statistics.median(some), sorted(some)[max(round(len(some) * 0.95) - 1, 0)]
        print(f"{kind:<20}{len(some):>8}{p50 * 1000:>9.0f}{p95 * 1000:>9.0f}{max(some) * 1000:>9.0f}")
    print(f"\nimport: {'did not end' if import_took is None else f'{import_took:.1f} s'}")
    quarter = max(len(memory) // 4, 1)
    sizes = [max(part) / 2**20 for part in (memory[:quarter], memory[-quarter:]) if part]
    print(f"server memory, MiB: {' at first, '.join(f'{size:.0f}' for size in sizes)} at last")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for error in waits.errors[:5]:
        print(error)
    p95 = sorted(everything)[max(round(len(everything) * 0.95) - 1, 0)]
    return int(bool(waits.errors) or p95 > 0.3)


if __name__ == "__main__":
    sys.exit(main())
