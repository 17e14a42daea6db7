"""Seeded chance: the same keys give the same draws on every machine and Python version."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

Item = TypeVar("Item")

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
_NORMAL = NormalDist()


def mixed(number: int) -> int:
    """A 64-bit number scattered over all 64 bits (splitmix64)."""
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


class Chance:
    """One stream of draws; each deal and each day has its own, so one change leaves the rest alone."""

    def __init__(self, *keys: int) -> None:
        state = 0
        for key in keys:
            state = mixed((state + GOLDEN + key) & MASK)
        self._state = state

    def share(self) -> float:
        """A number from 0 up to but not including 1."""
        self._state = (self._state + GOLDEN) & MASK
        return (mixed(self._state) >> 11) / 2**53

    def happens(self, probability: float) -> bool:
        """Whether something this probable happens."""
        return self.share() < probability

    def whole(self, least: int, most: int) -> int:
        """A whole number between both, inclusive."""
        return least + int(self.share() * (most - least + 1))

    def between(self, least: float, most: float) -> float:
        """A number between both."""
        return least + self.share() * (most - least)

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely."""
        return items[int(self.share() * len(items))]

    def weighted(self, items: Sequence[tuple[Item, float]]) -> Item:
        """One of the items, as likely as its weight says."""
        left = self.share() * sum(weight for _, weight in items)
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]

    def around(self, median: float, spread: float) -> float:
        """A log-normal draw: `spread` is the standard deviation of its logarithm."""
        return median * math.exp(spread * _NORMAL.inv_cdf(min(max(self.share(), 1e-9), 1 - 1e-9)))

    def arrivals(self, mean: float) -> int:
        """How many come in a day when `mean` do on average (Poisson)."""
        left, count = math.exp(-mean), 0
        drawn = self.share()
        while drawn > left:
            drawn *= self.share()
            count += 1
        return count
