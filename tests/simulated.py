"""Demo Company, simulated once in each process that asks for it: that takes longer than most of what is asked of it."""

from __future__ import annotations

from functools import cache

from stageproof.demo.book import Tables, demo_company


@cache
def company() -> Tables:
    return demo_company()
