"""Writers that repeat each request under its key until it is answered, and what must be in the database after them."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.server.running import asked, driven

WRITERS = 8
AGAIN = (429, 502, 503)
"""Statuses that ask for the same request again."""


@dataclass
class Writer:
    """Creates deals and changes what they are worth."""

    number: int
    token: str
    address: str
    stop: threading.Event = field(default_factory=threading.Event)
    created: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, list[int]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    attempts: int = 0
    put_off: int = 0
    odd: list[tuple[int, object]] = field(default_factory=list)

    def run(self) -> None:
        try:
            self._write()
        except Exception as error:
            self.odd.append((0, repr(error)))

    def _write(self) -> None:
        count = 0
        while not self.stop.is_set():
            count += 1
            name = f"w{self.number}-{count}"
            made = self._until_answered("POST", "/api/v1/deals", {"name": name, "amount": euros(count)})
            key = made["key"]
            self.created[name], self.amounts[key] = key, [count * 100]
            for step in (1, 2):
                if self.stop.is_set():
                    return
                worth = count * 1_000 + step
                self._until_answered("PATCH", f"/api/v1/deals/{key}", {"amount": euros(worth)})
                self.amounts[key].append(worth * 100)

    def _until_answered(self, method: str, path: str, body: Mapping[str, object]) -> dict[str, str]:
        key = str(uuid.uuid4())
        while True:
            self.attempts += 1
            with contextlib.suppress(OSError, HTTPException, ValueError):
                status, answer = asked(
                    self.address, method, path, token=self.token, key=key, body=body, timeout=15
                )
                if status in (200, 201):
                    self.keys.append(key)
                    found: dict[str, str] = answer
                    return found
                if status not in AGAIN:
                    raise AssertionError((status, answer))
                self.put_off += 1
            time.sleep(0.15)


@dataclass
class Crowd:
    """All writers of a run."""

    writers: Sequence[Writer]

    @property
    def odd(self) -> list[tuple[int, object]]:
        """Answers that are neither done nor a request to come again."""
        return [odd for writer in self.writers for odd in writer.odd]

    @property
    def attempts(self) -> int:
        return sum(writer.attempts for writer in self.writers)

    @property
    def put_off(self) -> int:
        """How many requests were answered that they should come again."""
        return sum(writer.put_off for writer in self.writers)

    @property
    def acknowledged(self) -> int:
        """How many writes were answered as done."""
        return sum(len(writer.keys) for writer in self.writers)


@contextmanager
def writing(address: str, tokens: Sequence[str]) -> Iterator[Crowd]:
    """A writer for each token while the block runs; at its end each is answered once more."""
    crowd = Crowd([Writer(number, token, address) for number, token in enumerate(tokens)])
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in crowd.writers]
    for thread in threads:
        thread.start()
    try:
        yield crowd
    finally:
        for writer in crowd.writers:
            writer.stop.set()
    until = time.monotonic() + 180
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
        assert not thread.is_alive(), "a writer was never answered"


def broken(crowd: Crowd, home: Path, database: str | None = None) -> list[str]:
    """What is not as it was acknowledged, or not sound in itself; empty where nothing was lost or done twice."""
    held = driven("tests.crash.held", home=home, database=database)
    created = {name: key for writer in crowd.writers for name, key in writer.created.items()}
    amounts = {key: values for writer in crowd.writers for key, values in writer.amounts.items()}
    keys = Counter(key for writer in crowd.writers for key in writer.keys)
    wrong = [f"odd answer: {odd}" for odd in crowd.odd]
    wrong += _differing("deals by name", dict.fromkeys(created, 1), held["names"])
    wrong += _differing("every amount", amounts, held["history"])
    present = {key: values[-1] for key, values in amounts.items()}
    wrong += _differing("present amounts", present, held["present"])
    wrong += _differing("keys", keys, held["keys"])
    if held["numbers"] != list(range(1, len(held["numbers"]) + 1)):
        wrong.append("the numbers of the changes have gaps, or one twice")
    return wrong + [f"doctor: {problem}" for problem in held["problems"]]


def _differing(what: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    names = sorted({*expected, *found})
    pairs = ((name, expected.get(name), found.get(name)) for name in names)
    return [f"{what}: {name} is {b}, not {a}" for name, a, b in pairs if a != b]


def euros(whole: int) -> dict[str, str]:
    return {"amount": f"{whole}.00", "currency": "EUR"}
