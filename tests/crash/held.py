"""Prints what a deployment holds as JSON, and what the doctor says of it: `python -m tests.crash.held`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from stageproof.server import home


def held() -> dict[str, Any]:
    """Of the database in use: each deal's name, stage and amounts, every key and number, and the problems."""
    from stageproof.records.doctor import CHAINED, doctor
    from stageproof.records.models import Deal, DealVersion, IdempotencyKey

    history: dict[str, list[int]] = {}
    for key, amount in DealVersion.objects.order_by("seq").values_list("deal__key", "amount"):
        history.setdefault(key, []).append(amount)
    numbers = [seq for model in CHAINED for seq in model._default_manager.values_list("seq", flat=True)]
    return {
        "names": Counter(Deal.objects.values_list("name", flat=True)),
        "history": history,
        "present": dict(Deal.objects.values_list("key", "amount")),
        "stages": {
            key: list(rest) for key, *rest in Deal.objects.values_list("key", "stage", "status", "version")
        },
        "keys": Counter(IdempotencyKey.objects.values_list("key", flat=True)),
        "numbers": sorted(numbers),
        "problems": [str(problem) for problem in doctor(readings=True).problems],
    }


def main() -> None:
    home.enter()
    home.prepare()
    print(json.dumps(held()))


if __name__ == "__main__":
    main()
