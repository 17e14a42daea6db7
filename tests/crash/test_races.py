"""Two at once on one deal: one wins and the other is told, and no rule slips between them; on both databases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.server.running import driven

ROUNDS = int(os.environ.get("STAGEPROOF_RACE_ROUNDS", "200"))


def test_races_have_one_winner_and_leave_no_skew(tmp_path: Path, database: str | None) -> None:
    found = driven("tests.crash.races", ROUNDS, home=tmp_path, database=database)
    assert found["vendor"] == ("sqlite" if database is None else "postgresql")
    assert slips(found, ROUNDS) == []
    # Both orders came about, so that what is said of each was tried.
    assert {each["first"] for each in found["gate"]} == {"Done", "Refused"}
    assert {each["second"] for each in found["merge"]} == {"Done", "NotFound"}


def slips(found: dict[str, Any], rounds: int) -> list[str]:
    """What went otherwise than if one of two had waited for the other."""
    slipped = [f"doctor: {problem}" for problem in found["problems"]]
    for race, judge in {"move": _moved, "gate": _asked, "import": _imported, "merge": _merged}.items():
        slipped += [f"{race}: {each}" for each in found[race] if "broke" in each or not judge(each)]
        slipped += [f"{race}: {len(found[race])} rounds"] * (len(found[race]) != rounds)
    return slipped


def _moved(each: dict[str, Any]) -> bool:
    """The same deal moved twice from the same version: one version more, and a conflict."""
    return each == {"outcomes": ["Conflict", "Done"], "versions": 1}


def _asked(each: dict[str, Any]) -> bool:
    """The next step taken out while the gate is asked, which wants one."""
    if each["second"] != "Done" or each["next_step"] is not None:
        return False
    if each["first"] == "Done":
        # Whoever asked the gate first asked it with the next step still there.
        return bool(each["first_at"] < each["second_at"] and each["stage"] == "Discovery")
    return each["first"] == "Refused" and each["stage"] == "Prospecting"


def _imported(each: dict[str, Any]) -> bool:
    """The same file twice: its deal is made once, and who came later finds it there or is told."""
    return each["deals"] == 1 and each["versions"] == 1 and each["outcomes"] in (["0", "1"], ["1", "Refused"])


def _merged(each: dict[str, Any]) -> bool:
    """A deal edited while it is merged into another: the edit goes with it, or is told that it is gone."""
    if each["first"] != "Done":
        return False
    if each["second"] == "Done":
        return bool(each["second_at"] < each["first_at"] and each["amount"] == each["edited"])
    return each["second"] == "NotFound" and each["amount"] == each["before"]
