"""Kept: the last few things worked out, so that asking again is quick and memory stays bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Up to `most` values by name; the one that was not asked for the longest makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable, compute: Callable[[], T]) -> T:
        """The value of this name, worked out where it is not there."""
        with self._lock:
            if name in self._found:
                self._found.move_to_end(name)
                return self._found[name]
        # Outside the lock: two may work out the same, nobody waits for another's.
        value = compute()
        with self._lock:
            self._found[name] = value
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._found
