"""Killed at any point of any write, the one is as if it had never begun or whole, and sent again it is done once."""

from __future__ import annotations

from pathlib import Path

from tests.server.running import driven


def test_killed_at_any_point_a_write_is_whole_or_absent_and_done_once(tmp_path: Path) -> None:
    said = driven("tests.crash.points", "none", home=tmp_path / "home")
    assert said["wrong"] == []
    for name, passed in said["found"].items():
        # Before, and after; a preview also keeps its files on the way.
        assert passed["states"] == (4 if name == "import preview" else 2), name
        assert passed["points"] > 10, name
    assert {"create", "move", "merge", "import preview", "import commit", "import undo"} <= set(said["found"])
