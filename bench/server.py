"""`make bench`, the server: what its answers cost beside the same work in plain SQL on the same database.

An import of so many deals with their history, then board, pipeline table, report (stage x owner x month), a deal's page,
the board of past days, and stage moves with gate and history over HTTP, from one client and from eight, and on the
board with the answer that its page needs. Only the ratios count: the machine's speed is in both.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import json
import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.run import OUT, data  # noqa: E402
from tests.server.running import Server  # noqa: E402

FILES = ("Opportunity.csv", "OpportunityHistory.csv", "User.csv", "Account.csv")
CARDS, ROWS, CLIENTS, FEW = 12, 100, 8, 3
HEAD = f"{'':<44}{'p50':>10}{'p95':>10}{'SQL p50':>10}{'SQL p95':>10}{'ratio':>8}{'per s':>8}{'SQL':>8}"


@dataclass(frozen=True)
class Timed:
    """The seconds of each run, and how many runs a second where several ran at once."""

    seconds: Sequence[float]
    a_second: float | None = None

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return sorted(self.seconds)[max(round(len(self.seconds) * 0.95) - 1, 0)]


class Results(list[tuple[str, Timed, Timed]]):
    """What was measured, printed as it comes: our work, and the same in SQL."""

    def append(self, row: tuple[str, Timed, Timed]) -> None:
        name, ours, theirs = row
        rates = [f"{each.a_second:>8.0f}" if each.a_second else f"{'':>8}" for each in (ours, theirs)]
        times = [f"{seconds * 1000:>10.1f}" for seconds in (ours.p50, ours.p95, theirs.p50, theirs.p95)]
        print(f"{name:<44}{''.join(times)}{ours.p50 / theirs.p50:>8.1f}{''.join(rates)}", flush=True)
        super().append(row)


def timed(run: Callable[[], object], times: int) -> Timed:
    """The runs one after the other, the first of them not counted."""
    run()
    return Timed([_seconds(run) for _ in range(times)])


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def at_once(runs: Sequence[Sequence[Callable[[], object]]]) -> Timed:
    """The runs of each client one after the other, all clients at once."""
    found: list[list[float]] = [[] for _ in runs]

    def client(place: int) -> None:
        found[place] = [_seconds(run) for run in runs[place]]
        from django.db import connections

        connections.close_all()

    threads = [threading.Thread(target=client, args=(place,)) for place in range(len(runs))]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    every = [seconds for each in found for seconds in each]
    return Timed(every, len(every) / took)


def main() -> int:
    """Runs the benchmark and prints its table; the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deals", type=int, default=100_000)
    options.add_argument("--times", type=int, default=20, help="runs of each page")
    options.add_argument("--moves", type=int, default=160, help="moves of each kind")
    options.add_argument("--again", action="store_true", help="ask what the run before imported")
    given = options.parse_args()
    folder = data(given.deals)
    place = OUT / f"server-{given.deals}"
    results = Results()
    print(
        f"\n{given.deals:,} deals; milliseconds; load of the machine {os.getloadavg()[0]:.1f}\n{HEAD}",
        flush=True,
    )
    if given.again:
        from stageproof.server import home

        home.enter(place)
    else:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        imported(place, folder, results)
    cookie, token = someone()
    # A benchmark asks faster than any person may.
    os.environ["STAGEPROOF_API_PER_MINUTE"] = "1000000"
    server = Server(place, os.environ.get("DATABASE_URL"))
    server.start()
    try:
        server.wait()
        pages(server, cookie, token, given.times, results)
        moves(server, cookie, token, given.moves, results)
    finally:
        server.kill()
    return 0


def imported(place: Path, folder: Path, results: Results) -> None:
    """The import with validation, history and chain, beside inserting the rows that it made."""
    from stageproof.server import home

    home.enter(place)
    home.prepare()
    from django.db import connection, transaction
    from django.utils import timezone

    from stageproof.actions.actor import system
    from stageproof.actions.import_deals import commit_import
    from stageproof.actions.organisation import set_up

    now = timezone.now()
    set_up(
        name="Bench",
        zone="UTC",
        currency="USD",
        owner_name="Olga Novak",
        owner_email="olga@bench.example",
        now=now,
    )
    paths = [folder / name for name in FILES]
    ours = Timed([_seconds(lambda: commit_import(system("cli"), paths, now=now))])

    counts = dict.fromkeys(("records_deal", "records_dealversion"), 0)
    took = 0.0
    with connection.cursor() as cursor:
        for table in counts:
            cursor.execute(f"CREATE TABLE bench_{table} AS SELECT * FROM {table} WHERE 1 = 0")
    for table in counts:
        last = 0
        while rows := _rows_after(table, last):
            last, counts[table] = rows[-1][0], counts[table] + len(rows)
            marks = ", ".join(["%s"] * len(rows[0]))
            started = time.perf_counter()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO bench_{table} VALUES ({marks})", rows)
            took += time.perf_counter() - started
    with connection.cursor() as cursor:
        for table in counts:
            cursor.execute(f"DROP TABLE bench_{table}")
    deals, versions = counts.values()
    results.append((f"import, {deals:,} deals, {versions:,} versions", ours, Timed([took])))


def _rows_after(table: str, last: int) -> list[tuple[Any, ...]]:
    """The next rows of a table by their id, which is its first column; few enough to hold."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE id > %s ORDER BY id LIMIT 20000", [last])
        return list(cursor.fetchall())


def someone() -> tuple[str, str]:
    """The pipeline owner: a session's cookie, and a token."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    from stageproof.actions.actor import Actor
    from stageproof.actions.tokens import create_token
    from stageproof.records.models import Person

    person = Person.objects.get(email="olga@bench.example")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    _, token = create_token(Actor(person, "page"), name="bench", scope="write", now=timezone.now())
    return f"sessionid={session.session_key}", token


TOKEN = "a" * 32
"""What a browser sends back of the token in a form."""


class Client:
    """One connection that stays open, as a browser's does."""

    def __init__(self, server: Server, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self.headers = headers

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        headers = self.headers | ({"Content-Type": "application/json"} if body is not None else {})
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text

    def drag(self, key: str) -> bytes:
        """A card dragged to the first stage of the board; the parts of the page that change."""
        form = urlencode({"to": "Prospecting", "reason": "The champion left", "on_board": "1"})
        headers = self.headers | {
            "Cookie": f"{self.headers['Cookie']}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "HX-Request": "true",
            "HX-Current-URL": "/board",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.connection.request("POST", f"/deals/{key}/move", form, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"move of {key}: {answer.status} {text[:500]!r}")
        return text


def pages(server: Server, cookie: str, token: str, times: int, results: Results) -> None:
    """Board, table and report, each beside its query."""
    from django.db import connection

    browser, program = (
        Client(server, {"Cookie": cookie}),
        Client(server, {"Authorization": f"Bearer {token}"}),
    )
    month = "strftime('%%Y-%%m', d.close_on * 86400, 'unixepoch')"
    if connection.vendor == "postgresql":
        month = "to_char(date '1970-01-01' + d.close_on, 'YYYY-MM')"
    cards = (
        "SELECT d.key, d.name, a.name, d.amount, d.currency, d.close_on, d.stage_entered_at FROM records_deal d"
        " LEFT JOIN records_account a ON a.id = d.account_id WHERE d.status = 'open' AND d.pipeline = %s AND d.stage = %s"
        f" ORDER BY d.amount DESC LIMIT {CARDS}"
    )

    def query(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def board() -> None:
        sums = "SELECT pipeline, stage, COUNT(*), SUM(amount) FROM records_deal WHERE status = 'open' GROUP BY 1, 2"
        for pipeline, stage, _, _ in query(sums):
            query(cards, pipeline, stage)

    def table() -> None:
        query("SELECT COUNT(*), SUM(amount) FROM records_deal WHERE status = 'open'")
        query(
            "SELECT d.key, d.name, a.name, p.name, d.stage, d.amount, d.close_on, d.source FROM records_deal d"
            " LEFT JOIN records_account a ON a.id = d.account_id LEFT JOIN records_person p ON p.id = d.owner_id"
            f" WHERE d.status = 'open' ORDER BY d.close_on LIMIT {ROWS}"
        )

    def report() -> None:
        query(
            f"SELECT d.stage, p.name, {month}, COUNT(*), SUM(d.amount) FROM records_deal d"
            " LEFT JOIN records_person p ON p.id = d.owner_id WHERE d.status = 'open' GROUP BY 1, 2, 3"
        )

    one = query("SELECT id, key FROM records_deal WHERE status = 'open' ORDER BY id LIMIT %s", times + 1)
    asked_for, read, days = iter(one), iter(one), (iter(_days(times + 1)), iter(_days(times + 1)))

    def deal() -> None:
        number, _ = next(read)
        query(
            "SELECT d.*, a.name, p.name FROM records_deal d LEFT JOIN records_account a ON a.id = d.account_id"
            " LEFT JOIN records_person p ON p.id = d.owner_id WHERE d.id = %s",
            number,
        )
        for name in ("dealversion", "evidenceversion", "roleversion", "activity"):
            query(f"SELECT * FROM records_{name} WHERE deal_id = %s", number)

    def past() -> None:
        at = (next(days[1]) - dt.date(1970, 1, 1)).days * 86_400_000_000
        held = "v.valid_from <= %s AND (v.valid_to IS NULL OR v.valid_to > %s) AND v.status = 'open'"
        sums = (
            f"SELECT v.pipeline, v.stage, COUNT(*), SUM(v.amount) FROM records_dealversion v WHERE {held}"
            " GROUP BY 1, 2"
        )
        first = (
            "SELECT d.key, v.name, v.amount, v.close_on FROM records_dealversion v"
            f" JOIN records_deal d ON d.id = v.deal_id WHERE {held} AND v.pipeline = %s AND v.stage = %s"
            f" ORDER BY v.amount DESC LIMIT {CARDS}"
        )
        for pipeline, stage, _, _ in query(sums, at, at):
            query(first, at, at, pipeline, stage)

    asked = "/api/v1/measures/open_pipeline?by=stage,owner,month&limit=500"

    def beside(
        name: str, ours: Callable[[], object], theirs: Callable[[], object], runs: int = times
    ) -> None:
        results.append((name, timed(ours, runs), timed(theirs, runs)))

    beside("board", lambda: browser.ask("GET", "/board"), board)
    beside("pipeline table", lambda: browser.ask("GET", "/pipeline"), table)
    beside("stage x owner x month", lambda: program.ask("GET", asked), report)
    beside("deal page", lambda: browser.ask("GET", f"/deals/{next(asked_for)[1]}"), deal)
    # Without an index of instants the query reads all of history, for each stage anew.
    beside(
        "board of another past day each time",
        lambda: browser.ask("GET", f"/board?as_of={next(days[0])}"),
        past,
        min(times, FEW),
    )


def _days(count: int) -> list[dt.date]:
    """Days within the history of the data, each another one."""
    return [dt.date(2024, 6, 1) + dt.timedelta(days=7 * number) for number in range(count)]


def moves(server: Server, cookie: str, token: str, count: int, results: Results) -> None:
    """Stage moves over the API and on the board, beside the bare statements that a move has to write."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, key FROM records_deal WHERE status = 'open' AND stage <> 'Prospecting' ORDER BY id LIMIT %s",
            [5 * count],
        )
        deals = cursor.fetchall()
    if len(deals) < 5 * count:
        raise SystemExit(f"Only {len(deals)} deals can be moved; ask for fewer --moves.")
    ours, theirs, dragged = deals[: 2 * count], deals[2 * count : 4 * count], deals[4 * count :]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"to": "Prospecting", "reason": "The champion left"}

    def over_http(some: Sequence[tuple[int, str]]) -> list[Callable[[], object]]:
        client = Client(server, headers)
        return [lambda key=key: client.ask("POST", f"/api/v1/deals/{key}/move", body) for _, key in some]

    def in_sql(some: Sequence[tuple[int, str]]) -> list[Callable[[], object]]:
        return [lambda deal=deal: bare_move(deal) for deal, _ in some]

    one = Timed([_seconds(run) for run in over_http(ours[:count])])
    results.append(("stage move, 1 client", one, Timed([_seconds(run) for run in in_sql(theirs[:count])])))
    apart = [(ours[count + at :: CLIENTS][: count // CLIENTS], theirs[count + at :: CLIENTS][: count // CLIENTS])
             for at in range(CLIENTS)]  # fmt: skip
    together = at_once([over_http(some) for some, _ in apart])
    results.append((f"stage move, {CLIENTS} clients", together, at_once([in_sql(some) for _, some in apart])))
    browser = Client(server, {"Cookie": cookie})
    browser.ask("GET", "/board")
    drags = Timed([_seconds(lambda key=key: browser.drag(key)) for _, key in dragged])
    results.append(("card dragged on the board", drags, results[-2][2]))


def bare_move(deal: int) -> None:
    """What a move writes, without gate, permission or chain: the deal, its version, and the number of the change."""
    from django.db import connection, transaction

    at = time.time_ns() // 1000
    with transaction.atomic(), connection.cursor() as cursor:
        lock = "" if connection.vendor == "sqlite" else " FOR UPDATE"
        cursor.execute(f"SELECT last_seq FROM records_ledger WHERE id = 1{lock}")
        seq = cursor.fetchone()[0] + 1
        cursor.execute("SELECT * FROM records_dealversion WHERE deal_id = %s AND valid_to IS NULL", [deal])
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
        cursor.execute(
            "UPDATE records_deal SET stage = 'Prospecting', stage_entered_at = %s, version = version + 1 WHERE id = %s",
            [at, deal],
        )
        cursor.execute("UPDATE records_dealversion SET valid_to = %s WHERE id = %s", [at, row.pop("id")])
        # An old digest serves: what the chain costs is Stageproof's to bear.
        row |= {"stage": "Prospecting", "valid_from": at, "recorded_at": at, "seq": seq, "valid_to": None}
        marks = ", ".join(["%s"] * len(row))
        cursor.execute(
            f"INSERT INTO records_dealversion ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )
        cursor.execute("UPDATE records_ledger SET last_seq = %s WHERE id = 1", [seq])


if __name__ == "__main__":
    sys.exit(main())
