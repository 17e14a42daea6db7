"""Two at once on one deal: one wins and the other is told, and no rule slips between them; on both databases."""

from __future__ import annotations

import os
from pathlib import Path

from tests.server.running import driven

ROUNDS = int(os.environ.get("STAGEPROOF_RACE_ROUNDS", "15"))


def test_races_have_one_winner_and_leave_no_skew(tmp_path: Path, database: str | None) -> None:
    found = driven("tests.crash.races", ROUNDS, home=tmp_path, database=database)
    assert found["vendor"] == ("sqlite" if database is None else "postgresql")
    # The same deal moved twice from the same version: one version more, and a conflict.
    assert found["same"] == [["Conflict", "Done", 1]] * ROUNDS
    for each in found["skew"]:
        assert each["cleared"] == "Done"
        assert each["next_step"] is None
        if each["moved"] == "Done":
            # Whoever asked the gate first asked it with the next step still there.
            assert each["moved_at"] < each["cleared_at"]
            assert each["stage"] == "Discovery"
        else:
            assert each["moved"] == "Refused"
            assert each["stage"] == "Prospecting"
    assert len(found["skew"]) == ROUNDS
    assert found["problems"] == []
