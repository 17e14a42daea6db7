"""One is never said in the plural, nor several in the singular."""

from __future__ import annotations

import pytest

from stageproof.engine.counted import count_text


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "deal", "1 deal"),
        (0, "deal", "0 deals"),
        (2310, "deal", "2,310 deals"),
        (2, "activity", "2 activities"),
        (2, "day", "2 days"),
        (1, "deal has,deals have", "1 deal has"),
        (3, "deal has,deals have", "3 deals have"),
    ],
)
def test_a_count_is_said_with_its_noun(count: int, noun: str, said: str) -> None:
    assert count_text(count, noun) == said
