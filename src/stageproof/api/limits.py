"""Limits: how many requests one caller may make, so that none starves the others."""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import dataclass, field

PER_MINUTE = int(os.environ.get("STAGEPROOF_API_PER_MINUTE", "12000"))
_KEPT = 10_000
"""How many callers are remembered at most."""


@dataclass
class Bucket:
    """Refills evenly over a minute; each request takes one."""

    per_minute: int
    left: dict[str, tuple[float, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, caller: str) -> int:
        """Zero where the request may pass, else after how many seconds to come back."""
        now, rate = time.monotonic(), self.per_minute / 60
        with self.lock:
            if len(self.left) > _KEPT:
                self.left.clear()
            had, at = self.left.get(caller, (float(self.per_minute), now))
            have = min(had + (now - at) * rate, self.per_minute)
            passes = have >= 1
            self.left[caller] = (have - 1 if passes else have, now)
        return 0 if passes else max(math.ceil((1 - have) / rate), 1)


requests = Bucket(PER_MINUTE)
