"""The same refusal, word for word, through every door, and nothing moved."""

from __future__ import annotations

import pytest

from stageproof.actions.deals import move_deal
from stageproof.engine.problem import Refused
from stageproof.records.models import Deal, DealVersion
from tests.doors.conftest import DOORS, Room


@pytest.mark.parametrize("to", ["Discovery", "Negotiation", "won", "lost"])
@pytest.mark.parametrize("door", list(DOORS))
def test_every_door_refuses_in_the_same_words(room: Room, deal: Deal, door: str, to: str) -> None:
    with pytest.raises(Refused) as refused:
        move_deal(room.cast.olga, deal.key, to=to, now=room.now())
    expected = [_plain(each.says, each.remedy) for each in refused.value.problems]
    assert expected
    said = [_plain(*each) for each in DOORS[door](room, deal, to)]
    assert said == expected
    deal.refresh_from_db()
    assert (deal.stage, deal.status) == ("Prospecting", "open")
    assert set(DealVersion.objects.filter(deal=deal).values_list("stage", "status")) == {
        ("Prospecting", "open")
    }


def _plain(says: str, remedy: str) -> tuple[str, str]:
    """A problem without the full stop that pages put after every remedy."""
    return says, remedy.rstrip(".")
