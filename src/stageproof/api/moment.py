"""The moment that a request asks for, and how a body shows it."""

from __future__ import annotations

from stageproof.actions.seeing import seen
from stageproof.engine.frames import instant_of
from stageproof.web.as_of import Moment
from stageproof.web.as_of import moment_at as moment_of


def shown(moment: Moment) -> dict[str, str | None]:
    """The moment as a body has it: as of, and known at where that was asked for."""
    known = moment.pipeline.known_at
    return {
        "as_of": instant_of(moment.pipeline.at).isoformat(),
        "known_at": None if known is None else instant_of(known).isoformat(),
    }


__all__ = ["Moment", "moment_of", "seen", "shown"]
